/** From the journal into the store: projections, catching up, and rebuilding what cannot be trusted. */
import { errorCodeOf } from '@interhosp/core/errors';
import { toHex, type ExchangeId } from '@interhosp/core/study';
import type { Log } from '@interhosp/core/world';
import type { Journal, JournalEntry } from '../journal/index.ts';
import { crashpoint } from '../world/crashpoint.ts';
import type { Store, StoreChange, StorePosition } from './store.ts';

/** What a projection reads and writes: the store with the changes of this batch already in it. */
export interface ProjectionBatch {
  get(key: string): Promise<unknown>;
  /** @param options.exchange - Seals the value under this exchange's key, so that it is erased with it. */
  put(key: string, value: unknown, options?: { readonly exchange?: ExchangeId }): void;
  delete(key: string): void;
}

/** One way to read the journal. Given the same records it must write the same content, whatever it did before. */
export interface Projection {
  /** Lower-case letters. */
  readonly name: string;
  /** Raised when the content it makes changes; the store is then rebuilt. */
  readonly version: number;
  apply(entry: JournalEntry, batch: ProjectionBatch): void | Promise<void>;
}

/** What catching up came to. */
export interface CatchUp {
  /** Records read. */
  readonly records: number;
  /** Why the store was emptied first: `behind` is not among them. */
  readonly rebuilt: 'empty' | 'damaged' | 'other-journal' | 'other-projections' | undefined;
}

/** What to do about trust. */
export interface CatchUpOptions {
  readonly log: Log;
  /** Reads the whole store first to see whether it is what was written; for a start, not for every record. Default false. */
  readonly verify?: boolean;
  readonly onProgress?: (seq: number) => void;
}

/** Records put into one batch of LevelDB. */
const BATCH_RECORDS = 500;

/** Two that read at once would write the same records twice over one another. */
const turns = new WeakMap<Store, Promise<unknown>>();

/**
 * Brings the store to the end of the journal. One that cannot be trusted is rebuilt from the first record. Calls for one
 * store take turns.
 *
 * @throws {StorageError} `STORAGE_FULL`, `STORAGE_FAILED`; what reading the journal throws.
 */
export async function catchUpStore(
  store: Store,
  journal: Journal,
  projections: readonly Projection[],
  options: CatchUpOptions,
): Promise<CatchUp> {
  const turn = (turns.get(store) ?? Promise.resolve()).then(() => catchUpNow(store, journal, projections, options));
  turns.set(
    store,
    turn.catch(() => {}),
  );
  return await turn;
}

async function catchUpNow(
  store: Store,
  journal: Journal,
  projections: readonly Projection[],
  options: CatchUpOptions,
): Promise<CatchUp> {
  const log = options.log.forComponent('interhosp:store');
  const reason = await distrustOf(store, journal, projections, options.verify ?? false);
  if (reason !== undefined) {
    if (reason !== 'empty') log.write('warn', 'store.rebuilding', { reason });
    return { records: await rebuildStore(store, journal, projections, options), rebuilt: reason };
  }
  const from = ((await store.position())?.seq ?? 0) + 1;
  try {
    return { records: await project(store, journal, projections, from, options), rebuilt: undefined };
  } catch (error) {
    if (errorCodeOf(error) !== 'STORAGE_INDEX_DAMAGED') throw error;
    log.write('warn', 'store.rebuilding', { reason: 'damaged' });
    return { records: await rebuildStore(store, journal, projections, options), rebuilt: 'damaged' };
  }
}

/** Empties the store and reads the whole journal into it; returns the number of records. A crash on the way starts it again. */
export async function rebuildStore(
  store: Store,
  journal: Journal,
  projections: readonly Projection[],
  options: Pick<CatchUpOptions, 'onProgress'> = {},
): Promise<number> {
  await store.clear();
  crashpoint('C26');
  return await project(store, journal, projections, 1, options);
}

async function distrustOf(
  store: Store,
  journal: Journal,
  projections: readonly Projection[],
  verify: boolean,
): Promise<CatchUp['rebuilt']> {
  const position = await store.position();
  if (position === undefined) return 'empty';
  if (position.projections !== namesOf(projections)) return 'other-projections';
  if (!(await isOnJournal(position, journal))) return 'other-journal';
  return verify && !(await store.isIntact()) ? 'damaged' : undefined;
}

/** Whether the journal has, at that sequence, that very record: not one restored from a backup and continued otherwise. */
async function isOnJournal({ journalId, seq, hash }: StorePosition, journal: Journal): Promise<boolean> {
  if (journalId !== toHex(journal.journalId) || seq > journal.head().seq) return false;
  if (seq === 0) return true;
  for await (const entry of journal.entries({ from: seq, payloads: false })) return toHex(entry.hash) === hash;
  return false;
}

async function project(
  store: Store,
  journal: Journal,
  projections: readonly Projection[],
  from: number,
  { onProgress }: Pick<CatchUpOptions, 'onProgress'>,
): Promise<number> {
  const journalId = toHex(journal.journalId);
  const names = namesOf(projections);
  let batch = new OverlayBatch(store);
  let records = 0;
  let last: StorePosition = { journalId, seq: 0, hash: '00'.repeat(32), projections: names };
  for await (const entry of journal.entries({ from })) {
    for (const projection of projections) await projection.apply(entry, batch);
    records += 1;
    last = { journalId, seq: entry.seq, hash: toHex(entry.hash), projections: names };
    if (records % BATCH_RECORDS !== 0) continue;
    await store.write(batch.changes(), last);
    crashpoint('C26');
    onProgress?.(entry.seq);
    batch = new OverlayBatch(store);
  }
  if (records % BATCH_RECORDS !== 0 || (records === 0 && from === 1)) await store.write(batch.changes(), last);
  return records;
}

function namesOf(projections: readonly Projection[]): string {
  return projections.map(({ name, version }) => `${name}@${version}`).join(',');
}

/** Changes not yet written, over what is. */
class OverlayBatch implements ProjectionBatch {
  readonly #store: Store;
  readonly #changes = new Map<string, StoreChange>();

  constructor(store: Store) {
    this.#store = store;
  }

  async get(key: string): Promise<unknown> {
    const change = this.#changes.get(key);
    if (change === undefined) return await this.#store.get(key);
    return change.kind === 'put' ? change.value : undefined;
  }

  put(key: string, value: unknown, { exchange }: { readonly exchange?: ExchangeId } = {}): void {
    this.#changes.set(key, { kind: 'put', key, value, ...(exchange === undefined ? {} : { exchange }) });
  }

  delete(key: string): void {
    this.#changes.set(key, { kind: 'delete', key });
  }

  changes(): readonly StoreChange[] {
    return [...this.#changes.values()];
  }
}
