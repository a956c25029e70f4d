/** The other patients of a hospital: some hundreds, so that whoever arrives has to be told from neighbours. */
import type { LocalPatient } from '@interhosp/core/study';

const FAMILIES = [
  'Bodson',
  'Collard',
  'Crahay',
  'Delvaux',
  'Fraikin',
  'Gilson',
  'Hansenne',
  'Jamar',
  'Kinet',
  'Lambrecht',
];
const MORE_FAMILIES = ['Lefebvre', 'Mathot', 'Nihoul', 'Pirotte', 'Rasquin', 'Servais', 'Thonnard', 'Verlaine'];
const WOMEN = ['Anne', 'Brigitte', 'Camille', 'Danielle', 'Elise', 'Françoise', 'Ginette', 'Hélène', 'Isabelle'];
const MEN = ['Albert', 'Bruno', 'Cédric', 'Damien', 'Emile', 'Fabrice', 'Georges', 'Hervé', 'Ivan'];
const TOWNS = [
  ['4000', 'Liège'],
  ['4100', 'Seraing'],
  ['4040', 'Herstal'],
  ['4800', 'Verviers'],
] as const;
const COUNT = 300;

/**
 * Invented patients that follow from the hospital alone.
 *
 * @param prefix - Start of their Patient IDs.
 */
export function moreRegisteredPatients(hospital: string, prefix: string, issuer: string): readonly LocalPatient[] {
  const families = [...FAMILIES, ...MORE_FAMILIES];
  const offset = hospital.charCodeAt(2);
  return Array.from({ length: COUNT }, (_, index): LocalPatient => {
    // Steps without a common divisor, so that names, dates and towns do not march together.
    const at = index * 7 + offset;
    const woman = index % 2 === 0;
    const [postcode, city] = pick(TOWNS, at + index);
    return {
      patientId: { id: `${prefix}${String(10_000 + index)}`, issuer },
      name: {
        alphabetic: {
          family: pick(families, at * 5 + index),
          given: pick(woman ? WOMEN : MEN, at * 3 + Math.floor(index / 5)),
          middle: '',
          prefix: '',
          suffix: '',
        },
      },
      birthDate: `${1930 + ((at * 11) % 80)}-${twoDigits(1 + ((at * 5) % 12))}-${twoDigits(1 + ((at * 17) % 28))}`,
      sex: woman ? 'F' : 'M',
      street: `Rue du Pont ${1 + (at % 90)}`,
      postcode,
      city,
    };
  });
}

function pick<T>(list: readonly T[], at: number): T {
  return list[at % list.length] as T;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
