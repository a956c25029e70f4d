/**
 * The rows of the patient index in LevelDB, and in memory a mark of each: LevelDB gives back altered bytes, older values or
 * none without a word, so what is read is held against the mark, and at the start all marks against their sum.
 */
import { rename, rm } from 'node:fs/promises';
import { errorCodeOf } from '@interhosp/core/errors';
import { Level } from 'level';
import { guarded, isBeyondRepair } from '../level-errors.ts';
import { LEVEL_OPTIONS, ROWS_AT_ONCE } from './defaults.ts';
import { HeadFile } from './head-file.ts';
import { rowKey, rowNumber, rowSpace, type RowSpace } from './row-keys.ts';
import { damagedIndex, markOf, type RowSealer } from './row-seal.ts';
import { slotNumbers, type SlotNumbers } from './slot-numbers.ts';

/** What the marks of some rows come to; the order in which they were written does not matter. */
export interface RowSum {
  readonly count: number;
  /** Exclusive or of the marks. */
  readonly sum: number;
}

/** Spaces that hold what nothing else here tells; the others can be made again from them. */
export const TRUTH_SPACES = ['record', 'alias'] as const satisfies readonly RowSpace[];
/** Spaces made from the records. */
export const DERIVED_SPACES = ['key', 'name'] as const satisfies readonly RowSpace[];

type Database = Level<Uint8Array, Uint8Array>;

/** A change of a row. */
export interface RowChange {
  readonly space: RowSpace;
  readonly number: number;
  /** Not sealed; undefined takes the row out. */
  readonly plain: Uint8Array | undefined;
}

/** A row that was written ahead: its mark counts from the next batch on. */
export interface WrittenAhead {
  readonly number: number;
  readonly mark: number;
}

const EMPTIED_SUFFIX = '.emptied';

/** See the file's head. */
export class IndexRows {
  readonly #sealer: RowSealer;
  readonly #folder: string;
  #database: Database;
  #head: HeadFile;
  #marks = noMarks();
  #sums = noSums();
  /** Changes that were made, each with its meta row. */
  #changes = 0;

  private constructor(folder: string, sealer: RowSealer, { database, head }: Opened) {
    this.#folder = folder;
    this.#sealer = sealer;
    this.#database = database;
    this.#head = head;
  }

  /**
   * Opens the rows in a folder that {@link makeRows} made. What LevelDB cannot open is thrown away.
   *
   * @throws {StorageError} `STORAGE_LOCKED`, `STORAGE_FULL`, `STORAGE_FAILED`.
   */
  static async open(
    folder: string,
    sealer: RowSealer,
  ): Promise<{ readonly rows: IndexRows; readonly wasThrownAway: boolean }> {
    // What an emptying that was cut off left behind.
    await rm(`${folder}${EMPTIED_SUFFIX}`, { recursive: true, force: true });
    return await guarded(async () => {
      try {
        return { rows: new IndexRows(folder, sealer, await openBoth(folder)), wasThrownAway: false };
      } catch (error) {
        if (!isBeyondRepair(error)) throw error;
        await emptyFolder(folder);
        return { rows: new IndexRows(folder, sealer, await openBoth(folder)), wasThrownAway: true };
      }
    });
  }

  /**
   * Whether no change was lost since the one that the meta row is of; counting goes on from the later one.
   *
   * @param changes - What the meta row says; undefined where there is none.
   */
  async isUpToDate(changes: number | undefined): Promise<boolean> {
    const head = await guarded(() => this.#head.read());
    this.#changes = Math.max(changes ?? 0, head ?? 0);
    return changes !== undefined && head !== undefined && head <= changes;
  }

  /** The marks of all rows of these spaces. */
  sumOf(spaces: readonly RowSpace[]): RowSum {
    return spaces.reduce(
      ({ count, sum }, space) => ({
        count: count + this.#sums[space].count,
        sum: (sum ^ this.#sums[space].sum) >>> 0,
      }),
      { count: 0, sum: 0 },
    );
  }

  has(space: RowSpace, number: number): boolean {
    return this.#marks[space].get(number) !== 0;
  }

  /** One more than the highest number in use. */
  end(space: RowSpace): number {
    return this.#marks[space].end;
  }

  /**
   * Opened rows, undefined where there is none.
   *
   * @throws {StorageError} `STORAGE_INDEX_DAMAGED`, `STORAGE_FAILED`.
   */
  async read(space: RowSpace, numbers: readonly number[]): Promise<readonly (Uint8Array | undefined)[]> {
    const marks = this.#marks[space];
    const there = numbers.filter((number) => marks.get(number) !== 0).map((number) => rowKey(space, number));
    const found = there.length === 0 ? [] : await guarded(() => this.#database.getMany(there));
    let next = 0;
    return numbers.map((number) => {
      const mark = marks.get(number);
      if (mark === 0) return undefined;
      const key = there[next] as Uint8Array;
      const bytes = found[next++];
      if (bytes === undefined || markOf(bytes) !== mark) throw damagedIndex('row');
      return this.#sealer.open(key, bytes);
    });
  }

  /** As {@link read}, but a damaged row is undefined as well. */
  async readSound(space: RowSpace, numbers: readonly number[]): Promise<readonly (Uint8Array | undefined)[]> {
    try {
      return await this.read(space, numbers);
    } catch (error) {
      if (errorCodeOf(error) !== 'STORAGE_INDEX_DAMAGED') throw error;
      return await Promise.all(numbers.map((number) => this.read(space, [number]).then(first).catch(ignoreDamage)));
    }
  }

  /** The row of the meta space, which is not held against a mark; undefined when it is missing or does not open. */
  async readMeta(): Promise<Uint8Array | undefined> {
    const key = rowKey('meta', 0);
    const bytes = await guarded(() => this.#database.get(key)).catch(ignoreDamage);
    if (bytes === undefined) return undefined;
    try {
      return this.#sealer.open(key, bytes);
    } catch {
      return undefined;
    }
  }

  /**
   * Reads every row and takes its mark. Rows of names, of leading IDs and of records are opened; those of keys are when they
   * are used.
   *
   * @param each - Called with what was opened; undefined for a row that does not open, which then counts as not there.
   * @param options.endSlot - Records from here on were written ahead of a change that was never made: they are taken out.
   */
  async scan(
    each: (space: RowSpace, number: number, plain: Uint8Array | undefined) => void,
    { endSlot }: { readonly endSlot: number },
  ): Promise<void> {
    this.#marks = noMarks();
    this.#sums = noSums();
    const gone: Uint8Array[] = [];
    const iterator = this.#database.iterator();
    try {
      for (;;) {
        const entries = await guarded(() => iterator.nextv(ROWS_AT_ONCE)).catch(ignoreDamage);
        // LevelDB noticed damage itself: what was not read shows in the sums.
        if (entries === undefined || entries.length === 0) break;
        for (const [key, bytes] of entries) if (!this.#scanRow(key, bytes, endSlot, each)) gone.push(key);
      }
    } finally {
      await iterator.close();
    }
    if (gone.length > 0) await this.#writeAll(gone.map((key) => ({ type: 'del', key })));
  }

  /** Whether the row may stay. */
  #scanRow(
    key: Uint8Array,
    bytes: Uint8Array,
    endSlot: number,
    each: (space: RowSpace, number: number, plain: Uint8Array | undefined) => void,
  ): boolean {
    const space = rowSpace(key);
    if (space === undefined) return false;
    const number = rowNumber(key);
    if (space === 'record' && number >= endSlot) return false;
    if (space === 'key' || space === 'meta') {
      if (space === 'key') this.#setMark(space, number, markOf(bytes));
      return true;
    }
    try {
      each(space, number, this.#sealer.open(key, bytes));
    } catch {
      each(space, number, undefined);
      return false;
    }
    this.#setMark(space, number, markOf(bytes));
    return true;
  }

  /**
   * Makes all changes or none, durable on return.
   *
   * @param meta - What the meta row becomes, made once the sums are those after the changes, of the number of the change.
   * @param ahead - Records written by {@link writeAhead} that count from now on.
   * @throws {StorageError} `STORAGE_FULL`, `STORAGE_FAILED`: whether it took effect is unknown; open the index again.
   */
  async write(
    changes: readonly RowChange[],
    meta: (change: number) => Uint8Array,
    ahead: readonly WrittenAhead[] = [],
  ): Promise<void> {
    // Before the changes: one of them may take such a record out again.
    for (const { number, mark } of ahead) this.#setMark('record', number, mark);
    const operations = changes.map((change) => this.#operation(change));
    const key = rowKey('meta', 0);
    this.#changes += 1;
    operations.push({ type: 'put', key, value: this.#sealer.seal(key, meta(this.#changes)) });
    await this.#writeAll(operations, true);
    await guarded(() => this.#head.write(this.#changes));
  }

  /** Makes changes without saying so in the meta row: only behind a mark that they are unfinished. */
  async writeUnfinished(changes: readonly RowChange[]): Promise<void> {
    await this.#writeAll(changes.map((change) => this.#operation(change)));
  }

  /** Writes records that count from the next {@link write} that is told of them. */
  async writeAhead(
    records: readonly { readonly number: number; readonly plain: Uint8Array }[],
  ): Promise<readonly WrittenAhead[]> {
    const operations = records.map(({ number, plain }) => {
      const key = rowKey('record', number);
      return { type: 'put', key, value: this.#sealer.seal(key, plain) } as const;
    });
    await this.#writeAll(operations);
    return operations.map(({ value }, index) => ({ number: records[index]?.number ?? 0, mark: markOf(value) }));
  }

  /** Takes back what was written ahead. */
  async discard(ahead: readonly WrittenAhead[]): Promise<void> {
    for (let from = 0; from < ahead.length; from += ROWS_AT_ONCE) {
      const some = ahead.slice(from, from + ROWS_AT_ONCE);
      await this.#writeAll(some.map(({ number }) => ({ type: 'del', key: rowKey('record', number) })));
    }
  }

  /** Takes out every row of these spaces; behind a mark, as {@link writeUnfinished}. */
  async clear(spaces: readonly RowSpace[]): Promise<void> {
    for (const space of spaces) {
      await guarded(() => this.#database.clear({ gte: rowKey(space, 0), lte: rowKey(space, 0xffffffff) }));
      this.#marks[space] = slotNumbers(Uint32Array);
      this.#sums[space] = { count: 0, sum: 0 };
    }
  }

  /** Throws all away: not by deleting, since a damaged table may not even be read for that. */
  async empty(): Promise<void> {
    await guarded(async () => {
      await this.close();
      await emptyFolder(this.#folder);
      ({ database: this.#database, head: this.#head } = await openBoth(this.#folder));
    });
    this.#marks = noMarks();
    this.#sums = noSums();
  }

  async close(): Promise<void> {
    await guarded(async () => {
      await this.#database.close();
      await this.#head.close();
    });
  }

  #operation({ space, number, plain }: RowChange): Operation {
    const key = rowKey(space, number);
    if (plain === undefined) {
      this.#setMark(space, number, 0);
      return { type: 'del', key };
    }
    const value = this.#sealer.seal(key, plain);
    this.#setMark(space, number, markOf(value));
    return { type: 'put', key, value };
  }

  #setMark(space: RowSpace, number: number, mark: number): void {
    const before = this.#marks[space].get(number);
    const { count, sum } = this.#sums[space];
    this.#sums[space] = {
      count: count + (mark === 0 ? 0 : 1) - (before === 0 ? 0 : 1),
      sum: (sum ^ before ^ mark) >>> 0,
    };
    this.#marks[space].set(number, mark);
  }

  async #writeAll(operations: readonly Operation[], sync = false): Promise<void> {
    const batch = this.#database.batch();
    for (const operation of operations) {
      if (operation.type === 'put') batch.put(operation.key, operation.value);
      else batch.del(operation.key);
    }
    await guarded(() => batch.write({ sync }));
  }
}

/**
 * Makes a folder of rows that holds nothing but its meta row. It gets its name once that is so: a folder without that row
 * has lost it.
 */
export async function makeRows(folder: string, sealer: RowSealer, meta: Uint8Array): Promise<void> {
  const unfinished = `${folder}${UNFINISHED_SUFFIX}`;
  await rm(unfinished, { recursive: true, force: true });
  await guarded(async () => {
    const database = await openLevel(unfinished);
    const key = rowKey('meta', 0);
    await database.batch([{ type: 'put', key, value: sealer.seal(key, meta) }], { sync: true });
    await database.close();
    const head = await HeadFile.open(unfinished);
    await head.write(0);
    await head.close();
    await rename(unfinished, folder);
  });
}

const UNFINISHED_SUFFIX = '.new';

type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

type Marks = Record<RowSpace, SlotNumbers>;

function noMarks(): Marks {
  const none = () => slotNumbers(Uint32Array);
  return { alias: none(), key: none(), meta: none(), name: none(), record: none() };
}

function noSums(): Record<RowSpace, RowSum> {
  const none = { count: 0, sum: 0 };
  return { alias: none, key: none, meta: none, name: none, record: none };
}

interface Opened {
  readonly database: Database;
  readonly head: HeadFile;
}

async function openBoth(folder: string): Promise<Opened> {
  const database = await openLevel(folder);
  try {
    return { database, head: await HeadFile.open(folder) };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openLevel(folder: string): Promise<Database> {
  const database: Database = new Level(folder, LEVEL_OPTIONS);
  try {
    await database.open();
    return database;
  } catch (error) {
    await database.close().catch(() => {});
    throw error;
  }
}

/** Away with all of it at once: half a LevelDB can look like a whole one. */
async function emptyFolder(folder: string): Promise<void> {
  await rename(folder, `${folder}${EMPTIED_SUFFIX}`);
  await rm(`${folder}${EMPTIED_SUFFIX}`, { recursive: true, force: true });
}

function first<T>(list: readonly T[]): T | undefined {
  return list[0];
}

function ignoreDamage(error: unknown): undefined {
  if (errorCodeOf(error) === 'STORAGE_INDEX_DAMAGED') return undefined;
  throw error;
}
