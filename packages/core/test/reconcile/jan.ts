/** One registered patient, one arrival of that patient, and what tests vary of either. */
import { DEFAULT_MODEL, POLICIES, PROFILES, type ReconcileOptions } from '../../src/reconciliation/index.ts';
import type { ArrivingPatient, LocalPatient } from '../../src/study/index.ts';

/** The strict policy at a hospital of 20,000 patients, on the last day of 2025. */
export const options: ReconcileOptions = {
  model: DEFAULT_MODEL,
  profile: PROFILES.be,
  policy: POLICIES.strict,
  registrySize: 20_000,
  nowMs: Date.UTC(2025, 11, 31),
};

/** 1985-07-30, a man: the number of {@link jan}. */
export const JAN = '85073003328';
/** 1985-07-30, a woman. */
export const AN = number('850730034');
/** 1950-06-15, a woman. */
export const MARIA = number('500615124');
/** A BIS number of 1985-07-30, a man. */
export const JAN_BIS = number('854730005');

/** A name in its alphabetic group. */
export const name = (family: string, given: string, middle = '') => ({
  alphabetic: { family, given, middle, prefix: '', suffix: '' },
});

/** Where {@link jan} lives. */
export const home = { street: 'Kerkstraat 12', postcode: '9000', city: 'Gent' };
/** Registered here. */
export const jan: LocalPatient = {
  patientId: { id: 'L1', issuer: 'HERE' },
  name: name('Van den Berghe', 'Jan'),
  birthDate: '1985-07-30',
  sex: 'M',
  nationalNumber: JAN,
  phone: '0475 12 34 56',
  ...home,
};
/** The same person at the sender, without an address. */
export const arrival: ArrivingPatient = {
  patientId: { id: 'A1', issuer: 'THERE' },
  name: name('VANDENBERGHE', 'JAN'),
  birthDate: '1985-07-30',
  sex: 'M',
  nationalNumber: JAN,
};

/** The value without some fields. */
export function without<T extends object, K extends keyof T>(value: T, ...keys: readonly K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key as K))) as Omit<T, K>;
}

/** Another record, like {@link jan} but for the changes. */
export const other = (id: string, changes: Partial<LocalPatient>): LocalPatient => ({
  ...jan,
  ...changes,
  patientId: { id, issuer: 'HERE' },
});
/** {@link arrival} without its number. */
export const noNumber = without(arrival, 'nationalNumber');

/** Nine digits with their check, for who was born before 2000. */
export function number(nine: string): string {
  return nine + String(97 - (Number(nine) % 97)).padStart(2, '0');
}
