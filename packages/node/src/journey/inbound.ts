/**
 * The way of a study into this hospital, step by step. Two regions run side by side, the bytes and the patient; filing
 * needs both. Each step is recorded before the next begins, so that after a crash at any point the same list goes on.
 */
import { StorageError, TransferError } from '@interhosp/core/errors';
import { manifestRootOf } from '@interhosp/core/study';
import type { LiveExchange } from '../member/live-exchange.ts';
import { crashpoint } from '../world/index.ts';
import { expunge } from './expunge.ts';
import { fileStudy } from './filing.ts';
import { settlePatient } from './patient.ts';
import { mustBePermitted } from './permission.ts';
import type { InboundPorts } from './ports.ts';
import { deliverReceipts, signConfirmed, signDurable } from './receipts.ts';
import { awaitSettlement } from './settlement.ts';
import { together } from './together.ts';
import { within } from './within.ts';

/** From the offer to the erasure here. @throws What a supervisor retries, or holds for a person. */
export async function inbound(x: LiveExchange, ports: InboundPorts, signal: AbortSignal): Promise<void> {
  const { header } = x.required('OFFER_SEEN');
  await x.until(({ state }) => state.has('ADMITTED'), signal);
  await together(
    signal,
    (both) => settleBytes(x, ports, both),
    (both) => settlePatient(x, ports.patients, both),
  );

  await ports.lane(x.facts.studyInstanceUid, () =>
    ports.filingSlots.run(
      x.facts.priority,
      async () => {
        mustBePermitted(x, ports, 'receive', header.modalities, 'file');
        if (!x.state.has('CONFIRMED')) await fileFromPack(x, ports, signal);
      },
      { signal },
    ),
  );
  await x.step('R2_SIGNED', () => signConfirmed(x, ports));
  crashpoint('C22', 'receiver');

  await deliverReceipts(x, ports, signal);
  // A delivery in part is told to the sender at once, and its bytes stay here.
  const isPartial = x.required('CONFIRMED').instances.some(({ status }) => status !== 'filed');
  await awaitSettlement(x, isPartial, signal);
  await x.step('CLOSED', () => ({}));
  await expunge(x, ports, signal);
}

async function fileFromPack(x: LiveExchange, ports: InboundPorts, signal: AbortSignal): Promise<void> {
  const pack = await ports.spool.open(x.id);
  try {
    await fileStudy(x, pack, { ...ports, settings: ports.filing }, signal);
  } finally {
    await pack.close();
  }
}

/** The bytes come by the sender's streams (receive.ts); here is what follows once they are all durable. */
async function settleBytes(x: LiveExchange, ports: InboundPorts, signal: AbortSignal): Promise<void> {
  await awaitSeal(x, ports, signal);
  crashpoint('C11', 'receiver');
  await x.step('VERIFIED', () => verify(x, ports));
  crashpoint('C12', 'receiver');
  await x.step('R1_SIGNED', () => signDurable(x, ports));
}

/** A sender that has gone is noticed: without a byte for as long as the site is patient, a person is asked. */
async function awaitSeal(x: LiveExchange, ports: InboundPorts, signal: AbortSignal): Promise<void> {
  while (!x.state.has('SEALED')) {
    const { bytes } = x.progress;
    const isOver = await within(ports.patienceMs, ports.clock, signal, (both) =>
      x.until(({ state }) => state.has('SEALED'), both),
    );
    if (!isOver && x.progress.bytes === bytes) throw new TransferError('TRANSFER_ABANDONED');
  }
}

/** R1 speaks of what is in the pack: every block of every instance, and no other instance than the manifest's. */
async function verify(x: LiveExchange, ports: InboundPorts): Promise<Record<string, never>> {
  const pack = await ports.spool.open(x.id);
  const { instances, manifestRoot } = x.required('SEALED');
  const entries = pack.instances().map(({ entry }) => entry);
  const isWhole = pack
    .instances()
    .every(({ entry, ordinal }) => countOf(pack.have(ordinal)) === entry.blockDigests.length);
  if (!isWhole || entries.length !== instances || manifestRootOf(entries, ports.crypto) !== manifestRoot) {
    // Sealed, so that nothing more comes: a person is asked now, not after the site's patience.
    throw new StorageError('STORAGE_PACK_DAMAGED', { details: { exchangeId: x.id }, retry: 'no' });
  }
  return {};
}

function countOf(runs: readonly { readonly count: number }[]): number {
  return runs.reduce((sum, { count }) => sum + count, 0);
}
