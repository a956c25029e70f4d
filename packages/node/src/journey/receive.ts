/**
 * Serves one transfer stream of a peer: decides on its offer, and drives the receiver's protocol machine until the study is
 * sealed and R1 is delivered, or the stream ends. What became durable stays, and the next stream goes on from there.
 */
import { errorCodeOf, isInterhospError, TransferError } from '@interhosp/core/errors';
import type { MemberId } from '@interhosp/core/study';
import {
  createReceiverSession,
  decodeFrame,
  encodeFrame,
  encodeHeader,
  type BlockPlace,
  type OfferFrame,
  type ReceiverAction,
  type ReceiverEvent,
  type RemoteState,
} from '@interhosp/core/transfer';
import { errorFields } from '../observe/logger.ts';
import type { LiveExchange } from '../member/live-exchange.ts';
import type { PeerStream } from '../peer/index.ts';
import type { Pack } from '../spool/index.ts';
import { crashpoint, release } from '../world/index.ts';
import { Announced } from './announced.ts';
import { isRefusalOfKind, syntaxFor, type InstanceKind } from './filing-syntax.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { mustBePermitted } from './permission.ts';
import type { InboundPorts } from './ports.ts';
import { receiptsOf } from './receipts.ts';

/** Blocks that are written but not synced: at this many bytes, or when nothing more waits, they are. */
const SYNC_BYTES = 64 * 1_048_576;
/** Room for a study whose size the sender does not say. */
const UNKNOWN_STUDY_BYTES = 512 * 1_048_576;

/** When an exchange cannot go on here, its sender asks again after so long. */
const TOLD_RETRY_AFTER_MS = 5_000;

/** Called with an exchange whose offer was taken, the first time: its journey begins. */
export type BeginInbound = (x: LiveExchange) => void;

/** Serves the stream to its end. @throws {TransferError} when the protocol was broken; the stream is then reset. */
export async function receiveOver(stream: PeerStream, ports: InboundPorts, begin: BeginInbound): Promise<void> {
  const sender = ports.memberOf(stream.remotePeerId);
  if (sender === undefined) throw new TransferError('TRANSFER_REFUSED', { details: { reason: 'not-in-roster' } });
  await new Receiving(stream, ports, begin, sender).run();
}

class Receiving {
  readonly #stream: PeerStream;
  readonly #ports: InboundPorts;
  readonly #begin: BeginInbound;
  readonly #sender: MemberId;
  readonly #box: Mailbox<ReceiverEvent> = createMailbox();
  /** Ends the waits of this stream when it ends. */
  readonly #over = new AbortController();
  #exchange: LiveExchange | undefined;
  #pack: Pack | undefined;
  /** Looks at what is announced, where the PACS says beforehand what it takes. */
  #announced: Announced | undefined;
  #unsynced: BlockPlace[] = [];
  #unsyncedBytes = 0;

  constructor(stream: PeerStream, ports: InboundPorts, begin: BeginInbound, sender: MemberId) {
    this.#stream = stream;
    this.#ports = ports;
    this.#begin = begin;
    this.#sender = sender;
  }

  async run(): Promise<void> {
    const { crypto, federationId, self } = this.#ports;
    const session = createReceiverSession({ crypto, federationId, receiver: self, sender: this.#sender });
    const frames = this.#readFrames();
    try {
      for (;;) {
        const event = await this.#box.take();
        if (event === undefined) return;
        for (const action of session.on(event)) {
          if (await this.#carryOut(action)) return;
        }
        await this.#syncWhenDue();
      }
    } catch (error) {
      // A full disk, an exchange that was ended here, a member taken out: the sender is told before the stream is reset.
      if (isInterhospError(error)) {
        const event = {
          code: error.code,
          retry: error.retry,
          retryAfterMs: TOLD_RETRY_AFTER_MS,
          type: 'cancel',
        } as const;
        for (const action of session.on(event)) {
          if (action.type === 'send') await this.#stream.send(encodeFrame(action.frame)).catch(() => {});
        }
      }
      throw error;
    } finally {
      this.#over.abort();
      this.#box.close();
      // What was written counts for the next stream.
      await this.#pack?.sync().catch((error: unknown) => this.#ports.note('receive.sync.failed', error));
      await this.#stream.close();
      await frames;
    }
  }

  /** True when the session is over. */
  async #carryOut(action: ReceiverAction): Promise<boolean> {
    switch (action.type) {
      case 'send':
        await this.#stream.send(encodeFrame(action.frame));
        if (action.frame.kind === 'answer') crashpoint('C8', 'receiver');
        return false;
      case 'offer': {
        const event = await this.#decide(action.offer);
        void this.#box.put(event);
        for (const { entry, ordinal } of event.type === 'admitted' ? (event.resume ?? []) : []) {
          await this.#announce(ordinal, entry);
        }
        return false;
      }
      case 'query':
        void this.#box.put(this.#answerQuery(action.exchangeId));
        return false;
      case 'append':
        this.#mustBeOpen();
        await this.#openPack().declareInstance(action.ordinal, action.entry);
        this.#progress(1, 0);
        await this.#announce(action.ordinal, action.entry);
        return false;
      case 'all-announced':
        await this.#allAnnounced();
        return false;
      case 'write-block': {
        const { bytes, index, ordinal } = action;
        crashpoint('C9', 'receiver');
        this.#mustBeOpen();
        const { length } = bytes;
        const writing = this.#openPack().writeBlock(ordinal, index, bytes);
        // The block is a view of its frame, and both are ours: sealed into the pack, they are done with.
        release(bytes);
        await writing;
        crashpoint('C10', 'receiver');
        this.#written({ index, ordinal }, length);
        return false;
      }
      case 'reuse-block': {
        const { index, ordinal } = action;
        void this.#box.put({ index, ordinal, type: 'block-lost' });
        return false;
      }
      case 'sealed': {
        const x = this.#live();
        await x.step('SEALED', () => ({ ...action.seal }));
        void this.#passReceipt(x);
        return false;
      }
      case 'failed':
        this.#ports.log.write('info', 'receive.ended', {
          code: action.code,
          reason: action.by,
          ...(this.#exchange && { exchangeId: this.#exchange.id }),
        });
        await this.#endWhenCancelled(action.by, action.code);
        return true;
      case 'finished':
        return true;
      case 'instance-durable':
      case 'receipt-acknowledged':
      case 'reprioritised':
        return false;
      default:
        action satisfies never;
        return false;
    }
  }

  /** The sender's person ended it. Once R1 is signed the study is ours to file, and nothing is taken back this way. */
  async #endWhenCancelled(by: 'here' | 'remote', code: string): Promise<void> {
    const x = this.#exchange;
    if (by !== 'remote' || code !== 'TRANSFER_CANCELLED' || x === undefined) return;
    if (x.state.isOver || x.state.has('SEALED')) return;
    await x.record('CANCELLED', { by: this.#sender, reason: 'cancelled by the sender' });
  }

  /** Asked for each block, so that a removal, a cancel or a hold works in the middle of a study. */
  #mustBeOpen(): void {
    const x = this.#live();
    if (x.state.isOver) throw new TransferError('TRANSFER_CANCELLED');
    if (x.state.held !== undefined) throw new TransferError('TRANSFER_HELD');
    // What is sealed is what R1 speaks of: nothing is added to it.
    if (x.state.has('SEALED')) throw new TransferError('TRANSFER_PROTOCOL', { details: { reason: 'sealed' } });
    mustBePermitted(x, this.#ports, 'receive', x.required('OFFER_SEEN').header.modalities, 'transfer');
  }

  /** Takes, refuses or answers an offer; what is taken is recorded before the answer goes out. */
  async #decide(offer: OfferFrame): Promise<ReceiverEvent> {
    const known = this.#ports.ledger.find(offer.exchangeId);
    if (known !== undefined && (known.facts.role !== 'receiver' || known.facts.peer !== this.#sender)) {
      // Somebody else's number: said as if it were unknown, so that nothing can be probed.
      return { code: 'TRANSFER_UNKNOWN', retry: 'no', type: 'refused' };
    }
    if (known !== undefined && (known.state.isOver || known.state.has('R1_SIGNED'))) return settledAs(known);
    try {
      if (known !== undefined) mustBeTheSame(known, offer);
      // Before anything is recorded: what there is no room for leaves nothing behind.
      await this.#ports.spool.reserve(offer.exchangeId, offer.expectedBytes ?? UNKNOWN_STUDY_BYTES);
      const x = known ?? (await this.#take(offer));
      if (x.state.held !== undefined) throw new TransferError('TRANSFER_HELD');
      mustBePermitted(x, this.#ports, 'receive', offer.header.modalities, known === undefined ? 'offer' : 'transfer');
      await x.step('ADMITTED', () => ({}));
      this.#exchange = x;
      this.#pack = await this.#ports.spool.create(x.id);
      await x.step('RECEIVING', () => ({}));
      x.progress.bytesExpected = offer.expectedBytes ?? x.progress.bytesExpected ?? 0;
      this.#begin(x);
      this.#announced = this.#lookAhead();
      return { asksFirst: this.#announced !== undefined, resume: resumable(this.#pack), type: 'admitted' };
    } catch (error) {
      if (!isInterhospError(error)) throw error;
      this.#ports.log.write('warn', 'receive.offer.refused', { ...errorFields(error), member: this.#sender });
      return { code: error.code, retry: error.retry, type: 'refused' };
    }
  }

  /** Undefined where only a store tells what the PACS takes. */
  #lookAhead(): Announced | undefined {
    const { log, pacs } = this.#ports;
    if (pacs.acceptedSyntaxes === undefined) return undefined;
    const choose = (kind: InstanceKind) => syntaxFor(kind, this.#ports, this.#over.signal);
    return new Announced({ choose, log });
  }

  /** Asks for the bytes of an instance that can be filed, and for those that waited for one. */
  async #announce(ordinal: number, entry: InstanceKind): Promise<void> {
    const ordinals = (await this.#announced?.add(ordinal, entry)) ?? [];
    if (ordinals.length > 0) void this.#box.put({ ordinals, type: 'wanted' });
  }

  /** A study of which nothing can be filed waits for a person on both sides, before it has moved. */
  async #allAnnounced(): Promise<void> {
    try {
      this.#announced?.end();
    } catch (error) {
      const code = errorCodeOf(error);
      if (isRefusalOfKind(code)) await this.#live().record('HELD', { code });
      throw error;
    }
  }

  async #take(offer: OfferFrame): Promise<LiveExchange> {
    const { attempt, exchangeId, expectedBytes, expectedInstances, header } = offer;
    const { priority, purpose, rosterVersion, supersedes } = offer;
    const facts = {
      exchangeId,
      peer: this.#sender,
      priority,
      purpose,
      role: 'receiver' as const,
      studyInstanceUid: header.studyInstanceUid,
    };
    return this.#ports.ledger.begin(
      facts,
      'OFFER_SEEN',
      {
        attempt,
        header,
        priority,
        purpose,
        rosterVersion,
        sender: this.#sender,
        ...(expectedBytes === undefined ? {} : { expectedBytes }),
        ...(expectedInstances === undefined ? {} : { expectedInstances }),
        ...(supersedes === undefined ? {} : { supersedes }),
      },
      // Permission is asked of what would be recorded, so that a refused offer leaves nothing behind.
      (x) => mustBePermitted(x, this.#ports, 'receive', header.modalities, 'offer'),
    );
  }

  #answerQuery(exchangeId: string): ReceiverEvent {
    const x = this.#ports.ledger.find(exchangeId);
    const isTheirs = x?.facts.role === 'receiver' && x.facts.peer === this.#sender;
    return isTheirs ? settledAs(x) : { code: 'TRANSFER_UNKNOWN', retry: 'no', type: 'refused' };
  }

  /** R1 goes out on this stream as soon as the journey has signed it, or why it does not. */
  async #passReceipt(x: LiveExchange): Promise<void> {
    try {
      const isStuck = () => x.state.isOver || x.state.held !== undefined;
      await x.until(() => x.state.has('R1_SIGNED') || isStuck(), this.#over.signal);
      if (!x.state.has('R1_SIGNED')) {
        const code = x.state.isOver ? 'TRANSFER_CANCELLED' : 'TRANSFER_HELD';
        void this.#box.put({ code, retry: 'later', retryAfterMs: TOLD_RETRY_AFTER_MS, type: 'cancel' });
        return;
      }
      crashpoint('C13', 'receiver');
      for (const envelope of receiptsOf(x)) void this.#box.put({ envelope, type: 'receipt' });
    } catch {
      // The stream ended first; the receipt goes by its own.
    }
  }

  #written(place: BlockPlace, bytes: number): void {
    this.#unsynced.push(place);
    this.#unsyncedBytes += bytes;
    this.#progress(0, bytes);
    void this.#box.put({ ...place, type: 'block-written' });
  }

  /** When the sender pauses or enough has gathered: a sync costs a millisecond, an unacknowledged block a resend. */
  async #syncWhenDue(): Promise<void> {
    if (this.#unsynced.length === 0 || (this.#unsyncedBytes < SYNC_BYTES && this.#box.size > 0)) return;
    const blocks = this.#unsynced;
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
    await this.#openPack().sync();
    void this.#box.put({ blocks, type: 'block-durable' });
  }

  #progress(instances: number, bytes: number): void {
    const x = this.#live();
    x.progress.instances += instances;
    x.progress.bytes += bytes;
    x.changed();
  }

  #live(): LiveExchange {
    if (this.#exchange === undefined) throw new TransferError('TRANSFER_PROTOCOL', { details: { reason: 'no-offer' } });
    return this.#exchange;
  }

  #openPack(): Pack {
    if (this.#pack === undefined) throw new TransferError('TRANSFER_PROTOCOL', { details: { reason: 'no-offer' } });
    return this.#pack;
  }

  async #readFrames(): Promise<void> {
    try {
      for await (const bytes of this.#stream.frames()) {
        const event = eventOf(bytes);
        await this.#box.put(event);
        if (event.type === 'cancel') return;
      }
    } catch {
      // Whatever ended it, the machine says what that means.
    }
    void this.#box.put({ type: 'closed' });
  }
}

/** An exchange is about one study, for one purpose: offered again with another it would be filed under the first's patient. */
function mustBeTheSame(x: LiveExchange, offer: OfferFrame): void {
  const { header, purpose } = x.required('OFFER_SEEN');
  const isSame =
    offer.attempt === x.state.attempt &&
    offer.purpose === purpose &&
    Buffer.compare(encodeHeader(offer.header), encodeHeader(header)) === 0;
  if (!isSame) throw new TransferError('TRANSFER_PROTOCOL', { details: { reason: 'offered-otherwise' } });
}

function eventOf(bytes: Uint8Array): ReceiverEvent {
  try {
    return { frame: decodeFrame(bytes), type: 'frame' };
  } catch (error) {
    return { code: errorCodeOf(error) ?? 'TRANSFER_PROTOCOL', type: 'cancel' };
  }
}

function resumable(pack: Pack) {
  return pack.instances().map(({ entry, ordinal }) => ({ durable: pack.have(ordinal), entry, ordinal }));
}

function settledAs(x: LiveExchange): ReceiverEvent {
  return { attempt: x.state.attempt, receipts: receiptsOf(x), state: remoteStateOf(x), type: 'settled' };
}

/** How far it is, as far as the sender may know: nothing of the patient shows. */
function remoteStateOf({ state }: LiveExchange): RemoteState {
  if (state.has('CANCELLED')) return 'cancelled';
  if (state.has('EXPIRED')) return 'expired';
  if (state.has('RECALLED')) return 'recalled';
  if (state.has('R2_SIGNED')) return 'confirmed';
  if (state.has('R1_SIGNED')) return 'durable';
  return 'receiving';
}
