/**
 * Studies, series, instances and patients of a PACS, asked for level by level (PS3.4 C.4.1.2: relational queries are an
 * option that few have). PACS ignore keys they do not know and answer everything, so each answer is checked for each key.
 */
import { formatDate, parseUid, TAGS, type NewElement, type Tag, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import { matchesStudyQuery, type InstanceSummary, type PacsPatient, type StudyQuery } from '@interhosp/core/pacs';
import type { Association } from '../association/association.ts';
import { find, type QueryOptions } from './find-scu.ts';
import { patientOf, studyOf, type FoundStudy } from './found-study.ts';
import type { Identifier } from './identifier.ts';
import { inParts, type Span } from './in-parts.ts';
import { dateRange, isSingleValue, key, level, timeRange } from './query-keys.ts';
import { QUERY_TAGS } from './query-tags.ts';
import { mayBeTooMany } from '../association/service-error.ts';
import { SOP_CLASSES } from '../association/uids.ts';

/** Who is looked for; a text that is not given matches everybody. */
export interface PatientQuery {
  readonly patientId?: string;
  readonly issuer?: string;
  /** A PN value, with wildcards; matched without case by some PACS and with it by others, so not checked again. */
  readonly name?: string;
  /** `YYYY-MM-DD` */
  readonly birthDate?: string;
}

/** An instance, with what the PACS tells of its bytes. */
export interface ListedInstance extends InstanceSummary {
  /** Transfer syntaxes it can be had in without loss to what is stored (0008,3002), where the PACS tells. */
  readonly storedSyntaxes?: readonly Uid[];
  /** Of its series. */
  readonly modality?: string;
  /** Under which it was listed, in the patient root. */
  readonly patientId?: string;
}

/** How a PACS is searched. */
export interface SearchOptions extends QueryOptions {
  /** Told of each answer at the level of studies, and of the keys that were sent, before it is checked for them. */
  readonly sawAnswer?: ((answer: Identifier, keys: readonly NewElement[]) => void) | undefined;
}

/**
 * Finds studies, by the study root or, where the PACS has only that, by the patient root. Where a PACS does not tell the
 * modalities of a study (0008,0061), as dcmqrscp, its series are asked for them once the search is through. A search by date
 * alone comes to its end where the PACS refuses long answers (in-parts.ts). A PACS that cuts them off and calls that a success
 * cannot be told from one that has no more.
 *
 * @throws {PacsError} as {@link find}; `PACS_TOO_MANY` also where the PACS refuses to answer so much (A7xx, FE00), and
 *   `PACS_BUSY` only where it answers nothing at all.
 */
export async function* findStudies(
  association: Association,
  query: StudyQuery,
  options: SearchOptions = {},
): AsyncGenerator<FoundStudy, void, undefined> {
  const incomplete: FoundStudy[] = [];
  for await (const study of answeredStudies(association, query, options)) {
    if (study.header.modalities.length > 0 || incomplete.length === MAX_COMPLETED) yield study;
    else incomplete.push(study);
  }
  for (const study of incomplete) yield await withModalities(association, study, options);
}

/**
 * Lists the instances of a study, series by series.
 *
 * @param options.patientId - Needed where the PACS has the patient root alone; otherwise not looked at.
 * @throws {PacsError} as {@link find}
 */
export async function* findInstances(
  association: Association,
  studyInstanceUid: Uid,
  options: QueryOptions & { readonly patientId?: string | undefined } = {},
): AsyncGenerator<ListedInstance, void, undefined> {
  const above = aboveSeries(association, studyInstanceUid, options.patientId);
  const root = rootOf(association);
  const seen = new Set<string>();
  for (const [seriesInstanceUid, modality] of await seriesOf(association, studyInstanceUid, above, options)) {
    const keys = [...level('IMAGE'), ...above, ...key(TAGS.SeriesInstanceUID, 'UI', seriesInstanceUid), ...IMAGE_KEYS];
    for await (const answer of find(association, { ...options, ...root, keys })) {
      const instance = instanceOf(answer, studyInstanceUid, seriesInstanceUid);
      if (instance === undefined || seen.has(instance.sopInstanceUid)) continue;
      seen.add(instance.sopInstanceUid);
      yield modality === undefined ? instance : { ...instance, modality };
    }
  }
}

/**
 * Finds patients, for directories and to confirm where a study stands.
 *
 * @throws {PacsError} `PACS_REFUSED` with reason `no-context` where the PACS has no patient root; as {@link find}
 */
export async function* findPatients(
  association: Association,
  query: PatientQuery,
  options: QueryOptions = {},
): AsyncGenerator<PacsPatient, void, undefined> {
  const { birthDate, issuer, name, patientId } = query;
  const keys = [
    ...level('PATIENT'),
    ...key(TAGS.PatientName, 'PN', name),
    ...key(TAGS.PatientID, 'LO', patientId),
    ...key(TAGS.IssuerOfPatientID, 'LO', issuer),
    ...key(TAGS.PatientBirthDate, 'DA', birthDate === undefined ? undefined : formatDate(birthDate)),
    ...key(TAGS.PatientSex, 'CS'),
  ];
  for await (const answer of find(association, { ...options, sopClass: SOP_CLASSES.patientRootFind, keys })) {
    const patient = patientOf(answer);
    const isMeant =
      (patientId === undefined || patient.patientId.id === patientId) &&
      (issuer === undefined || (patient.patientId.issuer ?? '') === issuer) &&
      (birthDate === undefined || patient.birthDate === birthDate);
    if (isMeant) yield patient;
  }
}

/** Attributes asked for beside the keys. */
const IMAGE_KEYS: readonly NewElement[] = [
  ...key(TAGS.SOPInstanceUID, 'UI'),
  ...key(TAGS.SOPClassUID, 'UI'),
  ...key(TAGS.InstanceNumber, 'IS'),
  ...key(QUERY_TAGS.AvailableTransferSyntaxUID, 'UI'),
];

/** Studies whose modalities are looked up, each by a search; those beyond go without. */
const MAX_COMPLETED = 500;

/**
 * As {@link findStudies}, with the modalities that the answers tell and no others.
 *
 * @throws {PacsError} likewise
 */
export async function* answeredStudies(
  association: Association,
  query: StudyQuery,
  options: SearchOptions,
): AsyncGenerator<FoundStudy, void, undefined> {
  const { studyDateFrom: from, studyDateTo: to } = query;
  if (from !== undefined && to !== undefined && from > to) return;
  const seen = new Set<string>();
  for await (const patientId of patientsFor(association, query, options)) {
    for await (const study of allOf(association, query, patientId, options)) {
      const identity = identityOf(study);
      if (seen.has(identity)) continue;
      seen.add(identity);
      yield study;
    }
  }
}

/** A study whose instances name two patients stands under both, and both answers count. */
function identityOf({ patient, studyInstanceUid }: FoundStudy): string {
  return JSON.stringify([studyInstanceUid, patient.patientId]);
}

/** The studies of a search under one patient ID, or an empty one for all; some of them more than once. */
async function* allOf(
  association: Association,
  query: StudyQuery,
  patientId: string,
  options: SearchOptions,
): AsyncGenerator<FoundStudy, void, undefined> {
  const { accessionNumber = '', studyDateFrom: from, studyDateTo: to, studyInstanceUid } = query;
  const ask = (span: Span) => studiesIn(association, query, { ...span, patientId }, options);
  const isOfMany = patientId === '' && accessionNumber === '' && studyInstanceUid === undefined;
  const isDated = from !== undefined || to !== undefined;
  if (isOfMany && isDated) yield* inParts({ from, to }, { ask, identityOf });
  else yield* ask({ from, to });
}

async function* studiesIn(
  association: Association,
  query: StudyQuery,
  { from, minutes, patientId, to }: Span & { readonly patientId: string },
  options: SearchOptions,
): AsyncGenerator<FoundStudy, void, undefined> {
  const { studyDateFrom: _, studyDateTo: __, ...rest } = query;
  const part = {
    ...rest,
    ...(from !== undefined && { studyDateFrom: from }),
    ...(to !== undefined && { studyDateTo: to }),
  };
  for await (const answer of matches(association, { ...part, patientId, minutes }, options)) {
    const study = studyOf(answer);
    if (study !== undefined && matchesStudyQuery(study, part)) yield study;
  }
}

/** A search under one patient ID, or an empty one for all; on one day also by time. */
type PatientStudies = StudyQuery & Pick<Span, 'minutes'> & { readonly patientId: string };

/** A study that nobody has. */
const NO_STUDY = parseUid('2.25.0');

/** Answers of the PACS. One that is out of resources is asked for next to nothing: is it the size of the search? */
async function* matches(
  association: Association,
  query: PatientStudies,
  options: SearchOptions,
): AsyncGenerator<Identifier, void, undefined> {
  const keysOf = (asked: Omit<PatientStudies, 'patientId'>) => [
    ...studyKeys(asked),
    ...key(TAGS.PatientID, 'LO', query.patientId),
  ];
  const { sawAnswer, ...rest } = options;
  const answers = (keys: readonly NewElement[]) => find(association, { ...rest, ...rootOf(association), keys });
  const keys = keysOf(query);
  try {
    for await (const answer of answers(keys)) {
      sawAnswer?.(answer, keys);
      yield answer;
    }
  } catch (error) {
    if (query.studyInstanceUid !== undefined || !mayBeTooMany(error, options)) throw error;
    try {
      for await (const _ of answers(keysOf({ studyInstanceUid: NO_STUDY }))) break;
    } catch {
      options.signal?.throwIfAborted();
      throw error;
    }
    const { details } = error as PacsError;
    throw new PacsError('PACS_TOO_MANY', { cause: error, details });
  }
}

async function withModalities(association: Association, study: FoundStudy, options: QueryOptions): Promise<FoundStudy> {
  const { header, patient, studyInstanceUid } = study;
  const above = aboveSeries(association, studyInstanceUid, patient.patientId.id);
  const series = await seriesOf(association, studyInstanceUid, above, options);
  const modalities = [...new Set(series.values())].filter((modality) => modality !== undefined).toSorted();
  return { ...study, header: { ...header, modalities } };
}

/** The keys above a series. */
function aboveSeries(
  association: Association,
  studyInstanceUid: Uid,
  patientId: string | undefined,
): readonly NewElement[] {
  const study = key(TAGS.StudyInstanceUID, 'UI', studyInstanceUid);
  const isPatientRoot = rootOf(association).sopClass === SOP_CLASSES.patientRootFind;
  return isPatientRoot ? [...study, ...key(TAGS.PatientID, 'LO', patientId)] : study;
}

/** The study root, which asks for nothing above a study; else the patient root. @throws {PacsError} `PACS_REFUSED` */
function rootOf(association: Association): { readonly sopClass: Uid } {
  for (const sopClass of [SOP_CLASSES.studyRootFind, SOP_CLASSES.patientRootFind]) {
    if (association.contextFor(sopClass) !== undefined) return { sopClass };
  }
  throw new PacsError('PACS_REFUSED', { details: { reason: 'no-context', sopClassUid: SOP_CLASSES.studyRootFind } });
}

/**
 * Patient IDs to ask under: the one that is meant, or, where the hierarchy begins with the patient, each there is. There a
 * patient whose ID cannot be written as one value cannot be asked for.
 */
async function* patientsFor(
  association: Association,
  { patientId }: StudyQuery,
  options: QueryOptions,
): AsyncGenerator<string, void, undefined> {
  if (rootOf(association).sopClass !== SOP_CLASSES.patientRootFind) {
    yield patientId ?? '';
    return;
  }
  if (patientId !== undefined && patientId !== '') {
    if (isSingleValue(TAGS.PatientID, 'LO', patientId)) yield patientId;
    return;
  }
  const ids = new Set<string>();
  for await (const patient of findPatients(association, {}, options)) ids.add(patient.patientId.id);
  for (const id of ids) if (isSingleValue(TAGS.PatientID, 'LO', id)) yield id;
}

function studyKeys(query: Omit<PatientStudies, 'patientId'>): readonly NewElement[] {
  const { accessionNumber, minutes, studyDateFrom: from, studyDateTo: to, studyInstanceUid } = query;
  return [
    ...level('STUDY'),
    ...dateRange(TAGS.StudyDate, from, to),
    ...timeRange(TAGS.StudyTime, minutes),
    ...key(TAGS.AccessionNumber, 'SH', accessionNumber),
    ...key(TAGS.ModalitiesInStudy, 'CS'),
    ...key(QUERY_TAGS.SOPClassesInStudy, 'UI'),
    ...key(TAGS.InstitutionName, 'LO'),
    ...key(TAGS.ReferringPhysicianName, 'PN'),
    ...key(TAGS.StudyDescription, 'LO'),
    ...key(TAGS.PatientName, 'PN'),
    ...key(TAGS.IssuerOfPatientID, 'LO'),
    ...key(TAGS.PatientBirthDate, 'DA'),
    ...key(TAGS.PatientSex, 'CS'),
    ...key(TAGS.StudyInstanceUID, 'UI', studyInstanceUid),
    ...key(TAGS.StudyID, 'SH'),
    ...key(QUERY_TAGS.NumberOfStudyRelatedInstances, 'IS'),
  ];
}

async function seriesOf(
  association: Association,
  studyInstanceUid: Uid,
  above: readonly NewElement[],
  options: QueryOptions,
): Promise<ReadonlyMap<Uid, string | undefined>> {
  const keys = [...level('SERIES'), ...above, ...key(TAGS.SeriesInstanceUID, 'UI'), ...key(TAGS.Modality, 'CS')];
  const series = new Map<Uid, string | undefined>();
  for await (const answer of find(association, { ...options, ...rootOf(association), keys })) {
    const uid = answer.uid(TAGS.SeriesInstanceUID);
    if (uid !== undefined && isOf(answer, TAGS.StudyInstanceUID, studyInstanceUid))
      series.set(uid, answer.text(TAGS.Modality));
  }
  return series;
}

function instanceOf(answer: Identifier, studyInstanceUid: Uid, seriesInstanceUid: Uid): ListedInstance | undefined {
  const sopInstanceUid = answer.uid(TAGS.SOPInstanceUID);
  const isMeant =
    isOf(answer, TAGS.StudyInstanceUID, studyInstanceUid) && isOf(answer, TAGS.SeriesInstanceUID, seriesInstanceUid);
  if (sopInstanceUid === undefined || !isMeant) return undefined;
  const sopClassUid = answer.uid(TAGS.SOPClassUID);
  const storedSyntaxes = answer.uids(QUERY_TAGS.AvailableTransferSyntaxUID);
  return {
    seriesInstanceUid,
    sopInstanceUid,
    ...(sopClassUid !== undefined && { sopClassUid }),
    ...(storedSyntaxes.length > 0 && { storedSyntaxes }),
  };
}

/** Whether an answer names what was asked for, or leaves it out. */
function isOf(answer: Identifier, tag: Tag, uid: Uid): boolean {
  return (answer.uid(tag) ?? uid) === uid;
}
