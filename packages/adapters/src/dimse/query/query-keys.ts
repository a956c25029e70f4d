/** Keys of queries and retrievals as elements (PS3.4 C.2.2.2). */
import {
  characterSetOf,
  encodeElements,
  formatDate,
  type CharacterSet,
  type NewElement,
  type Tag,
  type Vr,
} from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import { QUERY_TAGS, type QueryLevel } from './query-tags.ts';

/** The level at which is asked (0008,0052). */
export function level(name: QueryLevel): readonly NewElement[] {
  return key(QUERY_TAGS.QueryRetrieveLevel, 'CS', name);
}

/**
 * A key, empty when anything matches. A text that no data set can hold is no key either: what it would match is sorted out
 * of the answers.
 */
export function key(tag: Tag, vr: Exclude<Vr, 'SQ'>, text = ''): readonly NewElement[] {
  const element: NewElement = { tag, value: { vr, text } };
  return [isWritable(element) ? element : { tag, value: { vr, text: '' } }];
}

/** A range of dates, `YYYY-MM-DD`, open where an end is not given (PS3.4 C.2.2.2.5); empty without both. */
export function dateRange(tag: Tag, from: string | undefined, to: string | undefined): readonly NewElement[] {
  const [first, last] = [from, to].map((date) => (date === undefined ? '' : formatDate(date)));
  if (first === last) return key(tag, 'DA', first);
  // In a query a range is a value of DA, and nowhere else (PS3.5 6.2).
  return [{ tag, value: { vr: 'DA', bytes: new TextEncoder().encode(`${first}-${last}`) } }];
}

/**
 * A part of a day, in minutes of 1,440, open at the ends of the day; empty without one. Both ends are in it, so that what was
 * made in the last second before an end is in one part or in two, but in none it is not, however fractions are compared.
 */
export function timeRange(tag: Tag, minutes: readonly [number, number] | undefined): readonly NewElement[] {
  if (minutes === undefined) return key(tag, 'TM');
  const [first, last] = minutes.map((minute) => (minute === 0 || minute === DAY_MINUTES ? '' : timeOf(minute)));
  // In a query a range is a value of TM, and nowhere else (PS3.5 6.2).
  return [{ tag, value: { vr: 'TM', bytes: new TextEncoder().encode(`${first}-${last}`) } }];
}

const DAY_MINUTES = 1_440;

function timeOf(minute: number): string {
  return `${[Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join('')}00`;
}

/** Whether a text names one thing: no wildcards, no list, and writable. */
export function isSingleValue(tag: Tag, vr: Exclude<Vr, 'SQ'>, text: string): boolean {
  return text !== '' && !/[*?\\]/.test(text) && isWritable({ tag, value: { vr, text } });
}

/** Whether an element is a value of its VR (PS3.5 6.2). */
export function isWritable(element: NewElement): boolean {
  try {
    encodeElements('implicit', [element], UTF8);
    return true;
  } catch (error) {
    if (errorCodeOf(error)?.startsWith('DICOM_') === true) return false;
    throw error;
  }
}

const UTF8 = characterSetOf('ISO_IR 192') as CharacterSet;
