/**
 * Receipts on their way: signed by the receiver, carried to the sender until it says that they are durable there, and
 * believed by the sender only when signature and every field hold.
 */
import { keysOfMember } from '@interhosp/core/federation';
import { sha256 } from '@interhosp/core/world';
import { toHex, type Digest } from '@interhosp/core/study';
import {
  decodeFrame,
  encodeFrame,
  makeConfirmedReceipt,
  makeDurableReceipt,
  openReceipt,
  verifyReceipt,
  type ReceiptFacts,
} from '@interhosp/core/transfer';
import { PeerError, TransferError } from '@interhosp/core/errors';
import type { LiveExchange } from '../member/live-exchange.ts';
import type { PeerStream } from '../peer/index.ts';
import { crashpoint } from '../world/index.ts';
import type { InboundPorts, OutboundPorts, SharedPorts } from './ports.ts';

/** Protocol of streams that carry receipts from receiver to sender. */
export const RECEIPT_PROTOCOL_ID = '/interhosp/receipt/1.0.0';

/** Two receipts, each synced by the other side before it answers. */
const DELIVERY_WITHIN_MS = 120_000;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (envelope: string): Uint8Array => new TextEncoder().encode(envelope);

/** Signs R1 over what the receiver's records say. */
export async function signDurable(x: LiveExchange, ports: InboundPorts): Promise<{ readonly envelope: string }> {
  const envelope = text(await makeDurableReceipt(factsOf(x, ports), ports.signer, ports.clock.now()));
  return { envelope };
}

/** Signs R2 over what the PACS was seen to hold. */
export async function signConfirmed(x: LiveExchange, ports: InboundPorts): Promise<{ readonly envelope: string }> {
  const { clock, crypto, signer } = ports;
  const options = { crypto, nowMs: clock.now(), signer };
  return { envelope: text(await makeConfirmedReceipt(factsOf(x, ports), x.required('CONFIRMED'), options)) };
}

/**
 * Checks a receipt about an exchange of ours and records it, durably. One that is recorded already is fine.
 *
 * @throws {TransferError} `TRANSFER_RECEIPT_INVALID`, `TRANSFER_RECEIPT_FOREIGN`; `TRANSFER_UNKNOWN` when nothing of ours
 *   was sealed that it could speak of.
 */
export async function recordReceipt(x: LiveExchange, envelope: Uint8Array, ports: SharedPorts): Promise<void> {
  const isKnown = (['REMOTE_DURABLE', 'REMOTE_CONFIRMED'] as const).some(
    (type) => x.recorded(type)?.envelope === text(envelope),
  );
  if (isKnown) return;
  const seal = x.recorded('SEALED');
  if (seal === undefined) throw new TransferError('TRANSFER_UNKNOWN', { retry: 'later' });
  const { bytes, instances, manifestRoot, transferId } = seal;
  const { peer } = x.facts;
  const receipt = verifyReceipt(envelope, {
    crypto: ports.crypto,
    expected: {
      attempt: x.state.attempt,
      bytes,
      exchangeId: x.id,
      fedId: ports.federationId,
      instances,
      manifestRoot,
      receiver: peer,
      sender: ports.self,
      transferId,
    },
    keys: keysOfMember(ports.documents.state(), peer, ports.crypto),
  });
  crashpoint('C23', 'sender');
  const type = receipt.kind === 'durable' ? 'REMOTE_DURABLE' : 'REMOTE_CONFIRMED';
  await x.step(type, () => ({ envelope: text(envelope) }));
}

/** The sender's side of the receipt protocol: takes receipts until the other side closes. */
export async function takeReceipts(stream: PeerStream, ports: OutboundPorts): Promise<void> {
  const peer = ports.memberOf(stream.remotePeerId);
  for await (const bytes of stream.frames()) {
    const frame = decodeFrame(bytes);
    if (frame.kind !== 'receipt' || peer === undefined)
      throw new TransferError('TRANSFER_PROTOCOL', { details: { kind: frame.kind } });
    const opened = openReceipt(frame.envelope, keysOfMember(ports.documents.state(), peer, ports.crypto), ports.crypto);
    const x = ports.ledger.find(opened.receipt.exchangeId);
    if (x === undefined || x.facts.role !== 'sender' || x.facts.peer !== peer)
      throw new TransferError('TRANSFER_UNKNOWN');
    await recordReceipt(x, frame.envelope, ports);
    await stream.send(encodeFrame({ digest: digestOf(frame.envelope, ports), kind: 'receipt-ack' }));
  }
}

/** Carries what was signed to the sender. Returns once all of it is durable there. */
export async function deliverReceipts(x: LiveExchange, ports: InboundPorts, signal: AbortSignal): Promise<void> {
  // Composed once for the whole delivery: a peer that says nothing does not hold it for ever.
  const limited = AbortSignal.any([signal, AbortSignal.timeout(DELIVERY_WITHIN_MS)]);
  const stream = await ports.openStream(x.facts.peer, 'receipt', limited);
  try {
    for (const envelope of receiptsOf(x)) {
      await stream.send(encodeFrame({ envelope, kind: 'receipt' }), { signal: limited });
      const answer = await stream.receive({ signal: limited });
      const frame = answer === undefined ? undefined : decodeFrame(answer);
      if (frame?.kind !== 'receipt-ack' || frame.digest !== digestOf(envelope, ports)) {
        throw new TransferError('TRANSFER_PROTOCOL', { details: { kind: 'receipt-ack' }, retry: 'later' });
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (limited.aborted) throw new PeerError('PEER_TIMEOUT', { cause: error });
    throw error;
  } finally {
    await stream.close();
  }
}

/** Every receipt signed so far, R1 first. */
export function receiptsOf(x: LiveExchange): readonly Uint8Array[] {
  return (['R1_SIGNED', 'R2_SIGNED'] as const).flatMap((type) => {
    const receipt = x.recorded(type);
    return receipt === undefined ? [] : [bytesOf(receipt.envelope)];
  });
}

function factsOf(x: LiveExchange, { documents, federationId, journalHead, self }: InboundPorts): ReceiptFacts {
  const { bytes, instances, manifestRoot, transferId } = x.required('SEALED');
  const { hash, seq } = journalHead();
  return {
    attempt: x.state.attempt,
    bytes,
    exchangeId: x.id,
    fedId: federationId,
    instances,
    journalHead: toHex(hash),
    journalSeq: seq,
    manifestRoot,
    receiver: self,
    rosterVersion: documents.state().roster?.document.version ?? 0,
    sender: x.facts.peer,
    transferId,
  };
}

function digestOf(envelope: Uint8Array, { crypto }: SharedPorts): Digest {
  return toHex(sha256(crypto, envelope)) as Digest;
}
