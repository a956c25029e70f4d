/** A change of the index before it is written: what comes, what goes, and the keys of both. */
import type { NationalNumberRules } from '@interhosp/core/patients';
import type { LocalPatient } from '@interhosp/core/study';
import { filedUnder } from './filed-under.ts';
import type { WrittenAhead } from './index-rows.ts';
import type { KeyHash } from './key-hash.ts';
import { namesOf } from './name-table.ts';
import { PendingKeys } from './pending-keys.ts';

/** How keys are made. */
export interface Filing {
  readonly hash: KeyHash;
  readonly rules: NationalNumberRules;
}

/** See the file's head. */
export class Draft {
  readonly keys = new PendingKeys();
  /** Names with how many bearers more or fewer. */
  readonly names = new Map<string, number>();
  /** IDs with whom they lead to; undefined for one that leads to itself again. */
  readonly leads = new Map<string, string | undefined>();
  /** Packed records that come, by slot. */
  readonly records = new Map<number, Uint8Array>();
  /** Slots that go. */
  readonly gone = new Set<number>();
  /** Where each ID that was touched lies now; undefined when it is gone. */
  readonly slots = new Map<string, number | undefined>();
  /** Records that were written ahead. */
  ahead: WrittenAhead[] = [];
  sizeBy = 0;
  namedBy = 0;
  readonly #filing: Filing;

  constructor(filing: Filing) {
    this.#filing = filing;
  }

  get isEmpty(): boolean {
    return this.keys.count === 0 && this.leads.size === 0 && this.gone.size === 0 && this.records.size === 0;
  }

  put(patient: LocalPatient, slot: number, packed: Uint8Array): void {
    this.records.set(slot, packed);
    this.slots.set(patient.patientId.id, slot);
    this.file(patient, slot, 1);
  }

  /** @param patient - As it is stored: its keys are those it was filed under. */
  remove(patient: LocalPatient, slot: number): void {
    if (!this.records.delete(slot)) this.gone.add(slot);
    this.slots.set(patient.patientId.id, undefined);
    this.file(patient, slot, -1);
  }

  /** Keys and names alone; the record is there already, or goes otherwise. */
  file(patient: LocalPatient, slot: number, by: 1 | -1): void {
    const { hash, rules } = this.#filing;
    for (const key of filedUnder(patient, rules)) this.keys.add(hash.place(key), slot, by < 0);
    this.sizeBy += by;
    const names = namesOf(patient);
    if (names === undefined) return;
    this.namedBy += by;
    for (const name of names) this.names.set(name, (this.names.get(name) ?? 0) + by);
  }
}
