/**
 * The way of a study out of this hospital, step by step. Each step is recorded before the next begins, so that after a
 * crash at any point the same list goes on where it stopped.
 */
import { isInterhospError, TransferError } from '@interhosp/core/errors';
import { createSenderSession, PROTOCOL_VERSION } from '@interhosp/core/transfer';
import { rosterHeads } from '@interhosp/core/federation';
import type { Digest } from '@interhosp/core/study';
import type { LiveExchange } from '../member/live-exchange.ts';
import type { Pack } from '../spool/index.ts';
import { crashpoint } from '../world/index.ts';
import { createAnnouncements, type Announcements } from './announcements.ts';
import { expunge } from './expunge.ts';
import { mustBePermitted } from './permission.ts';
import type { OutboundPorts } from './ports.ts';
import { recordReceipt } from './receipts.ts';
import { retrieveStudy } from './retrieve.ts';
import { sendOver } from './send.ts';
import { awaitSettlement } from './settlement.ts';
import { together } from './together.ts';
import { within } from './within.ts';

/** How long a receipt is waited for before the receiver is asked; it doubles up to the second. */
const ASK_AFTER_MS = 30_000;
const ASK_AT_MOST_EVERY_MS = 15 * 60_000;
/** Between two streams while the study is still being retrieved. */
const BETWEEN_STREAMS_MS = 5_000;

/** From the acceptance of a study to its erasure here. @throws What a supervisor retries, or holds for a person. */
export async function outbound(x: LiveExchange, ports: OutboundPorts, signal: AbortSignal): Promise<void> {
  const { header } = x.required('DISCOVERED');
  // Once the bytes are there only a receipt is missing, and that needs no permission.
  const isThere = x.state.has('REMOTE_DURABLE') || x.state.has('REMOTE_CONFIRMED');
  if (!isThere) mustBePermitted(x, ports, 'send', header.modalities, 'offer');
  await x.step('OFFERED', () => ({ rosterVersion: rosterHeads(ports.documents.state()).rosterVersion }));
  crashpoint('C6', 'sender');
  await x.step('SENDING', () => ({}));

  // The bytes: an instance travels while the next is still being retrieved. R1 ends it.
  if (!isThere) await retrieveAndSend(x, ports, signal);

  // The receiver's PACS: its receipt comes by itself, and is asked for when it does not.
  await awaitConfirmation(x, ports, signal);
  // What could not be sent is named in the seal; only here can it be settled.
  await awaitSettlement(x, x.required('SEALED').quarantined.length > 0, signal);
  await x.step('CLOSED', () => ({}));
  await expunge(x, ports, signal);
}

function retrieveAndSend(x: LiveExchange, ports: OutboundPorts, signal: AbortSignal): Promise<void> {
  return ports.slots.run(
    x.facts.priority,
    async () => {
      // A crash may have come between the acceptance and its pack.
      const pack = await ports.spool.create(x.id);
      try {
        const announced = createAnnouncements();
        await together(
          signal,
          (both) => retrieveStudy(x, pack, announced.add, ports, both),
          (both) => transferMeanwhile(x, pack, announced, ports, both),
        );
      } finally {
        await pack.close();
      }
    },
    { signal },
  );
}

/**
 * Streams until R1 is recorded. One that breaks while the PACS still gives does not end the retrieval, which might never
 * come to its end at a peer that refuses: it is followed by the next.
 */
async function transferMeanwhile(
  x: LiveExchange,
  pack: Pack,
  announced: Announcements,
  ports: OutboundPorts,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const wasComplete = announced.isComplete;
    try {
      return await transfer(x, pack, announced, ports, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (wasComplete || !isInterhospError(error) || error.retry === 'no') throw error;
      ports.note('outbound.transfer.failed', error);
      await within(BETWEEN_STREAMS_MS, ports.clock, signal, (both) => announced.completed(both));
    }
  }
}

/** One stream: offer, blocks, seal, R1. */
async function transfer(
  x: LiveExchange,
  pack: Pack,
  announced: Announcements,
  ports: OutboundPorts,
  signal: AbortSignal,
): Promise<void> {
  const stream = await ports.openStream(x.facts.peer, 'transfer', signal);
  const session = createSenderSession({ crypto: ports.crypto, offer: offerOf(x, ports) });
  const state = await sendOver(stream, session, {
    clock: ports.clock,
    feed: announced.read,
    onProgress: (bytes) => {
      x.progress.bytes = bytes;
      x.changed();
    },
    // R1 ends the stream: R2 may take days, and comes by a stream of its own.
    onReceipt: async (envelope) => {
      await recordReceipt(x, envelope, ports);
      return { last: true };
    },
    pack,
    signal,
  });
  if (state === 'cancelled' || state === 'expired' || state === 'recalled') {
    throw new TransferError('TRANSFER_CANCELLED', { details: { state } });
  }
}

function offerOf(x: LiveExchange, { documents, federationId, self }: OutboundPorts) {
  const { header, instances, supersedes } = x.required('DISCOVERED');
  const { rosterHash, rosterVersion } = rosterHeads(documents.state());
  const seal = x.recorded('SEALED');
  return {
    attempt: x.state.attempt,
    exchangeId: x.id,
    expectedInstances: seal?.instances ?? instances,
    features: [],
    federationId,
    header,
    priority: x.facts.priority,
    protocolVersion: PROTOCOL_VERSION,
    purpose: x.facts.purpose,
    receiver: x.facts.peer,
    rosterHash: rosterHash as Digest,
    rosterVersion,
    sender: self,
    ...(supersedes === undefined ? {} : { supersedes }),
    ...(seal === undefined ? {} : { expectedBytes: seal.bytes, transferId: seal.transferId }),
  };
}

/** Waits for R2. When none comes for a while, the offer is made again: the answer carries whatever was signed. */
async function awaitConfirmation(x: LiveExchange, ports: OutboundPorts, signal: AbortSignal): Promise<void> {
  const isConfirmed = () => x.state.has('REMOTE_CONFIRMED');
  for (let pauseMs = ASK_AFTER_MS; !isConfirmed(); pauseMs = Math.min(pauseMs * 2, ASK_AT_MOST_EVERY_MS)) {
    if (await within(pauseMs, ports.clock, signal, (both) => x.until(isConfirmed, both))) return;
    try {
      await retrieveAndSend(x, ports, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Rejected there, or no member any more: nothing more comes by itself, and a person is told.
      if (!isInterhospError(error) || error.retry === 'no') throw error;
      ports.note('outbound.ask.failed', error);
    }
  }
}
