/** Which searches of a PACS bring everybody who could be an arrival. */
import type { PatientQuery } from '@interhosp/core/pacs';
import { isFullBirthDate, parseBirthDate } from '@interhosp/core/patients';
import type { ArrivingPatient } from '@interhosp/core/study';
import { GIVEN_LETTERS } from './defaults.ts';

/** A search, and whether its answers may be cut short. */
export interface Search {
  readonly query: PatientQuery;
  /** A common name is borne by more patients than are looked at; somebody of that birth date is found by the date. */
  readonly mayBeCut: boolean;
}

/**
 * By ID: the arrival's national number and other IDs, where patients are registered under those. By birth date alone, which
 * does not depend on how a name is written. By name, for a birth date that was mistyped.
 */
export function searchesFor(arrival: ArrivingPatient): readonly Search[] {
  const ids = new Set(
    [arrival.nationalNumber, arrival.patientId?.id, ...(arrival.otherIds ?? []).slice(0, MOST_IDS).map(({ id }) => id)]
      .map((id) => id?.trim() ?? '')
      .filter(isSearchableId),
  );
  const { birthDate } = arrival;
  const names = new Set([arrival.name, arrival.birthName].flatMap((name) => patternsOf(name?.alphabetic)));
  return [
    ...[...ids].map((patientId) => ({ query: { patientId }, mayBeCut: false })),
    ...(birthDate !== undefined && isFullBirthDate(parseBirthDate(birthDate))
      ? [{ query: { birthDate }, mayBeCut: false }]
      : []),
    ...[...names].map((name) => ({ query: { name }, mayBeCut: true })),
  ];
}

const MOST_IDS = 4;
const MOST_ID_CHARACTERS = 64;
const MOST_NAME_CHARACTERS = 48;

/** What a PACS takes for one value, and not for a pattern or a list. */
export function isSearchableId(id: string): boolean {
  return id !== '' && id.length <= MOST_ID_CHARACTERS && !/[*?\\\p{Cc}]/u.test(id);
}

/**
 * `Claes*^A*`, as written, in capitals, and with capital initials: PS3.4 C.2.2.2 leaves it to each PACS
 * whether case counts. None where there is no family name.
 */
function patternsOf(name: { readonly family: string; readonly given: string } | undefined): readonly string[] {
  const family = plain(name?.family ?? '').slice(0, MOST_NAME_CHARACTERS);
  if (family.length < 2) return [];
  const given = Array.from(plain(name?.given ?? ''))
    .slice(0, GIVEN_LETTERS)
    .join('');
  const capitals = family.toLowerCase().replace(/(?<![\p{L}\p{N}])\p{L}/gu, (letter) => letter.toUpperCase());
  const initial = given.toUpperCase();
  const written = [
    [family, given],
    [family.toUpperCase(), initial],
    [capitals, initial],
  ];
  return written.map(([first = '', second = '']) => `${first}*${second === '' ? '' : `^${second}*`}`);
}

/** Without what means something in a name or in a search. */
function plain(text: string): string {
  return text.replace(/[\^=\\*?\p{Cc}\p{Cs}]/gu, ' ').trim();
}
