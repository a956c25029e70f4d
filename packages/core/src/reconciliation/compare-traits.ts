/** Comparison of birth date, sex, address and telephone number, to a level of agreement. */
import {
  foldedTokens,
  isFullBirthDate,
  parseBirthDate,
  phoneKey,
  postcodeKey,
  type FullBirthDate,
} from '../patients/index.ts';
import type { PatientTraits } from '../study/index.ts';
import { editDistance } from './distance.ts';
import type { LevelOf } from './levels.ts';

/** Compares birth dates; a date that is none of the calendar is missing. */
export function compareBirthDate(leftText: string | undefined, rightText: string | undefined): LevelOf<'birthDate'> {
  const [left, right] = [parseBirthDate(leftText), parseBirthDate(rightText)];
  if (left === undefined || right === undefined) return 'missing';
  if (isFullBirthDate(left) && isFullBirthDate(right)) return compareFullDates(left, right);
  if (left.year !== right.year) return 'differ';
  if (left.month !== undefined && right.month !== undefined && left.month !== right.month) return 'differ';
  return 'partial';
}

/** Compares sexes; `O` and unknown say nothing. */
export function compareSex(left: PatientTraits['sex'], right: PatientTraits['sex']): LevelOf<'sex'> {
  if ((left !== 'M' && left !== 'F') || (right !== 'M' && right !== 'F')) return 'missing';
  return left === right ? 'same' : 'differ';
}

/** Compares telephone numbers by their last eight digits. */
export function comparePhone(left: string | undefined, right: string | undefined): LevelOf<'phone'> {
  const [leftKey, rightKey] = [phoneKey(left), phoneKey(right)];
  if (leftKey === undefined || rightKey === undefined) return 'missing';
  return leftKey === rightKey ? 'same' : 'differ';
}

/**
 * Compares addresses as one field, since street and town agree together: weighed apart they would count twice.
 * Two towns of one country have a street of the same name, so that a street counts only within its town.
 */
export function compareAddress(left: PatientTraits, right: PatientTraits): LevelOf<'address'> {
  const town = comparePlace(left, right);
  const street = compareStreet(left.street, right.street);
  if (town === 'differ') return 'differ';
  if (street === 'same') return town === 'same' ? 'street' : 'street-near';
  if (street === 'near') return town === 'same' ? 'street-near' : 'missing';
  return town === 'same' ? 'town' : 'missing';
}

/**
 * Compares postcodes, or town names where a postcode is missing; a town has two names in Belgium, a postcode one. `missing` too
 * where they do not fit together.
 */
export function comparePlace(left: PatientTraits, right: PatientTraits): 'same' | 'differ' | 'missing' {
  const [leftCode, rightCode] = [postcodeKey(left.postcode), postcodeKey(right.postcode)];
  const [leftCity, rightCity] = [foldedTokens(left.city ?? '').join(''), foldedTokens(right.city ?? '').join('')];
  // Luik and Liège are one town: only sameness of names says something.
  const isOneCity = leftCity !== '' && leftCity === rightCity;
  if (leftCode === '' || rightCode === '') return isOneCity ? 'same' : 'missing';
  if (leftCode === rightCode) return 'same';
  // A digit mistyped, or another town of that name.
  return isOneCity && editDistance(leftCode, rightCode) === 1 ? 'missing' : 'differ';
}

/** Compares street and house number, over abbreviations and boxes; without a house number on both sides never `same`. */
export function compareStreet(
  left: string | undefined,
  right: string | undefined,
): 'same' | 'near' | 'differ' | 'missing' {
  const [leftStreet, rightStreet] = [streetOf(left), streetOf(right)];
  if (leftStreet.name === '' || rightStreet.name === '') return 'missing';
  if (leftStreet.house !== rightStreet.house || leftStreet.house === '') return 'differ';
  if (leftStreet.name === rightStreet.name) return 'same';
  return editDistance(leftStreet.name, rightStreet.name) <= 2 ? 'near' : 'differ';
}

const STREET_WORDS: Readonly<Record<string, string>> = {
  r: 'rue',
  av: 'avenue',
  ave: 'avenue',
  bd: 'boulevard',
  bld: 'boulevard',
  boul: 'boulevard',
  pl: 'place',
  ch: 'chaussee',
  chee: 'chaussee',
  all: 'allee',
  rte: 'route',
  stwg: 'steenweg',
  st: 'saint',
  ste: 'sainte',
};

function streetOf(text: string | undefined): { readonly name: string; readonly house: string } {
  const name: string[] = [];
  const tokens = foldedTokens(text ?? '');
  const [first = '', ...rest] = tokens;
  // 12 Acacia Avenue: where the number stands in front, no other follows a word.
  if (/^\d/.test(first) && rest.length > 0 && !rest.some((token) => /^\d/.test(token)))
    return { name: rest.join(''), house: first };
  for (const token of tokens) {
    // The first number that follows a word is the house; what comes after it is a box or a floor.
    if (/^\d/.test(token) && name.length > 0) return { name: name.join(''), house: token };
    name.push(
      STREET_WORDS[token] ??
        token
          .replace(/str$/, 'straat')
          .replace(/strasse$/, 'straat')
          .replace(/stwg$/, 'steenweg'),
    );
  }
  return { name: name.join(''), house: '' };
}

function compareFullDates(left: FullBirthDate, right: FullBirthDate): LevelOf<'birthDate'> {
  const sameYear = left.year === right.year;
  if (sameYear && left.month === right.month && left.day === right.day) return isFirst(left) ? 'exact-first' : 'exact';
  const sameDay = left.month === right.month && left.day === right.day;
  if (sameDay) return isOneSlip(left.year, right.year, 4) ? 'year-digit' : 'differ';
  if (!sameYear) return 'differ';
  if (left.month === right.day && left.day === right.month) return 'swap';
  if (left.month === right.month && isOneSlip(left.day, right.day, 2)) return 'digit';
  if (left.day === right.day && isOneSlip(left.month, right.month, 2)) return 'digit';
  return isFirst(left) || isFirst(right) ? 'first-of-year' : 'differ';
}

/** What a registrar writes when the day is not known. */
function isFirst({ month, day }: FullBirthDate): boolean {
  return day === 1 && (month === 1 || month === 7);
}

/** One digit differs, or two neighbours are swapped. */
function isOneSlip(leftNumber: number, rightNumber: number, width: number): boolean {
  const [left, right] = [String(leftNumber).padStart(width, '0'), String(rightNumber).padStart(width, '0')];
  const differing = Array.from(left, (_digit, index) => index).filter((index) => left[index] !== right[index]);
  const [first = 0, second = 0] = differing;
  if (differing.length === 1) return true;
  return (
    differing.length === 2 && second === first + 1 && left[first] === right[second] && left[second] === right[first]
  );
}
