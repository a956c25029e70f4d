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
