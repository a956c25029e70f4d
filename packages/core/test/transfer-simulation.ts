/**
 * Two hospitals and one stream at a time, all from a seed: a sender that retrieves while it sends, a receiver whose spool
 * loses what was not synced, a pipe that is cut, corrupts blocks and repeats appends. The hosts do what a journey does and
 * check, at each step, what a journey relies on.
 */
import assert from 'node:assert/strict';
import {
  blocksOf,
  leafDigest,
  manifestRootOf,
  merkleRoot,
  parseExchangeId,
  parseMemberId,
  transferIdOf,
  type Digest,
  type InstanceEntry,
  type Segment,
} from '../src/study/index.ts';
import { parseUid } from '../src/dicom/uid.ts';
import { decodeFrame, encodeFrame } from '../src/transfer/frame-codec.ts';
import type { Frame, OfferFrame, SealContent } from '../src/transfer/frames.ts';
import { createReceiverSession, type ReceiverSession } from '../src/transfer/receiver-session.ts';
import { runsOf } from '../src/transfer/runs.ts';
import { createSenderSession, type SenderSession } from '../src/transfer/sender-session.ts';
import type {
  ReceiverAction,
  ReceiverEvent,
  ResumedInstance,
  SenderAction,
  SenderEvent,
} from '../src/transfer/session-events.ts';
import { nodeCrypto } from './node-crypto.ts';

/** Numbers from a seed (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export const SENDER = parseMemberId('be-north');
export const RECEIVER = parseMemberId('be-south');
export const FEDERATION = 'fe'.repeat(32);
export const STUDY = parseUid('1.2.3.4');

/** An instance with its bytes, cut as its segments say. */
export interface SampleInstance {
  readonly entry: InstanceEntry;
  readonly blocks: readonly Uint8Array[];
}

/** An instance of these segment lengths; a single one is `whole`. */
export function sampleInstance(
  ordinal: number,
  lengths: readonly number[],
  random: (below: number) => number,
): SampleInstance {
  const kindOf = (index: number) => (index === 0 ? 'header' : index === lengths.length - 1 ? 'trailer' : 'pixel');
  const segments: Segment[] = lengths.map((lengthBytes, index) => ({
    kind: lengths.length === 1 ? 'whole' : kindOf(index),
    lengthBytes,
  }));
  const blocks = blocksOf(segments).map(({ lengthBytes }) => {
    const bytes = new Uint8Array(lengthBytes).fill(random(256));
    for (let index = 0; index < Math.min(lengthBytes, 8); index++) bytes[index] = random(256);
    return bytes;
  });
  const blockDigests = blocks.map((bytes) => leafDigest(nodeCrypto, bytes));
  const entry: InstanceEntry = {
    studyInstanceUid: STUDY,
    seriesInstanceUid: parseUid('1.2.3.4.1'),
    sopInstanceUid: parseUid(`1.2.3.4.1.${ordinal + 1}`),
    sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.2'),
    transferSyntaxUid: parseUid('1.2.840.10008.1.2.1'),
    lengthBytes: lengths.reduce((sum, length) => sum + length, 0),
    segments,
    blockDigests,
    digest: merkleRoot(nodeCrypto, blockDigests),
  };
  return { entry, blocks };
}

/** The seal of these instances. */
export function sealOf(instances: readonly SampleInstance[]): SealContent {
  const entries = instances.map(({ entry }) => entry);
  const manifestRoot = manifestRootOf(entries, nodeCrypto);
  const identity = {
    federationId: FEDERATION,
    sender: SENDER,
    receiver: RECEIVER,
    studyInstanceUid: STUDY,
    purpose: 'treatment' as const,
  };
  return {
    transferId: transferIdOf({ ...identity, manifestRoot }, nodeCrypto),
    manifestRoot,
    instances: entries.length,
    bytes: entries.reduce((sum, entry) => sum + entry.lengthBytes, 0),
    quarantined: [],
  };
}

/** An offer of the sample study. */
export function sampleOffer(changes: Partial<OfferFrame> = {}): OfferFrame {
  return {
    kind: 'offer',
    protocolVersion: 1,
    exchangeId: parseExchangeId('0123456789abcdef0123456789abcdef'),
    attempt: 1,
    federationId: FEDERATION,
    rosterVersion: 3,
    rosterHash: 'ab'.repeat(32) as Digest,
    sender: SENDER,
    receiver: RECEIVER,
    purpose: 'treatment',
    priority: 'routine',
    header: { studyInstanceUid: STUDY, patient: {}, modalities: ['CT'] },
    features: [],
    ...changes,
  };
}

/** What a run is made of. */
export interface SimulationOptions {
  readonly seed: number;
  readonly instances: readonly SampleInstance[];
  /** Blocks at hand from an earlier study; undefined: the receiver wants all. */
  readonly atHand?: ReadonlyMap<Digest, Uint8Array>;
  readonly creditBytes?: number;
  /** The stream is cut after so many frames, counted in both directions; then as the faults say. */
  readonly cutAfterFrames?: number;
  /** Chances in a thousand, for each frame or block. */
  readonly faults?: {
    readonly cut?: number;
    readonly corrupt?: number;
    readonly repeatAppend?: number;
    readonly crash?: number;
    readonly lose?: number;
  };
}

/** What a run has shown. */
export interface SimulationResult {
  readonly sessions: number;
  readonly frames: number;
  readonly blockBytesSent: number;
  readonly corrupted: number;
  readonly reused: number;
}

/** Faults end after so many sessions, so that every run ends. */
const FAULTY_SESSIONS = 12;
const MOST_STEPS = 200_000;

/** Runs until the receiver has sealed and the sender has its receipt; throws where anything is not as it must be. */
export function simulate(options: SimulationOptions): SimulationResult {
  const simulation = new Simulation(options);
  return simulation.run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: (below: number) => number;
  readonly #seal: SealContent;
  // Durable at the receiver, by ordinal.
  readonly #spool = new Map<number, { readonly entry: InstanceEntry; readonly blocks: Map<number, Uint8Array> }>();
  readonly #receipt = new TextEncoder().encode('a signed receipt');
  #retrieved = 0;
  #sessions = 0;
  #frames = 0;
  #blockBytesSent = 0;
  #corrupted = 0;
  #reused = 0;
  #isReceiptRecorded = false;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.#seal = sealOf(options.instances);
  }

  run(): SimulationResult {
    while (!this.#isReceiptRecorded) {
      assert.ok(this.#sessions < FAULTY_SESSIONS + 3);
      this.#sessions++;
      this.#session();
    }
    this.#checkSpool();
    return {
      sessions: this.#sessions,
      frames: this.#frames,
      blockBytesSent: this.#blockBytesSent,
      corrupted: this.#corrupted,
      reused: this.#reused,
    };
  }

  /** One stream from its opening to its end. */
  #session(): void {
    const { creditBytes, atHand } = this.#options;
    const link = new Link(this.#options, this.#random, this.#sessions > FAULTY_SESSIONS);
    const sender = createSenderSession({ offer: sampleOffer(), crypto: nodeCrypto });
    const receiver = createReceiverSession({
      crypto: nodeCrypto,
      sender: SENDER,
      receiver: RECEIVER,
      federationId: FEDERATION,
    });
    const spool = this.#spool;
    const resume = Array.from(spool, ([ordinal, { entry, blocks }]): ResumedInstance => ({
      ordinal,
      entry,
      durable: runsOf(blocks.keys()),
    }));
    const admitted: ReceiverEvent = {
      type: 'admitted',
      resume,
      ...(creditBytes === undefined ? {} : { creditBytes }),
      ...(atHand === undefined ? {} : { holds: (digest: Digest) => atHand.has(digest) }),
    };
    const written = new Map<string, { readonly ordinal: number; readonly index: number; readonly bytes: Uint8Array }>();
    const unsynced: { readonly ordinal: number; readonly index: number; readonly bytes: Uint8Array }[] = [];
    const entries = new Map<number, InstanceEntry>(Array.from(spool, ([ordinal, { entry }]) => [ordinal, entry]));
    const reads: { readonly ordinal: number; readonly index: number }[] = [];
    let fed = 0;
    let isSealFed = false;
    let isOver = false;
    let corruptedAt: string | undefined;

    const toSender = (event: SenderEvent): void => {
      for (const action of checkedOn(sender, event)) fromSender(action);
    };
    const toReceiver = (event: ReceiverEvent): void => {
      for (const action of checkedOn(receiver, event)) fromReceiver(action);
    };
    const write = (ordinal: number, index: number, bytes: Uint8Array): void => {
      const key = `${ordinal}:${index}`;
      // Asked for once in a session, and never when it is durable.
      assert.equal(written.has(key), false);
      assert.equal(spool.get(ordinal)?.blocks.has(index) ?? false, false);
      assert.notEqual(key, corruptedAt);
      written.set(key, { ordinal, index, bytes });
      if (this.#random(1000) < (this.#options.faults?.lose ?? 0) && this.#sessions <= FAULTY_SESSIONS) {
        written.delete(key);
        toReceiver({ type: 'block-lost', ordinal, index });
        return;
      }
      unsynced.push({ ordinal, index, bytes });
    };
    const fromSender = (action: SenderAction): void => {
      switch (action.type) {
        case 'send': {
          const { frame } = action;
          if (frame.kind === 'block') this.#blockBytesSent += frame.bytes.length;
          const isCorrupt = link.send('toReceiver', frame);
          if (isCorrupt && frame.kind === 'block') corruptedAt = `${frame.ordinal}:${frame.index}`;
          if (isCorrupt) this.#corrupted++;
          return;
        }
        case 'read-block':
          reads.push(action);
          return;
        case 'progress':
          assert.ok(action.bytes <= this.#seal.bytes);
          return;
        case 'receipt':
          assert.deepEqual(action.envelope, this.#receipt);
          // Nobody signs for what is not durable.
          this.#checkSpool();
          toSender({ type: 'receipt-recorded', digest: action.digest, last: true });
          return;
        case 'finished':
          this.#isReceiptRecorded = true;
          isOver = true;
          return;
        case 'failed':
          isOver = true;
          return;
        default:
          action satisfies never;
      }
    };
    const fromReceiver = (action: ReceiverAction): void => {
      switch (action.type) {
        case 'send':
          link.send('toSender', action.frame);
          return;
        case 'offer':
          toReceiver(admitted);
          return;
        case 'append':
          assert.equal(entries.has(action.ordinal), false);
          assert.deepEqual(action.entry, this.#options.instances[action.ordinal]?.entry);
          entries.set(action.ordinal, action.entry);
          return;
        case 'write-block':
          assert.equal(leafDigest(nodeCrypto, action.bytes), action.digest);
          write(action.ordinal, action.index, action.bytes);
          return;
        case 'reuse-block': {
          const bytes = atHand?.get(action.digest);
          if (bytes === undefined) throw new Error('asked to reuse what is not at hand');
          this.#reused++;
          write(action.ordinal, action.index, bytes);
          return;
        }
        case 'instance-durable': {
          const stored = spool.get(action.ordinal)?.blocks.size ?? 0;
          assert.equal(stored, action.entry.blockDigests.length);
          return;
        }
        case 'sealed': {
          // An instance without a single byte has no block whose durability would carry its entry.
          keepEntries();
          this.#checkSpool();
          const { kind: _, ...seal } = { kind: 'seal', ...this.#seal };
          assert.deepEqual(action.seal, seal);
          assert.equal(manifestRootOf(action.manifest, nodeCrypto), this.#seal.manifestRoot);
          toReceiver({ type: 'receipt', envelope: this.#receipt });
          return;
        }
        case 'failed':
          if (corruptedAt !== undefined && action.by === 'here') assert.equal(action.code, 'TRANSFER_DIGEST_MISMATCH');
          isOver = true;
          return;
        case 'all-announced':
        case 'query':
        case 'receipt-acknowledged':
        case 'reprioritised':
        case 'finished':
          return;
        default:
          action satisfies never;
      }
    };
    const keepEntries = (): void => {
      for (const [ordinal, entry] of entries) {
        if (!spool.has(ordinal)) spool.set(ordinal, { entry, blocks: new Map() });
      }
    };
    const sync = (): void => {
      const blocks = unsynced.splice(0);
      keepEntries();
      for (const { ordinal, index, bytes } of blocks) spool.get(ordinal)?.blocks.set(index, bytes);
      toReceiver({ type: 'block-durable', blocks });
    };

    toSender({ type: 'opened' });
    for (let step = 0; !isOver; step++) {
      assert.ok(step < MOST_STEPS);
      if (link.isCut) break;
      const moves: (() => void)[] = [];
      if (link.has('toReceiver')) moves.push(() => toReceiver({ type: 'frame', frame: link.take('toReceiver') }));
      if (link.has('toSender')) moves.push(() => toSender({ type: 'frame', frame: link.take('toSender') }));
      if (fed < this.#options.instances.length) {
        moves.push(() => {
          const ordinal = fed++;
          this.#retrieved = Math.max(this.#retrieved, fed);
          toSender({ type: 'instance', ordinal, entry: (this.#options.instances[ordinal] as SampleInstance).entry });
        });
      } else if (!isSealFed) {
        moves.push(() => {
          isSealFed = true;
          toSender({ type: 'sealed', seal: this.#seal });
        });
      }
      if (reads.length > 0) {
        moves.push(() => {
          const [{ ordinal, index }] = reads.splice(this.#random(reads.length), 1) as [
            { ordinal: number; index: number },
          ];
          const bytes = this.#options.instances[ordinal]?.blocks[index] as Uint8Array;
          toSender({ type: 'block-read', ordinal, index, bytes });
        });
      }
      if (unsynced.length > 0) {
        const { ordinal, index } = unsynced[this.#random(unsynced.length)] as { ordinal: number; index: number };
        moves.push(() => toReceiver({ type: 'block-written', ordinal, index }), sync);
      }
      // Nothing to do and nobody done: the two wait for each other for ever.
      assert.ok(moves.length > 0);
      (moves[this.#random(moves.length)] as () => void)();
    }
    this.#frames += link.frames;
    toSender({ type: 'closed' });
    toReceiver({ type: 'closed' });
    assert.deepEqual(sender.on({ type: 'opened' }), []);
    assert.deepEqual(receiver.on({ type: 'cancel', code: 'TRANSFER_CANCELLED' }), []);
    if (this.#random(1000) >= (this.#options.faults?.crash ?? 0)) sync();
  }

  /** Every byte of every instance is durable, and is what was sent. */
  #checkSpool(): void {
    assert.equal(this.#spool.size, this.#options.instances.length);
    this.#options.instances.forEach(({ blocks, entry }, ordinal) => {
      const stored = this.#spool.get(ordinal);
      if (stored?.entry.digest !== entry.digest || stored.blocks.size !== blocks.length) throw new Error('not durable');
      blocks.forEach((bytes, index) => {
        if (Buffer.compare(bytes, stored.blocks.get(index) ?? new Uint8Array()) !== 0) throw new Error('other bytes');
      });
    });
  }
}

type Direction = 'toReceiver' | 'toSender';

/** One stream; frames cross it as bytes, in order. */
class Link {
  readonly #options: SimulationOptions;
  readonly #random: (below: number) => number;
  readonly #isSound: boolean;
  readonly #queues: Readonly<Record<Direction, Uint8Array[]>> = { toReceiver: [], toSender: [] };
  frames = 0;
  isCut = false;

  constructor(options: SimulationOptions, random: (below: number) => number, isSound: boolean) {
    this.#options = options;
    this.#random = random;
    this.#isSound = isSound;
  }

  /** True when the frame was corrupted. */
  send(direction: Direction, frame: Frame): boolean {
    if (this.isCut) return false;
    const bytes = encodeFrame(frame);
    const { corrupt = 0, repeatAppend = 0 } = this.#isSound ? {} : (this.#options.faults ?? {});
    const isCorrupt = frame.kind === 'block' && this.#chance(corrupt);
    // The last byte of a block frame whose packing is 0 is the block's own.
    if (isCorrupt) bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    this.#queues[direction].push(bytes);
    if (frame.kind === 'append' && this.#chance(repeatAppend)) this.#queues[direction].push(bytes.slice());
    return isCorrupt;
  }

  has(direction: Direction): boolean {
    return this.#queues[direction].length > 0;
  }

  take(direction: Direction): Frame {
    const frame = decodeFrame(this.#queues[direction].shift() as Uint8Array);
    this.frames++;
    if (this.frames === this.#options.cutAfterFrames) this.isCut = !this.#isSound;
    if (!this.#isSound && this.#chance(this.#options.faults?.cut ?? 0)) this.isCut = true;
    return frame;
  }

  #chance(inThousand: number): boolean {
    return inThousand > 0 && this.#random(1000) < inThousand;
  }
}

/** Gives an event to a machine and checks what holds of every answer. */
function checkedOn<E, A extends { readonly type: string }>(
  session: { on(event: E): readonly A[] },
  event: E,
): readonly A[] {
  const actions = session.on(event);
  const end = actions.findIndex(({ type }) => type === 'failed' || type === 'finished');
  if (end >= 0) assert.equal(end, actions.length - 1);
  return actions;
}

export type { ReceiverSession, SenderSession };
