/**
 * Keys to be filed or taken out, until they are written: twelve bytes each in plain arrays, since an import holds millions.
 * They lie in parts by the first bits of their row, so that rows come out in order without sorting all.
 */
import { KEY_ROW_BITS } from './defaults.ts';
import type { KeyPlace } from './key-hash.ts';
import type { KeyChange } from './key-row.ts';

/** What is to be changed in one row. */
export interface RowChanges {
  readonly row: number;
  /** Sorted by rest; those of one key in the order they were made. */
  readonly changes: readonly KeyChange[];
}

const PART_BITS = 8;
const ROWS_IN_PART = 1 << (KEY_ROW_BITS - PART_BITS);
const WORDS = 3;
/** In the first of the three words: 10 bits of the row, 8 of the rest, then whether it is a removal. */
const REMOVAL = 1 << 18;
/** Words of a part's first block, and of those that follow: all of one size, so that freed ones serve again. */
const FIRST_WORDS = 16 * WORDS;
const BLOCK_WORDS = 2_048 * WORDS;

/** See the file's head. */
export class PendingKeys {
  readonly #parts: (Part | undefined)[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add({ row, rest }: KeyPlace, slot: number, isRemoval: boolean): void {
    const part = (this.#parts[Math.floor(row / ROWS_IN_PART)] ??= newPart());
    if (part.at === part.last.length) {
      part.last = new Uint32Array(BLOCK_WORDS);
      part.blocks.push(part.last);
      part.at = 0;
    }
    const high = Math.floor(rest / 2 ** 32);
    part.last[part.at] = (isRemoval ? REMOVAL : 0) | ((row % ROWS_IN_PART) << 8) | high;
    part.last[part.at + 1] = rest >>> 0;
    part.last[part.at + 2] = slot;
    part.at += WORDS;
    this.#count += 1;
  }

  /** The changed rows in their order; what was given is forgotten on the way, so that memory is free again. */
  *take(): Generator<RowChanges, void, undefined> {
    for (const [index, part] of this.#parts.entries()) {
      if (part === undefined) continue;
      this.#parts[index] = undefined;
      for (const { row, changes } of rowsOf(part)) {
        this.#count -= changes.length;
        yield { row: index * ROWS_IN_PART + row, changes };
      }
    }
  }
}

interface Part {
  readonly blocks: Uint32Array[];
  last: Uint32Array;
  /** Words in use of the last block. */
  at: number;
}

function newPart(): Part {
  const last = new Uint32Array(FIRST_WORDS);
  return { blocks: [last], last, at: 0 };
}

function* rowsOf({ blocks, last, at }: Part): Generator<RowChanges, void, undefined> {
  const rows: (KeyChange[] | undefined)[] = [];
  for (const words of blocks) {
    const end = words === last ? at : words.length;
    for (let index = 0; index < end; index += WORDS) {
      const first = words[index] as number;
      const rest = (first & 0xff) * 2 ** 32 + (words[index + 1] as number);
      const change = { rest, slot: words[index + 2] as number, isRemoval: (first & REMOVAL) !== 0 };
      (rows[(first >>> 8) % ROWS_IN_PART] ??= []).push(change);
    }
  }
  for (let row = 0; row < ROWS_IN_PART; row++) {
    const changes = rows[row];
    if (changes !== undefined) yield { row, changes: changes.sort((one, other) => one.rest - other.rest) };
  }
}
