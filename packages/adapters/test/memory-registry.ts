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
  #index: PatientIndex;
  #leads = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  constructor(patients: Iterable<LocalPatient> = []) {
    this.#index = createPatientIndex(patients);
  }

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
    let id = patientId;
    for (let next = this.#leads.get(id); next !== undefined; next = this.#leads.get(id)) id = next;
    return id;
  }

  async apply(changes: readonly PatientChange[]): Promise<void> {
    await this.before();
    this.#held();
    for (const change of changes) {
      if (change.kind === 'put') this.#index.upsert(change.patient);
      else if (change.kind === 'remove') this.#index.remove(change.patientId);
      else if (change.kind === 'merge') await this.#lead(change.patientId, change.into);
      else {
        const held = this.#index.get(change.patientId);
        this.#leads.delete(change.to);
        await this.#lead(change.patientId, change.to);
        if (held !== undefined) this.#index.upsert({ ...held, patientId: { ...held.patientId, id: change.to } });
      }
      this.applied.push(change);
    }
    for (const listener of Array.from(this.#listeners)) {
      try {
        listener();
      } catch {
        // Its own fault.
      }
    }
  }

  async replaceAll(patients: AsyncIterable<LocalPatient>): Promise<void> {
    const index = createPatientIndex();
    for await (const patient of patients) index.upsert(patient);
    this.#index = index;
  }

  async #lead(from: string, to: string): Promise<void> {
    if ((await this.currentId(to)) === from) throw new ReconciliationError('RECONCILIATION_DIRECTORY_INVALID');
    this.#leads.set(from, to);
    this.#index.remove(from);
  }

  #held(): PatientIndex {
    if (!this.isRunning) throw new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE');
    return this.#index;
  }
}
