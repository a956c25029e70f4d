/**
 * What is to be retrieved, and how far it has come (PS3.4 C.4.2, C.4.3). Whether a retrieval is complete is decided by our
 * own list: the counts of PACS are wrong as often as right.
 */
import { TAGS, type NewElement, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { ListedInstance } from '../query/find-studies.ts';
import { key, level } from '../query/query-keys.ts';
import { MAX_LISTED_UIDS } from '../query/query-limits.ts';
import { serviceError, type StatusProfile } from '../association/service-error.ts';
import { isWarning, STATUS } from '../association/status.ts';

/** A study, or some instances of it. */
export interface RetrieveRequest {
  readonly studyInstanceUid: Uid;
  /** What is to come, as {@link findInstances} listed it. */
  readonly instances: readonly ListedInstance[];
  /** Whether these are all of the study, so that it may be asked for whole; instances made since then come as well. */
  readonly isWholeStudy: boolean;
  /** Only where the PACS has the patient root alone. */
  readonly patientId?: string;
}

/** One request to the PACS: an identifier, and what it should bring. */
export interface RetrieveStep {
  readonly keys: readonly NewElement[];
  readonly instances: readonly ListedInstance[];
}

/** Requests that brought nothing, after which no further one of their kind is sent. */
const MAX_FRUITLESS = 3;

/** Keeps account of a retrieval. */
export class RetrieveAccount {
  readonly #request: RetrieveRequest;
  readonly #missing: Map<Uid, ListedInstance>;
  readonly #wanted: ReadonlySet<Uid>;
  #received = 0;
  #failure: number | undefined;
  #receivedBefore = 0;
  /** Requests in a row that brought nothing. */
  #fruitless = 0;

  constructor(request: RetrieveRequest) {
    this.#request = request;
    this.#wanted = new Set(request.instances.map(({ sopInstanceUid }) => sopInstanceUid));
    this.#missing = new Map(request.instances.map((instance) => [instance.sopInstanceUid, instance]));
  }

  /** What was asked for and has not come. */
  get missing(): readonly ListedInstance[] {
    return [...this.#missing.values()];
  }

  /** Whether another request of the same kind may bring something. */
  get isWorthwhile(): boolean {
    return this.#fruitless < MAX_FRUITLESS;
  }

  /** Whether an instance belongs to what was asked for. */
  isWanted(sopInstanceUid: Uid): boolean {
    return this.#request.isWholeStudy || this.#wanted.has(sopInstanceUid);
  }

  /** An instance has come, to its end or as far as somebody wanted it. */
  came(sopInstanceUid: Uid): void {
    this.#received++;
    this.#missing.delete(sopInstanceUid);
  }

  /** How the PACS ended one request. */
  ended(status: number): void {
    const isFine = status === STATUS.success || isWarning(status);
    this.#failure = isFine ? undefined : status;
    this.#fruitless = this.#received === this.#receivedBefore ? this.#fruitless + 1 : 0;
    this.#receivedBefore = this.#received;
  }

  /** The requests that bring what is missing: the whole study first, then by lists, then one by one. */
  steps(attempt: number): readonly RetrieveStep[] {
    this.#fruitless = 0;
    if (this.#missing.size === 0) return [];
    if (attempt === 0 && this.#request.isWholeStudy) {
      return [{ keys: [...level('STUDY'), ...this.#above()], instances: this.missing }];
    }
    // Lists of UIDs are in the standard (PS3.4 C.4.2.1.4.1), and not in every PACS.
    const isOneByOne = attempt > 1 && this.#received === 0;
    return this.#lists(isOneByOne ? 1 : MAX_LISTED_UIDS);
  }

  /** @throws {PacsError} when something is missing: what the PACS said, or `PACS_INCOMPLETE`. */
  mustBeComplete(profile: StatusProfile): void {
    const count = this.#missing.size;
    if (count === 0) return;
    if (this.#failure !== undefined && this.#received === 0) throw serviceError(this.#failure, profile);
    const details = { instances: this.#received, count, ...(this.#failure !== undefined && { status: this.#failure }) };
    throw new PacsError('PACS_INCOMPLETE', { details });
  }

  #lists(length: number): readonly RetrieveStep[] {
    const bySeries = Map.groupBy(this.missing, (instance) => instance.seriesInstanceUid);
    return [...bySeries].flatMap(([seriesInstanceUid, instances]) => {
      const steps: RetrieveStep[] = [];
      for (let at = 0; at < instances.length; at += length) {
        const some = instances.slice(at, at + length);
        const uids = some.map((each) => each.sopInstanceUid).join('\\');
        const keys = [
          ...level('IMAGE'),
          ...this.#above(),
          ...key(TAGS.SeriesInstanceUID, 'UI', seriesInstanceUid),
          ...key(TAGS.SOPInstanceUID, 'UI', uids),
        ];
        steps.push({ keys, instances: some });
      }
      return steps;
    });
  }

  #above(): readonly NewElement[] {
    const { patientId, studyInstanceUid } = this.#request;
    const patient = patientId === undefined ? [] : key(TAGS.PatientID, 'LO', patientId);
    return [...patient, ...key(TAGS.StudyInstanceUID, 'UI', studyInstanceUid)];
  }
}
