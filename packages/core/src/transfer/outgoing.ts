/** One instance on its way out: which of its blocks are to be sent, were sent, and are durable at the other side. */
import { TransferError } from '../errors/interhosp-error.ts';
import { blocksOf, type Block, type InstanceEntry } from '../study/blocks.ts';
import type { AppendFrame } from './frames.ts';
import { forEachIndex, type Run } from './runs.ts';

const IDLE = 0;
const QUEUED = 1;
const SENT = 2;
const DURABLE = 3;

/** State of one instance in a sender's session. */
export class OutgoingInstance {
  readonly ordinal: number;
  readonly entry: InstanceEntry;
  /** The receiver has been told of the instance, or holds it. */
  isAppended = false;
  /** The receiver has yet to say which blocks it wants. */
  isAwaitingWant = false;
  readonly #blocks: readonly Block[];
  readonly #states: Uint8Array;
  #queued = 0;
  #durable = 0;
  /** No block before this one is queued. */
  #cursor = 0;

  constructor(ordinal: number, entry: InstanceEntry) {
    this.ordinal = ordinal;
    this.entry = entry;
    this.#blocks = blocksOf(entry.segments);
    this.#states = new Uint8Array(this.#blocks.length);
  }

  get hasQueued(): boolean {
    return this.#queued > 0;
  }

  get isDurable(): boolean {
    return this.#durable === this.#blocks.length;
  }

  /** Bytes of a block. @throws {TransferError} `TRANSFER_PROTOCOL` when the instance has no such block. */
  lengthOf(index: number): number {
    const block = this.#blocks[index];
    if (block === undefined) throw new TransferError('TRANSFER_PROTOCOL', { details: { field: 'index' } });
    return block.lengthBytes;
  }

  /** Queues every block that is not durable. */
  queueMissing(): void {
    this.#states.forEach((state, index) => state === IDLE && this.#queue(index));
  }

  /** Queues what the receiver asks for, also what was sent before: it may have lost it. Returns what is durable no longer. */
  queueWanted(runs: readonly Run[], isBeingRead: (index: number) => boolean): readonly number[] {
    const undone: number[] = [];
    forEachIndex(runs, (index) => {
      this.lengthOf(index);
      if (this.#states[index] === QUEUED || isBeingRead(index)) return;
      if (this.#states[index] === DURABLE) {
        this.#durable--;
        undone.push(index);
      }
      this.#queue(index);
    });
    return undone;
  }

  /** The next queued block without taking it. */
  peek(): number | undefined {
    if (this.#queued === 0) return undefined;
    while (this.#states[this.#cursor] !== QUEUED) this.#cursor++;
    return this.#cursor;
  }

  /** Takes a queued block: it counts as sent from now on. */
  take(index: number): void {
    this.#states[index] = SENT;
    this.#queued--;
  }

  /** Notes that a block is durable; false when that was known. */
  markDurable(index: number): boolean {
    this.lengthOf(index);
    if (this.#states[index] === DURABLE) return false;
    if (this.#states[index] === QUEUED) this.#queued--;
    this.#states[index] = DURABLE;
    this.#durable++;
    return true;
  }

  /** The frame that names the instance. */
  append(): AppendFrame {
    const { seriesInstanceUid, sopInstanceUid, sopClassUid, transferSyntaxUid, lengthBytes, segments, blockDigests } =
      this.entry;
    return {
      kind: 'append',
      ordinal: this.ordinal,
      seriesInstanceUid,
      sopInstanceUid,
      sopClassUid,
      transferSyntaxUid,
      lengthBytes,
      segments,
      blockDigests,
    };
  }

  #queue(index: number): void {
    this.#states[index] = QUEUED;
    this.#queued++;
    this.#cursor = Math.min(this.#cursor, index);
  }
}
