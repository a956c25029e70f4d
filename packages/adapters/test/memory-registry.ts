// A registry that keeps its patients in memory, waits where a test holds it up, and fails when told to.
import { ReconciliationError } from '@interhosp/core/errors';
import {
  createPatientIndex,
  type PatientChange,
  type PatientIndex,
  type PatientRegistry,
} from '@interhosp/core/patients';
import type { ArrivingPatient, LocalPatient } from '@interhosp/core/study';

export class MemoryRegistry implements PatientRegistry {
  /** What was applied, change by change. */
  readonly applied: PatientChange[] = [];
  /** Awaited before anything is kept. */
  before: () => Promise<void> = async () => {};
  isRunning = false;
  readonly #index: PatientIndex = createPatientIndex();
  #patients = new Map<string, LocalPatient>();
  #leads: ReadonlyMap<string, string> = new Map();
  readonly #listeners = new Set<() => void>();

  async start(): Promise<void> {
    this.isRunning = true;
  }

  async stop(): Promise<void> {
    this.isRunning = false;
  }

  async candidates(
    arrival: ArrivingPatient,
    options: { readonly limit?: number; readonly signal?: AbortSignal } = {},
  ): Promise<readonly LocalPatient[]> {
    options.signal?.throwIfAborted();
    return this.#held().candidates(arrival, options.limit === undefined ? {} : { limit: options.limit });
  }

  async get(patientId: string, options: { readonly signal?: AbortSignal } = {}): Promise<LocalPatient | undefined> {
    options.signal?.throwIfAborted();
    return this.#held().get(patientId);
  }

  async size(): Promise<number> {
    return this.#held().size;
  }

  async names() {
    return this.#held().names;
  }

  onChange(listener: () => void): () => void {
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  async currentId(patientId: string): Promise<string> {
    return [...endOf(patientId, this.#leads)].at(-1) ?? patientId;
  }

  async apply(changes: readonly PatientChange[], options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    options.signal?.throwIfAborted();
    await this.before();
    this.#held();
    const patients = new Map(this.#patients);
    const leads = new Map(this.#leads);
    for (const change of changes) make(change, patients, leads);
    this.#leads = leads;
    this.#hold(patients);
    this.applied.push(...changes);
    this.#tell();
  }

  async replaceAll(
    list: AsyncIterable<LocalPatient>,
    options: { readonly leastShareKept?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    const patients = new Map<string, LocalPatient>();
    for await (const patient of list) patients.set(patient.patientId.id, patient);
    const kept = [...this.#patients.keys()].filter((id) => patients.has(id)).length;
    if (kept < this.#patients.size * (options.leastShareKept ?? 0)) throw invalid('shrunk');
    this.#hold(patients);
    this.#tell();
  }

  #hold(patients: Map<string, LocalPatient>): void {
    for (const id of this.#patients.keys()) if (!patients.has(id)) this.#index.remove(id);
    for (const [id, patient] of patients) if (this.#patients.get(id) !== patient) this.#index.upsert(patient);
    this.#patients = patients;
  }

  #tell(): void {
    for (const listener of Array.from(this.#listeners)) {
      try {
        listener();
      } catch {
        // Its own fault.
      }
    }
  }

  #held(): PatientIndex {
    if (!this.isRunning) throw new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE');
    return this.#index;
  }
}

function make(change: PatientChange, patients: Map<string, LocalPatient>, leads: Map<string, string>): void {
  if (change.kind === 'put') patients.set(change.patient.patientId.id, change.patient);
  else if (change.kind === 'remove') patients.delete(change.patientId);
  else if (change.kind === 'merge') {
    if (endOf(change.into, leads).has(change.patientId)) throw invalid('merge-in-circle');
    patients.delete(change.patientId);
    leads.set(change.patientId, change.into);
  } else {
    const { patientId, to } = change;
    const held = patients.get(patientId);
    if (patientId === to || (held !== undefined && patients.has(to))) throw invalid('id-taken');
    patients.delete(patientId);
    if (held !== undefined) patients.set(to, { ...held, patientId: { ...held.patientId, id: to } });
    leads.delete(to);
    leads.set(patientId, to);
  }
}

/** An ID and all that it leads to. */
function endOf(patientId: string, leads: ReadonlyMap<string, string>): ReadonlySet<string> {
  const seen = new Set<string>();
  for (let next: string | undefined = patientId; next !== undefined && !seen.has(next); next = leads.get(next)) {
    seen.add(next);
  }
  return seen;
}

function invalid(reason: string): ReconciliationError {
  return new ReconciliationError('RECONCILIATION_DIRECTORY_INVALID', { details: { reason } });
}
