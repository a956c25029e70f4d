/** Where the patients of a file are held: all in memory, or in a registry that writes down only what changed. */
import { ReconciliationError } from '@interhosp/core/errors';
import type { NameCounts, PatientIndex, PatientRegistry } from '@interhosp/core/patients';
import type { ArrivingPatient, LocalPatient } from '@interhosp/core/study';
import { checkPatients, readPatientRows, readPatients, type ReadOptions } from './read-patients.ts';

/** What is asked of patients once there are some. */
export interface HeldAnswers {
  candidates(
    arrival: ArrivingPatient,
    options: { readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<readonly LocalPatient[]>;
  get(patientId: string, options: { readonly signal?: AbortSignal }): Promise<LocalPatient | undefined>;
  size(): Promise<number>;
  names(): Promise<NameCounts>;
}

/** When a file is taken. */
export interface TakeOptions {
  /** Whether the file is as it was when its reading began. */
  readonly isStill: () => Promise<boolean>;
  /** A file with a smaller share of those held is refused. */
  readonly leastShareKept: number;
}

/** See the file's head. */
export interface HeldPatients {
  /** Undefined while there are none. */
  readonly answers: HeldAnswers | undefined;
  /** @returns Whether there are patients from the time before. */
  start(): Promise<boolean>;
  stop(): Promise<void>;
  /**
   * Holds the patients of a file and no others.
   *
   * @returns How many; undefined when the file was written to meanwhile, and what was held stays.
   * @throws {ReconciliationError} as `readPatients`; `RECONCILIATION_DIRECTORY_INVALID` with `reason: 'shrunk'`.
   */
  take(reading: ReadOptions, options: TakeOptions): Promise<number | undefined>;
}

/** Holds them in memory, twice while a file is read. */
export function patientsInMemory(): HeldPatients {
  return new MemoryPatients();
}

/** Holds them in a registry. A file is read twice: it changes nothing before all of its rows were found to be usable. */
export function patientsInRegistry(registry: PatientRegistry): HeldPatients {
  return new RegistryPatients(registry);
}

class MemoryPatients implements HeldPatients {
  #index: PatientIndex | undefined;

  get answers(): HeldAnswers | undefined {
    const index = this.#index;
    if (index === undefined) return undefined;
    return {
      candidates: async (arrival, { limit }) => index.candidates(arrival, limit === undefined ? {} : { limit }),
      get: async (patientId) => index.get(patientId),
      size: async () => index.size,
      names: async () => index.names,
    };
  }

  async start(): Promise<boolean> {
    return false;
  }

  async stop(): Promise<void> {
    this.#index = undefined;
  }

  async take(reading: ReadOptions, { isStill, leastShareKept }: TakeOptions): Promise<number | undefined> {
    const index = await readPatients(reading);
    reading.signal.throwIfAborted();
    const isFirst = this.#index === undefined;
    // A first file is taken as it is: there is nothing to fall back on, and the next look sees that it changed.
    if (!isFirst && !(await isStill())) return undefined;
    refuseShrunk(index.size, this.#index?.size ?? 0, leastShareKept);
    this.#index = index;
    return index.size;
  }
}

class RegistryPatients implements HeldPatients {
  readonly #registry: PatientRegistry;
  #isStarted = false;
  /** Nobody is answered from a registry that has never held a whole file. */
  #isFilled = false;

  constructor(registry: PatientRegistry) {
    this.#registry = registry;
  }

  get answers(): HeldAnswers | undefined {
    const registry = this.#registry;
    if (!this.#isFilled) return undefined;
    return {
      candidates: (arrival, options) => registry.candidates(arrival, options),
      get: (patientId, options) => registry.get(patientId, options),
      size: () => registry.size(),
      names: async () => (await registry.names?.()) ?? NO_NAMES,
    };
  }

  async start(): Promise<boolean> {
    await this.#registry.start();
    this.#isStarted = true;
    this.#isFilled = (await this.#registry.size()) > 0;
    return this.#isFilled;
  }

  async stop(): Promise<void> {
    this.#isFilled = false;
    if (this.#isStarted) await this.#registry.stop();
    this.#isStarted = false;
  }

  async take(reading: ReadOptions, { isStill, leastShareKept }: TakeOptions): Promise<number | undefined> {
    const count = await checkPatients(reading);
    if (!(await isStill())) return undefined;
    refuseShrunk(count, await this.#registry.size(), leastShareKept);
    try {
      await this.#registry.replaceAll(wholeFile(reading, isStill), { leastShareKept, signal: reading.signal });
    } catch (error) {
      if (error instanceof WrittenMeanwhile) return undefined;
      throw error;
    }
    this.#isFilled = true;
    return count;
  }
}

/** Raised in the list that a registry reads, so that it takes nobody out. */
class WrittenMeanwhile extends Error {
  override readonly name = 'WrittenMeanwhile';
}

async function* wholeFile(
  reading: ReadOptions,
  isStill: () => Promise<boolean>,
): AsyncGenerator<LocalPatient, void, undefined> {
  for await (const { patient } of readPatientRows(reading)) yield patient;
  if (!(await isStill())) throw new WrittenMeanwhile();
}

function refuseShrunk(count: number, held: number, leastShareKept: number): void {
  if (count >= held * leastShareKept) return;
  throw new ReconciliationError('RECONCILIATION_DIRECTORY_INVALID', {
    details: { reason: 'shrunk', count, limit: Math.ceil(held * leastShareKept) },
  });
}

const NO_NAMES: NameCounts = { total: 0, family: () => 0, given: () => 0 };
