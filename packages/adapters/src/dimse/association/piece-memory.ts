/**
 * Gives the memory of received pieces back as soon as they have been written, and not when garbage is next collected: a
 * gigabyte that passes otherwise takes new pages from the system all the time, which costs as much as all the rest.
 */
import { isArrayBuffer } from 'node:util/types';

/**
 * Twice this much the allocator keeps of what was freed, for what comes next. glibc gives back to the system what is free at
 * the end of its heap, from 128 kB on, and takes it again a moment later; to have freed one longer block makes it wait for
 * twice as much as that. Allocators without such a rule are not changed by it.
 */
const KEPT_BYTES = 4_194_304;
let isKept = false;

function keepMemory(): void {
  if (isKept) return;
  isKept = true;
  // Never written to, so that it takes no memory.
  Buffer.allocUnsafeSlow(KEPT_BYTES).buffer.transfer(0);
}

/**
 * The memory of one data set. Who asks to {@link free} vouches that nobody looks at any piece that has arrived so far; a piece
 * that is looked at all the same is empty then, never another's bytes.
 */
export class PieceMemory {
  /** Buffers in which nothing but this data set lies. */
  #inner: ArrayBuffer[] = [];
  /** The one whose pieces arrive now. */
  #current: ArrayBuffer | undefined;
  #isCurrentInner = false;

  /** Takes note of pieces, as they came from a wire and in that order. */
  arrived(pieces: readonly Uint8Array[]): void {
    for (const { buffer } of pieces) {
      // What is shared between threads comes from no socket.
      if (!isArrayBuffer(buffer)) continue;
      if (buffer === this.#current) continue;
      if (this.#current !== undefined && this.#isCurrentInner) this.#inner.push(this.#current);
      // In front of the first one's pieces may be the end of another message, and behind the last one's the next.
      this.#isCurrentInner = this.#current !== undefined;
      this.#current = buffer;
    }
  }

  /** Frees what can be. */
  free(): void {
    if (this.#inner.length > 0) keepMemory();
    for (const buffer of this.#inner.splice(0)) buffer.transfer(0);
  }
}
