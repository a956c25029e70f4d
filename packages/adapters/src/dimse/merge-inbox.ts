/** Studies of the PACS and of the inbox as one list: what was pushed to us need not be anywhere else. */
import type { StudySummary } from '@interhosp/core/pacs';

/** Joins summaries. Of a study that both have under one patient the PACS tells, and the larger count counts. */
export async function* mergeStudies(
  listed: AsyncIterable<StudySummary>,
  held: readonly StudySummary[],
): AsyncGenerator<StudySummary, void, undefined> {
  const rest = new Map(held.map((study) => [identityOf(study), study]));
  for await (const study of listed) {
    const pushed = rest.get(identityOf(study));
    rest.delete(identityOf(study));
    yield pushed === undefined ? study : joined(study, pushed);
  }
  yield* rest.values();
}

function joined(study: StudySummary, pushed: StudySummary): StudySummary {
  if (study.instances === undefined) return study;
  return { ...study, instances: Math.max(study.instances, pushed.instances ?? 0) };
}

function identityOf({ patient, studyInstanceUid }: StudySummary): string {
  return JSON.stringify([studyInstanceUid, patient.patientId.id, patient.patientId.issuer ?? null]);
}
