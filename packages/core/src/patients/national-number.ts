/**
 * National numbers by country, as data that a reconciliation profile names, and what it takes to believe one: a number
 * that contradicts the person's own birth date or sex is somebody else's, or mistyped.
 */
import type { IssuedId, PatientTraits, Sex } from '../study/index.ts';
import { parseBelgianNationalNumber, type InvalidNationalNumber } from './belgian-national-number.ts';
import { parseBirthDate, type BirthDateParts } from './birth-date.ts';

/** A number that passed the rules of its scheme. */
export interface NationalNumber {
  readonly valid: true;
  /** The characters compared, without separators. */
  readonly digits: string;
  /** `unchecked`: a scheme without check digits, where a typing error makes another plausible number. */
  readonly kind: 'national' | 'bis' | 'unchecked';
  readonly birthDate?: BirthDateParts;
  readonly sexParity?: Extract<Sex, 'M' | 'F'>;
}

/** The rules of one kind of number. */
export interface NationalNumberRules {
  /** Stable, recorded with decisions: `be`, `unchecked`. */
  readonly name: string;
  /** Whether a Patient ID may turn out to be such a number; only where check digits and a date can say so. */
  readonly recognisable: boolean;
  parse(text: string): NationalNumber | InvalidNationalNumber;
}

/** Belgium: national and BIS numbers. */
export const BELGIAN_NUMBER_RULES: NationalNumberRules = {
  name: 'be',
  recognisable: true,
  parse: (text) => parseBelgianNationalNumber(text),
};

const SHORTEST_UNCHECKED = 5;
const LONGEST_UNCHECKED = 32;

/** Any country: digits, and letters among them, not all the same, nor counted up from 1; nothing is known about who it belongs to. */
export const UNCHECKED_NUMBER_RULES: NationalNumberRules = {
  name: 'unchecked',
  recognisable: false,
  parse: parseUnchecked,
};

/** Number rules by the name a configuration uses. */
export const NATIONAL_NUMBER_RULES = { be: BELGIAN_NUMBER_RULES, unchecked: UNCHECKED_NUMBER_RULES } as const;

/** Whether a number speaks of this person: by birth date, as far as both know it, and by sex. */
export type NumberAgreement = 'agrees' | 'contradicts' | 'silent';

/**
 * Compares what a number says with what else is known of the person.
 *
 * `silent` when there is nothing to compare the date with: the number is then neither confirmed nor doubted.
 */
export function numberAgreement(number: NationalNumber, traits: PatientTraits): NumberAgreement {
  const parity = number.sexParity;
  if (parity !== undefined && (traits.sex === 'M' || traits.sex === 'F') && traits.sex !== parity) return 'contradicts';
  const own = parseBirthDate(traits.birthDate);
  if (number.birthDate === undefined || own === undefined) return 'silent';
  return datesCompatible(number.birthDate, own) ? 'agrees' : 'contradicts';
}

/**
 * The person's national number: the field itself when it passes, otherwise a Patient ID or other ID that passes *and*
 * agrees with birth date and sex, since one in two hundred arbitrary numbers of eleven digits passes too.
 */
export function nationalNumberOf(
  patient: PatientTraits & { readonly patientId?: IssuedId },
  rules: NationalNumberRules,
): NationalNumber | undefined {
  const written = patient.nationalNumber === undefined ? undefined : rules.parse(patient.nationalNumber);
  if (written?.valid === true) return written;
  if (!rules.recognisable) return undefined;
  for (const { id } of [...(patient.otherIds ?? []), ...(patient.patientId ? [patient.patientId] : [])]) {
    const number = rules.parse(id);
    if (number.valid && numberAgreement(number, patient) === 'agrees') return number;
  }
  return undefined;
}

/** A DICOM date cannot be partial: a PACS writes 0101 or 0701 for a person whose number knows the year alone. */
function datesCompatible(number: BirthDateParts, own: BirthDateParts): boolean {
  if (number.year !== own.year) return false;
  if (number.month === undefined || own.month === undefined) return true;
  if (number.month !== own.month) return false;
  return number.day === undefined || own.day === undefined || number.day === own.day;
}

function parseUnchecked(text: string): NationalNumber | InvalidNationalNumber {
  if (text.length > LONGEST_UNCHECKED) return { valid: false, problem: 'length' };
  const digits = text.replace(/[\s./-]/g, '').toUpperCase();
  if (digits.length < SHORTEST_UNCHECKED) return { valid: false, problem: 'length' };
  if (!/^[0-9A-Z]+$/.test(digits)) return { valid: false, problem: 'characters' };
  // 0000000, 9999999, 123456789, UNKNOWN: what is typed when a form insists.
  const isFiller = /^(.)\1*$/.test(digits) || '12345678901234567890'.startsWith(digits) || !/\d/.test(digits);
  if (isFiller) return { valid: false, problem: 'serial' };
  return { valid: true, digits, kind: 'unchecked' };
}
