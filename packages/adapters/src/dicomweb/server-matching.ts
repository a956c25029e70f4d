/**
 * Keys of a search as the server understands them (PS3.18 8.3.4, PS3.4 C.2.2.2): wildcards in texts, ranges of dates, lists
 * of UIDs. A key that it does not know is refused: ignoring it would answer more than was asked for.
 */
import { matchesWildcards, parseDate, tryParseUid, type Uid } from '@interhosp/core/dicom';
import type { StudyQuery, StudySummary } from '@interhosp/core/pacs';
import type { PersonName, PersonNameGroups } from '@interhosp/core/study';
import { HttpProblem } from './server-errors.ts';

/** A search as it was asked for. */
export interface StudySearch {
  /** What the PACS is asked. */
  readonly query: StudyQuery;
  /** What its answers are checked for. */
  readonly matches: (study: StudySummary) => boolean;
  readonly limit: number;
  readonly offset: number;
}

/** Answers in one page when the client names no limit, and at most. */
const MAX_LIMIT = 1_000;
/** Longest key; longer than any value of these representations. */
const MAX_KEY_CHARACTERS = 1_024;

type Matcher = (study: StudySummary, key: string) => boolean;

/** Keys by keyword; tags stand beside them. */
const KEYS: Readonly<Record<string, { readonly tag: string; readonly matches: Matcher }>> = {
  StudyInstanceUID: { tag: '0020000D', matches: (study, key) => uidsIn(key).includes(study.studyInstanceUid) },
  PatientID: { tag: '00100020', matches: (study, key) => matchesText(study.patient.patientId.id, key) },
  IssuerOfPatientID: { tag: '00100021', matches: (study, key) => matchesText(study.patient.patientId.issuer, key) },
  PatientName: { tag: '00100010', matches: (study, key) => matchesName(study.patient.name, key) },
  PatientBirthDate: { tag: '00100030', matches: (study, key) => matchesDate(study.patient.birthDate, key) },
  PatientSex: { tag: '00100040', matches: (study, key) => matchesText(study.patient.sex, key) },
  AccessionNumber: { tag: '00080050', matches: (study, key) => matchesText(study.header.accessionNumber, key) },
  StudyDate: { tag: '00080020', matches: (study, key) => matchesDate(study.header.studyDate, key) },
  StudyID: { tag: '00200010', matches: (study, key) => matchesText(study.header.studyId, key) },
  StudyDescription: { tag: '00081030', matches: (study, key) => matchesText(study.header.description, key) },
  ReferringPhysicianName: {
    tag: '00080090',
    matches: (study, key) => matchesName(study.header.referringPhysician?.name, key),
  },
  ModalitiesInStudy: {
    tag: '00080061',
    matches: (study, key) => study.header.modalities.some((each) => matchesText(each, key)),
  },
};

/** Parameters that are no keys. Fuzzy matching is not done, which a server may choose (PS3.18 8.3.4.2). */
const NO_KEYS: ReadonlySet<string> = new Set(['includefield', 'fuzzymatching', 'limit', 'offset']);

/** Reads the parameters of a search for studies. @throws {HttpProblem} 400 */
export function parseStudySearch(parameters: URLSearchParams): StudySearch {
  const keys = [...parameters].filter(([name]) => !NO_KEYS.has(name)).map(([name, key]) => keyOf(name, key));
  return {
    query: queryOf(keys),
    matches: (study) => keys.every(({ key, matches }) => key === '' || matches(study, key)),
    ...parsePage(parameters),
  };
}

/** Reads limit and offset. @throws {HttpProblem} 400 */
export function parsePage(parameters: URLSearchParams): { readonly limit: number; readonly offset: number } {
  const read = (name: string, otherwise: number): number => {
    const text = parameters.get(name);
    if (text === null) return otherwise;
    if (!/^\d{1,9}$/.test(text)) throw new HttpProblem(400, `${name} is no count`);
    return Number(text);
  };
  return { limit: Math.min(MAX_LIMIT, read('limit', MAX_LIMIT)), offset: read('offset', 0) };
}

interface Key {
  readonly keyword: string;
  readonly key: string;
  readonly matches: Matcher;
}

function keyOf(name: string, key: string): Key {
  const found = Object.entries(KEYS).find(([keyword, { tag }]) => keyword === name || tag === name.toUpperCase());
  if (found === undefined) throw new HttpProblem(400, 'a key is not supported');
  if (key.length > MAX_KEY_CHARACTERS) throw new HttpProblem(400, 'a key is too long');
  const [keyword, { matches }] = found;
  return { keyword, key, matches };
}

/** The keys that a PACS can be asked for; the others only narrow its answers. */
function queryOf(keys: readonly Key[]): StudyQuery {
  const of = (keyword: string): string | undefined => keys.find((each) => each.keyword === keyword)?.key;
  const plain = (keyword: string): string | undefined => {
    const key = of(keyword);
    return key === undefined || key === '' || /[*?]/.test(key) ? undefined : key;
  };
  const [uid, ...more] = uidsIn(of('StudyInstanceUID') ?? '');
  const patientId = plain('PatientID');
  const accessionNumber = plain('AccessionNumber');
  return {
    ...(uid !== undefined && more.length === 0 && { studyInstanceUid: uid }),
    ...(patientId !== undefined && { patientId }),
    ...(accessionNumber !== undefined && { accessionNumber }),
  };
}

function uidsIn(key: string): readonly Uid[] {
  return key
    .split(/[\\,]/)
    .map((text) => tryParseUid(text))
    .filter((uid) => uid !== undefined);
}

/** Wildcard matching; a text without `*` and `?` must be equal. */
function matchesText(value: string | undefined, key: string): boolean {
  return matchesWildcards(value ?? '', key);
}

/** Names are compared without case (PS3.4 C.2.2.2.1 lets the server choose). */
function matchesName(name: PersonNameGroups | undefined, key: string): boolean {
  const groups = name === undefined ? [] : [name.alphabetic, name.ideographic, name.phonetic];
  return groups.some(
    (group) => group !== undefined && matchesWildcards(writtenName(group).toLowerCase(), key.toLowerCase()),
  );
}

function writtenName({ family, given, middle, prefix, suffix }: PersonName): string {
  return [family, given, middle, prefix, suffix].join('^').replace(/\^+$/, '');
}

/** A date, or a range with an open end; a value that is missing matches none. */
function matchesDate(value: string | undefined, key: string): boolean {
  const [from, to = from] = key.split('-').map((text) => (text === '' ? '' : parseDate(text)));
  if (from === undefined || to === undefined) throw new HttpProblem(400, 'a key is no date');
  if (value === undefined) return false;
  return (from === '' || value >= from) && (to === '' || value <= to);
}
