/** The keys of a patient in this index, and whether they are still made as they were when it was written. */
import { createHash } from 'node:crypto';
import { registeredKeys, type NationalNumberRules } from '@interhosp/core/patients';
import type { LocalPatient } from '@interhosp/core/study';
import { namesOf } from './name-table.ts';

/** The key of an ID, under whatever issuer. */
export function idKey(patientId: string): string {
  return `id!${patientId}`;
}

/** Every key a patient is filed under. */
export function filedUnder(patient: LocalPatient, rules: NationalNumberRules): readonly string[] {
  return [idKey(patient.patientId.id), ...registeredKeys(patient, rules).map(({ key }) => key)];
}

/** A digest of the keys and names of a few invented patients: another one, and the index is made anew from its records. */
export function keysVersion(rules: NationalNumberRules): string {
  const seen = INVENTED.map((patient) => [filedUnder(patient, rules), namesOf(patient)]);
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex').slice(0, 16);
}

/** Particles, diacritics, double and changed names, a number that is none, dates in parts. */
const INVENTED: readonly LocalPatient[] = [
  invented('Van den Berghe', 'Jan-Willem Jr', '1985-07-30', {
    nationalNumber: '85073003328',
    phone: '+32 475 12 34 56',
  }),
  invented('Lefèvre-Çelik', 'Hélène', '1942-01-00', { birthName: groups("d'Août", '') }),
  invented('Kowalska Müller', 'Ægir', '1993-01-01', { nationalNumber: '93010100100', phone: '04 222 33 44' }),
  invented('Ben Abdelkader', 'Mohammed Al-Amin', '2004-03-11', { nationalNumber: 'AB-123.456-78' }),
  invented('Schröder', 'Xavier', '1958-00-00', {}),
  { patientId: { id: 'E' } },
];

function invented(family: string, given: string, birthDate: string, more: Partial<LocalPatient>): LocalPatient {
  return { patientId: { id: 'P1', issuer: 'URN:HERE' }, name: groups(family, given), birthDate, ...more };
}

function groups(family: string, given: string) {
  return { alphabetic: { family, given, middle: 'M', prefix: '', suffix: '' } };
}
