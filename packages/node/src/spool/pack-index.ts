/** Where a pack's blocks lie: kept in memory, some twelve bytes a block, and rebuilt by a scan. */
import { BLOCK_BYTES, type InstanceEntry } from '@interhosp/core/study';
import { RECORD_OVERHEAD_BYTES } from './format.ts';

/** A run of consecutive blocks. */
export interface BlockRun {
  readonly first: number;
  readonly count: number;
}

/** A record's place in the file. */
export interface RecordPlace {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** One instance in a pack. */
export class PackInstance {
  entry: InstanceEntry | undefined;
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];
  #blocks = 0;

  /** How many blocks are there. */
  get blocks(): number {
    return this.#blocks;
  }

  /** The highest index that was ever set; -1 when none was. */
  get lastIndex(): number {
    return this.#offsets.length - 1;
  }

  set(index: number, { offset, lengthBytes }: RecordPlace): void {
    // A hole in an array of numbers would turn it into a slow one.
    while (this.#offsets.length < index) {
      this.#offsets.push(0);
      this.#lengths.push(0);
    }
    if ((this.#offsets[index] ?? 0) === 0) this.#blocks += 1;
    this.#offsets[index] = offset;
    this.#lengths[index] = lengthBytes;
  }

  at(index: number): RecordPlace | undefined {
    const offset = this.#offsets[index] ?? 0;
    return offset === 0 ? undefined : { offset, lengthBytes: this.#lengths[index] as number };
  }

  /** Forgets a block, if it still lies where the caller thinks. */
  forget(index: number, offset: number): void {
    if (this.#offsets[index] !== offset || offset === 0) return;
    this.#offsets[index] = 0;
    this.#blocks -= 1;
  }

  /** Forgets all blocks from this offset of the file on. */
  forgetFrom(offset: number): void {
    for (const [index, at] of this.#offsets.entries()) if (at >= offset) this.forget(index, at);
  }

  /** Runs of the blocks that end at or before an offset of the file. */
  runs(durableBytes: number): readonly BlockRun[] {
    const runs: { first: number; count: number }[] = [];
    for (const [index, offset] of this.#offsets.entries()) {
      const end = offset + RECORD_OVERHEAD_BYTES + (this.#lengths[index] as number);
      if (offset === 0 || end > durableBytes) continue;
      const last = runs.at(-1);
      if (last !== undefined && last.first + last.count === index) last.count += 1;
      else runs.push({ first: index, count: 1 });
    }
    return runs;
  }
}

/** How many blocks an entry has, without listing them. */
export function blockCountOf({ segments }: Pick<InstanceEntry, 'segments'>): number {
  return segments.reduce((sum, { lengthBytes }) => sum + Math.ceil(lengthBytes / BLOCK_BYTES), 0);
}

/** The length that a block of an entry must have; undefined when there is no such block. */
export function blockLengthOf({ segments }: Pick<InstanceEntry, 'segments'>, index: number): number | undefined {
  let first = 0;
  for (const { lengthBytes } of segments) {
    const count = Math.ceil(lengthBytes / BLOCK_BYTES);
    if (index < first + count) return Math.min(BLOCK_BYTES, lengthBytes - (index - first) * BLOCK_BYTES);
    first += count;
  }
  return undefined;
}
