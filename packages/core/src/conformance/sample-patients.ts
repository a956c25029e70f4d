/** Local patients for the suite of directories: invented people, each there for a reason. */
import type { LocalPatient, Sex } from '../study/index.ts';

/** The hospital whose patients they are. */
export const SAMPLE_LOCAL_ISSUER = 'URN:SAMPLE:HOSPITAL';

/** A double name, particles, diacritics, twins, and one person registered twice. */
export const SAMPLE_LOCAL_PATIENTS: readonly LocalPatient[] = [
  patient('L1001', 'Van den Berghe', 'Jan', '1985-07-30', 'M', {
    nationalNumber: '85073003328',
    street: 'Kerkstraat 12',
    postcode: '9000',
    city: 'Gent',
    phone: '+32 475 12 34 56',
  }),
  patient('L1002', 'Lefèvre', 'Hélène', '1942-01-22', 'F', { street: 'Rue de la Station 4 bte 2', city: 'Liège' }),
  patient('L1003', 'Noël-Goduisart', 'Anne-Sophie', '1993-05-18', 'F', { postcode: '4000' }),
  patient('L1004', 'Willems', 'Lucas', '2004-03-11', 'M', { phone: '04 222 33 44' }),
  patient('L1005', 'Willems', 'Emma', '2004-03-11', 'F', { phone: '04 222 33 44' }),
  patient('L1006', 'Peeters', 'Maria', '1950-06-15', 'F', { nationalNumber: '50061512433' }),
  patient('L1007', 'Peeters', 'Maria', '1950-06-15', 'F', {}),
  // Of this one nothing is known but the ID.
  { patientId: { id: 'L1008', issuer: SAMPLE_LOCAL_ISSUER } },
];

/** `count` patients of one common name, born on as many days, and the sample patients after them. */
export function sampleCrowd(count: number): readonly LocalPatient[] {
  const crowd = Array.from({ length: count }, (_, index) => {
    const day = new Date(Date.UTC(1940, 0, 1 + index * 40)).toISOString().slice(0, 10);
    return patient(`C${index}`, 'Peeters', 'Maria', day, 'F', {});
  });
  return [...crowd, ...SAMPLE_LOCAL_PATIENTS];
}

function patient(
  id: string,
  family: string,
  given: string,
  birthDate: string,
  sex: Sex,
  more: Partial<LocalPatient>,
): LocalPatient {
  return {
    patientId: { id, issuer: SAMPLE_LOCAL_ISSUER },
    name: { alphabetic: { family, given, middle: '', prefix: '', suffix: '' } },
    birthDate,
    sex,
    ...more,
  };
}
