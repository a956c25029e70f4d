/**
 * Searching (QIDO-RS, PS3.18 10.6). Servers ignore keys, limits and offsets they do not know, and answer everything: each
 * answer is checked against the query, and a page that brings nothing new ends the search.
 */
import { formatDate, parseDate, parseTime, tryParseUid, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import { matchesStudyQuery } from '@interhosp/core/pacs';
import type {
  InstanceSummary,
  PacsOptions,
  PacsPatient,
  PatientQuery,
  StudyQuery,
  StudySummary,
} from '@interhosp/core/pacs';
import type { IssuedId, Sex, StudyHeader } from '@interhosp/core/study';
import { countOf, nameOf, textOf, textsOf, uidOf, type JsonDataSet } from './dicom-json.ts';
import { statusError, type HttpClient } from './http-client.ts';
import { MAX_ANSWERS } from './limits.ts';
import { askPage, readPage, type Search } from './search-pages.ts';

/** The attributes of search answers. */
const TAG = {
  sopClassUid: '00080016',
  sopInstanceUid: '00080018',
  studyDate: '00080020',
  studyTime: '00080030',
  accessionNumber: '00080050',
  modality: '00080060',
  modalitiesInStudy: '00080061',
  institution: '00080080',
  referringPhysician: '00080090',
  studyDescription: '00081030',
  patientName: '00100010',
  patientId: '00100020',
  issuerOfPatientId: '00100021',
  patientBirthDate: '00100030',
  patientSex: '00100040',
  studyInstanceUid: '0020000D',
  seriesInstanceUid: '0020000E',
  studyId: '00200010',
  instancesInStudy: '00201208',
  availableTransferSyntaxUid: '00083002',
  samplesPerPixel: '00280002',
  numberOfFrames: '00280008',
  rows: '00280010',
  columns: '00280011',
  bitsAllocated: '00280100',
} as const;

const STUDY_FIELDS = [
  TAG.issuerOfPatientId,
  TAG.studyDescription,
  TAG.modalitiesInStudy,
  TAG.institution,
  TAG.instancesInStudy,
];
const INSTANCE_FIELDS = [
  TAG.sopClassUid,
  TAG.availableTransferSyntaxUid,
  TAG.patientId,
  TAG.issuerOfPatientId,
  TAG.samplesPerPixel,
  TAG.numberOfFrames,
  TAG.rows,
  TAG.columns,
  TAG.bitsAllocated,
];

/** How a search is run. */
export interface SearchOptions extends PacsOptions {
  readonly pageSize: number;
}

/** An instance with what the server tells of its bytes. */
export interface ListedInstance extends InstanceSummary {
  /** What its pixels would take uncompressed; 0 when the server does not tell. */
  readonly estimatedBytes: number;
  /** Transfer syntaxes it can be had in without loss to what is stored (0008,3002), where the server tells. */
  readonly storedSyntaxes?: readonly Uid[];
}

/** Finds studies. @throws {PacsError} */
export async function* searchStudies(
  http: HttpClient,
  query: StudyQuery,
  options: SearchOptions,
): AsyncGenerator<StudySummary, void, undefined> {
  const keys = keysOf(query);
  if (keys === undefined) return;
  const search = { path: ['studies'], keys, fields: STUDY_FIELDS, identify: studyKey };
  for await (const dataSet of answers(http, search, options)) {
    const study = studyOf(dataSet);
    if (study !== undefined && matchesStudyQuery(study, query)) yield study;
  }
}

/** Finds patients by their studies: QIDO-RS has no level of patients. @throws {PacsError} */
export async function* searchPatients(
  http: HttpClient,
  { birthDate, name, patientId }: PatientQuery,
  options: SearchOptions,
): AsyncGenerator<PacsPatient, void, undefined> {
  const keys: [string, string][] = [];
  if (patientId !== undefined && patientId !== '') keys.push(['PatientID', patientId]);
  // Orthanc's plugin 1.7 finds nobody by a caret, which an address must encode: where one stands, anything may.
  if (name !== undefined && name !== '') keys.push(['PatientName', name.replace(/[*^]+/g, '*')]);
  if (birthDate !== undefined) keys.push(['PatientBirthDate', formatDate(birthDate)]);
  const seen = new Set<string>();
  const search = { path: ['studies'], keys, fields: STUDY_FIELDS, identify: studyKey };
  for await (const dataSet of answers(http, search, options)) {
    const patient = patientOf(dataSet);
    const isMeant =
      (patientId === undefined || patient.patientId.id === patientId) &&
      (birthDate === undefined || patient.birthDate === birthDate);
    const key = JSON.stringify(patient);
    if (!isMeant || seen.has(key)) continue;
    seen.add(key);
    yield patient;
  }
}

/**
 * Lists the instances of a study, or those of them that are named; a service that knows no lists of UIDs (PS3.18 8.3.4.1)
 * may then find none.
 *
 * @throws {PacsError}
 */
export async function* searchInstances(
  http: HttpClient,
  studyInstanceUid: Uid,
  options: SearchOptions & { readonly sopInstanceUids?: readonly Uid[] },
): AsyncGenerator<ListedInstance, void, undefined> {
  const path = ['studies', studyInstanceUid, 'instances'];
  const { sopInstanceUids: uids } = options;
  const keys = uids === undefined ? [] : [['SOPInstanceUID', uids.join(',')] as const];
  const search = { path, keys, fields: INSTANCE_FIELDS, identify: instanceKey };
  for await (const dataSet of answers(http, search, options)) {
    const seriesInstanceUid = uidOf(dataSet, TAG.seriesInstanceUid);
    const sopInstanceUid = uidOf(dataSet, TAG.sopInstanceUid);
    const sopClassUid = uidOf(dataSet, TAG.sopClassUid);
    // A server that lists other studies' instances is not asked for them.
    const isOfStudy = (uidOf(dataSet, TAG.studyInstanceUid) ?? studyInstanceUid) === studyInstanceUid;
    if (!isOfStudy || seriesInstanceUid === undefined || sopInstanceUid === undefined) continue;
    if (uids !== undefined && !uids.includes(sopInstanceUid)) continue;
    const syntaxes = textsOf(dataSet, TAG.availableTransferSyntaxUid).flatMap((text) => tryParseUid(text) ?? []);
    yield {
      seriesInstanceUid,
      sopInstanceUid,
      estimatedBytes: estimateOf(dataSet),
      ...defined({ sopClassUid, storedSyntaxes: syntaxes.length === 0 ? undefined : syntaxes }),
    };
  }
}

/** Asks for one answer, to see whether the service is there. @throws {PacsError} */
export async function echo(http: HttpClient, options: PacsOptions): Promise<void> {
  const answer = await askPage(http, { path: ['studies'], keys: [], fields: [] }, { limit: 1, offset: 0 }, options);
  await answer.discard();
  if (answer.status >= 400) throw statusError(answer.status);
}

interface IdentifiedSearch extends Search {
  /** What tells two answers apart. */
  readonly identify: (dataSet: JsonDataSet) => string;
}

/** Every answer once, page by page until one is empty or brings nothing new. */
async function* answers(
  http: HttpClient,
  search: IdentifiedSearch,
  { pageSize, signal }: SearchOptions,
): AsyncGenerator<JsonDataSet, void, undefined> {
  const options = signal === undefined ? {} : { signal };
  const seen = new Set<string>();
  for (let offset = 0; ;) {
    const page = await readPage(http, search, { limit: pageSize, offset }, options);
    const before = seen.size;
    for (const dataSet of page) {
      signal?.throwIfAborted();
      const key = search.identify(dataSet);
      if (seen.has(key)) continue;
      if (seen.size === MAX_ANSWERS) throw new PacsError('PACS_TOO_MANY', { details: { limit: MAX_ANSWERS } });
      seen.add(key);
      yield dataSet;
    }
    if (page.length === 0 || seen.size === before) return;
    // Servers may answer less than the limit, or, ignoring it, more.
    offset += page.length;
  }
}

/** The query as keys; undefined when nothing can match. */
function keysOf(query: StudyQuery): ReadonlyArray<readonly [string, string]> | undefined {
  const { studyInstanceUid, patientId, accessionNumber, studyDateFrom: from, studyDateTo: to } = query;
  if (from !== undefined && to !== undefined && from > to) return undefined;
  const keys: [string, string][] = [];
  if (studyInstanceUid !== undefined) keys.push(['StudyInstanceUID', studyInstanceUid]);
  // An empty key would match everything (PS3.4 C.2.2.2.3); what is empty is sorted out of the answers.
  if (patientId !== undefined && patientId !== '') keys.push(['PatientID', patientId]);
  if (accessionNumber !== undefined && accessionNumber !== '') keys.push(['AccessionNumber', accessionNumber]);
  if (from !== undefined || to !== undefined) {
    const [first, last] = [from, to].map((date) => (date === undefined ? '' : formatDate(date)));
    keys.push(['StudyDate', first === last ? `${first}` : `${first}-${last}`]);
  }
  return keys;
}

/** A study stands under two patients when its instances name two: both answers count. */
function studyKey(dataSet: JsonDataSet): string {
  return JSON.stringify([uidOf(dataSet, TAG.studyInstanceUid), patientIdOf(dataSet)]);
}

function instanceKey(dataSet: JsonDataSet): string {
  return JSON.stringify([uidOf(dataSet, TAG.sopInstanceUid), patientIdOf(dataSet)]);
}

function patientIdOf(dataSet: JsonDataSet): IssuedId {
  const id = textOf(dataSet, TAG.patientId) ?? '';
  const issuer = textOf(dataSet, TAG.issuerOfPatientId);
  return issuer === undefined ? { id } : { id, issuer };
}

function patientOf(dataSet: JsonDataSet): PacsPatient {
  return {
    patientId: patientIdOf(dataSet),
    ...defined({
      name: nameOf(dataSet, TAG.patientName),
      birthDate: parseDate(textOf(dataSet, TAG.patientBirthDate) ?? ''),
      sex: sexOf(textOf(dataSet, TAG.patientSex)),
    }),
  };
}

/** Undefined when the answer names no study. */
function studyOf(dataSet: JsonDataSet): StudySummary | undefined {
  const studyInstanceUid = uidOf(dataSet, TAG.studyInstanceUid);
  if (studyInstanceUid === undefined) return undefined;
  const patient = patientOf(dataSet);
  const name = nameOf(dataSet, TAG.referringPhysician);
  const header: StudyHeader = {
    studyInstanceUid,
    patient,
    modalities: modalitiesOf(dataSet),
    ...defined({
      studyDate: parseDate(textOf(dataSet, TAG.studyDate) ?? ''),
      studyTime: parseTime(textOf(dataSet, TAG.studyTime) ?? ''),
      accessionNumber: textOf(dataSet, TAG.accessionNumber),
      studyId: textOf(dataSet, TAG.studyId),
      description: textOf(dataSet, TAG.studyDescription),
      institution: textOf(dataSet, TAG.institution),
      referringPhysician: name === undefined ? undefined : { name },
    }),
  };
  return { studyInstanceUid, patient, header, ...defined({ instances: countOf(dataSet, TAG.instancesInStudy) }) };
}

function modalitiesOf(dataSet: JsonDataSet): readonly string[] {
  const texts = [...textsOf(dataSet, TAG.modalitiesInStudy), ...textsOf(dataSet, TAG.modality)];
  return [...new Set(texts.flatMap((text) => text.split('\\')))].toSorted();
}

function sexOf(text: string | undefined): Sex | undefined {
  return text === 'M' || text === 'F' || text === 'O' ? text : undefined;
}

function estimateOf(dataSet: JsonDataSet): number {
  const { rows, columns, bitsAllocated, samplesPerPixel, numberOfFrames } = TAG;
  const pixels =
    (countOf(dataSet, rows) ?? 0) * (countOf(dataSet, columns) ?? 0) * (countOf(dataSet, numberOfFrames) ?? 1);
  return (pixels * (countOf(dataSet, samplesPerPixel) ?? 1) * (countOf(dataSet, bitsAllocated) ?? 16)) / 8;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that have a value. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
