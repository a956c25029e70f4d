/**
 * Person names (PN, PS3.5 6.2.1): up to three component groups divided by `=` (alphabetic, ideographic, phonetic), each of
 * five components divided by `^` (family, given, middle, prefix, suffix), 64 characters a group.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import { hasControlCharacter } from './character-set.ts';
import type { PersonName, PersonNameGroups } from '../study/patient.ts';

/** Most characters of a component group (PS3.5 6.2, PN). */
export const MAX_NAME_GROUP_CHARACTERS = 64;

const COMPONENTS = ['family', 'given', 'middle', 'prefix', 'suffix'] as const;

/**
 * Reads one value of VR PN.
 *
 * Tolerant, since old names are: a missing caret leaves parts empty, a sixth component is joined to the suffix, a fourth
 * group is left out. Undefined when no group has a letter.
 */
export function parsePersonName(text: string): PersonNameGroups | undefined {
  const [alphabetic = '', ideographic = '', phonetic = ''] = text.split('=');
  const groups = [alphabetic, ideographic, phonetic].map(parseGroup);
  if (groups.every(isEmptyName)) return undefined;
  const [first, second, third] = groups;
  return {
    alphabetic: first ?? EMPTY_NAME,
    ...(second !== undefined && !isEmptyName(second) && { ideographic: second }),
    ...(third !== undefined && !isEmptyName(third) && { phonetic: third }),
  };
}

/**
 * Writes a name as one value of VR PN, without trailing delimiters.
 *
 * @throws {DicomError} `DICOM_VALUE_INVALID` when a part holds a delimiter, a backslash or a control character, or a group
 *   exceeds `MAX_NAME_GROUP_CHARACTERS`.
 */
export function formatPersonName(name: PersonNameGroups): string {
  const groups = [name.alphabetic, name.ideographic, name.phonetic].map((group) =>
    group === undefined ? '' : formatGroup(group),
  );
  return groups.join('=').replace(/=+$/, '');
}

const EMPTY_NAME: PersonName = { family: '', given: '', middle: '', prefix: '', suffix: '' };

function parseGroup(text: string): PersonName {
  const [family = '', given = '', middle = '', prefix = '', ...suffix] = text.split('^').map((part) => part.trim());
  return { family, given, middle, prefix, suffix: suffix.filter((part) => part !== '').join(' ') };
}

function isEmptyName(name: PersonName): boolean {
  return COMPONENTS.every((component) => name[component] === '');
}

function formatGroup(name: PersonName): string {
  const parts = COMPONENTS.map((component) => name[component].trim());
  if (parts.some((part) => /[\^=\\]/.test(part) || hasControlCharacter(part))) throw invalidName();
  const group = parts.join('^').replace(/\^+$/, '');
  if (Array.from(group).length > MAX_NAME_GROUP_CHARACTERS) throw invalidName();
  return group;
}

function invalidName(): DicomError {
  return new DicomError('DICOM_VALUE_INVALID', { details: { kind: 'PN' } });
}
