/** Where to begin reading for a given record: every 256th record's place, so that a million take some 100 kB. */

/** The place of a record. */
export interface RecordPlace {
  readonly seq: number;
  readonly segment: number;
  /** Where its length stands. */
  readonly offset: number;
}

const EVERY = 256;

/** Places in rising order. */
export class SeqIndex {
  readonly #places: RecordPlace[] = [];

  /** Notes a record; only some are kept. */
  add(seq: number, segment: number, offset: number): void {
    if ((seq - 1) % EVERY === 0) this.#places.push({ seq, segment, offset });
  }

  /** The last kept place at or before a record; undefined when there are no records. */
  before(seq: number): RecordPlace | undefined {
    return this.#places[Math.min(Math.floor((seq - 1) / EVERY), this.#places.length - 1)];
  }
}
