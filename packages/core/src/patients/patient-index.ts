/**
 * Candidates in memory: which registered patients share a key with an arrival. Pure data structure; a directory adapter
 * fills it, and an index on disk answers alike.
 */
import type { ArrivingPatient, LocalPatient } from '../study/index.ts';
import { arrivingKeys, registeredKeys } from './blocking-keys.ts';
import { CountedNames, type NameCounts } from './name-counts.ts';
import { BELGIAN_NUMBER_RULES, type NationalNumberRules } from './national-number.ts';

/** Candidates returned unless the caller asks for fewer. */
export const DEFAULT_CANDIDATES = 200;
/**
 * A longer list adds its votes to candidates that another key found, and finds only a few by itself: the commonest name
 * of a million patients must not be compared a thousand times.
 */
export const LONGEST_LIST = 2_000;
/** Of a long list, enough to show that the name is common: reconciliation asks for more where there are namesakes. */
export const SHOWN_OF_LONG_LIST = 20;

/** Patients by ID, and by what an arrival may share with them. */
export interface PatientIndex {
  readonly size: number;
  /** Follows what is added and removed. */
  readonly names: NameCounts;
  /** The patient with this local ID, under whatever issuer. */
  get(patientId: string): LocalPatient | undefined;
  /** Adds a patient, or replaces the one with the same ID. */
  upsert(patient: LocalPatient): void;
  /** @returns false when no such patient was there. */
  remove(patientId: string): boolean;
  /** Patients that share a key with the arrival, the nearest first; see {@link PatientDirectory.candidates}. */
  candidates(arrival: ArrivingPatient, options?: { readonly limit?: number }): readonly LocalPatient[];
}

/** Options of {@link createPatientIndex}. */
export interface PatientIndexOptions {
  /** The number rules of the profile in use; default Belgian. */
  readonly rules?: NationalNumberRules;
}

/** Builds an index over `patients`; of several with one ID the last stays. */
export function createPatientIndex(
  patients: Iterable<LocalPatient> = [],
  options: PatientIndexOptions = {},
): PatientIndex {
  const index = new MemoryIndex(options.rules ?? BELGIAN_NUMBER_RULES);
  for (const patient of patients) index.upsert(patient);
  return index;
}

class MemoryIndex implements PatientIndex {
  readonly #rules: NationalNumberRules;
  /** Slots are never reused: order of insertion breaks ties, so that equal input gives equal answers. */
  readonly #slots = new Map<number, LocalPatient>();
  readonly #slotOf = new Map<string, number>();
  /** Most keys lead to one slot; a bare number takes a fraction of a set's memory. */
  readonly #lists = new Map<string, number | Set<number>>();
  readonly #names = new CountedNames();
  #nextSlot = 0;

  constructor(rules: NationalNumberRules) {
    this.#rules = rules;
  }

  get names(): NameCounts {
    return this.#names;
  }

  get size(): number {
    return this.#slots.size;
  }

  get(patientId: string): LocalPatient | undefined {
    const slot = this.#slotOf.get(patientId);
    return slot === undefined ? undefined : this.#slots.get(slot);
  }

  upsert(patient: LocalPatient): void {
    this.remove(patient.patientId.id);
    const slot = this.#nextSlot++;
    this.#slots.set(slot, patient);
    this.#slotOf.set(patient.patientId.id, slot);
    this.#names.count(patient, 1);
    for (const { key } of registeredKeys(patient, this.#rules)) this.#link(key, slot);
  }

  remove(patientId: string): boolean {
    const slot = this.#slotOf.get(patientId);
    const patient = slot === undefined ? undefined : this.#slots.get(slot);
    if (slot === undefined || patient === undefined) return false;
    // The old keys come from the stored record, never from the new one.
    for (const { key } of registeredKeys(patient, this.#rules)) this.#unlink(key, slot);
    this.#names.count(patient, -1);
    this.#slots.delete(slot);
    this.#slotOf.delete(patientId);
    return true;
  }

  candidates(arrival: ArrivingPatient, options: { readonly limit?: number } = {}): readonly LocalPatient[] {
    const votes = this.#count(arrival);
    const slots = [...votes.keys()].sort((a, b) => (votes.get(b) ?? 0) - (votes.get(a) ?? 0) || a - b);
    return slots.slice(0, options.limit ?? DEFAULT_CANDIDATES).flatMap((slot) => this.#slots.get(slot) ?? []);
  }

  #count(arrival: ArrivingPatient): Map<number, number> {
    const votes = new Map<number, number>();
    const longLists: { readonly list: Set<number>; readonly votes: number }[] = [];
    for (const { key, votes: worth } of arrivingKeys(arrival, this.#rules)) {
      const list = this.#lists.get(key);
      if (list === undefined) continue;
      if (typeof list === 'number') votes.set(list, (votes.get(list) ?? 0) + worth);
      else if (list.size > LONGEST_LIST) longLists.push({ list, votes: worth });
      else for (const slot of list) votes.set(slot, (votes.get(slot) ?? 0) + worth);
    }
    for (const { list } of longLists) {
      let shown = 0;
      for (const slot of list) {
        if (shown++ >= SHOWN_OF_LONG_LIST) break;
        votes.set(slot, votes.get(slot) ?? 0);
      }
    }
    for (const slot of votes.keys()) {
      for (const long of longLists) if (long.list.has(slot)) votes.set(slot, (votes.get(slot) ?? 0) + long.votes);
    }
    return votes;
  }

  #link(key: string, slot: number): void {
    const list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, slot);
    else if (typeof list === 'number') this.#lists.set(key, new Set([list, slot]));
    else list.add(slot);
  }

  #unlink(key: string, slot: number): void {
    const list = this.#lists.get(key);
    if (list === slot) this.#lists.delete(key);
    if (typeof list !== 'object') return;
    list.delete(slot);
    if (list.size === 0) this.#lists.delete(key);
  }
}
