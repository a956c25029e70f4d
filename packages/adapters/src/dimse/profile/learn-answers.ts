/**
 * What the answers to searches tell of a PACS: attributes that it never gives, keys that it does not match by, its character
 * set. Nothing is asked for it: a search that is made only to learn is one more that a PACS may take badly.
 */
import { formatTag, TAGS, type NewElement } from '@interhosp/core/dicom';
import type { Identifier } from '../query/identifier.ts';
import type { PacsProfile } from './profile.ts';
import { matchesKey } from '../query/query-matching.ts';
import { QUERY_TAGS } from '../query/query-tags.ts';

/** What answers tell. */
export type AnswersProfile = Pick<PacsProfile, 'absentKeys' | 'ignoredKeys' | 'answersIn'>;

/**
 * What is known with one answer more; undefined where that tells nothing new.
 *
 * @param keys - As they were sent.
 */
export function learnAnswer(
  known: AnswersProfile,
  answer: Identifier,
  keys: readonly NewElement[],
): AnswersProfile | undefined {
  const asked = keys.filter(({ tag }) => tag !== QUERY_TAGS.QueryRetrieveLevel);
  const absent = asked.filter(({ tag }) => !answer.has(tag)).map(({ tag }) => formatTag(tag));
  const absentKeys = known.absentKeys?.filter((name) => absent.includes(name)) ?? absent;
  const ignored = asked.filter((key) => isIgnored(key, answer)).map(({ tag }) => formatTag(tag));
  const { ignoredKeys: before = [] } = known;
  const ignoredKeys = [...new Set([...before, ...ignored])];
  const answersIn = known.answersIn || (answer.raw(TAGS.SpecificCharacterSet) ?? '').slice(0, 128);
  const isNew =
    absentKeys.length !== known.absentKeys?.length ||
    ignoredKeys.length !== before.length ||
    answersIn !== known.answersIn;
  return isNew ? { absentKeys, ignoredKeys, answersIn } : undefined;
}

/** Whether a value is answered that the key does not match, be it without case. What is not answered tells nothing. */
function isIgnored({ tag, value }: NewElement, answer: Identifier): boolean {
  const text = answer.raw(tag);
  if (text === undefined || !('vr' in value) || value.vr === 'SQ' || tag === QUERY_TAGS.QueryRetrieveLevel)
    return false;
  const key = 'text' in value ? value.text : 'bytes' in value ? new TextDecoder('latin1').decode(value.bytes) : '';
  return key !== '' && !matchesKey({ vr: value.vr, text: text.toLowerCase() }, key.toLowerCase());
}
