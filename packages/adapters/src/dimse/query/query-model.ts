/**
 * A PACS seen through the query/retrieve information models (PS3.4 C.6): which patients, studies, series and instances an
 * identifier speaks of, and what is known of each.
 */
import { formatDate, formatPersonName, formatTime, TAGS, type Tag, type Uid } from '@interhosp/core/dicom';
import type { InstanceSummary, Pacs, PacsOptions, StudyQuery, StudySummary } from '@interhosp/core/pacs';
import type { PersonNameGroups } from '@interhosp/core/study';
import type { Identifier } from './identifier.ts';
import { matchesKeys, type KnownValue, type KnownValues } from './query-matching.ts';
import { QUERY_LEVELS, QUERY_TAGS, type QueryLevel } from './query-tags.ts';

/** Which model a SOP class stands for. */
export type QueryRoot = 'patient' | 'study';

/** An identifier that breaks the rules of its model: A900. */
export class IdentifierProblem extends Error {
  override readonly name = 'IdentifierProblem';
}

/**
 * The level of a request. Keys above it must name one thing each (PS3.4 C.4.1.2.1): relational queries are not negotiated.
 *
 * @throws {IdentifierProblem}
 */
export function levelOf(identifier: Identifier, root: QueryRoot): QueryLevel {
  const level = QUERY_LEVELS.find((each) => each === identifier.text(QUERY_TAGS.QueryRetrieveLevel));
  if (level === undefined || (level === 'PATIENT' && root === 'study')) throw new IdentifierProblem('level');
  const above = QUERY_LEVELS.slice(root === 'patient' ? 0 : 1, QUERY_LEVELS.indexOf(level));
  for (const each of above) {
    const key = identifier.raw(UNIQUE_KEYS[each]);
    if (key === undefined || /[*?\\]/.test(key)) throw new IdentifierProblem('unique-key');
  }
  return level;
}

/** Everything that matches, one after another. */
export async function* matchesOf(
  pacs: Pacs,
  level: QueryLevel,
  keys: Identifier,
  options: PacsOptions,
  isMatch: (values: KnownValues) => boolean = (values) => matchesKeys(values, keys),
): AsyncGenerator<KnownValues, void, undefined> {
  const patients = new Set<string>();
  for await (const study of pacs.findStudies(queryOf(keys), options)) {
    const values = studyValues(study);
    if (level === 'PATIENT') {
      const patient = patientValues(study);
      const identity = JSON.stringify(study.patient.patientId);
      if (!patients.has(identity) && isMatch(patient)) yield patient;
      patients.add(identity);
    } else if (level === 'STUDY') {
      const all = await withClasses(pacs, study, values, keys, options);
      if (isMatch(all)) yield all;
    } else if (isMatch(only(values, [TAGS.StudyInstanceUID, TAGS.PatientID]))) {
      yield* below(pacs, level, study, values, isMatch, options);
    }
  }
}

/** The instances that a retrieval is about, by study. @throws {IdentifierProblem} when nothing narrows it */
export async function* instancesOf(
  pacs: Pacs,
  level: QueryLevel,
  keys: Identifier,
  options: PacsOptions & { readonly isWholeStudy?: boolean },
): AsyncGenerator<{ readonly studyInstanceUid: Uid; readonly instance: InstanceSummary }, void, undefined> {
  if (keys.raw(UNIQUE_KEYS[level]) === undefined) throw new IdentifierProblem('unique-key');
  const { isWholeStudy = false } = options;
  const wanted = isWholeStudy ? [TAGS.PatientID, TAGS.StudyInstanceUID] : Object.values(UNIQUE_KEYS);
  const seen = new Set<Uid>();
  for await (const study of pacs.findStudies(queryOf(keys), options)) {
    const values = studyValues(study);
    const { studyInstanceUid } = study;
    // One that stands under two patients is listed twice, and its instances with each.
    if (seen.has(studyInstanceUid) || !matchesKeys(only(values, wanted), keys)) continue;
    seen.add(studyInstanceUid);
    for await (const instance of pacs.findInstances(studyInstanceUid, options)) {
      if (matchesKeys(only(instanceValues(values, instance), wanted), keys)) yield { studyInstanceUid, instance };
    }
  }
}

/** What names one thing at each level. */
const UNIQUE_KEYS: Readonly<Record<QueryLevel, Tag>> = {
  PATIENT: TAGS.PatientID,
  STUDY: TAGS.StudyInstanceUID,
  SERIES: TAGS.SeriesInstanceUID,
  IMAGE: TAGS.SOPInstanceUID,
};

async function* below(
  pacs: Pacs,
  level: QueryLevel,
  study: StudySummary,
  values: KnownValues,
  isMatch: (values: KnownValues) => boolean,
  options: PacsOptions,
): AsyncGenerator<KnownValues, void, undefined> {
  const series = new Map<Uid, number>();
  for await (const instance of pacs.findInstances(study.studyInstanceUid, options)) {
    const { seriesInstanceUid } = instance;
    series.set(seriesInstanceUid, (series.get(seriesInstanceUid) ?? 0) + 1);
    const all = instanceValues(values, instance);
    if (level === 'IMAGE' && isMatch(all)) yield all;
  }
  if (level !== 'SERIES') return;
  for (const [seriesInstanceUid, count] of series) {
    const all = new Map(values)
      .set(TAGS.SeriesInstanceUID, { vr: 'UI', text: seriesInstanceUid })
      .set(QUERY_TAGS.NumberOfSeriesRelatedInstances, { vr: 'IS', text: String(count) });
    const [modality, ...more] = study.header.modalities;
    // The port tells modalities of a study; which series has which is known when there is but one.
    if (modality !== undefined && more.length === 0) all.set(TAGS.Modality, { vr: 'CS', text: modality });
    if (isMatch(all)) yield all;
  }
}

/** The keys a PACS can be asked for; the others narrow its answers. */
function queryOf(keys: Identifier): StudyQuery {
  const single = (tag: Tag): string | undefined => {
    const key = keys.raw(tag);
    return key === undefined || /[*?\\]/.test(key) ? undefined : key;
  };
  const uids = keys.uids(TAGS.StudyInstanceUID);
  const patientId = single(TAGS.PatientID);
  const accessionNumber = single(TAGS.AccessionNumber);
  const [studyInstanceUid] = uids;
  return {
    ...(uids.length === 1 && studyInstanceUid !== undefined && { studyInstanceUid }),
    ...(patientId !== undefined && { patientId }),
    ...(accessionNumber !== undefined && { accessionNumber }),
  };
}

function patientValues({ patient }: StudySummary): Map<Tag, KnownValue> {
  const { birthDate, name, patientId, sex } = patient;
  return known([
    [TAGS.PatientName, 'PN', nameText(name)],
    [TAGS.PatientID, 'LO', patientId.id],
    [TAGS.IssuerOfPatientID, 'LO', patientId.issuer],
    [TAGS.PatientBirthDate, 'DA', birthDate?.replaceAll('-', '')],
    [TAGS.PatientSex, 'CS', sex],
  ]);
}

function studyValues(study: StudySummary): Map<Tag, KnownValue> {
  const { header, instances, studyInstanceUid } = study;
  const { accessionNumber, description, institution, modalities, referringPhysician, studyDate, studyId } = header;
  const own = known([
    [TAGS.StudyDate, 'DA', studyDate === undefined ? undefined : formatDate(studyDate)],
    [TAGS.StudyTime, 'TM', header.studyTime === undefined ? undefined : formatTime(header.studyTime)],
    [TAGS.AccessionNumber, 'SH', accessionNumber],
    [TAGS.ModalitiesInStudy, 'CS', modalities.join('\\')],
    [TAGS.InstitutionName, 'LO', institution],
    [TAGS.ReferringPhysicianName, 'PN', nameText(referringPhysician?.name)],
    [TAGS.StudyDescription, 'LO', description],
    [TAGS.StudyInstanceUID, 'UI', studyInstanceUid],
    [TAGS.StudyID, 'SH', studyId],
    [QUERY_TAGS.NumberOfStudyRelatedInstances, 'IS', instances === undefined ? undefined : String(instances)],
  ]);
  return new Map([...patientValues(study), ...own]);
}

/** SOP Classes in Study takes a look at each instance, so it is looked up only when it was asked for. */
async function withClasses(
  pacs: Pacs,
  { studyInstanceUid }: StudySummary,
  values: Map<Tag, KnownValue>,
  keys: Identifier,
  options: PacsOptions,
): Promise<KnownValues> {
  if (keys.vr(QUERY_TAGS.SOPClassesInStudy) === undefined) return values;
  const classes = new Set<Uid>();
  for await (const { sopClassUid } of pacs.findInstances(studyInstanceUid, options)) {
    if (sopClassUid !== undefined) classes.add(sopClassUid);
  }
  return values.set(QUERY_TAGS.SOPClassesInStudy, { vr: 'UI', text: [...classes].join('\\') });
}

function instanceValues(study: KnownValues, instance: InstanceSummary): KnownValues {
  const { seriesInstanceUid, sopClassUid, sopInstanceUid } = instance;
  const own = known([
    [TAGS.SeriesInstanceUID, 'UI', seriesInstanceUid],
    [TAGS.SOPInstanceUID, 'UI', sopInstanceUid],
    [TAGS.SOPClassUID, 'UI', sopClassUid],
  ]);
  return new Map([...study, ...own]);
}

/** What is not known is empty, and matches no key. */
function known(
  values: readonly (readonly [tag: Tag, vr: KnownValue['vr'], text: string | undefined])[],
): Map<Tag, KnownValue> {
  return new Map(values.map(([tag, vr, text = '']) => [tag, { vr, text }]));
}

function only(values: KnownValues, tags: readonly Tag[]): KnownValues {
  return new Map([...values].filter(([tag]) => tags.includes(tag)));
}

function nameText(name: PersonNameGroups | undefined): string | undefined {
  return name === undefined ? undefined : formatPersonName(name);
}
