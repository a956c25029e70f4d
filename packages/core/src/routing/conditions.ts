/**
 * The `when` of a rule: conditions as data, read strictly. An object with several fields means all of them; a field that
 * is not known is refused, since a misspelt condition that is skipped would send too much.
 */
import { parseMemberId, type MemberId } from '../study/identifiers.ts';
import { asObject, at, integer, list, Misfit, object, optional, parsed, text, type Read } from '../federation/shape.ts';
import { attributeNamed, type Attribute } from './attributes.ts';
import { MAX_CONDITION_DEPTH, MAX_CONDITIONS, MAX_PATTERN_CHARACTERS, MAX_VALUES } from './limits.ts';
import { isPattern } from './match-values.ts';

/** Where a header names a physician. */
export type PractitionerRole = 'referringPhysician' | 'requestingPhysician';
/** The member that a rule is just being tried for. */
export const DESTINATION = 'destination';

/** A condition on a study, and on the destination that it is tried for. */
export type Condition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'modality'; readonly values: readonly string[] }
  | { readonly kind: 'tag'; readonly attribute: Attribute; readonly patterns: readonly string[] }
  | { readonly kind: 'institution'; readonly patterns: readonly string[] }
  /** `YYYY-MM-DD`, inclusive; `withinDays` counts back from today. */
  | { readonly kind: 'studyDate'; readonly from?: string; readonly to?: string; readonly withinDays?: number }
  /** Whole years on the day of the study, inclusive. */
  | { readonly kind: 'patientAge'; readonly minYears?: number; readonly maxYears?: number }
  | { readonly kind: 'practisesAt'; readonly role: PractitionerRole; readonly member: MemberId | typeof DESTINATION }
  | { readonly kind: 'practitionerNumber'; readonly role: PractitionerRole; readonly numbers: readonly string[] };

/** A reader of conditions that counts them; make one for each rule set. */
export function conditionReader(): Read<Condition> {
  let count = 0;
  const read = (depth: number): Read<Condition> => {
    return (value, path) => {
      if (depth > MAX_CONDITION_DEPTH) throw new Misfit(path, 'range');
      const entries = Object.entries(asObject(value, path));
      if (entries.length === 0) throw new Misfit(path, 'too-few');
      const parts = entries.map(([name, part]) => {
        if (++count > MAX_CONDITIONS) throw new Misfit(path, 'too-many');
        return readField(name, part, at(path, name), read(depth + 1));
      });
      return joined(parts);
    };
  };
  return read(1);
}

/**
 * Whether a condition can only hold for a destination that the prescriber practises at. A rule for each member must be
 * bound so: without it one forgotten line would send every study to everybody.
 */
export function bindsDestination(condition: Condition): boolean {
  switch (condition.kind) {
    case 'all':
      return condition.of.some(bindsDestination);
    case 'any':
      return condition.of.every(bindsDestination);
    case 'practisesAt':
      return condition.member === DESTINATION;
    case 'not':
    case 'modality':
    case 'tag':
    case 'institution':
    case 'studyDate':
    case 'patientAge':
    case 'practitionerNumber':
      return false;
    default:
      return condition satisfies never;
  }
}

function readField(name: string, value: unknown, path: string, read: Read<Condition>): Condition {
  switch (name) {
    case 'all':
    case 'any':
      return { kind: name, of: list(read, { min: 1, max: MAX_VALUES })(value, path) };
    case 'not':
      return { kind: 'not', of: read(value, path) };
    case 'modality':
      return { kind: 'modality', values: oneOrMore(text({ maxCharacters: 16, pattern: /^[A-Z0-9_]+$/ }))(value, path) };
    case 'institution':
      return { kind: 'institution', patterns: oneOrMore(pattern)(value, path) };
    case 'tag':
      return readTags(value, path);
    case 'studyDate':
      return readStudyDate(value, path);
    case 'patientAge':
      return readPatientAge(value, path);
    case 'referringPhysician':
    case 'requestingPhysician':
      return readPractitioner(name, value, path);
    default:
      throw new Misfit(path, 'unknown-field');
  }
}

const pattern = text({ maxCharacters: MAX_PATTERN_CHARACTERS, pattern: /\S/ });

/** One value or a list of them. */
function oneOrMore<T>(read: Read<T>): Read<readonly T[]> {
  const many = list(read, { min: 1, max: MAX_VALUES });
  return (value, path) => (Array.isArray(value) ? many(value, path) : [read(value, path)]);
}

function readTags(value: unknown, path: string): Condition {
  const entries = Object.entries(asObject(value, path));
  if (entries.length === 0) throw new Misfit(path, 'too-few');
  if (entries.length > MAX_VALUES) throw new Misfit(path, 'too-many');
  const parts = entries.map(([name, patterns]): Condition => {
    const attribute = attributeNamed(name);
    if (attribute === undefined) throw new Misfit(at(path, name), 'unknown-field');
    const checked: Read<string> = (item, itemPath) => {
      const found = pattern(item, itemPath);
      if (!isPattern(attribute.matching, found)) throw new Misfit(itemPath, 'form');
      return found;
    };
    return { kind: 'tag', attribute, patterns: oneOrMore(checked)(patterns, at(path, name)) };
  });
  return joined(parts);
}

const day = text({ maxCharacters: 10, pattern: /^\d{4}-\d{2}-\d{2}$/ });
const dateFields = object({ from: optional(day), to: optional(day), withinDays: optional(integer(0, 36_500)) });

function readStudyDate(value: unknown, path: string): Condition {
  const range = dateFields(value, path);
  if (Object.keys(range).length === 0) throw new Misfit(path, 'too-few');
  if (range.from !== undefined && range.to !== undefined && range.from > range.to) throw new Misfit(path, 'range');
  return { kind: 'studyDate', ...range };
}

const ageFields = object({ minYears: optional(integer(0, 150)), maxYears: optional(integer(0, 150)) });

function readPatientAge(value: unknown, path: string): Condition {
  const range = ageFields(value, path);
  if (Object.keys(range).length === 0) throw new Misfit(path, 'too-few');
  if ((range.minYears ?? 0) > (range.maxYears ?? 150)) throw new Misfit(path, 'range');
  return { kind: 'patientAge', ...range };
}

const place: Read<MemberId | typeof DESTINATION> = (value, path) =>
  value === DESTINATION ? DESTINATION : parsed(64, parseMemberId)(value, path);
const practitionerFields = object({
  practisesAt: optional(place),
  number: optional(oneOrMore(text({ maxCharacters: 32, pattern: /^[0-9A-Za-z][0-9A-Za-z ./-]*$/ }))),
});

function readPractitioner(role: PractitionerRole, value: unknown, path: string): Condition {
  const { practisesAt, number: numbers } = practitionerFields(value, path);
  const parts: Condition[] = [];
  if (practisesAt !== undefined) parts.push({ kind: 'practisesAt', role, member: practisesAt });
  if (numbers !== undefined) parts.push({ kind: 'practitionerNumber', role, numbers });
  if (parts.length === 0) throw new Misfit(path, 'too-few');
  return joined(parts);
}

function joined(parts: readonly Condition[]): Condition {
  return parts.length === 1 ? (parts[0] as Condition) : { kind: 'all', of: parts };
}
