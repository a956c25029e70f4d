/**
 * Whether a physician named in a header practises at a member. The national professional number decides; a name alone only
 * proposes, since two physicians share a name more often than a hospital would think.
 */
import type { Practitioner, PractitionerDirectories, PractitionerDirectory } from '../federation/practitioners.ts';
import { foldText } from '../patients/fold-text.ts';
import type { MemberId } from '../study/identifiers.ts';
import type { PersonNameGroups } from '../study/patient.ts';
import type { PractitionerMention } from '../study/study.ts';
import type { NumberScheme } from './rule-set.ts';

/** What the directories say: practises there, does not, or a person must look; with the reason in one sentence part. */
export interface PractitionerFinding {
  readonly truth: 'yes' | 'no' | 'unknown';
  /** Without the physician's name or number: `the number is in the directory of be-south`. */
  readonly because: string;
}

/** What {@link practisesAt} looks at. */
export interface PractitionerQuestion {
  readonly mention: PractitionerMention | undefined;
  readonly member: MemberId;
  readonly directories: PractitionerDirectories;
  readonly scheme: NumberScheme;
  readonly nowMs: number;
}

/** Asks the directories whether the physician practises at the member. */
export function practisesAt({
  mention,
  member,
  directories,
  scheme,
  nowMs,
}: PractitionerQuestion): PractitionerFinding {
  const number = numberKey(mention?.number ?? '', scheme);
  const name = nameTokens(mention?.name);
  if (number === '' && name.all.length === 0) return no('the study names none');
  const directory = directories.get(member);
  if (directory === undefined) return no(`${member} has published no practitioner directory`);
  const named = number === '' ? [] : (indexOf(directory)[scheme].get(number) ?? []);
  if (named.length > 0) {
    if (!named.some((entry) => sharesName(name, tokensOf(entry)))) {
      return unknown(`the number is in the directory of ${member}, but under another name`);
    }
    if (nowMs >= directory.expiresMs) return unknown(`the number is in the directory of ${member}, which has expired`);
    return { truth: 'yes', because: `the number is in the directory of ${member}` };
  }
  const elsewhere = number !== '' && isListed(number, directories, scheme);
  if (elsewhere) return no(`the number is in another member's directory and not in that of ${member}`);
  return isNamed(directory, name)
    ? unknown(`only the name is in the directory of ${member}`)
    : no(`neither number nor name is in the directory of ${member}`);
}

/**
 * A professional number as it is compared: without separators and case. By NIHDI's scheme the first eight of eleven digits
 * name the person; the last three are a competence, which changes and is often left out.
 *
 * @returns Empty when there is no number.
 */
export function numberKey(number: string, scheme: NumberScheme): string {
  const compact = number.replaceAll(/[^0-9A-Za-z]/g, '').toUpperCase();
  return scheme === 'nihdi' && /^\d{11}$/.test(compact) ? compact.slice(0, 8) : compact;
}

interface NameTokens {
  readonly family: readonly string[];
  readonly given: readonly string[];
  readonly all: readonly string[];
}

interface DirectoryIndex {
  readonly exact: ReadonlyMap<string, readonly Practitioner[]>;
  readonly nihdi: ReadonlyMap<string, readonly Practitioner[]>;
  /** By each part of the family name. */
  readonly families: ReadonlyMap<string, readonly Practitioner[]>;
}

/** Directories are immutable values, so what was computed of one holds as long as it lives. */
const indexes = new WeakMap<PractitionerDirectory, DirectoryIndex>();

function indexOf(directory: PractitionerDirectory): DirectoryIndex {
  const known = indexes.get(directory);
  if (known !== undefined) return known;
  const { practitioners } = directory;
  const made: DirectoryIndex = {
    exact: groupedBy(practitioners, ({ number }) => [numberKey(number, 'exact')]),
    nihdi: groupedBy(practitioners, ({ number }) => [numberKey(number, 'nihdi')]),
    families: groupedBy(practitioners, ({ family }) => fold(family)),
  };
  indexes.set(directory, made);
  return made;
}

function groupedBy(
  practitioners: readonly Practitioner[],
  keysOf: (practitioner: Practitioner) => readonly string[],
): ReadonlyMap<string, readonly Practitioner[]> {
  const groups = new Map<string, Practitioner[]>();
  for (const practitioner of practitioners) {
    for (const key of keysOf(practitioner)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [practitioner]);
      else group.push(practitioner);
    }
  }
  return groups;
}

function isListed(number: string, directories: PractitionerDirectories, scheme: NumberScheme): boolean {
  return [...directories.values()].some((directory) => indexOf(directory)[scheme].has(number));
}

function isNamed(directory: PractitionerDirectory, name: NameTokens): boolean {
  return name.family.some((token) =>
    (indexOf(directory).families.get(token) ?? []).some((entry) => sameName(name, tokensOf(entry))),
  );
}

/** Generous, since it only proposes: one family name holds the other, and the given names do not contradict each other. */
function sameName(a: NameTokens, b: NameTokens): boolean {
  const [less, more] = a.family.length <= b.family.length ? [a.family, b.family] : [b.family, a.family];
  if (less.length === 0 || !less.every((token) => more.includes(token))) return false;
  const [first = '', other = ''] = [a.given[0], b.given[0]];
  return first === '' || other === '' || first.startsWith(other) || other.startsWith(first);
}

/** Loose, since the number has matched: any part of the name in common; a mention without a name contradicts nothing. */
function sharesName(a: NameTokens, b: NameTokens): boolean {
  return a.all.length === 0 || a.all.some((token) => token.length > 1 && b.all.includes(token));
}

function tokensOf({ family, given }: Practitioner): NameTokens {
  return tokens(family, given);
}

function nameTokens(name: PersonNameGroups | undefined): NameTokens {
  return tokens(name?.alphabetic.family ?? '', name?.alphabetic.given ?? '');
}

function tokens(family: string, given: string): NameTokens {
  const [familyTokens, givenTokens] = [fold(family), fold(given)];
  return { family: familyTokens, given: givenTokens, all: [...familyTokens, ...givenTokens] };
}

/** Words without case and accents. */
function fold(name: string): readonly string[] {
  return foldText(name)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

function no(because: string): PractitionerFinding {
  return { truth: 'no', because };
}

function unknown(because: string): PractitionerFinding {
  return { truth: 'unknown', because };
}
