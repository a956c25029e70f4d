/** What a PACS shows of the study that is being filed. */
import type { Uid } from '@interhosp/core/dicom';
import type { Pacs, RetrievedInstance, StudySummary } from '@interhosp/core/pacs';
import type { InstanceEntry } from '@interhosp/core/study';
import type { LiveExchange } from '../member/live-exchange.ts';

interface Look {
  readonly pacs: Pacs;
}

/** The study under whatever patient it is listed; empty when it is not. */
export async function studiesOf(
  x: LiveExchange,
  { pacs }: Look,
  signal: AbortSignal,
): Promise<readonly StudySummary[]> {
  const found: StudySummary[] = [];
  for await (const summary of pacs.findStudies({ studyInstanceUid: x.facts.studyInstanceUid }, { signal }))
    found.push(summary);
  return found;
}

/** The instances that the PACS lists now. */
export async function heldInstances(x: LiveExchange, { pacs }: Look, signal: AbortSignal): Promise<ReadonlySet<Uid>> {
  const held = new Set<Uid>();
  for await (const { sopInstanceUid } of pacs.findInstances(x.facts.studyInstanceUid, { signal }))
    held.add(sopInstanceUid);
  return held;
}

/** One instance as the PACS gives it back. */
export function retrieveOne(
  x: LiveExchange,
  { seriesInstanceUid, sopClassUid, sopInstanceUid }: InstanceEntry,
  { pacs }: Look,
  signal: AbortSignal,
): AsyncIterable<RetrievedInstance> {
  return pacs.retrieve(x.facts.studyInstanceUid, {
    instances: [{ seriesInstanceUid, sopClassUid, sopInstanceUid }],
    signal,
  });
}
