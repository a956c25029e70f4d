/** Identifier lists (CX): which one is the hospital's own, which is a national number, and what the others are. */
import type { IssuedId } from '@interhosp/core/study';
import { MOST_ID_CHARACTERS, MOST_OTHER_IDS } from './defaults.ts';
import type { Repetition, Sent } from './message.ts';
import { Refusal } from './refusal.ts';

/** How identifiers are told apart. */
export interface IdentifierRules {
  /** Issuer of Patient ID (0010,0021) that every patient gets. */
  readonly issuer: string;
  /** What the feed calls that issuer in CX-4: namespace IDs or OIDs. */
  readonly authorities: readonly string[];
  /** Whether an identifier without CX-4 is of that issuer. */
  readonly takesUnnamedAuthority: boolean;
  /** CX-5 of patient numbers, the most wanted first; no type is one as well, and the least wanted. */
  readonly patientIdTypes: readonly string[];
  /** CX-5 of national numbers. */
  readonly nationalIdTypes: readonly string[];
  /** CX-4 of national numbers, whatever their type. */
  readonly nationalIdAuthorities: readonly string[];
}

/** What a list of identifiers says. */
export interface Identifiers {
  readonly patientId: string;
  /** Without separators; null when it was deleted, or when there are two that differ. */
  readonly nationalNumber: Sent<string>;
  readonly otherIds: readonly IssuedId[];
  /** Issuers of which an identifier was deleted. */
  readonly deletedIssuers: readonly string[];
}

/** Types of numbers that are given to a visit, an account or a certificate, and to no person. */
const NO_PERSON: ReadonlySet<string> = new Set(['VN', 'AN', 'ANC', 'AND', 'ANT', 'BC', 'FI']);

/**
 * The hospital's own identifiers in a list, each once: those of the most wanted type that there is.
 *
 * @throws {Refusal} `patient-id`
 */
export function patientIdsOf(
  list: Sent<readonly Repetition[]>,
  rules: IdentifierRules,
  field: string,
): readonly string[] {
  const own = (list ?? []).filter((each) => each.text(1) !== '' && isOwn(each, rules));
  for (const type of [...rules.patientIdTypes, '']) {
    const ids = new Set(own.filter((each) => each.text(5).toUpperCase() === type).map((each) => each.text(1)));
    if (ids.size === 0) continue;
    // A backslash would end the value in a DICOM header.
    if ([...ids].some((id) => id.length > MOST_ID_CHARACTERS || id.includes('\\')))
      throw new Refusal('patient-id', field);
    return [...ids];
  }
  return [];
}

/** Reads PID-3. @throws {Refusal} `no-patient-id`, `patient-ids`, `patient-id` */
export function readIdentifiers(list: Sent<readonly Repetition[]>, rules: IdentifierRules, field: string): Identifiers {
  const [patientId, ...more] = patientIdsOf(list, rules, field);
  if (patientId === undefined) throw new Refusal('no-patient-id', field);
  // Which of them is meant is for the sender to say: a guess could be somebody else.
  if (more.length > 0) throw new Refusal('patient-ids', field);
  const numbers = new Set<string>();
  const otherIds = new Map<string, IssuedId>();
  const deletedIssuers: string[] = [];
  let isNumberDeleted = false;
  for (const each of list ?? []) {
    const id = each.text(1);
    const issuer = issuerOf(each);
    const isNumber = isNational(each, rules);
    if (isNumber && id !== '') numbers.add(id.replace(/[\s./-]/g, ''));
    if (isNumber && each.isDeleted(1)) isNumberDeleted = true;
    else if (each.isDeleted(1) && issuer !== '') deletedIssuers.push(issuer);
    const isOther = !isNumber && id !== '' && issuer !== '' && !isOwn(each, rules);
    if (isOther && !NO_PERSON.has(each.text(5).toUpperCase()))
      otherIds.set(JSON.stringify([issuer, id]), { id, issuer });
  }
  const [number, ...otherNumbers] = numbers;
  return {
    patientId,
    // Of two that differ, as when one was given for the other, neither is believed.
    nationalNumber: otherNumbers.length > 0 ? null : (number ?? (isNumberDeleted ? null : undefined)),
    otherIds: [...otherIds.values()].slice(0, MOST_OTHER_IDS),
    deletedIssuers,
  };
}

function isNational(each: Repetition, { nationalIdAuthorities, nationalIdTypes }: IdentifierRules): boolean {
  if (nationalIdTypes.includes(each.text(5).toUpperCase())) return true;
  return namesOf(each).some((name) => nationalIdAuthorities.includes(name));
}

function isOwn(each: Repetition, rules: IdentifierRules): boolean {
  const names = namesOf(each);
  if (isNational(each, rules)) return false;
  return names.length === 0 ? rules.takesUnnamedAuthority : names.some((name) => rules.authorities.includes(name));
}

/** Namespace ID and universal ID of CX-4, where they are there. */
function namesOf(each: Repetition): readonly string[] {
  return [each.text(4, 1), each.text(4, 2)].filter((name) => name !== '');
}

/** The universal ID where there is one: namespaces are local to who writes them. */
function issuerOf(each: Repetition): string {
  return each.text(4, 2) || each.text(4, 1);
}
