/** The port over the index: life, turns, listeners, and what is done when the disk is full or a value is damaged. */
import { errorCodeOf, ReconciliationError } from '@interhosp/core/errors';
import {
  DEFAULT_CANDIDATES,
  type NameCounts,
  type PatientChange,
  type PatientRegistry,
} from '@interhosp/core/patients';
import type { ArrivingPatient, LocalPatient } from '@interhosp/core/study';
import type { Log } from '@interhosp/core/world';
import { DiskIndex, type PatientRebuild } from './disk-index.ts';
import { draftChanges } from './make-changes.ts';
import type { RulesName } from './meta.ts';
import { replaceAll } from './replace-all.ts';
import type { RowWorld } from './row-seal.ts';

/** Options of {@link createDiskRegistry}. */
export interface DiskRegistryOptions extends RowWorld {
  /** A folder of its own. */
  readonly folder: string;
  /** Tells the secrets of this index from those of another of the node. */
  readonly name: string;
  /** The node's key for what belongs to no exchange; 32 bytes. */
  readonly recordsKey: Uint8Array;
  /** Default those it was made under, Belgian for a new one; under others it is made anew from its records. */
  readonly rules?: RulesName | undefined;
  readonly log: Log;
  /** Opened records kept in memory, in bytes; default `RECORD_CACHE_BYTES`. */
  readonly cacheBytes?: number;
}

/** The registry of a node. */
export interface DiskRegistry extends PatientRegistry {
  names(): Promise<NameCounts>;
  /**
   * Makes the keys and counts anew from the records; questions wait meanwhile.
   *
   * @param options.acceptLoss - Goes on without the records that were lost, rather than waiting for them to come again.
   */
  rebuild(options?: { readonly acceptLoss?: boolean }): Promise<PatientRebuild>;
}

/**
 * A registry in a folder of the node. Nothing is opened before `start()`, which throws `STORAGE_LOCKED`, `STORAGE_FULL`
 * or `STORAGE_FAILED`.
 *
 * A question that meets damage throws `STORAGE_INDEX_DAMAGED`, keys and names are made anew from the records, and questions
 * wait meanwhile. When records were lost all questions throw it, until `replaceAll()` has brought everybody or `rebuild()`
 * was told to go on without them: who is missing in a registry would be taken for new, or for a namesake.
 */
export function createDiskRegistry(options: DiskRegistryOptions): DiskRegistry {
  return new LevelRegistry(options);
}

class LevelRegistry implements DiskRegistry {
  readonly #options: DiskRegistryOptions;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  #opening: Promise<void> | undefined;
  #index: DiskIndex | undefined;
  /** After a write that failed: what stands on the disk is known once it was opened again. */
  #isDoubtful = false;
  #isHealing = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: DiskRegistryOptions) {
    this.#options = options;
    this.#log = options.log.forComponent('interhosp:patients');
  }

  async start(): Promise<void> {
    const opening = (this.#opening ??= this.#inTurn(async () => void (this.#index = await this.#open())));
    try {
      await opening;
    } catch (error) {
      // A start that failed may be tried again.
      if (this.#opening === opening) this.#opening = undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#opening = undefined;
    await this.#inTurn(async () => {
      const index = this.#index;
      this.#index = undefined;
      await index?.close();
    });
  }

  async candidates(
    arrival: ArrivingPatient,
    { limit = DEFAULT_CANDIDATES, signal }: { readonly limit?: number; readonly signal?: AbortSignal } = {},
  ): Promise<readonly LocalPatient[]> {
    signal?.throwIfAborted();
    return await this.#asked((index) => index.candidates(arrival, limit, signal));
  }

  async get(patientId: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<LocalPatient | undefined> {
    signal?.throwIfAborted();
    return await this.#asked((index) => index.get(patientId, signal));
  }

  async size(): Promise<number> {
    return this.#held().size;
  }

  async names(): Promise<NameCounts> {
    return this.#held().names;
  }

  async currentId(patientId: string): Promise<string> {
    const index = this.#held();
    let current = patientId;
    for (let next = index.leadsTo(current); next !== undefined; next = index.leadsTo(current)) current = next;
    return current;
  }

  async apply(changes: readonly PatientChange[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    const hasChanged = await this.#changed(async (index) => {
      signal?.throwIfAborted();
      const draft = await draftChanges(index, changes);
      if (draft.isEmpty) return false;
      await index.commit(draft, { isWhole: true });
      return true;
    });
    if (hasChanged) this.#tell();
  }

  async replaceAll(
    patients: AsyncIterable<LocalPatient>,
    { leastShareKept = 0, signal }: { readonly leastShareKept?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const hasChanged = await this.#changed((index) => replaceAll(index, patients, { leastShareKept, signal }));
    if (hasChanged) this.#tell();
  }

  async rebuild(options: { readonly acceptLoss?: boolean } = {}): Promise<PatientRebuild> {
    return await this.#changed((index) => index.rebuild(options));
  }

  onChange(listener: () => void): () => void {
    // Wrapped, so that one function given twice is two listeners.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  #open(): Promise<DiskIndex> {
    return DiskIndex.open({ ...this.#options, log: this.#log });
  }

  #held(): DiskIndex {
    if (this.#index === undefined) throw new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE');
    return this.#index;
  }

  async #asked<T>(question: (index: DiskIndex) => Promise<T>): Promise<T> {
    const index = this.#held();
    try {
      return await question(index);
    } catch (error) {
      if (errorCodeOf(error) === 'STORAGE_INDEX_DAMAGED' && !index.isIncomplete && !this.#isDoubtful) this.#heal();
      throw error;
    }
  }

  /** Makes keys and names anew beside the questions, which fail until then and may be asked again. */
  #heal(): void {
    if (this.#isHealing) return;
    this.#isHealing = true;
    this.#log.write('warn', 'patients.index.rebuilding', { reason: 'damaged' });
    void this.#changed((index) => index.rebuild())
      .then(() => this.#tell())
      .catch((error: unknown) => {
        this.#log.write('error', 'patients.index.rebuild-failed', { code: errorCodeOf(error) ?? 'STORAGE_FAILED' });
      })
      .finally(() => (this.#isHealing = false));
  }

  /** One change after the other; after one whose writing failed, the index is opened again first. */
  #changed<T>(work: (index: DiskIndex) => Promise<T>): Promise<T> {
    this.#held();
    return this.#inTurn(async () => {
      if (this.#isDoubtful) await this.#reopen();
      try {
        return await work(this.#held());
      } catch (error) {
        if (isStorageError(error)) await this.#reopen().catch(() => {});
        throw error;
      }
    });
  }

  async #reopen(): Promise<void> {
    this.#isDoubtful = true;
    await this.#index?.close().catch(() => {});
    this.#index = await this.#open();
    this.#isDoubtful = false;
  }

  #tell(): void {
    // A copy: a listener may add another.
    for (const listener of Array.from(this.#listeners)) {
      try {
        listener();
      } catch {
        // A listener's fault is its own; the others are told all the same.
        this.#log.write('error', 'patients.directory.listener-failed');
      }
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

function isStorageError(error: unknown): boolean {
  return errorCodeOf(error)?.startsWith('STORAGE_') === true;
}
