/** A few registered patients, all invented; a real program asks its own patient system. */
import type { LocalPatient, Sex } from '@interhosp/core/study';

/** The registry of the receiving hospital. */
export const PATIENTS: readonly LocalPatient[] = [
  patient('S-30911', 'Vérité', 'Anne Hélène', '1961-04-23', 'F'),
  patient('S-30912', 'Vérité', 'Anselme', '1961-04-23', 'M'),
  patient('S-11873', 'Verité', 'Hélène', '1968-10-02', 'F'),
  patient('S-55120', 'Dumont', 'Anne', '1961-04-23', 'F'),
];

function patient(id: string, family: string, given: string, birthDate: string, sex: Sex): LocalPatient {
  const alphabetic = { family, given, middle: '', prefix: '', suffix: '' };
  return { patientId: { id, issuer: 'HOSPITAL-SOUTH' }, name: { alphabetic }, birthDate, sex };
}
