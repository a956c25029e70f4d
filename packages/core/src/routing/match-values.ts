/**
 * How a value meets a key: the matching of a DICOM query (PS3.4 C.2.2.2), applied to rules. Wildcards `*` and `?` in text,
 * case folded in person names only, ranges in dates and times, UIDs and numbers exactly.
 *
 * Without regular expressions: the patterns come from a rule file and the values from other hospitals.
 */
import { matchesWildcards } from '../dicom/wildcards.ts';
import { MAX_VALUE_CHARACTERS } from './limits.ts';

/** How an attribute is matched; follows from its value representation. */
export type Matching = 'text' | 'name' | 'date' | 'time' | 'exact';

/** Whether one value meets one pattern. */
export function matchesPattern(matching: Matching, value: string, pattern: string): boolean {
  const trimmed = value.slice(0, MAX_VALUE_CHARACTERS).replace(/^ +/, '').trimEnd();
  switch (matching) {
    case 'text':
      return matchesWildcards(trimmed, pattern);
    case 'name':
      return matchesWildcards(foldName(trimmed), foldName(pattern));
    case 'date':
      return matchesRange(trimmed, pattern, 8);
    case 'time':
      return matchesRange(trimmed.split('.')[0] ?? '', pattern, 6);
    case 'exact':
      return trimmed === pattern;
    default:
      return matching satisfies never;
  }
}

/** Whether a pattern says anything in this kind of matching; a malformed date would silently never match. */
export function isPattern(matching: Matching, pattern: string): boolean {
  if (pattern.trim() === '') return false;
  switch (matching) {
    case 'date':
      return isRange(pattern, /^\d{8}$/);
    case 'time':
      return isRange(pattern, /^(?:\d{2}){1,3}$/);
    case 'exact':
      return !/[*?]/.test(pattern);
    case 'text':
    case 'name':
      return true;
    default:
      return matching satisfies never;
  }
}

/** Names are compared without case and without empty components at their end (PS3.5 6.2.1). */
function foldName(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === '^' || name[end - 1] === ' ')) end--;
  return name.slice(0, end).normalize('NFC').toUpperCase();
}

/** `20240101-20241231`, `-20241231`, `20240101-` or one value; both ends belong to the range. */
function matchesRange(value: string, pattern: string, digits: number): boolean {
  const compact = value.replaceAll(/[-:]/g, '');
  if (compact === '' || !/^\d+$/.test(compact)) return false;
  const [from = '', to] = pattern.split('-');
  const low = compact.padEnd(digits, '0');
  if (to === undefined) return compact.startsWith(from);
  return (from === '' || low >= from.padEnd(digits, '0')) && (to === '' || low <= to.padEnd(digits, '9'));
}

function isRange(pattern: string, form: RegExp): boolean {
  const ends = pattern.split('-');
  if (ends.length > 2 || ends.every((end) => end === '')) return false;
  if (!ends.every((end) => end === '' || form.test(end))) return false;
  const [from = '', to = ''] = ends;
  return from === '' || to === '' || from <= to;
}
