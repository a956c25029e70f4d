/** One instance on its way in: which of its blocks are awaited, here, written and durable. */
import { TransferError } from '../errors/interhosp-error.ts';
import { blocksOf, type Block, type InstanceEntry } from '../study/blocks.ts';
import type { Digest } from '../study/identifiers.ts';
import { forEachIndex, runsWhere, type Run } from './runs.ts';

const AWAITED = 0;
const REUSED = 1;
const RECEIVED = 2;
const WRITTEN = 3;
const DURABLE = 4;

/** State of one instance in a receiver's session. */
export class IncomingInstance {
  readonly ordinal: number;
  readonly entry: InstanceEntry;
  readonly #blocks: readonly Block[];
  readonly #states: Uint8Array;
  #durable = 0;

  constructor(ordinal: number, entry: InstanceEntry) {
    this.ordinal = ordinal;
    this.entry = entry;
    this.#blocks = blocksOf(entry.segments);
    this.#states = new Uint8Array(this.#blocks.length);
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

  digestOf(index: number): Digest {
    return this.entry.blockDigests[index] as Digest;
  }

  /** What an earlier session left. */
  markResumed(runs: readonly Run[]): void {
    forEachIndex(runs, (index) => {
      this.lengthOf(index);
      this.#set(index, DURABLE);
    });
  }

  /** Sets those awaited blocks aside that are at hand, and returns them. */
  reuse(holds: (digest: Digest) => boolean): readonly number[] {
    const reused: number[] = [];
    this.#states.forEach((state, index) => {
      if (state !== AWAITED || !holds(this.digestOf(index))) return;
      this.#states[index] = REUSED;
      reused.push(index);
    });
    return reused;
  }

  /** The blocks that the sender is to send. */
  awaitedRuns(): readonly Run[] {
    return runsWhere(this.#states.length, (index) => this.#states[index] === AWAITED);
  }

  isAwaited(index: number): boolean {
    return this.#states[index] === AWAITED;
  }

  markReceived(index: number): void {
    this.#set(index, RECEIVED);
  }

  /** Bytes whose credit is free now: those of a block that came over the wire and is written for the first time. */
  markWritten(index: number): number {
    const state = this.#stateOf(index);
    if (state === REUSED) this.#set(index, WRITTEN);
    if (state !== RECEIVED) return 0;
    this.#set(index, WRITTEN);
    return this.lengthOf(index);
  }

  /** False when it was durable before. */
  markDurable(index: number): boolean {
    if (this.#stateOf(index) === DURABLE) return false;
    this.#set(index, DURABLE);
    return true;
  }

  /** The block is awaited again. */
  markLost(index: number): void {
    this.#stateOf(index);
    this.#set(index, AWAITED);
  }

  /** The host speaks of blocks that it was asked to write or copy, and of no others. */
  #stateOf(index: number): number {
    const state = this.#states[index];
    if (state === undefined || state === AWAITED)
      throw new TransferError('TRANSFER_STATE', { details: { kind: 'block' } });
    return state;
  }

  #set(index: number, state: number): void {
    if (this.#states[index] === DURABLE) this.#durable--;
    if (state === DURABLE) this.#durable++;
    this.#states[index] = state;
  }
}
