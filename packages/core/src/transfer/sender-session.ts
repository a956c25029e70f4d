/**
 * The sender's side of one stream: events in, actions out, no I/O. Actions are to be carried out in order.
 *
 * The machine decides what goes when: the offer, then instances as they become complete in the spool (at most
 * {@link APPEND_AHEAD} ahead of their blocks), blocks as far as the receiver's credit and a small window of reads allow,
 * the seal once nothing more will be appended. After a break a new session is fed the same instances again, and sends
 * only what the receiver's answer does not hold. Only a signed receipt says that anything was delivered.
 *
 * After `finished` or `failed` every event is answered by nothing.
 */
import { isInterhospError, TransferError } from '../errors/interhosp-error.ts';
import type { InstanceEntry } from '../study/blocks.ts';
import { toHex } from '../study/hex.ts';
import type { Digest } from '../study/identifiers.ts';
import { sha256, type Crypto } from '../world/crypto.ts';
import type {
  AcceptedAnswer,
  AnswerFrame,
  Frame,
  HeldInstance,
  InstanceRuns,
  OfferFrame,
  RemoteState,
  SealContent,
} from './frames.ts';
import { APPEND_AHEAD, MAX_CREDIT_BYTES, MAX_RECEIPTS, READ_BYTES_IN_FLIGHT, READS_IN_FLIGHT } from './limits.ts';
import { OutgoingInstance } from './outgoing.ts';
import { forEachIndex } from './runs.ts';
import type { SenderAction, SenderEvent, SessionFailed } from './session-events.ts';

/** The machine of one stream. */
export interface SenderSession {
  /** Takes an event and returns what is to be done now, in order. */
  on(event: SenderEvent): readonly SenderAction[];
  /** Whether the next word is the peer's: an answer, a durable block, a receipt. */
  readonly awaitsPeer: boolean;
}

/** What a session begins with. */
export interface SenderSessionOptions {
  readonly offer: Omit<OfferFrame, 'kind'>;
  readonly crypto: Crypto;
}

/** A session for a stream that is about to be opened. */
export function createSenderSession(options: SenderSessionOptions): SenderSession {
  const machine = new SenderMachine(options);
  return {
    get awaitsPeer() {
      return machine.awaitsPeer;
    },
    on: (event) => machine.on(event),
  };
}

class SenderMachine {
  readonly #offer: OfferFrame;
  readonly #crypto: Crypto;
  #phase: 'new' | 'offered' | 'holding' | 'sending' | 'settled' | 'over' = 'new';
  #wantAll = false;
  #creditBytes = 0;
  #actions: SenderAction[] = [];

  /** All instances in the order given; those from `#appended` on are not appended yet. */
  readonly #instances: OutgoingInstance[] = [];
  readonly #byOrdinal = new Map<number, OutgoingInstance>();
  #appended = 0;
  /** Appended instances that wait for a Want or have blocks queued. */
  readonly #unsent = new Set<OutgoingInstance>();
  /** Those of them that have blocks queued, in order. */
  readonly #queue = new Set<OutgoingInstance>();
  /** What the receiver holds and wants of instances that were not appended in this session yet. */
  readonly #held = new Map<number, HeldInstance>();
  readonly #earlyWants = new Map<number, InstanceRuns>();
  #seal: SealContent | undefined;
  #isSealSent = false;

  /** Blocks being read, and their lengths. */
  readonly #reads = new Map<string, number>();
  #readBytes = 0;
  #durableBlocks = 0;
  #durableBytes = 0;
  readonly #receipts = new Set<Digest>();
  #receiptCount = 0;
  #settledState: RemoteState | undefined;

  constructor({ offer, crypto }: SenderSessionOptions) {
    this.#offer = { ...offer, kind: 'offer' };
    this.#crypto = crypto;
  }

  on(event: SenderEvent): readonly SenderAction[] {
    if (this.#phase === 'over') return [];
    this.#actions = [];
    try {
      this.#take(event);
      if (this.#phase === 'sending') this.#pump();
    } catch (error) {
      if (!isInterhospError(error)) throw error;
      // Whatever this event would have caused is not to happen.
      this.#actions = [];
      this.#cancel({ by: 'here', code: error.code, retry: error.retry, retryAfterMs: 0 });
    }
    return this.#actions;
  }

  get awaitsPeer(): boolean {
    if (this.#phase === 'offered' || this.#phase === 'holding') return true;
    if (this.#phase !== 'sending') return false;
    const appended = this.#instances.slice(0, this.#appended);
    return appended.some(({ isDurable }) => !isDurable) || (this.#isSealSent && this.#receiptCount === 0);
  }

  #take(event: SenderEvent): void {
    switch (event.type) {
      case 'opened':
        if (this.#phase !== 'new') throw misuse('opened');
        this.#phase = 'offered';
        return this.#send(this.#offer);
      case 'frame':
        return this.#frame(event.frame);
      case 'instance':
        return this.#instance(event.ordinal, event.entry);
      case 'sealed':
        if (this.#seal !== undefined || event.seal.instances !== this.#instances.length) throw misuse('sealed');
        this.#seal = event.seal;
        return;
      case 'block-read':
        return this.#blockRead(event.ordinal, event.index, event.bytes);
      case 'receipt-recorded':
        return this.#receiptRecorded(event.digest, event.last);
      case 'reprioritised':
        if (this.#phase === 'sending') this.#send({ kind: 'reprioritise', priority: event.priority });
        return;
      case 'cancel': {
        const { code, retry = 'no', retryAfterMs = 0 } = event;
        return this.#cancel({ by: 'here', code, retry, retryAfterMs });
      }
      case 'closed':
        return this.#fail({ by: 'remote', code: 'PEER_CLOSED', retry: 'later', retryAfterMs: 0 });
      default:
        event satisfies never;
    }
  }

  #frame(frame: Frame): void {
    if (frame.kind === 'cancel') return this.#fail({ ...frame, by: 'remote' });
    if (frame.kind === 'answer' && this.#phase === 'offered') return this.#answered(frame);
    if (frame.kind === 'held' && this.#phase === 'holding') return this.#holds(frame.instances, frame.more);
    if (this.#phase !== 'sending') throw unexpected(frame);
    switch (frame.kind) {
      case 'want':
        return frame.instances.forEach((wanted) => this.#wanted(wanted));
      case 'credit':
        this.#creditBytes += frame.bytes;
        if (this.#creditBytes > MAX_CREDIT_BYTES) throw unexpected(frame);
        return;
      case 'durable':
        return this.#durable(frame.instances);
      case 'receipt':
        // Nobody can sign for bytes that were not all named yet.
        if (!this.#isSealSent) throw unexpected(frame);
        return this.#receipt(frame.envelope);
      default:
        throw unexpected(frame);
    }
  }

  #answered(answer: AnswerFrame): void {
    switch (answer.outcome) {
      case 'accepted':
        return this.#accepted(answer);
      case 'refused':
        return this.#fail({ ...answer, by: 'remote' });
      case 'settled':
        this.#phase = 'settled';
        this.#settledState = answer.state;
        answer.receipts.forEach((envelope) => this.#receipt(envelope));
        if (this.#receipts.size === 0) this.#finish();
        return;
      default:
        answer satisfies never;
    }
  }

  #accepted(answer: AcceptedAnswer): void {
    if (answer.features.some((feature) => !this.#offer.features.includes(feature))) throw unexpected(answer);
    this.#wantAll = answer.wantAll;
    this.#creditBytes = answer.creditBytes;
    this.#phase = 'holding';
    this.#holds(answer.held, answer.moreHeld);
  }

  #holds(instances: readonly HeldInstance[], more: boolean): void {
    for (const held of instances) {
      if (this.#held.has(held.ordinal)) throw new TransferError('TRANSFER_PROTOCOL', { details: { field: 'held' } });
      this.#held.set(held.ordinal, held);
    }
    if (!more) this.#phase = 'sending';
  }

  #instance(ordinal: number, entry: InstanceEntry): void {
    if (this.#byOrdinal.has(ordinal) || this.#seal !== undefined) throw misuse('instance');
    const outgoing = new OutgoingInstance(ordinal, entry);
    this.#instances.push(outgoing);
    this.#byOrdinal.set(ordinal, outgoing);
  }

  #pump(): void {
    while (this.#unsent.size < APPEND_AHEAD && this.#appended < this.#instances.length) {
      this.#append(this.#instances[this.#appended++] as OutgoingInstance);
    }
    if (this.#seal !== undefined && this.#appended === this.#instances.length && !this.#isSealSent) {
      this.#sendSeal(this.#seal);
    }
    for (const outgoing of this.#queue) {
      if (!this.#readFrom(outgoing)) return;
    }
  }

  #append(outgoing: OutgoingInstance): void {
    const { ordinal } = outgoing;
    const held = this.#held.get(ordinal);
    if (held === undefined) this.#send(outgoing.append());
    else this.#applyHeld(outgoing, held);
    outgoing.isAppended = true;
    outgoing.isAwaitingWant = !this.#wantAll && !outgoing.isDurable;
    if (this.#wantAll) outgoing.queueMissing();
    this.#track(outgoing);
    const wanted = this.#earlyWants.get(ordinal);
    this.#earlyWants.delete(ordinal);
    if (wanted !== undefined) this.#wanted(wanted);
  }

  /** Marks what the receiver kept. Ordinals that mean another instance there would mix up two images: nothing is sent then. */
  #applyHeld(outgoing: OutgoingInstance, held: HeldInstance): void {
    if (held.digest !== outgoing.entry.digest) {
      throw new TransferError('TRANSFER_STATE', { details: { kind: 'held-digest' } });
    }
    this.#held.delete(outgoing.ordinal);
    this.#durable([{ ordinal: outgoing.ordinal, runs: held.runs }]);
  }

  #sendSeal(seal: SealContent): void {
    // The receiver keeps an instance that this seal does not know: it is not the same exchange.
    if (this.#held.size > 0) throw new TransferError('TRANSFER_STATE', { details: { kind: 'held-unknown' } });
    this.#isSealSent = true;
    this.#send({ ...seal, kind: 'seal' });
  }

  /** Asks for the blocks of an instance until a limit is reached, and then returns false. */
  #readFrom(outgoing: OutgoingInstance): boolean {
    const { ordinal } = outgoing;
    for (let index = outgoing.peek(); index !== undefined; index = outgoing.peek()) {
      const lengthBytes = outgoing.lengthOf(index);
      const isWindowFull = this.#reads.size >= READS_IN_FLIGHT || this.#readBytes + lengthBytes > READ_BYTES_IN_FLIGHT;
      if (isWindowFull || lengthBytes > this.#creditBytes) return false;
      this.#creditBytes -= lengthBytes;
      this.#readBytes += lengthBytes;
      this.#reads.set(keyOf(ordinal, index), lengthBytes);
      outgoing.take(index);
      this.#actions.push({ type: 'read-block', ordinal, index });
    }
    this.#track(outgoing);
    return true;
  }

  #blockRead(ordinal: number, index: number, bytes: Uint8Array): void {
    const key = keyOf(ordinal, index);
    if (this.#reads.get(key) !== bytes.length) throw misuse('block-read');
    this.#reads.delete(key);
    this.#readBytes -= bytes.length;
    this.#send({ kind: 'block', ordinal, index, bytes });
  }

  #wanted(wanted: InstanceRuns): void {
    const { ordinal, runs } = wanted;
    const outgoing = this.#byOrdinal.get(ordinal);
    if (outgoing === undefined || !outgoing.isAppended) {
      // Of what it kept, the receiver may ask before this session was given the instance.
      if (!this.#held.has(ordinal) || this.#earlyWants.has(ordinal)) {
        throw new TransferError('TRANSFER_PROTOCOL', { details: { field: 'want' } });
      }
      this.#earlyWants.set(ordinal, wanted);
      return;
    }
    outgoing.isAwaitingWant = false;
    for (const index of outgoing.queueWanted(runs, (index) => this.#reads.has(keyOf(ordinal, index)))) {
      this.#durableBlocks--;
      this.#durableBytes -= outgoing.lengthOf(index);
    }
    this.#track(outgoing);
  }

  #durable(instances: readonly InstanceRuns[]): void {
    for (const { ordinal, runs } of instances) {
      const outgoing = this.#byOrdinal.get(ordinal);
      if (outgoing === undefined) throw new TransferError('TRANSFER_PROTOCOL', { details: { field: 'durable' } });
      forEachIndex(runs, (index) => {
        const lengthBytes = outgoing.lengthOf(index);
        if (!outgoing.markDurable(index)) return;
        this.#durableBlocks++;
        this.#durableBytes += lengthBytes;
      });
      if (outgoing.isAppended) this.#track(outgoing);
    }
    this.#actions.push({ type: 'progress', blocks: this.#durableBlocks, bytes: this.#durableBytes });
  }

  #track(outgoing: OutgoingInstance): void {
    if (outgoing.hasQueued) this.#queue.add(outgoing);
    else this.#queue.delete(outgoing);
    if (outgoing.hasQueued || outgoing.isAwaitingWant) this.#unsent.add(outgoing);
    else this.#unsent.delete(outgoing);
  }

  #receipt(envelope: Uint8Array): void {
    if (++this.#receiptCount > MAX_RECEIPTS) {
      throw new TransferError('TRANSFER_LIMIT', { details: { kind: 'receipts', limit: MAX_RECEIPTS } });
    }
    const digest = toHex(sha256(this.#crypto, envelope)) as Digest;
    if (this.#receipts.has(digest)) return;
    this.#receipts.add(digest);
    this.#actions.push({ type: 'receipt', envelope, digest });
  }

  #receiptRecorded(digest: Digest, last: boolean): void {
    if (!this.#receipts.delete(digest)) throw misuse('receipt-recorded');
    this.#send({ kind: 'receipt-ack', digest });
    if (last || (this.#phase === 'settled' && this.#receipts.size === 0)) this.#finish();
  }

  #send(frame: Frame): void {
    this.#actions.push({ type: 'send', frame });
  }

  #finish(): void {
    this.#phase = 'over';
    const state = this.#settledState;
    this.#actions.push({ type: 'finished', ...(state === undefined ? {} : { state }) });
  }

  #cancel(failure: Omit<SessionFailed, 'type'>): void {
    const { code, retry, retryAfterMs } = failure;
    if (this.#phase !== 'new') this.#send({ kind: 'cancel', code, retry, retryAfterMs });
    this.#fail(failure);
  }

  #fail({ by, code, retry, retryAfterMs }: Omit<SessionFailed, 'type'>): void {
    this.#phase = 'over';
    this.#actions.push({ type: 'failed', by, code, retry, retryAfterMs });
  }
}

function keyOf(ordinal: number, index: number): string {
  return `${ordinal}:${index}`;
}

function unexpected(frame: Frame): TransferError {
  return new TransferError('TRANSFER_PROTOCOL', { details: { kind: frame.kind } });
}

/** The host of this machine, not the other side, broke a rule. */
function misuse(kind: string): TransferError {
  return new TransferError('TRANSFER_STATE', { details: { kind } });
}
