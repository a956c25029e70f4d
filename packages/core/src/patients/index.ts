export { formatBelgianNationalNumber, parseBelgianNationalNumber } from './belgian-national-number.ts';
export type {
  BelgianNationalNumber,
  BelgianNationalNumberOptions,
  InvalidNationalNumber,
  NationalNumberProblem,
} from './belgian-national-number.ts';
export { ageDays, daysInMonth, formatBirthDate, isFullBirthDate, parseBirthDate } from './birth-date.ts';
export type { BirthDateParts, FullBirthDate } from './birth-date.ts';
export {
  BELGIAN_NUMBER_RULES,
  NATIONAL_NUMBER_RULES,
  nationalNumberOf,
  numberAgreement,
  UNCHECKED_NUMBER_RULES,
} from './national-number.ts';
export type { NationalNumber, NationalNumberRules, NumberAgreement } from './national-number.ts';
export type { PatientDirectory } from './patient-directory.ts';
export type { PatientChange, PatientRegistry } from './patient-registry.ts';
export { arrivingKeys, KEY_VOTES, phoneKey, postcodeKey, registeredKeys } from './blocking-keys.ts';
export type { BlockingKey } from './blocking-keys.ts';
export { foldedTokens, foldText, repairMojibake } from './fold-text.ts';
export { foldSpelling, isParticle, nameForms, nameReadings, registeredName } from './name-forms.ts';
export type { NameForms, NameReading } from './name-forms.ts';
export { createPatientIndex, DEFAULT_CANDIDATES, LONGEST_LIST, SHOWN_OF_LONG_LIST } from './patient-index.ts';
export type { PatientIndex, PatientIndexOptions } from './patient-index.ts';
export { CountedNames } from './name-counts.ts';
export type { NameCounts } from './name-counts.ts';
export { phoneticKey } from './phonetic-key.ts';
