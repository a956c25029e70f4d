/**
 * The store: what the journal says now, in LevelDB, for lists and searches. It is an index: never read before acting,
 * and rebuilt whenever it is behind, damaged or from another journal (DESIGN.md §4, rows truth and index).
 *
 * Values carry digests, and the store carries the sum of them, so that a value that LevelDB lost is missed as one that
 * it altered is noticed.
 */
import { createHmac } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { errorCodeOf } from '@interhosp/core/errors';
import { fromHex, toHex, type ExchangeId } from '@interhosp/core/study';
import type { Log } from '@interhosp/core/world';
import { Level } from 'level';
import { checkKey, KEY_SPACES, POSITION_KEY } from './keys.ts';
import { guarded, isBeyondRepair } from './level-errors.ts';
import { DIGEST_BYTES, isIntact, openValue, sealValue, valueDigest, type ValueSealer } from './sealed-value.ts';

/** One change of the store. */
export type StoreChange =
  | {
      readonly kind: 'put';
      readonly key: string;
      /** Anything that JSON keeps. */
      readonly value: unknown;
      /** Seals the value under this exchange's key, so that it is erased with it. */
      readonly exchange?: ExchangeId;
    }
  | { readonly kind: 'delete'; readonly key: string };

/** How far the journal was read into the store. */
export interface StorePosition {
  /** 32 hex digits. */
  readonly journalId: string;
  readonly seq: number;
  /** Chain hash of that record, 64 hex digits. */
  readonly hash: string;
  /** Names and versions of the projections that made the content. */
  readonly projections: string;
}

/** What to list. */
export interface IterateOptions {
  readonly reverse?: boolean;
  /** Most entries; default all. */
  readonly limit?: number;
  /** Only keys beyond this one, for the next page. */
  readonly after?: string;
}

/** The index of one member. */
export interface Store extends AsyncDisposable {
  /**
   * A value, or undefined when there is none or its exchange was erased.
   *
   * @throws {StorageError} `STORAGE_INDEX_DAMAGED`: rebuild. `STORAGE_FAILED`.
   */
  get(key: string): Promise<unknown>;
  /** Entries whose keys begin with `prefix`, in byte order; those of erased exchanges are left out. Throws as {@link Store.get}. */
  iterate(prefix: string, options?: IterateOptions): AsyncIterable<{ readonly key: string; readonly value: unknown }>;
  /**
   * Makes all changes or none, and notes the position with them.
   *
   * @throws {StorageError} `STORAGE_FULL`, `STORAGE_FAILED`: close the store and open it again.
   */
  write(changes: readonly StoreChange[], position?: StorePosition): Promise<void>;
  /** Where the store stands; undefined when it is empty, damaged or was being rebuilt. */
  position(): Promise<StorePosition | undefined>;
  /** Whether every value is what was written and none is missing. Reads all. */
  isIntact(): Promise<boolean>;
  /** Empties the store. */
  clear(): Promise<void>;
  /** A stand-in for a text that may not stand in a key: HMAC-SHA256 under the node's records key, 32 hex digits. */
  pseudonym(text: string): string;
  /** Calling it twice is fine. */
  close(): Promise<void>;
}

/** What a store needs of the world. */
export interface StoreOptions extends ValueSealer {
  /** A folder of its own. */
  readonly folder: string;
  readonly log: Log;
}

/**
 * Opens the store in a folder, making it when there is none. One that LevelDB cannot open is thrown away: it is only an index.
 *
 * @throws {StorageError} `STORAGE_LOCKED`, `STORAGE_FULL`, `STORAGE_FAILED`.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  // What an emptying that was cut off left behind.
  await rm(`${options.folder}${EMPTIED_SUFFIX}`, { recursive: true, force: true });
  return new LevelStore(options, await guarded(() => openOrEmpty(options)));
}

const EMPTIED_SUFFIX = '.emptied';

/** What stands under the position's key: the caller's position, and the sum of all digests. */
interface Meta {
  readonly position: StorePosition | undefined;
  readonly sum: string;
}

type Database = Level<string, Uint8Array>;

async function openOrEmpty(options: StoreOptions): Promise<Database> {
  try {
    return await openLevel(options.folder);
  } catch (error) {
    if (!isBeyondRepair(error)) throw error;
    options.log.forComponent('interhosp:store').write('warn', 'store.thrown-away');
    await emptyFolder(options.folder);
    return await openLevel(options.folder);
  }
}

async function openLevel(folder: string): Promise<Database> {
  const database: Database = new Level(folder, { keyEncoding: 'utf8', valueEncoding: 'view' });
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

class LevelStore implements Store {
  readonly #options: StoreOptions;
  #database: Database;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: StoreOptions, database: Database) {
    this.#options = options;
    this.#database = database;
  }

  async get(key: string): Promise<unknown> {
    const bytes = await guarded(() => this.#database.get(key));
    return bytes === undefined ? undefined : await openValue(key, bytes, this.#options);
  }

  async *iterate(prefix: string, options: IterateOptions = {}): AsyncIterable<{ key: string; value: unknown }> {
    const { reverse = false, limit = -1, after } = options;
    const from = { gt: reverse || after === undefined ? prefix : after };
    // Keys are ASCII below 0x7e, so this is above all of the prefix.
    const to = { lt: reverse && after !== undefined ? after : `${prefix}\x7e` };
    const iterator = this.#database.iterator({ ...from, ...to, reverse, limit });
    try {
      for (
        let entry = await guarded(() => iterator.next());
        entry !== undefined;
        entry = await guarded(() => iterator.next())
      ) {
        const [key, bytes] = entry;
        const value = await openValue(key, bytes, this.#options);
        if (value !== undefined) yield { key, value };
      }
    } finally {
      await iterator.close();
    }
  }

  write(changes: readonly StoreChange[], position?: StorePosition): Promise<void> {
    return this.#inTurn(async () => {
      const last = new Map(changes.map((change) => [change.key, change]));
      const before = await this.#meta();
      const sum = fromHex(before?.sum ?? NO_SUM);
      const operations: Operation[] = [];
      for (const change of last.values()) operations.push(await this.#operation(change, sum));
      const next = { position: position ?? before?.position, sum: toHex(sum) };
      const meta = await sealValue(POSITION_KEY, next, undefined, this.#options);
      if (meta !== undefined) operations.push({ type: 'put', key: POSITION_KEY, value: meta });
      // Not synced: what a loss of power takes is read from the journal again.
      await guarded(() => this.#database.batch(operations));
    });
  }

  async position(): Promise<StorePosition | undefined> {
    return (await this.#meta())?.position;
  }

  async isIntact(): Promise<boolean> {
    const sum = new Uint8Array(DIGEST_BYTES);
    const iterator = this.#database.iterator();
    try {
      for (
        let entry = await guarded(() => iterator.next());
        entry !== undefined;
        entry = await guarded(() => iterator.next())
      ) {
        const [key, bytes] = entry;
        if (!isIntact(key, bytes, this.#options.crypto)) return false;
        if (key !== POSITION_KEY) addTo(sum, valueDigest(bytes));
      }
    } catch {
      return false; // LevelDB itself noticed.
    } finally {
      await iterator.close();
    }
    return toHex(sum) === ((await this.#meta())?.sum ?? NO_SUM);
  }

  clear(): Promise<void> {
    return this.#inTurn(() =>
      guarded(async () => {
        // Not by deleting: a damaged table may not even be read for that.
        await this.#database.close();
        await emptyFolder(this.#options.folder);
        this.#database = await openLevel(this.#options.folder);
      }),
    );
  }

  pseudonym(text: string): string {
    return createHmac('sha256', this.#options.keys.recordsKey).update(`store\0${text}`).digest('hex').slice(0, 32);
  }

  async close(): Promise<void> {
    await this.#inTurn(() => guarded(() => this.#database.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A damaged position is none: all is read again. */
  async #meta(): Promise<Meta | undefined> {
    const bytes = await guarded(() => this.#database.get(POSITION_KEY)).catch((error: unknown) => {
      if (errorCodeOf(error) === 'STORAGE_INDEX_DAMAGED') return undefined;
      throw error;
    });
    if (bytes === undefined || !isIntact(POSITION_KEY, bytes, this.#options.crypto)) return undefined;
    return (await openValue(POSITION_KEY, bytes, this.#options)) as Meta;
  }

  /** What LevelDB is told, and the change of the sum: out with the old value, in with the new. */
  async #operation(change: StoreChange, sum: Uint8Array): Promise<Operation> {
    const { key } = change;
    checkKey(key);
    if (key.startsWith(KEY_SPACES.meta)) throw new TypeError('the meta space is not written to');
    const before = await guarded(() => this.#database.get(key));
    if (before !== undefined) addTo(sum, valueDigest(before));
    if (change.kind === 'delete') return { type: 'del', key };
    const value = await sealValue(key, change.value, change.exchange, this.#options);
    if (value === undefined) return { type: 'del', key };
    addTo(sum, valueDigest(value));
    return { type: 'put', key, value };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

const NO_SUM = '00'.repeat(DIGEST_BYTES);

/** Exclusive or: the order does not matter, and taking out is putting in once more. */
function addTo(sum: Uint8Array, digest: Uint8Array): void {
  for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] as number) ^ (digest[index] ?? 0);
}
