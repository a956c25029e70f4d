/**
 * What can go wrong with a PACS, on request. Each is something a real one has been seen to do; tests and simulations set
 * them while the PACS runs.
 */
import type { InstanceIdentity, IssuedId } from '@interhosp/core/study';

/** Everything is optional; an empty object is a PACS in good health. */
export interface MemoryPacsFaults {
  /** Nothing answers: every call is `PACS_UNREACHABLE`. */
  readonly isDown?: boolean;
  /** Every call is `PACS_UNAUTHORIZED`. */
  readonly isLocked?: boolean;
  /** Waits so long before each answer, each instance and each piece of bytes, in milliseconds. */
  readonly delayMs?: number;
  /** The disk is full: each store is refused with 0xA700, to be repeated later. */
  readonly isFull?: boolean;
  /** Refuses every n-th instance stored since the faults were set, counted from 1. */
  readonly refuseEvery?: number;
  /** Refuses the instances for which it returns true. */
  readonly refuse?: (instance: InstanceIdentity) => boolean;
  /** Status of what `refuseEvery` and `refuse` refuse; default 0xC000, cannot understand (PS3.4 B.2.3). */
  readonly refusedStatusCode?: number;
  /** Whether what they refuse may be repeated; default `no`. */
  readonly refusedRetry?: 'no' | 'later';
  /** Takes instances with status 0xB000, coercion of data elements, instead of success. */
  readonly warns?: boolean;
  /** The connection breaks when so many bytes of an instance were taken: nothing is kept, `PACS_UNREACHABLE`. */
  readonly cutStoreAtBytes?: number;
  /** Every n-th instance is kept, but the answer is lost: its outcome is `unknown`. */
  readonly loseAnswerEvery?: number;
  /** Every n-th instance is answered with success and thrown away (a filter, a size limit). */
  readonly dropEvery?: number;
  /** Holds so many instances: for each beyond, the oldest is thrown away, and the answer is success (a size limit). */
  readonly recyclesOver?: number;
  /** An object that is held already keeps its old name and bytes, and yet the answer is success. */
  readonly hidesDuplicates?: boolean;
  /** A retrieval breaks off after so many bytes of each instance: `PACS_INCOMPLETE`. */
  readonly cutRetrieveAtBytes?: number;
  /** Every n-th instance of a study is left out of a retrieval, which ends as if it were whole. */
  readonly omitEvery?: number;
  /** One byte of each retrieved instance is changed: the last one. */
  readonly altersBytes?: boolean;
  /** Studies are listed under this patient, whatever their headers say. */
  readonly listsUnder?: IssuedId;
  /** Instances stored since the faults were set are not listed or retrieved yet: a slow database. */
  readonly isIndexingLate?: boolean;
}
