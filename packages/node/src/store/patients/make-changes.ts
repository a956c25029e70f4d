/** Changes of the port as a draft: each is made on what the ones before it left. */
import { ReconciliationError } from '@interhosp/core/errors';
import type { PatientChange } from '@interhosp/core/patients';
import type { LocalPatient } from '@interhosp/core/study';
import type { DiskIndex, FoundRecord } from './disk-index.ts';
import { Draft } from './draft.ts';
import { packRecord, unpackRecord } from './packed-record.ts';

/**
 * Drafts changes in their order; nothing is written.
 *
 * @throws {ReconciliationError} `RECONCILIATION_DIRECTORY_INVALID`
 */
export async function draftChanges(index: DiskIndex, changes: readonly PatientChange[]): Promise<Draft> {
  const draft = new Draft(index.filing);
  for (const change of changes) await makeChange(index, draft, change);
  return draft;
}

async function makeChange(index: DiskIndex, draft: Draft, change: PatientChange): Promise<void> {
  switch (change.kind) {
    case 'put':
      return await put(index, draft, change.patient);
    case 'remove':
      return removeFrom(draft, await find(index, draft, change.patientId));
    case 'merge': {
      const { patientId, into } = change;
      if (leadsTo(index, draft, into).has(patientId)) throw invalidChange('merge-in-circle');
      removeFrom(draft, await find(index, draft, patientId));
      draft.leads.set(patientId, into);
      return;
    }
    case 'rename':
      return await rename(index, draft, change.patientId, change.to);
    default:
      change satisfies never;
  }
}

async function put(index: DiskIndex, draft: Draft, patient: LocalPatient): Promise<void> {
  const packed = packRecord(patient);
  const before = await find(index, draft, patient.patientId.id);
  if (before !== undefined && sameBytes(before.packed, packed)) return;
  removeFrom(draft, before);
  draft.put(patient, index.takeSlot(), packed);
}

async function rename(index: DiskIndex, draft: Draft, from: string, to: string): Promise<void> {
  if (from === to) throw invalidChange('rename-to-itself');
  const before = await find(index, draft, from);
  if (before !== undefined) {
    // One record would go under the other's ID, and nobody could tell which of them an image is of.
    if ((await find(index, draft, to)) !== undefined) throw invalidChange('id-taken');
    const patient = unpackRecord(before.packed);
    removeFrom(draft, before);
    const renamed = { ...patient, patientId: { ...patient.patientId, id: to } };
    draft.put(renamed, index.takeSlot(), packRecord(renamed));
  }
  // The record is there now, wherever that ID led before: also back to where it once came from.
  draft.leads.set(to, undefined);
  draft.leads.set(from, to);
}

/** Whether two records are of one patient with the same traits. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0;
}

async function find(index: DiskIndex, draft: Draft, patientId: string): Promise<FoundRecord | undefined> {
  if (!draft.slots.has(patientId)) return (await index.find([patientId]))[0];
  const slot = draft.slots.get(patientId);
  const packed = slot === undefined ? undefined : draft.records.get(slot);
  return slot === undefined || packed === undefined ? undefined : { slot, packed };
}

function removeFrom(draft: Draft, found: FoundRecord | undefined): void {
  if (found !== undefined) draft.remove(unpackRecord(found.packed), found.slot);
}

/** An ID and all that it leads to, the last the one that leads nowhere. */
function leadsTo(index: DiskIndex, draft: Draft, patientId: string): ReadonlySet<string> {
  const seen = new Set<string>();
  let next: string | undefined = patientId;
  while (next !== undefined && !seen.has(next)) {
    seen.add(next);
    next = draft.leads.has(next) ? draft.leads.get(next) : index.leadsTo(next);
  }
  return seen;
}

function invalidChange(reason: string): ReconciliationError {
  return new ReconciliationError('RECONCILIATION_DIRECTORY_INVALID', { details: { reason } });
}
