/**
 * Studies of the PACS and of the inbox as one list: what was pushed to us need not be anywhere else. A study under one patient
 * is one study, whoever tells of it: headers that were pushed name an issuer (0010,0021) that most PACS do not return.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { StudySummary } from '@interhosp/core/pacs';
import { samePatientId } from '@interhosp/core/study';

/**
 * Joins lists of studies. Of one that is in both, the PACS tells, and nobody counts: how many instances the two have together
 * is known when each is listed.
 */
export async function* mergeStudies(
  listed: AsyncIterable<StudySummary>,
  held: readonly StudySummary[],
): AsyncGenerator<StudySummary, void, undefined> {
  const rest = new Map<Uid, StudySummary[]>();
  for (const study of held) {
    const others = rest.get(study.studyInstanceUid) ?? [];
    const same = take(others, study);
    rest.set(study.studyInstanceUid, [...others, same === undefined ? study : together(same, study)]);
  }
  for await (const study of listed) {
    const pushed = take(rest.get(study.studyInstanceUid) ?? [], study);
    yield pushed === undefined ? study : uncounted(joined(study, pushed));
  }
  for (const studies of rest.values()) yield* studies;
}

/** Takes the study out that stands under the same patient: under the same issuer rather than under none. */
function take(studies: StudySummary[], { patient: { patientId } }: StudySummary): StudySummary | undefined {
  const same = studies.filter(({ patient }) => samePatientId(patient.patientId, patientId));
  const taken = same.find(({ patient }) => patient.patientId.issuer === patientId.issuer) ?? same[0];
  if (taken !== undefined) studies.splice(studies.indexOf(taken), 1);
  return taken;
}

/** Two parts of what the inbox holds: instances are there once. */
function together(one: StudySummary, other: StudySummary): StudySummary {
  return { ...joined(one, other), instances: (one.instances ?? 0) + (other.instances ?? 0) };
}

function joined(study: StudySummary, other: StudySummary): StudySummary {
  const modalities = [...new Set([...study.header.modalities, ...other.header.modalities])].toSorted();
  const { issuer = other.patient.patientId.issuer } = study.patient.patientId;
  const patientId = { ...study.patient.patientId, ...(issuer !== undefined && { issuer }) };
  return { ...study, header: { ...study.header, modalities }, patient: { ...study.patient, patientId } };
}

function uncounted(study: StudySummary): StudySummary {
  const { instances: _, ...rest } = study;
  return rest;
}
