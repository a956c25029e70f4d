/**
 * The patient index of a node on disk: candidates by the keys of core/patients, as `createPatientIndex` finds them in
 * memory, over rows of LevelDB (DESIGN.md §5, row index).
 *
 * Records and the IDs that lead elsewhere are what it knows; keys and counts of names are made from the records and can
 * be made again. A change is one batch of LevelDB. A change too large for that is written behind a mark, and what is found
 * behind the mark after a crash is made again.
 */
import { readdir } from 'node:fs/promises';
import { errorCodeOf } from '@interhosp/core/errors';
import { arrivingKeys, NATIONAL_NUMBER_RULES } from '@interhosp/core/patients';
import type { ArrivingPatient, LocalPatient } from '@interhosp/core/study';
import type { Log } from '@interhosp/core/world';
import { isBeyondRepair } from '../level-errors.ts';
import {
  KEY_ROWS_AT_ONCE,
  MOST_KEYS_IN_ONE_BATCH,
  MOST_PENDING_KEYS,
  PATIENTS_AT_ONCE,
  RECORD_CACHE_BYTES,
} from './defaults.ts';
import { Draft, type Filing } from './draft.ts';
import { idKey, keysVersion } from './filed-under.ts';
import { Gate } from './gate.ts';
import { DERIVED_SPACES, IndexRows, makeRows, TRUTH_SPACES, type RowChange } from './index-rows.ts';
import { createKeyHash, type KeyPlace } from './key-hash.ts';
import { changeKeyRow, readKeySlots } from './key-row.ts';
import { packMeta, RECORD_VERSION, sameSum, unpackMeta, type IndexMeta, type RulesName } from './meta.ts';
import { NameTable } from './name-table.ts';
import { unpackRecord } from './packed-record.ts';
import { changePairs, readPairs, type PairValue } from './pair-row.ts';
import type { RowChanges } from './pending-keys.ts';
import { RecordCache } from './record-cache.ts';
import { MAX_SLOT, type RowSpace } from './row-keys.ts';
import { createRowSealer, damagedIndex, indexSecrets, type RowSealer, type RowWorld } from './row-seal.ts';
import { nearestSlots } from './votes.ts';

/** What an index needs of the world. */
export interface DiskIndexOptions extends RowWorld {
  /** A folder of its own. */
  readonly folder: string;
  /** Tells the secrets of this index from those of another of the node. */
  readonly name: string;
  /** The node's key for what belongs to no exchange; 32 bytes. */
  readonly recordsKey: Uint8Array;
  /** Default those it was made under, Belgian for a new one; under others it is made anew from its records. */
  readonly rules?: RulesName | undefined;
  readonly log: Log;
  /** Default `RECORD_CACHE_BYTES`. */
  readonly cacheBytes?: number;
}

/** A patient where it lies. */
export interface FoundRecord {
  readonly slot: number;
  readonly packed: Uint8Array;
}

/** What a rebuild came to. */
export interface PatientRebuild {
  readonly patients: number;
  /** Records that could not be read and are gone. */
  readonly lost: number;
  /** Records had been lost before, and had not come again. */
  readonly wasIncomplete: boolean;
}

/** Why an index is made anew at its opening. */
type Distrust = 'damaged' | 'lost' | 'unfinished' | 'version' | 'record-version';

/** One change at a time, by the caller's care; questions at any time. */
export class DiskIndex {
  readonly filing: Filing;
  readonly names = new NameTable();
  readonly #options: DiskIndexOptions;
  readonly #rules: RulesName;
  readonly #keysVersion: string;
  readonly #leads = new Map<string, string>();
  readonly #cache: RecordCache;
  readonly #gate = new Gate();
  readonly #rows: IndexRows;
  #size = 0;
  #nextSlot = 0;
  #isIncomplete = false;
  #isUnfinished = false;

  private constructor(options: DiskIndexOptions, rows: IndexRows, hashing: string, rules: RulesName) {
    this.#options = options;
    this.#rows = rows;
    this.#rules = rules;
    this.#keysVersion = keysVersion(NATIONAL_NUMBER_RULES[rules]);
    this.#cache = new RecordCache(options.cacheBytes ?? RECORD_CACHE_BYTES);
    this.filing = { hash: createKeyHash(hashing), rules: NATIONAL_NUMBER_RULES[rules] };
  }

  /**
   * Opens the index in a folder, making it when there is none, and makes anew what cannot be trusted. Reads all of it once.
   *
   * @throws {StorageError} `STORAGE_LOCKED`, `STORAGE_FULL`, `STORAGE_FAILED`.
   */
  static async open(options: DiskIndexOptions): Promise<DiskIndex> {
    const { sealing, hashing } = indexSecrets(options.recordsKey, options.name);
    const sealer = createRowSealer(sealing, options);
    if (!(await isThere(options.folder)))
      await makeRows(options.folder, sealer, packMeta(emptyMeta(options.rules ?? DEFAULT_RULES)));
    return await DiskIndex.#openMade(options, sealer, hashing);
  }

  static async #openMade(options: DiskIndexOptions, sealer: RowSealer, hashing: string): Promise<DiskIndex> {
    const { rows, wasThrownAway } = await IndexRows.open(options.folder, sealer);
    const meta = await metaOf(rows);
    const index = new DiskIndex(options, rows, hashing, options.rules ?? meta?.rules ?? DEFAULT_RULES);
    try {
      if (wasThrownAway) await index.#startAnew('damaged');
      else await index.#load(meta).catch((error: unknown) => index.#startAnewAfter(error));
      return index;
    } catch (error) {
      await rows.close().catch(() => {});
      throw error;
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Records were lost: it must be filled again, or the loss accepted, before anybody is answered. */
  get isIncomplete(): boolean {
    return this.#isIncomplete;
  }

  /** Patients that share a key with the arrival, the nearest first. */
  candidates(arrival: ArrivingPatient, limit: number, signal?: AbortSignal): Promise<readonly LocalPatient[]> {
    return this.#question(signal, async () => {
      const { hash, rules } = this.filing;
      const keys = arrivingKeys(arrival, rules).map(({ key, votes }) => ({ place: hash.place(key), votes }));
      const lists = await this.#slotsUnder(keys.map(({ place }) => place));
      const found = keys.map(({ votes }, index) => ({ votes, slots: lists[index] ?? [] }));
      const slots = nearestSlots(found, limit);
      const records = await this.#recordsAt(slots);
      const patients = records.map(unpackRecord);
      for (const [index, slot] of slots.entries()) {
        // Those that were read; only now, since what is put there may push out what was found there.
        if (this.#cache.get(slot) === undefined) this.#cache.put(slot, records[index] as Uint8Array);
      }
      return patients;
    });
  }

  /** The patient with this ID, under whatever issuer. */
  get(patientId: string, signal?: AbortSignal): Promise<LocalPatient | undefined> {
    return this.#question(signal, async () => {
      const [found] = await this.find([patientId]);
      return found === undefined ? undefined : unpackRecord(found.packed);
    });
  }

  /** Where an ID leads to; itself when it leads nowhere. */
  leadsTo(patientId: string): string | undefined {
    return this.#leads.get(patientId);
  }

  /** Patients by their IDs. For changes; questions go through {@link get}. */
  async find(patientIds: readonly string[]): Promise<readonly (FoundRecord | undefined)[]> {
    if (this.#rows.sumOf(['record']).count === 0) return patientIds.map(() => undefined);
    const lists = await this.#slotsUnder(patientIds.map((id) => this.filing.hash.place(idKey(id))));
    const slots = lists.flatMap((list) => list ?? []);
    const records = new Map((await this.#recordsAt(slots)).map((packed, index) => [slots[index], packed]));
    // Two IDs in a million million may have one place: the record tells.
    return patientIds.map((id, index) => {
      for (const slot of lists[index] ?? []) {
        const packed = records.get(slot);
        if (packed !== undefined && unpackRecord(packed).patientId.id === id) return { slot, packed };
      }
      return undefined;
    });
  }

  /** A number for one more record. */
  takeSlot(): number {
    if (this.#nextSlot > MAX_SLOT) throw new RangeError('the index has no more slots: rebuild it');
    return this.#nextSlot++;
  }

  /** Slots in use, rising. */
  *slots(): Generator<number, void, undefined> {
    const end = this.#rows.end('record');
    for (let slot = 0; slot < end; slot++) if (this.#rows.has('record', slot)) yield slot;
  }

  /** Packed records in these slots. @throws {StorageError} `STORAGE_INDEX_DAMAGED` when one is missing. */
  recordsAt(slots: readonly number[]): Promise<readonly Uint8Array[]> {
    return this.#recordsAt(slots);
  }

  /** Writes the records of a draft, which are found once it is committed. */
  async writeAhead(draft: Draft): Promise<void> {
    const records = Array.from(draft.records, ([number, plain]) => ({ number, plain }));
    draft.ahead.push(...(await this.#rows.writeAhead(records)));
    for (const { number, plain } of records) this.#cache.put(number, plain);
    draft.records.clear();
  }

  /** Forgets a draft, with what was written ahead. */
  async discard(draft: Draft): Promise<void> {
    await this.#rows.discard(draft.ahead);
    draft.ahead = [];
  }

  /**
   * Writes a draft, durable on return.
   *
   * @param options.isWhole - In one batch, however large.
   * @param options.isComplete - Everybody is there now; default what it was.
   */
  async commit(
    draft: Draft,
    { isWhole, isComplete = !this.#isIncomplete }: { readonly isWhole: boolean; readonly isComplete?: boolean },
  ): Promise<void> {
    this.#isIncomplete = !isComplete;
    const { ahead } = draft;
    const size = this.#size + draft.sizeBy;
    const named = this.names.total + draft.namedBy;
    const puts = Array.from(draft.records, ([number, plain]): RowChange => ({ space: 'record', number, plain }));
    const last = [
      ...Array.from(draft.gone, (number): RowChange => ({ space: 'record', number, plain: undefined })),
      ...(await this.#leadChanges(draft)),
    ];
    const isOne = isWhole || draft.keys.count <= MOST_KEYS_IN_ONE_BATCH;
    const keys = isOne ? await this.#keyChanges([...draft.keys.take()]) : [];
    const names = await this.#nameChanges(draft.names);
    await this.#gate.change(async () => {
      this.#isUnfinished = !isOne;
      if (!isOne) {
        await this.#rows.write(puts.splice(0), (change) => this.#meta(change, size, named), ahead.splice(0));
        await this.#writeKeys(draft);
        this.#isUnfinished = false;
      }
      await this.#rows.write([...puts, ...last, ...keys, ...names], (change) => this.#meta(change, size, named), ahead);
      this.#remember(draft, size);
    });
  }

  /**
   * Makes keys and names anew from the records, reading one after the other. A crash on the way starts it again.
   *
   * @param options.acceptLoss - Goes on without the records that were lost.
   */
  async rebuild({ acceptLoss = false }: { readonly acceptLoss?: boolean } = {}): Promise<PatientRebuild> {
    return await this.#gate.change(async () => {
      const wasIncomplete = this.#isIncomplete;
      // Only a large change that was cut off leaves two records of one patient.
      const seen = this.#isUnfinished ? new Set<string>() : undefined;
      this.#isUnfinished = true;
      await this.#rows.write([], (change) => this.#meta(change, this.#size, this.names.total));
      await this.#rows.clear(DERIVED_SPACES);
      this.names.clear();
      const draft = new Draft(this.filing);
      const { gone, lost } = await this.#fileAll(draft, seen);
      await this.#writeKeys(draft);
      const names = await this.#nameChanges(draft.names);
      this.#isUnfinished = false;
      this.#isIncomplete = !acceptLoss && (this.#isIncomplete || lost > 0);
      await this.#rows.write([...gone, ...names], (change) => this.#meta(change, draft.sizeBy, draft.namedBy));
      this.#remember(draft, draft.sizeBy);
      return { patients: draft.sizeBy, lost, wasIncomplete };
    });
  }

  async close(): Promise<void> {
    await this.#gate.change(() => this.#rows.close());
  }

  #question<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return this.#gate.question(async () => {
      if (this.#isUnfinished) throw damagedIndex('unfinished');
      if (this.#isIncomplete) throw damagedIndex('incomplete');
      return await work();
    }, signal);
  }

  async #slotsUnder(places: readonly KeyPlace[]): Promise<readonly (readonly number[] | undefined)[]> {
    const numbers = [...new Set(places.map(({ row }) => row))];
    const rows = await this.#rows.read('key', numbers);
    const byNumber = new Map(numbers.map((number, index) => [number, rows[index]]));
    return places.map(({ row, rest }) => {
      const bytes = byNumber.get(row);
      return bytes === undefined ? undefined : readKeySlots(bytes, rest);
    });
  }

  async #recordsAt(slots: readonly number[]): Promise<readonly Uint8Array[]> {
    const missing = slots.filter((slot) => this.#cache.get(slot) === undefined);
    const read = missing.length === 0 ? [] : await this.#rows.read('record', missing);
    let next = 0;
    return slots.map((slot) => {
      const packed = slot === missing[next] ? read[next++] : this.#cache.get(slot);
      if (packed === undefined) throw damagedIndex('record');
      return packed;
    });
  }

  async #load(meta: IndexMeta | undefined): Promise<void> {
    if (meta !== undefined && meta.recordVersion !== RECORD_VERSION) return await this.#startAnew('record-version');
    const damaged = await this.#scan(meta?.nextSlot ?? MAX_SLOT);
    this.#nextSlot = meta?.nextSlot ?? this.#rows.end('record');
    this.#size = meta?.size ?? 0;
    this.names.addTotal(meta?.named ?? 0);
    this.#isUnfinished = meta?.isUnfinished ?? true;
    const isUpToDate = await this.#rows.isUpToDate(meta?.change);
    const isLost = meta === undefined || !isUpToDate || !sameSum(meta.truth, this.#rows.sumOf(TRUTH_SPACES));
    this.#isIncomplete = isLost || meta.isIncomplete;
    const distrust = isLost ? 'lost' : this.#distrustOf(meta, damaged);
    if (distrust === undefined) return;
    this.#options.log.write('warn', 'patients.index.rebuilding', { reason: distrust });
    const { patients } = await this.rebuild();
    this.#options.log.write('info', 'patients.index.rebuilt', { count: patients });
    if (this.#isIncomplete) this.#options.log.write('error', 'patients.index.incomplete', { count: patients });
  }

  #distrustOf(meta: IndexMeta, damaged: ReadonlySet<RowSpace>): Distrust | undefined {
    if (meta.isUnfinished) return 'unfinished';
    if (meta.keysVersion !== this.#keysVersion) return 'version';
    const isSound = damaged.size === 0 && sameSum(meta.derived, this.#rows.sumOf(DERIVED_SPACES));
    return isSound ? undefined : 'damaged';
  }

  /** Reads every row once, and keeps what stays in memory; returns the spaces of rows that do not open. */
  async #scan(endSlot: number): Promise<ReadonlySet<RowSpace>> {
    const damaged = new Set<RowSpace>();
    await this.#rows.scan(
      (space, number, plain) => {
        if (plain === undefined) damaged.add(space);
        else if (space === 'record') this.#cache.put(number, plain);
        else {
          for (const [text, value] of readPairs(plain)) {
            if (space === 'name' && typeof value === 'number') this.names.set(text, value);
            if (space === 'alias' && typeof value === 'string') this.#leads.set(text, value);
          }
        }
      },
      { endSlot },
    );
    return damaged;
  }

  /** Tables that LevelDB itself cannot read cannot be written over either. */
  async #startAnewAfter(error: unknown): Promise<void> {
    const code = errorCodeOf(error);
    const isDamage = code === 'STORAGE_INDEX_DAMAGED' || (code === 'STORAGE_FAILED' && isBeyondRepair(error));
    if (!isDamage) throw error;
    await this.#startAnew('damaged');
  }

  /** Nothing that is there can be read: it must be filled again. */
  async #startAnew(reason: Distrust): Promise<void> {
    this.#options.log.write('error', 'patients.index.emptied', { reason });
    await this.#rows.empty();
    this.names.clear();
    this.#leads.clear();
    this.#isUnfinished = false;
    this.#isIncomplete = true;
    this.#size = 0;
    await this.#rows.write([], (change) => this.#meta(change, 0, 0));
  }

  /** Files every record anew, the latest first: where an ID has two, the other is what a change that was cut off left. */
  async #fileAll(
    draft: Draft,
    seen: Set<string> | undefined,
  ): Promise<{ readonly gone: readonly RowChange[]; readonly lost: number }> {
    const gone: RowChange[] = [];
    let lost = 0;
    const slots = [...this.slots()].reverse();
    for (let from = 0; from < slots.length; from += PATIENTS_AT_ONCE) {
      const some = slots.slice(from, from + PATIENTS_AT_ONCE);
      const records = await this.#rows.readSound('record', some);
      for (const [index, number] of some.entries()) {
        const packed = records[index];
        const patient = packed === undefined ? undefined : unpackRecord(packed);
        if (patient === undefined) lost += 1;
        if (patient === undefined || seen?.has(patient.patientId.id) === true) {
          gone.push({ space: 'record', number, plain: undefined });
          this.#cache.delete(number);
          continue;
        }
        seen?.add(patient.patientId.id);
        draft.file(patient, number, 1);
      }
      if (draft.keys.count >= MOST_PENDING_KEYS) await this.#writeKeys(draft);
    }
    return { gone, lost };
  }

  /** Writes the keys of a draft in many batches, behind the mark that they are unfinished. */
  async #writeKeys(draft: Draft): Promise<void> {
    let some: RowChanges[] = [];
    const flush = async () => {
      await this.#rows.writeUnfinished(await this.#keyChanges(some));
      some = [];
    };
    for (const row of draft.keys.take()) {
      some.push(row);
      if (some.length >= KEY_ROWS_AT_ONCE) await flush();
    }
    if (some.length > 0) await flush();
  }

  async #keyChanges(rows: readonly RowChanges[]): Promise<readonly RowChange[]> {
    const numbers = rows.map(({ row }) => row);
    const before = await this.#rows.read('key', numbers);
    return rows.map(({ row, changes }, index) => ({
      space: 'key',
      number: row,
      plain: changeKeyRow(before[index], changes),
    }));
  }

  async #nameChanges(names: ReadonlyMap<string, number>): Promise<readonly RowChange[]> {
    const counts = new Map<string, number | undefined>();
    for (const [name, by] of names) {
      const count = this.names.countOf(name) + by;
      if (by !== 0) counts.set(name, count === 0 ? undefined : count);
    }
    return await this.#pairChanges('name', counts);
  }

  async #leadChanges({ leads }: Draft): Promise<readonly RowChange[]> {
    return await this.#pairChanges('alias', leads);
  }

  async #pairChanges(
    space: 'name' | 'alias',
    pairs: ReadonlyMap<string, PairValue | undefined>,
  ): Promise<readonly RowChange[]> {
    const byRow = new Map<number, Map<string, PairValue | undefined>>();
    for (const [text, value] of pairs) {
      const number = this.filing.hash.nameRow(`${space}!${text}`);
      const changes = byRow.get(number) ?? new Map<string, PairValue | undefined>();
      byRow.set(number, changes.set(text, value));
    }
    const numbers = [...byRow.keys()].sort((one, other) => one - other);
    const before = await this.#rows.read(space, numbers);
    return numbers.map((number, index) => ({
      space,
      number,
      plain: changePairs(before[index], byRow.get(number) ?? new Map()),
    }));
  }

  /** Takes over into memory what was written. */
  #remember(draft: Draft, size: number): void {
    this.#size = size;
    for (const [slot, packed] of draft.records) this.#cache.put(slot, packed);
    for (const slot of draft.gone) this.#cache.delete(slot);
    for (const [from, to] of draft.leads) {
      if (to === undefined) this.#leads.delete(from);
      else this.#leads.set(from, to);
    }
    for (const [name, by] of draft.names) this.names.set(name, this.names.countOf(name) + by);
    this.names.addTotal(draft.namedBy);
  }

  #meta(change: number, size: number, named: number): Uint8Array {
    return packMeta({
      ...emptyMeta(this.#rules, this.#keysVersion),
      change,
      size,
      named,
      nextSlot: this.#nextSlot,
      truth: this.#rows.sumOf(TRUTH_SPACES),
      derived: this.#rows.sumOf(DERIVED_SPACES),
      isUnfinished: this.#isUnfinished,
      isIncomplete: this.#isIncomplete,
    });
  }
}

const DEFAULT_RULES: RulesName = 'be';

async function metaOf(rows: IndexRows): Promise<IndexMeta | undefined> {
  const bytes = await rows.readMeta();
  return bytes === undefined ? undefined : unpackMeta(bytes);
}

function emptyMeta(rules: RulesName, version = keysVersion(NATIONAL_NUMBER_RULES[rules])): IndexMeta {
  const none = { count: 0, sum: 0 };
  return {
    recordVersion: RECORD_VERSION,
    keysVersion: version,
    rules,
    change: 0,
    size: 0,
    named: 0,
    nextSlot: 0,
    truth: none,
    derived: none,
    isUnfinished: false,
    isIncomplete: false,
  };
}

/** An empty folder is none yet; anything in it is an index, or what is left of one. */
async function isThere(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
