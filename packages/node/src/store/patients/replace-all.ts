/**
 * A whole list of patients into the index. What did not change is not written again; what did is written in large pieces,
 * whose records go to the disk at once and whose keys wait in memory.
 */
import { ReconciliationError } from '@interhosp/core/errors';
import type { LocalPatient } from '@interhosp/core/study';
import { MOST_PENDING_KEYS, PATIENTS_AT_ONCE, RECORDS_AT_ONCE } from './defaults.ts';
import type { DiskIndex, FoundRecord } from './disk-index.ts';
import { Draft } from './draft.ts';
import { sameBytes } from './make-changes.ts';
import { packRecord, unpackRecord } from './packed-record.ts';
import { slotNumbers } from './slot-numbers.ts';

/** How a list is taken over. */
export interface ReplaceAllOptions {
  readonly leastShareKept: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * See `PatientRegistry.replaceAll`. Of several patients with one ID the last stays.
 *
 * @returns Whether anything changed.
 */
export async function replaceAll(
  index: DiskIndex,
  patients: AsyncIterable<LocalPatient>,
  { leastShareKept, signal }: ReplaceAllOptions,
): Promise<boolean> {
  const run = new Replacement(index);
  const held = index.size;
  try {
    for await (const some of inPieces(patients, PATIENTS_AT_ONCE)) {
      signal?.throwIfAborted();
      await run.putAll(some);
    }
    await run.commit();
    const { missing } = run;
    const limit = Math.ceil(held * leastShareKept);
    if (held - missing.length < limit) {
      throw new ReconciliationError('RECONCILIATION_DIRECTORY_INVALID', {
        details: { reason: 'shrunk', count: held - missing.length, limit },
      });
    }
    for (let from = 0; from < missing.length; from += PATIENTS_AT_ONCE) {
      signal?.throwIfAborted();
      await run.removeAll(missing.slice(from, from + PATIENTS_AT_ONCE));
    }
    await run.commit({ isComplete: true });
    return run.hasChanged;
  } catch (error) {
    await run.discard();
    throw error;
  }
}

/** One run through a list. */
class Replacement {
  readonly #index: DiskIndex;
  /** 1 for each slot whose patient is on the list. */
  readonly #present = slotNumbers(Uint32Array);
  #draft: Draft;
  hasChanged = false;

  constructor(index: DiskIndex) {
    this.#index = index;
    this.#draft = new Draft(index.filing);
  }

  async putAll(patients: readonly LocalPatient[]): Promise<void> {
    const ids = patients.map(({ patientId }) => patientId.id);
    const isAgain = new Set(ids).size < ids.length || ids.some((id) => this.#draft.slots.has(id));
    // What was drafted is not found: an ID that comes again waits until it is written, and comes alone.
    if (isAgain) await this.commit();
    if (isAgain && patients.length > 1) {
      for (const patient of patients) await this.putAll([patient]);
      return;
    }
    const found = await this.#index.find(ids);
    for (const [position, patient] of patients.entries()) this.#put(patient, found[position]);
    if (this.#draft.records.size >= RECORDS_AT_ONCE) await this.#index.writeAhead(this.#draft);
    if (this.#draft.keys.count >= MOST_PENDING_KEYS) await this.commit();
  }

  async removeAll(slots: readonly number[]): Promise<void> {
    const records = await this.#index.recordsAt(slots);
    for (const [position, slot] of slots.entries()) {
      const packed = records[position];
      if (packed !== undefined) this.#draft.remove(unpackRecord(packed), slot);
    }
    if (this.#draft.keys.count >= MOST_PENDING_KEYS) await this.commit();
  }

  /** Slots of patients who are not on the list. */
  get missing(): readonly number[] {
    return [...this.#index.slots()].filter((slot) => this.#present.get(slot) === 0);
  }

  /** Writes what is drafted; nothing when there is nothing to say. */
  async commit({ isComplete }: { readonly isComplete?: boolean } = {}): Promise<void> {
    const saysMore = isComplete === true && this.#index.isIncomplete;
    if (this.#draft.isEmpty && !saysMore) return;
    this.hasChanged = true;
    await this.#index.commit(this.#draft, { isWhole: false, ...(isComplete === undefined ? {} : { isComplete }) });
    this.#draft = new Draft(this.#index.filing);
  }

  async discard(): Promise<void> {
    await this.#index.discard(this.#draft);
  }

  #put(patient: LocalPatient, before: FoundRecord | undefined): void {
    const packed = packRecord(patient);
    if (before !== undefined && sameBytes(before.packed, packed)) {
      this.#present.set(before.slot, 1);
      return;
    }
    if (before !== undefined) this.#draft.remove(unpackRecord(before.packed), before.slot);
    const slot = this.#index.takeSlot();
    this.#draft.put(patient, slot, packed);
    this.#present.set(slot, 1);
  }
}

async function* inPieces<T>(items: AsyncIterable<T>, most: number): AsyncGenerator<readonly T[], void, undefined> {
  let piece: T[] = [];
  for await (const item of items) {
    piece.push(item);
    if (piece.length < most) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
