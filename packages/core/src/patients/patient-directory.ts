/**
 * Port: the patients of this hospital. Reconciliation asks it for candidates; it never decides and never creates.
 */
import type { ArrivingPatient, LocalPatient } from '../study/index.ts';
import type { NameCounts } from './name-counts.ts';

/** A patient directory: a file, a PACS that is searched, an HL7 feed's index. */
export interface PatientDirectory {
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * Every local patient that could be the arrival: more than the likely ones, never only the best.
   *
   * Recall matters here, precision does not: same national number; same birth date with a name that sounds alike; same
   * name with a birth date that differs in one part. An empty answer means that nobody is near.
   *
   * @param options.limit - Most candidates returned, default 200; the nearest are kept.
   * @throws {ReconciliationError} `RECONCILIATION_DIRECTORY_UNAVAILABLE`: the arrival waits.
   */
  candidates(
    arrival: ArrivingPatient,
    options?: { readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<readonly LocalPatient[]>;
  /** The patient with this local Patient ID, or undefined. */
  get(patientId: string, options?: { readonly signal?: AbortSignal }): Promise<LocalPatient | undefined>;
  /** How many persons are registered; a prior for "not in the registry", and for frequencies. */
  size(): Promise<number>;
  /** How often names are borne here; without it the frequencies of the model stand for all names. */
  names?(): Promise<NameCounts>;
  /** Calls back after the directory changed, so that what waits for a patient is looked at again. Returns how to stop. */
  onChange(listener: () => void): () => void;
}
