/**
 * Opened records in memory, by slot, outside of the heap. The oldest go when it is full: bytes are written one after the
 * other around a ring, and a record counts as long as nothing was written over it.
 */
import { slotNumbers } from './slot-numbers.ts';

/** Bytes of one piece of the ring; a record lies within one. */
const PIECE_BYTES = 1 << 20;

/** See the file's head. */
export class RecordCache {
  readonly #pieces: Uint8Array[] = [];
  readonly #mostPieces: number;
  /** Where each slot's record begins, counted from the first byte ever written, plus 1; 0 is none. */
  readonly #starts = slotNumbers(Float64Array);
  readonly #lengths = slotNumbers(Uint32Array);
  /** Bytes written so far, with what was left free at the ends of pieces. */
  #head = 0;

  /** @param mostBytes - 0 keeps nothing. */
  constructor(mostBytes: number) {
    this.#mostPieces = Math.floor(mostBytes / PIECE_BYTES);
  }

  /** The record, until the next {@link put}. */
  get(slot: number): Uint8Array | undefined {
    const start = this.#starts.get(slot) - 1;
    if (start < 0 || start < this.#oldest()) return undefined;
    const within = start % PIECE_BYTES;
    return this.#pieceOf(start)?.subarray(within, within + this.#lengths.get(slot));
  }

  put(slot: number, record: Uint8Array): void {
    if (this.#mostPieces === 0 || record.length > PIECE_BYTES) return;
    const left = PIECE_BYTES - (this.#head % PIECE_BYTES);
    if (record.length > left) this.#head += left;
    const within = this.#head % PIECE_BYTES;
    if (within === 0 && this.#pieceOf(this.#head) === undefined) this.#pieces.push(new Uint8Array(PIECE_BYTES));
    this.#pieceOf(this.#head)?.set(record, within);
    this.#starts.set(slot, this.#head + 1);
    this.#lengths.set(slot, record.length);
    this.#head += record.length;
  }

  delete(slot: number): void {
    this.#starts.set(slot, 0);
  }

  /** The piece that is being written is the oldest one anew: all before it in the ring is gone. */
  #oldest(): number {
    return (Math.floor(Math.max(0, this.#head - 1) / PIECE_BYTES) - this.#mostPieces + 1) * PIECE_BYTES;
  }

  #pieceOf(position: number): Uint8Array | undefined {
    return this.#pieces[Math.floor(position / PIECE_BYTES) % this.#mostPieces];
  }
}
