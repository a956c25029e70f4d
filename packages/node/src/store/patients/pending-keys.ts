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
const FIRST_LENGTH = 16;
/** In the first of the three words: 10 bits of the row, 8 of the rest, then whether it is a removal. */
const REMOVAL = 1 << 18;

/** See the file's head. */
export class PendingKeys {
  readonly #parts: (Part | undefined)[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add({ row, rest }: KeyPlace, slot: number, isRemoval: boolean): void {
    const part = (this.#parts[Math.floor(row / ROWS_IN_PART)] ??= {
      words: new Uint32Array(FIRST_LENGTH * 3),
      length: 0,
    });
    if (part.length === part.words.length) {
      const longer = new Uint32Array(Math.ceil(part.length / 2) * 3);
      longer.set(part.words);
      part.words = longer;
    }
    const high = Math.floor(rest / 2 ** 32);
    part.words[part.length] = (isRemoval ? REMOVAL : 0) | ((row % ROWS_IN_PART) << 8) | high;
    part.words[part.length + 1] = rest >>> 0;
    part.words[part.length + 2] = slot;
    part.length += 3;
    this.#count += 1;
  }

  /** The changed rows in their order; what was given is forgotten on the way, so that memory is free again. */
  *take(): Generator<RowChanges, void, undefined> {
    for (let index = 0; index < 1 << PART_BITS; index++) {
      const part = this.#parts[index];
      if (part === undefined) continue;
      this.#parts[index] = undefined;
      this.#count -= part.length / 3;
      yield* rowsOf(part, index * ROWS_IN_PART);
    }
  }
}

interface Part {
  words: Uint32Array;
  /** Words in use. */
  length: number;
}

function* rowsOf({ words, length }: Part, firstRow: number): Generator<RowChanges, void, undefined> {
  const rows: (KeyChange[] | undefined)[] = [];
  for (let at = 0; at < length; at += 3) {
    const first = words[at] as number;
    const change = {
      rest: (first & 0xff) * 2 ** 32 + (words[at + 1] as number),
      slot: words[at + 2] as number,
      isRemoval: (first & REMOVAL) !== 0,
    };
    (rows[(first >>> 8) % ROWS_IN_PART] ??= []).push(change);
  }
  for (let index = 0; index < ROWS_IN_PART; index++) {
    const changes = rows[index];
    if (changes === undefined) continue;
    yield { row: firstRow + index, changes: changes.sort((one, other) => one.rest - other.rest) };
  }
}
