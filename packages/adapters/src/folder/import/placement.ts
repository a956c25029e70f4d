/**
 * Of which study of which patient a file is. A study that the folder holds speaks for itself: its patient and study
 * attributes are copied, and what the sidecar says must not contradict them. A study that it does not hold needs a whole
 * identity. Nothing is guessed: a number that fits two patients, or half an identity, is a matter for a person.
 */
import { formatPersonName, formatTime, parsePersonName, tryParseUid, type Uid } from '@interhosp/core/dicom';
import { ImportError } from '@interhosp/core/errors';
import type { IndexedInstance, StudyIndex } from '@interhosp/core/pacs';
import type { StudyHeader } from '@interhosp/core/study';
import { STUDY_KEYWORDS, type Keyword } from './keywords.ts';
import type { Said } from './sidecar.ts';

/** Where a file belongs. */
export interface Placement {
  readonly studyInstanceUid: Uid;
  /** Patient and study attributes as DICOM writes them, by keyword; what is missing is empty. */
  readonly values: ReadonlyMap<Keyword, string>;
  /** Whether the folder does not hold the study. */
  readonly isNew: boolean;
}

/** What a new study needs beside its UID. */
const NEEDED = ['PatientID', 'PatientName', 'PatientBirthDate'] as const satisfies readonly Keyword[];

/**
 * @param studies - What the folder holds; instances that were imported are left out by `isImported`.
 * @throws {ImportError} `IMPORT_IDENTITY_MISSING`, `IMPORT_STUDY_UNKNOWN`, `IMPORT_STUDY_AMBIGUOUS`, `IMPORT_CONFLICT`,
 *   `IMPORT_SIDECAR_INVALID`
 */
export function placementOf<T extends IndexedInstance>(
  { values }: Said,
  studies: StudyIndex<T>,
  isImported: (instance: T) => boolean,
): Placement {
  const given = values.get('StudyInstanceUID');
  const uid = given === undefined ? undefined : tryParseUid(given);
  if (given !== undefined && uid === undefined) {
    throw new ImportError('IMPORT_SIDECAR_INVALID', { details: { field: 'StudyInstanceUID', reason: 'value' } });
  }
  const headers = uid === undefined ? byAccession(values, studies, isImported) : headersOf(studies, uid, isImported);
  if (headers.length > 0) return ofHeldStudy(values, headers);
  if (uid !== undefined && NEEDED.every((keyword) => (values.get(keyword) ?? '') !== ''))
    return ofNewStudy(values, uid);
  throw new ImportError('IMPORT_STUDY_UNKNOWN');
}

/** The first keyword in which files that are said to be of one study differ. */
export function contradictionAmong(placements: readonly Placement[]): Keyword | undefined {
  const together = new Map<Keyword, string>();
  for (const { values } of placements) {
    const field = conflictOf(values, together);
    if (field !== undefined) return field;
    for (const [keyword, value] of values) if (value !== '' && !together.has(keyword)) together.set(keyword, value);
  }
  return undefined;
}

/** An accession number alone is too easily mistyped into somebody else's: it needs the patient beside it. */
function byAccession<T extends IndexedInstance>(
  values: Said['values'],
  studies: StudyIndex<T>,
  isImported: (instance: T) => boolean,
): readonly StudyHeader[] {
  const accessionNumber = values.get('AccessionNumber') ?? '';
  if (accessionNumber === '')
    throw new ImportError('IMPORT_IDENTITY_MISSING', { details: { field: 'StudyInstanceUID' } });
  if ((values.get('PatientID') ?? '') === '') {
    throw new ImportError('IMPORT_IDENTITY_MISSING', { details: { field: 'PatientID' } });
  }
  const uids = new Set(studies.studies({ accessionNumber }).map((study) => study.studyInstanceUid));
  return [...uids]
    .flatMap((uid) => headersOf(studies, uid, isImported))
    .filter((header) => header.accessionNumber === accessionNumber);
}

/** One header for each patient under whom the folder holds the study: of the instance with the lowest UID, so that it stays. */
function headersOf<T extends IndexedInstance>(
  studies: StudyIndex<T>,
  uid: Uid,
  isImported: (instance: T) => boolean,
): readonly StudyHeader[] {
  const lowest = new Map<string, T>();
  for (const instance of studies.instances(uid)) {
    if (isImported(instance)) continue;
    const { id = '', issuer } = instance.header.patient.patientId ?? {};
    const key = JSON.stringify([id, issuer]);
    const before = lowest.get(key);
    if (before === undefined || instance.sopInstanceUid < before.sopInstanceUid) lowest.set(key, instance);
  }
  return [...lowest.values()].map(({ header }) => header);
}

function ofHeldStudy(values: Said['values'], headers: readonly StudyHeader[]): Placement {
  const copies = headers.map((header) => ({ header, copied: valuesOf(header) }));
  const fitting = copies.filter(({ copied }) => conflictOf(values, copied) === undefined);
  const [found, other] = fitting;
  if (other !== undefined) throw new ImportError('IMPORT_STUDY_AMBIGUOUS', { details: { count: fitting.length } });
  if (found === undefined) {
    const field = conflictOf(values, copies[0]?.copied ?? new Map()) ?? 'PatientID';
    throw new ImportError('IMPORT_CONFLICT', { details: { field, reason: 'study' } });
  }
  return { studyInstanceUid: found.header.studyInstanceUid, values: found.copied, isNew: false };
}

function ofNewStudy(values: Said['values'], studyInstanceUid: Uid): Placement {
  const own = STUDY_KEYWORDS.flatMap((keyword) => {
    const value = values.get(keyword);
    return value === undefined ? [] : [[keyword, value] as const];
  });
  return { studyInstanceUid, values: new Map(own), isNew: true };
}

/** The first keyword in which the two differ. What only one of them says is no contradiction. */
function conflictOf(said: Said['values'], held: ReadonlyMap<Keyword, string>): Keyword | undefined {
  return STUDY_KEYWORDS.find((keyword) => {
    const [one, other] = [said.get(keyword) ?? '', held.get(keyword) ?? ''];
    return one !== '' && other !== '' && !isSameValue(keyword, one, other);
  });
}

function isSameValue(keyword: Keyword, one: string, other: string): boolean {
  if (keyword === 'PatientName' || keyword === 'ReferringPhysicianName') return nameKey(one) === nameKey(other);
  // 10:30 and 10:30:00 are one time.
  if (keyword === 'StudyTime') return timeKey(one) === timeKey(other);
  return one.trim() === other.trim();
}

/** The alphabetic group, without case and accents as systems write them. */
function nameKey(text: string): string {
  const name = parsePersonName(text)?.alphabetic;
  if (name === undefined) return '';
  return [name.family, name.given, name.middle]
    .map((part) => part.normalize('NFC').toLowerCase().replaceAll(/\s+/g, ' '))
    .join('^');
}

function timeKey(text: string): string {
  return text.replace(/\..*$/, '').padEnd(6, '0');
}

/** A header's patient and study attributes as DICOM writes them. */
function valuesOf({ patient, ...study }: StudyHeader): ReadonlyMap<Keyword, string> {
  const physician = study.referringPhysician?.name;
  const all: readonly (readonly [Keyword, string | undefined])[] = [
    ['PatientName', patient.name && formatPersonName(patient.name)],
    ['PatientID', patient.patientId?.id],
    ['IssuerOfPatientID', patient.patientId?.issuer],
    ['PatientBirthDate', digitsOf(patient.birthDate)],
    ['PatientSex', patient.sex],
    ['StudyInstanceUID', study.studyInstanceUid],
    ['StudyDate', digitsOf(study.studyDate)],
    ['StudyTime', study.studyTime && formatTime(study.studyTime)],
    ['AccessionNumber', study.accessionNumber],
    ['StudyID', study.studyId],
    ['StudyDescription', study.description],
    ['ReferringPhysicianName', physician && formatPersonName(physician)],
  ];
  return new Map(all.flatMap(([keyword, value]) => (value === undefined || value === '' ? [] : [[keyword, value]])));
}

/** As the study has it, parts that are not known included. */
function digitsOf(date: string | undefined): string | undefined {
  return date?.replaceAll('-', '');
}
