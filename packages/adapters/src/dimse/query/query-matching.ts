/** Attribute matching as an SCP does it (PS3.4 C.2.2.2): by VR, wildcards, ranges, lists of UIDs. */
import { matchesWildcards, parseDate, parseTime, type Tag, type Vr } from '@interhosp/core/dicom';
import type { Identifier } from './identifier.ts';

/** A value as it is answered; several divided by backslashes. */
export interface KnownValue {
  readonly vr: Exclude<Vr, 'SQ'>;
  readonly text: string;
}

/** What is known of a patient, study, series or instance. */
export type KnownValues = ReadonlyMap<Tag, KnownValue>;

/** Whether values match every key that is known and not empty; what is not known narrows nothing. */
export function matchesKeys(values: KnownValues, keys: Identifier): boolean {
  return keys.tags.every((tag) => {
    const value = values.get(tag);
    const key = keys.raw(tag);
    return value === undefined || key === undefined || key === '*' || matchesKey(value, key);
  });
}

/** Whether a value, or one of several, matches a key that is not empty. */
export function matchesKey({ text, vr }: KnownValue, key: string): boolean {
  const values = text.split('\\');
  if (vr === 'UI') return key.split('\\').some((uid) => values.includes(uid.trim()));
  if (vr === 'DA') return values.some((value) => isInRange(value, key, parseDate));
  if (vr === 'TM') return values.some((value) => isInRange(value, key, parseTime));
  // Names without case, as the standard lets an SCP choose (PS3.4 C.2.2.2.1).
  const fold = (each: string): string => (vr === 'PN' ? each.toLowerCase() : each);
  return key.split('\\').some((pattern) => values.some((value) => matchesWildcards(fold(value), fold(pattern.trim()))));
}

/** A single value, or a range with an open end (PS3.4 C.2.2.2.5). What is no date is a single value. */
function isInRange(value: string, key: string, parse: (text: string) => string | undefined): boolean {
  const at = key.indexOf('-');
  if (at < 0) return (parse(value) ?? value) === (parse(key) ?? key);
  const own = parse(value);
  if (own === undefined) return false;
  const [from, to] = [key.slice(0, at), key.slice(at + 1)].map((text) => parse(text));
  return (from === undefined || own >= from) && (to === undefined || own <= to);
}
