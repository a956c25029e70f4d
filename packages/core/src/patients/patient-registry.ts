/**
 * Port: an index of this hospital's patients that feeds write to (HL7 ADT, a CSV export, searches of a PACS) and that
 * reconciliation asks. A projection: it can be filled again from its feeds at any time.
 */
import type { LocalPatient } from '../study/index.ts';
import type { PatientDirectory } from './patient-directory.ts';

/** One change of the registry. IDs are local Patient IDs, compared exactly. */
export type PatientChange =
  /** Adds a patient, or replaces the one with this ID (A01, A04, A08, A28, A31). */
  | { readonly kind: 'put'; readonly patient: LocalPatient }
  /** Nobody of this ID is no fault (A29). */
  | { readonly kind: 'remove'; readonly patientId: string }
  /**
   * The hospital says that two records are one person (A40): the first goes, and its ID leads to the second from now on,
   * also when either is not known yet.
   */
  | { readonly kind: 'merge'; readonly patientId: string; readonly into: string }
  /** The same record under another ID (A47); the old ID leads to the new one. */
  | { readonly kind: 'rename'; readonly patientId: string; readonly to: string };

/** See the file's head. */
export interface PatientRegistry extends PatientDirectory {
  /**
   * Makes all changes in their order, or none; durable on return.
   *
   * @throws {ReconciliationError} `RECONCILIATION_DIRECTORY_INVALID`: a change cannot be made, such as a merge of a patient
   *   into itself, or in a circle. `RECONCILIATION_DIRECTORY_UNAVAILABLE`: not started.
   * @throws {StorageError} `STORAGE_FULL`, `STORAGE_FAILED`.
   */
  apply(changes: readonly PatientChange[], options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Makes the registry hold these patients and no others: adds, replaces, and takes out whoever is missing, once all have
   * been read. Merged IDs keep leading where they led. A run that is cut off leaves those that were added or replaced, and
   * takes nobody out; the next run finishes.
   *
   * @param options.leastShareKept - A list that would take out more than the rest of this is refused before anybody goes;
   *   between 0 and 1, default 0.
   * @throws {ReconciliationError} `RECONCILIATION_DIRECTORY_INVALID` with `reason: 'shrunk'`.
   */
  replaceAll(
    patients: AsyncIterable<LocalPatient>,
    options?: { readonly leastShareKept?: number; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** The ID that this one leads to since a merge or a change of ID; itself when there was none. */
  currentId(patientId: string): Promise<string>;
}
