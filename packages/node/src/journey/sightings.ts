/**
 * What discovery remembers of the studies that it saw: the count, since when, and whether it was dealt with. In memory
 * alone, on purpose. What was *decided* is in the journal: an exchange that was begun is found there (`isSent`) and is not
 * begun again. What was merely *seen* costs a restart one more look at the window, and a record for each of a thousand
 * studies a day would be a second state that could disagree with the PACS. So a start looks at everything anew, and a
 * watermark is not kept either: the sweep that each start begins with covers whatever was missed meanwhile.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { StudyHeader } from '@interhosp/core/study';

/** Half a year of a large hospital, some 50 MB. What was looked at longest ago goes first, and is merely asked again. */
const MAX_SIGHTINGS = 200_000;

/** One study as it was seen last. Times are monotonic. */
export interface Sighting {
  readonly instances: number;
  /** When the look began that saw this count first. */
  readonly sinceMs: number;
  /** When the newest look began. */
  readonly lookedMs: number;
  /** When the newest look began that counted, where the PACS tells no count of its own. */
  readonly countedMs: number;
  /** Before this nothing more is asked about it; never, when it is done. */
  readonly dueMs: number;
  /** Nothing is to be done about this count. */
  readonly isDone: boolean;
  /** Failures in a row. */
  readonly failures: number;
  /** Listed under two patients when it was looked at last. */
  readonly isSplit: boolean;
  /** The count that was last sent as an emergency before the study was complete; `none` when the rules know of none. */
  readonly hurried?: number | 'none';
  /** Study Date, where there is one. */
  readonly date?: string;
  /** What the rules were asked with, when they are to be asked again. */
  readonly header?: StudyHeader;
}

/** The studies that were seen. */
export class Sightings {
  readonly #byUid = new Map<Uid, Sighting>();
  readonly #most: number;
  /** Called when the oldest is forgotten for want of room. */
  readonly #onFull: () => void;

  constructor(onFull: () => void, most = MAX_SIGHTINGS) {
    this.#onFull = onFull;
    this.#most = most;
  }

  get size(): number {
    return this.#byUid.size;
  }

  get(uid: Uid): Sighting | undefined {
    return this.#byUid.get(uid);
  }

  /** Keeps it as the newest. */
  set(uid: Uid, sighting: Sighting): void {
    this.#byUid.delete(uid);
    this.#byUid.set(uid, sighting);
    if (this.#byUid.size <= this.#most) return;
    const [oldest] = this.#byUid.keys();
    if (oldest !== undefined) this.#byUid.delete(oldest);
    this.#onFull();
  }

  delete(uid: Uid): void {
    this.#byUid.delete(uid);
  }

  /** Forgets what no look has seen since: it has left the window, or the PACS. What is not done yet stays. */
  prune(sinceMs: number): void {
    for (const [uid, { isDone, lookedMs }] of this.#byUid) if (isDone && lookedMs < sinceMs) this.#byUid.delete(uid);
  }

  /** What is due and was not looked at since: no poll sees it. */
  due(nowMs: number, sinceMs: number): ReadonlyMap<Uid, Sighting> {
    const due = new Map<Uid, Sighting>();
    for (const [uid, sighting] of this.#byUid) {
      if (sighting.dueMs <= nowMs && sighting.lookedMs < sinceMs) due.set(uid, sighting);
    }
    return due;
  }
}
