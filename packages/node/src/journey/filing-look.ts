/** What a PACS shows of the study that is being filed. */
import type { Uid } from '@interhosp/core/dicom';
import { TransferError } from '@interhosp/core/errors';
import type { Pacs, RetrievedInstance, StudySummary } from '@interhosp/core/pacs';
import { samePatientId, type InstanceEntry, type LocalPatient } from '@interhosp/core/study';
import type { LiveExchange } from '../member/live-exchange.ts';

interface Look {
  readonly pacs: Pacs;
}

/** The study under whatever patient it is listed; empty when it is not. */
async function studiesOf(x: LiveExchange, { pacs }: Look, signal: AbortSignal): Promise<readonly StudySummary[]> {
  const found: StudySummary[] = [];
  for await (const summary of pacs.findStudies({ studyInstanceUid: x.facts.studyInstanceUid }, { signal }))
    found.push(summary);
  return found;
}

/** The instances that the PACS lists now, each with its series. */
export async function heldInstances(
  x: LiveExchange,
  { pacs }: Look,
  signal: AbortSignal,
): Promise<ReadonlyMap<Uid, Uid>> {
  const held = new Map<Uid, Uid>();
  for await (const { seriesInstanceUid, sopInstanceUid } of pacs.findInstances(x.facts.studyInstanceUid, { signal }))
    held.set(sopInstanceUid, seriesInstanceUid);
  return held;
}

/**
 * The study as it is listed, under nobody but the patient that is meant: a second patient of one study, in whatever way it
 * came there, is for a person.
 *
 * @throws {TransferError} `TRANSFER_STUDY_CONFLICT`
 */
export async function mustBeNobodyElses(
  x: LiveExchange,
  { patientId }: LocalPatient,
  ports: Look,
  signal: AbortSignal,
): Promise<readonly StudySummary[]> {
  const summaries = await studiesOf(x, ports, signal);
  if (summaries.every(({ patient }) => samePatientId(patient.patientId, patientId))) return summaries;
  throw new TransferError('TRANSFER_STUDY_CONFLICT', { details: { exchangeId: x.id, reason: 'other-patient' } });
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
