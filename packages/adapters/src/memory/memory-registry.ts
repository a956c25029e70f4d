/**
 * A registry of patients in memory: complete and honest, for tests and for trying out a feed. What it holds is gone when it
 * is stopped.
 */
import { ReconciliationError } from '@interhosp/core/errors';
import {
  createPatientIndex,
  NATIONAL_NUMBER_RULES,
  type NameCounts,
  type PatientChange,
  type PatientIndex,
  type PatientRegistry,
} from '@interhosp/core/patients';
import type { ArrivingPatient, LocalPatient } from '@interhosp/core/study';

/** Options of {@link memoryRegistry}. */
export interface MemoryRegistryOptions {
  /** The rules national numbers are indexed under; default `be`. */
  readonly nationalNumbers?: keyof typeof NATIONAL_NUMBER_RULES | undefined;
}

/** A registry that holds nobody yet. */
export function memoryRegistry(options: MemoryRegistryOptions = {}): PatientRegistry {
  return new MemoryRegistry(options);
}

interface Held {
  readonly index: PatientIndex;
  readonly ids: Set<string>;
  /** Old IDs with those they lead to. */
  readonly leads: Map<string, string>;
}

type Undo = () => void;

class MemoryRegistry implements PatientRegistry {
  readonly #options: MemoryRegistryOptions;
  readonly #listeners = new Set<() => void>();
  #held: Held | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: MemoryRegistryOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const rules = NATIONAL_NUMBER_RULES[this.#options.nationalNumbers ?? 'be'];
    this.#held ??= { index: createPatientIndex([], { rules }), ids: new Set(), leads: new Map() };
  }

  async stop(): Promise<void> {
    this.#held = undefined;
  }

  async candidates(
    arrival: ArrivingPatient,
    { limit, signal }: { readonly limit?: number; readonly signal?: AbortSignal } = {},
  ): Promise<readonly LocalPatient[]> {
    signal?.throwIfAborted();
    return this.#started().index.candidates(arrival, limit === undefined ? {} : { limit });
  }

  async get(patientId: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<LocalPatient | undefined> {
    signal?.throwIfAborted();
    return this.#started().index.get(patientId);
  }

  async size(): Promise<number> {
    return this.#started().index.size;
  }

  async names(): Promise<NameCounts> {
    return this.#started().index.names;
  }

  async currentId(patientId: string): Promise<string> {
    return currentIdOf(this.#started(), patientId);
  }

  apply(changes: readonly PatientChange[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#inTurn(async () => {
      signal?.throwIfAborted();
      const held = this.#started();
      const undo: Undo[] = [];
      try {
        for (const change of changes) makeChange(held, change, undo);
      } catch (error) {
        for (const back of undo.reverse()) back();
        throw error;
      }
      this.#tell();
    });
  }

  replaceAll(
    patients: AsyncIterable<LocalPatient>,
    { leastShareKept = 0, signal }: { readonly leastShareKept?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    return this.#inTurn(async () => {
      signal?.throwIfAborted();
      const held = this.#started();
      const before = held.index.size;
      const missing = new Set(held.ids);
      for await (const patient of patients) {
        signal?.throwIfAborted();
        missing.delete(patient.patientId.id);
        put(held, patient, []);
      }
      const limit = Math.ceil(before * leastShareKept);
      if (before - missing.size < limit) throw invalid('shrunk', { count: before - missing.size, limit });
      for (const patientId of missing) remove(held, patientId, []);
      this.#tell();
    });
  }

  onChange(listener: () => void): () => void {
    // Wrapped, so that one function given twice is two listeners.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  #started(): Held {
    if (this.#held === undefined) throw new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE');
    return this.#held;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  #tell(): void {
    for (const listener of Array.from(this.#listeners)) {
      try {
        listener();
      } catch {
        // A listener's fault is its own; the others are told all the same.
      }
    }
  }
}

function makeChange(held: Held, change: PatientChange, undo: Undo[]): void {
  switch (change.kind) {
    case 'put':
      return put(held, change.patient, undo);
    case 'remove':
      return remove(held, change.patientId, undo);
    case 'merge':
      if (leadsBackTo(held, change.into, change.patientId)) throw invalid('merge-in-circle');
      remove(held, change.patientId, undo);
      return lead(held, change.patientId, change.into, undo);
    case 'rename':
      return rename(held, change.patientId, change.to, undo);
    default:
      change satisfies never;
  }
}

function put(held: Held, patient: LocalPatient, undo: Undo[]): void {
  remove(held, patient.patientId.id, undo);
  held.index.upsert(patient);
  held.ids.add(patient.patientId.id);
  undo.push(() => remove(held, patient.patientId.id, []));
}

function remove(held: Held, patientId: string, undo: Undo[]): void {
  const patient = held.index.get(patientId);
  if (patient === undefined) return;
  held.index.remove(patientId);
  held.ids.delete(patientId);
  undo.push(() => put(held, patient, []));
}

function rename(held: Held, patientId: string, to: string, undo: Undo[]): void {
  const patient = held.index.get(patientId);
  if (patientId === to) throw invalid('rename-to-itself');
  if (patient !== undefined && held.index.get(to) !== undefined) throw invalid('id-taken');
  if (patient !== undefined) {
    remove(held, patientId, undo);
    put(held, { ...patient, patientId: { ...patient.patientId, id: to } }, undo);
  }
  // The record is there now, wherever that ID led before: also back to where it once came from.
  lead(held, to, undefined, undo);
  lead(held, patientId, to, undo);
}

function lead({ leads }: Held, patientId: string, to: string | undefined, undo: Undo[]): void {
  const before = leads.get(patientId);
  const set = (value: string | undefined): void => {
    if (value === undefined) leads.delete(patientId);
    else leads.set(patientId, value);
  };
  set(to);
  undo.push(() => set(before));
}

function leadsBackTo({ leads }: Held, from: string, patientId: string): boolean {
  let at: string | undefined = from;
  while (at !== undefined && at !== patientId) at = leads.get(at);
  return at !== undefined;
}

/** Changes that would lead in a circle are refused, so that there is an end. */
function currentIdOf({ leads }: Held, patientId: string): string {
  let current = patientId;
  for (let next = leads.get(current); next !== undefined; next = leads.get(current)) current = next;
  return current;
}

function invalid(reason: string, details: Readonly<Record<string, number>> = {}): ReconciliationError {
  return new ReconciliationError('RECONCILIATION_DIRECTORY_INVALID', { details: { reason, ...details } });
}
