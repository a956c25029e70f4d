/**
 * The receiver's side of one stream: events in, actions out, no I/O. Actions are to be carried out in order.
 *
 * Nothing is believed: a block is handed on to be written only when it fits the digest that was named before, and the
 * study counts as sealed only when every block is durable here and the manifest root and the transfer ID, computed here
 * from what was received, are those of the seal. A block that does not fit ends the session. Blocks that are here already
 * are passed over, so that repeating anything is harmless.
 *
 * After `finished` or `failed` every event is answered by nothing.
 */
import { isInterhospError, TransferError } from '../errors/interhosp-error.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { toHex } from '../study/hex.ts';
import type { Digest, MemberId } from '../study/identifiers.ts';
import type { InstanceEntry } from '../study/blocks.ts';
import {
  manifestEntryBytes,
  manifestRootOf,
  MAX_MANIFEST_BYTES,
  MAX_STUDY_BYTES,
  sortManifest,
  transferIdOf,
} from '../study/manifest.ts';
import { leafDigest, merkleRoot } from '../study/merkle.ts';
import { sha256, type Crypto } from '../world/crypto.ts';
import type { AppendFrame, BlockFrame, Frame, OfferFrame, SealFrame } from './frames.ts';
import { IncomingInstance } from './incoming.ts';
import { DEFAULT_CREDIT_BYTES, MAX_CREDIT_BYTES, MIN_CREDIT_BYTES, PROTOCOL_VERSION } from './limits.ts';
import { pagesOf } from './pages.ts';
import { runsOf } from './runs.ts';
import type { BlockPlace, ReceiverAction, ReceiverEvent, ResumedInstance, SessionFailed } from './session-events.ts';

/** The machine of one stream. */
export interface ReceiverSession {
  /** Takes an event and returns what is to be done now, in order. */
  on(event: ReceiverEvent): readonly ReceiverAction[];
}

/** What a session begins with. */
export interface ReceiverSessionOptions {
  readonly crypto: Crypto;
  /** The member whose peer ID was proved by the connection. */
  readonly sender: MemberId;
  /** This member. */
  readonly receiver: MemberId;
  /** 64 hex digits. */
  readonly federationId: string;
}

/** A session for a stream that a peer has opened. */
export function createReceiverSession(options: ReceiverSessionOptions): ReceiverSession {
  const machine = new ReceiverMachine(options);
  return { on: (event) => machine.on(event) };
}

class ReceiverMachine {
  readonly #options: ReceiverSessionOptions;
  readonly #crypto: Crypto;
  #phase: 'new' | 'asked' | 'receiving' | 'sealed' | 'settled' | 'over' = 'new';
  #actions: ReceiverAction[] = [];
  #offer: OfferFrame | undefined;
  #holds: ((digest: Digest) => boolean) | undefined;
  #asksFirst = false;

  readonly #instances = new Map<number, IncomingInstance>();
  readonly #sopInstanceUids = new Set<string>();
  #undurable = 0;
  #totalBytes = 0;
  #manifestBytes = 0;
  #seal: SealFrame | undefined;

  /** Blocks of instances that are not named yet: another connection may be faster than this one. Bounded by the credit. */
  readonly #early = new Map<number, BlockFrame[]>();
  #creditBytes = 0;
  /** Bytes the sender may still send. */
  #allowedBytes = 0;
  /** Bytes written since credit was last given back. */
  #owedBytes = 0;
  readonly #receipts = new Set<Digest>();

  constructor(options: ReceiverSessionOptions) {
    this.#options = options;
    this.#crypto = options.crypto;
  }

  on(event: ReceiverEvent): readonly ReceiverAction[] {
    if (this.#phase === 'over') return [];
    this.#actions = [];
    try {
      this.#take(event);
      if (this.#phase === 'receiving') this.#finishSeal();
    } catch (error) {
      if (!isInterhospError(error)) throw error;
      // Whatever this event would have caused is not to happen.
      this.#actions = [];
      this.#cancel({ by: 'here', code: error.code, retry: error.retry, retryAfterMs: 0 });
    }
    return this.#actions;
  }

  #take(event: ReceiverEvent): void {
    switch (event.type) {
      case 'frame':
        return this.#frame(event.frame);
      case 'admitted':
        return this.#admitted(event);
      case 'refused': {
        const { code, retry = 'later', retryAfterMs = 0 } = event;
        return this.#refuse({ by: 'here', code, retry, retryAfterMs });
      }
      case 'settled':
        return this.#settled(event);
      case 'wanted':
        return this.#wanted(event.ordinals);
      case 'block-written':
        return this.#written(event);
      case 'block-durable':
        return this.#durable(event.blocks);
      case 'block-lost':
        return this.#lost(event);
      case 'receipt':
        if (this.#phase !== 'sealed') throw misuse('receipt');
        this.#receipts.add(this.#digestOf(event.envelope));
        return this.#send({ kind: 'receipt', envelope: event.envelope });
      case 'cancel': {
        const { code, retry = 'no', retryAfterMs = 0 } = event;
        return this.#cancel({ by: 'here', code, retry, retryAfterMs });
      }
      case 'closed':
        return this.#closed();
      default:
        event satisfies never;
    }
  }

  #frame(frame: Frame): void {
    if (frame.kind === 'cancel') return this.#fail({ ...frame, by: 'remote' });
    if (this.#phase === 'new') return this.#first(frame);
    if (frame.kind === 'reprioritise' && this.#offer !== undefined && this.#phase !== 'settled') {
      this.#actions.push({ type: 'reprioritised', priority: frame.priority });
      return;
    }
    if (frame.kind === 'receipt-ack' && (this.#phase === 'sealed' || this.#phase === 'settled')) {
      if (!this.#receipts.has(frame.digest)) throw unexpected(frame);
      this.#actions.push({ type: 'receipt-acknowledged', digest: frame.digest });
      return;
    }
    if (this.#phase !== 'receiving' && this.#phase !== 'sealed') throw unexpected(frame);
    switch (frame.kind) {
      case 'append':
        return this.#append(frame);
      case 'block':
        return this.#block(frame);
      case 'seal':
        return this.#sealFrame(frame);
      default:
        throw unexpected(frame);
    }
  }

  #first(frame: Frame): void {
    if (frame.kind === 'query') {
      this.#phase = 'asked';
      this.#actions.push({ type: 'query', exchangeId: frame.exchangeId });
      return;
    }
    if (frame.kind !== 'offer') throw unexpected(frame);
    this.#phase = 'asked';
    const code = this.#problemOf(frame);
    if (code !== undefined) return this.#refuse({ by: 'here', code, retry: 'no', retryAfterMs: 0 });
    this.#offer = frame;
    this.#actions.push({ type: 'offer', offer: frame });
  }

  /** What an offer says of both members must be what the connection has proved. */
  #problemOf(offer: OfferFrame): ErrorCode | undefined {
    if (offer.protocolVersion !== PROTOCOL_VERSION) return 'TRANSFER_PROTOCOL';
    if (offer.federationId !== this.#options.federationId) return 'FEDERATION_FOREIGN';
    const { sender, receiver } = this.#options;
    return offer.sender === sender && offer.receiver === receiver ? undefined : 'FEDERATION_NOT_PERMITTED';
  }

  #admitted(event: Extract<ReceiverEvent, { readonly type: 'admitted' }>): void {
    const { asksFirst = false, creditBytes = DEFAULT_CREDIT_BYTES, holds, resume = [] } = event;
    if (this.#phase !== 'asked' || this.#offer === undefined) throw misuse('admitted');
    if (creditBytes < MIN_CREDIT_BYTES || creditBytes > MAX_CREDIT_BYTES) throw misuse('credit');
    this.#phase = 'receiving';
    this.#creditBytes = creditBytes;
    this.#allowedBytes = creditBytes;
    this.#holds = holds;
    this.#asksFirst = asksFirst;
    this.#answer(resume);
    const resumed = resume.map((instance) => this.#resume(instance));
    if (holds !== undefined && !asksFirst) this.#want(resumed);
  }

  /** The host has looked at them. */
  #wanted(ordinals: readonly number[]): void {
    if (!this.#asksFirst || this.#phase !== 'receiving') throw misuse('wanted');
    this.#want(ordinals.map((ordinal) => this.#known(ordinal)));
  }

  /** Asks for what is missing of some instances. */
  #want(instances: readonly IncomingInstance[]): void {
    const wanted = instances.filter(({ isDurable }) => !isDurable).map((instance) => this.#wantOf(instance));
    for (const page of pagesOf(wanted)) this.#send({ kind: 'want', instances: page });
  }

  #answer(resume: readonly ResumedInstance[]): void {
    const held = resume.map(({ ordinal, entry, durable }) => ({ ordinal, digest: entry.digest, runs: durable }));
    const pages = pagesOf(held);
    this.#send({
      kind: 'answer',
      outcome: 'accepted',
      creditBytes: this.#creditBytes,
      wantAll: this.#holds === undefined && !this.#asksFirst,
      held: pages[0] ?? [],
      moreHeld: pages.length > 1,
      features: [],
    });
    pages.slice(1).forEach((instances, index) => {
      this.#send({ kind: 'held', instances, more: index + 2 < pages.length });
    });
  }

  #resume({ ordinal, entry, durable }: ResumedInstance): IncomingInstance {
    const instance = this.#add(ordinal, entry);
    instance.markResumed(durable);
    if (instance.isDurable) this.#instanceDurable(instance);
    return instance;
  }

  /** Settled and refused both answer an offer or a query. */
  #settled(event: Extract<ReceiverEvent, { readonly type: 'settled' }>): void {
    if (this.#phase !== 'asked') throw misuse('settled');
    const { state, attempt, receipts } = event;
    this.#phase = 'settled';
    receipts.forEach((envelope) => this.#receipts.add(this.#digestOf(envelope)));
    this.#send({ kind: 'answer', outcome: 'settled', state, attempt, receipts });
    if (receipts.length === 0) this.#finish();
  }

  #refuse(failure: Omit<SessionFailed, 'type'>): void {
    if (this.#phase !== 'asked') throw misuse('refused');
    const { code, retry, retryAfterMs } = failure;
    this.#send({ kind: 'answer', outcome: 'refused', code, retry, retryAfterMs });
    this.#fail(failure);
  }

  #append(frame: AppendFrame): void {
    const known = this.#instances.get(frame.ordinal);
    const entry = this.#entryOf(frame);
    if (known !== undefined) {
      if (!isSameEntry(known.entry, entry)) throw unexpected(frame);
      return;
    }
    if (this.#seal !== undefined) throw unexpected(frame);
    const instance = this.#add(frame.ordinal, entry);
    this.#actions.push({ type: 'append', ordinal: frame.ordinal, entry });
    if (this.#holds !== undefined && !this.#asksFirst)
      this.#send({ kind: 'want', instances: [this.#wantOf(instance)] });
    if (instance.isDurable) this.#instanceDurable(instance);
    const early = this.#early.get(frame.ordinal) ?? [];
    this.#early.delete(frame.ordinal);
    early.forEach((block) => this.#takeBlock(instance, block));
  }

  #entryOf(frame: AppendFrame): InstanceEntry {
    const { seriesInstanceUid, sopInstanceUid, sopClassUid, transferSyntaxUid, lengthBytes, segments, blockDigests } =
      frame;
    return {
      studyInstanceUid: (this.#offer as OfferFrame).header.studyInstanceUid,
      seriesInstanceUid,
      sopInstanceUid,
      sopClassUid,
      transferSyntaxUid,
      lengthBytes,
      segments,
      blockDigests,
      digest: merkleRoot(this.#crypto, blockDigests),
    };
  }

  #add(ordinal: number, entry: InstanceEntry): IncomingInstance {
    if (this.#instances.has(ordinal) || this.#sopInstanceUids.has(entry.sopInstanceUid)) {
      throw new TransferError('TRANSFER_PROTOCOL', { details: { kind: 'duplicate-instance' } });
    }
    this.#totalBytes += entry.lengthBytes;
    this.#manifestBytes += manifestEntryBytes(entry).length;
    if (this.#totalBytes > MAX_STUDY_BYTES) throw limit('study', this.#totalBytes, MAX_STUDY_BYTES);
    if (this.#manifestBytes > MAX_MANIFEST_BYTES) throw limit('manifest', this.#manifestBytes, MAX_MANIFEST_BYTES);
    const instance = new IncomingInstance(ordinal, entry);
    this.#instances.set(ordinal, instance);
    this.#sopInstanceUids.add(entry.sopInstanceUid);
    this.#undurable++;
    return instance;
  }

  /** What to ask for; what is at hand is to be copied instead. */
  #wantOf(instance: IncomingInstance): { ordinal: number; runs: ReturnType<IncomingInstance['awaitedRuns']> } {
    const { ordinal } = instance;
    for (const index of this.#holds === undefined ? [] : instance.reuse(this.#holds)) {
      this.#actions.push({ type: 'reuse-block', ordinal, index, digest: instance.digestOf(index) });
    }
    return { ordinal, runs: instance.awaitedRuns() };
  }

  #block(frame: BlockFrame): void {
    this.#allowedBytes -= frame.bytes.length;
    if (this.#allowedBytes < 0) throw new TransferError('TRANSFER_PROTOCOL', { details: { kind: 'credit' } });
    const instance = this.#instances.get(frame.ordinal);
    if (instance !== undefined) return this.#takeBlock(instance, frame);
    if (this.#seal !== undefined) throw unexpected(frame);
    const early = this.#early.get(frame.ordinal);
    if (early === undefined) this.#early.set(frame.ordinal, [frame]);
    else early.push(frame);
  }

  #takeBlock(instance: IncomingInstance, { ordinal, index, bytes }: BlockFrame): void {
    if (bytes.length !== instance.lengthOf(index)) {
      throw new TransferError('TRANSFER_PROTOCOL', { details: { field: 'block' } });
    }
    if (!instance.isAwaited(index)) return this.#giveBack(bytes.length);
    const digest = instance.digestOf(index);
    if (leafDigest(this.#crypto, bytes) !== digest) throw new TransferError('TRANSFER_DIGEST_MISMATCH');
    instance.markReceived(index);
    this.#actions.push({ type: 'write-block', ordinal, index, digest, bytes });
  }

  #sealFrame(frame: SealFrame): void {
    if (this.#seal !== undefined) throw unexpected(frame);
    if (this.#early.size > 0) throw unexpected(frame);
    this.#checkSeal(frame);
    this.#seal = frame;
    if (this.#asksFirst && this.#undurable > 0) this.#actions.push({ type: 'all-announced' });
  }

  #checkSeal(seal: SealFrame): void {
    const { header, purpose } = this.#offer as OfferFrame;
    const { crypto, federationId, sender, receiver } = this.#options;
    const entries = [...this.#instances.values()].map(({ entry }) => entry);
    const manifestRoot = manifestRootOf(entries, crypto);
    const { studyInstanceUid } = header;
    const transferId = transferIdOf(
      { federationId, sender, receiver, studyInstanceUid, manifestRoot, purpose },
      crypto,
    );
    const isSame =
      seal.manifestRoot === manifestRoot &&
      seal.transferId === transferId &&
      seal.instances === entries.length &&
      seal.bytes === this.#totalBytes &&
      seal.quarantined.every(({ sopInstanceUid }) => !this.#sopInstanceUids.has(sopInstanceUid));
    if (!isSame) throw new TransferError('TRANSFER_MANIFEST_MISMATCH');
  }

  #finishSeal(): void {
    if (this.#seal === undefined || this.#undurable > 0) return;
    this.#phase = 'sealed';
    const { kind: _, ...seal } = this.#seal;
    const manifest = sortManifest([...this.#instances.values()].map(({ entry }) => entry));
    this.#actions.push({ type: 'sealed', seal, manifest });
  }

  #written({ ordinal, index }: BlockPlace): void {
    this.#giveBack(this.#known(ordinal).markWritten(index));
  }

  #durable(blocks: readonly BlockPlace[]): void {
    const fresh = new Map<number, number[]>();
    for (const { ordinal, index } of blocks) {
      const instance = this.#known(ordinal);
      this.#giveBack(instance.markWritten(index));
      if (!instance.markDurable(index)) continue;
      const indexes = fresh.get(ordinal);
      if (indexes === undefined) fresh.set(ordinal, [index]);
      else indexes.push(index);
      if (instance.isDurable) this.#instanceDurable(instance);
    }
    const runs = Array.from(fresh, ([ordinal, indexes]) => ({ ordinal, runs: runsOf(indexes) }));
    for (const instances of pagesOf(runs)) this.#send({ kind: 'durable', instances });
  }

  #instanceDurable({ ordinal, entry }: IncomingInstance): void {
    this.#undurable--;
    this.#actions.push({ type: 'instance-durable', ordinal, entry });
  }

  #lost({ ordinal, index }: BlockPlace): void {
    const instance = this.#known(ordinal);
    if (this.#phase !== 'receiving') throw misuse('block-lost');
    if (instance.isDurable) this.#undurable++;
    this.#giveBack(instance.markWritten(index));
    instance.markLost(index);
    this.#send({ kind: 'want', instances: [{ ordinal, runs: [{ first: index, count: 1 }] }] });
  }

  #known(ordinal: number): IncomingInstance {
    const instance = this.#instances.get(ordinal);
    if (instance === undefined) throw misuse('ordinal');
    return instance;
  }

  /** Credit goes back a quarter at a time: with a block of 1 MiB and the least credit nobody waits for the other. */
  #giveBack(bytes: number): void {
    this.#owedBytes += bytes;
    if (this.#owedBytes < this.#creditBytes / 4) return;
    this.#send({ kind: 'credit', bytes: this.#owedBytes });
    this.#allowedBytes += this.#owedBytes;
    this.#owedBytes = 0;
  }

  #closed(): void {
    if (this.#phase === 'sealed' || this.#phase === 'settled') return this.#finish();
    this.#fail({ by: 'remote', code: 'PEER_CLOSED', retry: 'later', retryAfterMs: 0 });
  }

  #digestOf(envelope: Uint8Array): Digest {
    return toHex(sha256(this.#crypto, envelope)) as Digest;
  }

  #send(frame: Frame): void {
    this.#actions.push({ type: 'send', frame });
  }

  #finish(): void {
    this.#phase = 'over';
    this.#actions.push({ type: 'finished' });
  }

  #cancel(failure: Omit<SessionFailed, 'type'>): void {
    const { code, retry, retryAfterMs } = failure;
    this.#send({ kind: 'cancel', code, retry, retryAfterMs });
    this.#fail(failure);
  }

  #fail({ by, code, retry, retryAfterMs }: Omit<SessionFailed, 'type'>): void {
    this.#phase = 'over';
    this.#actions.push({ type: 'failed', by, code, retry, retryAfterMs });
  }
}

function isSameEntry(a: InstanceEntry, b: InstanceEntry): boolean {
  // The digest covers the blocks; the entry's bytes cover everything else.
  const [left, right] = [manifestEntryBytes(a), manifestEntryBytes(b)];
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function unexpected(frame: Frame): TransferError {
  return new TransferError('TRANSFER_PROTOCOL', { details: { kind: frame.kind } });
}

/** The host of this machine, not the other side, broke a rule. */
function misuse(kind: string): TransferError {
  return new TransferError('TRANSFER_STATE', { details: { kind } });
}

function limit(kind: string, count: number, most: number): TransferError {
  return new TransferError('TRANSFER_LIMIT', { details: { kind, count, limit: most } });
}
