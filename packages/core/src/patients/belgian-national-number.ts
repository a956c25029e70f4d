/**
 * The Belgian national number (INSZ/NISS) and BIS number: `YYMMDD`, a serial number and two check digits.
 *
 * The check is 97 minus the first nine digits modulo 97, with a 2 before the nine for who was born from 2000 on. No
 * number passes under both centuries, so that a birth year, when known, is used to fix it: accepting either century lets
 * one single-digit error in two hundred through, fixing it lets none. A number is never corrected and never matched
 * approximately.
 */
import type { Sex } from '../study/index.ts';
import { daysInMonth, parseBirthDate, type BirthDateParts } from './birth-date.ts';

/** A number that passed every rule. */
export interface BelgianNationalNumber {
  readonly valid: true;
  /** Eleven digits, without separators. */
  readonly digits: string;
  /** `bis` is given to persons outside the national register; it may later be replaced by a `national` one. */
  readonly kind: 'national' | 'bis';
  /** What the number says of the birth date; undefined when it says nothing, not even the year. */
  readonly birthDate?: BirthDateParts;
  /** What an odd or even serial number says; absent where the sex was not known when the number was given. */
  readonly sexParity?: Extract<Sex, 'M' | 'F'>;
}

/** Why a text is no such number. `century`: it passes, but for another century than the birth date given. */
export type NationalNumberProblem = 'characters' | 'length' | 'check-digits' | 'century' | 'date' | 'serial';

/** A text that is no number, and why. */
export interface InvalidNationalNumber {
  readonly valid: false;
  readonly problem: NationalNumberProblem;
}

/** Options of {@link parseBelgianNationalNumber}. */
export interface BelgianNationalNumberOptions {
  /** `YYYY-MM-DD`; a known year fixes the century. Whether the date agrees is not judged here. */
  readonly birthDate?: string | undefined;
}

const DIGITS = 11;
/** Spreadsheets lose leading zeros; with fewer digits than these left, too many other numbers would pass. */
const FEWEST_DIGITS = 8;
/** A number with separators has 15 characters; room for blanks, none for a text. */
const LONGEST_TEXT = 32;
const SEPARATORS = /[\s./-]/g;
/** Serial 999 is given only with BIS numbers of unknown sex; 000 never. */
const LAST_SERIAL = 998;

/**
 * Reads a national or BIS number, with or without separators.
 *
 * Leading zeros that were lost are put back only when the padded number then passes.
 */
export function parseBelgianNationalNumber(
  text: string,
  options: BelgianNationalNumberOptions = {},
): BelgianNationalNumber | InvalidNationalNumber {
  if (text.length > LONGEST_TEXT) return invalid('length');
  const digits = text.replace(SEPARATORS, '');
  if (!/^\d+$/.test(digits)) return invalid(digits === '' ? 'length' : 'characters');
  if (digits.length < FEWEST_DIGITS || digits.length > DIGITS) return invalid('length');
  return parseDigits(digits.padStart(DIGITS, '0'), parseBirthDate(options.birthDate)?.year);
}

/** `85.07.30-033.28`, as on an identity card; the digits as they are when there are not eleven. */
export function formatBelgianNationalNumber(digits: string): string {
  return digits.replace(/^(\d{2})(\d{2})(\d{2})(\d{3})(\d{2})$/, '$1.$2.$3-$4.$5');
}

function parseDigits(digits: string, birthYear: number | undefined): BelgianNationalNumber | InvalidNationalNumber {
  const century = centuryOf(digits);
  if (century === undefined) return invalid('check-digits');
  if (birthYear !== undefined && birthYear >= 2000 !== (century === 2000)) return invalid('century');

  const monthDigits = Number(digits.slice(2, 4));
  // BIS: 40 is added to the month when the sex was known, 20 when it was not.
  const added = monthDigits >= 40 ? 40 : monthDigits >= 20 ? 20 : 0;
  const birthDate = dateOf(century + Number(digits.slice(0, 2)), monthDigits - added, Number(digits.slice(4, 6)));
  if (birthDate === 'impossible') return invalid('date');

  const serial = Number(digits.slice(6, 9));
  if (serial === 0 || (serial > LAST_SERIAL && added !== 20)) return invalid('serial');
  return {
    valid: true,
    digits,
    kind: added === 0 ? 'national' : 'bis',
    ...(birthDate === 'unknown' ? {} : { birthDate }),
    ...(added === 20 ? {} : { sexParity: serial % 2 === 1 ? 'M' : 'F' }),
  };
}

function centuryOf(digits: string): 1900 | 2000 | undefined {
  const base = Number(digits.slice(0, 9));
  const check = Number(digits.slice(9));
  if (97 - (base % 97) === check) return 1900;
  return 97 - ((2_000_000_000 + base) % 97) === check ? 2000 : undefined;
}

function dateOf(year: number, month: number, day: number): BirthDateParts | 'unknown' | 'impossible' {
  // 00.00 before 2000 is given to who does not even know the year.
  if (month === 0) return day > 31 ? 'impossible' : year === 1900 ? 'unknown' : { year };
  if (month > 12 || day > daysInMonth(year, month)) return 'impossible';
  return day === 0 ? { year, month } : { year, month, day };
}

function invalid(problem: NationalNumberProblem): InvalidNationalNumber {
  return { valid: false, problem };
}
