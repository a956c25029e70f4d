/** Pieces of a data set that are kept for a while, few of them however short they came. */
import { HELD_PIECE_BYTES } from '../limits.ts';

/** Pieces that are looked at together. */
const RUN_PIECES = 1_024;

/**
 * A list of pieces. A peer may send one byte in each, and each is a view that costs more than it holds, and holds on to what
 * it came in: runs of such are joined, so that a list takes no more than twice its bytes.
 */
export class PieceList {
  #pieces: Uint8Array[] = [];
  #lengthBytes = 0;
  #runPieces = 0;
  #runBytes = 0;

  /** Bytes of all pieces. */
  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  get pieces(): readonly Uint8Array[] {
    return this.#pieces;
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#lengthBytes += piece.length;
    this.#runPieces++;
    this.#runBytes += piece.length;
    if (this.#runPieces === RUN_PIECES) this.#endRun();
  }

  /** Hands the pieces over; the list is empty then. */
  take(): readonly Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#lengthBytes = 0;
    this.#runPieces = 0;
    this.#runBytes = 0;
    return pieces;
  }

  #endRun(): void {
    if (this.#runBytes < RUN_PIECES * HELD_PIECE_BYTES) {
      this.#pieces.push(joined(this.#pieces.splice(-RUN_PIECES), this.#runBytes));
    }
    this.#runPieces = 0;
    this.#runBytes = 0;
  }
}

/** In memory of its own: who frees it (piece-memory.ts) must free nobody else's, as in the pool that `Buffer.concat` uses. */
function joined(pieces: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const run = Buffer.allocUnsafeSlow(lengthBytes);
  let at = 0;
  for (const piece of pieces) {
    run.set(piece, at);
    at += piece.length;
  }
  return run;
}
