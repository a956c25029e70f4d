/** A data set while it comes in: held until it is read, with word to the socket when it is too much. */

import { HELD_PIECE_BYTES, MAX_DISCARDED_BYTES } from '../limits.ts';
import { PieceList } from './piece-list.ts';
import { ProtocolError } from './protocol-error.ts';

/** What an inbox tells the association it belongs to. */
export interface InboxOwner {
  /** So many bytes of memory more (or, negative, fewer) are held. */
  held(bytes: number): void;
  /** Somebody waits for bytes that have not come (true), or does so no longer. */
  awaits(isWaiting: boolean): void;
}

/**
 * The data set of one message. Iterating ends with its last byte and throws what ended the association before it. Ending
 * the iteration early throws away the rest as it comes.
 */
export class DataSetInbox implements AsyncIterable<Uint8Array> {
  readonly #owner: InboxOwner;
  #pieces: Uint8Array[] = [];
  #isComplete = false;
  #isDiscarded = false;
  #wasPutBack = false;
  #discardedBytes = 0;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  /** Whether the last byte has come in, read or not. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Whether all pieces are as they came from the wire. Some that were put back were joined, so that where the first chunk ends
   * cannot be told any more.
   */
  get isAsItCame(): boolean {
    return !this.#wasPutBack;
  }

  /** What has come in since the last call, waiting for at least one piece; empty at the end. */
  async batch(): Promise<readonly Uint8Array[]> {
    while (this.#pieces.length === 0) {
      if (this.#isComplete) return [];
      if (this.#error !== undefined) throw this.#error;
      await this.#more();
    }
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#owner.held(-costOf(pieces));
    return pieces;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const pieces = await this.batch();
        if (pieces.length === 0) return;
        yield* pieces;
      }
    } finally {
      this.discard();
    }
  }

  /** The whole of a short data set. @throws {RangeError} when it is longer than `limitBytes`; the rest is thrown away. */
  async whole(limitBytes: number): Promise<Uint8Array> {
    const pieces = new PieceList();
    for await (const piece of this) {
      pieces.push(piece);
      if (pieces.lengthBytes > limitBytes) throw new RangeError(`more than ${limitBytes} bytes`);
    }
    return Buffer.concat(pieces.take());
  }

  /** Puts back what was taken last, to be read again. */
  putBack(pieces: readonly Uint8Array[]): void {
    if (this.#isDiscarded) return;
    this.#wasPutBack = true;
    this.#pieces = [...pieces, ...this.#pieces];
    this.#owner.held(costOf(pieces));
  }

  /** Throws away what is held and what still comes. */
  discard(): void {
    this.#isDiscarded = true;
    this.#owner.held(-costOf(this.#pieces));
    this.#pieces = [];
  }

  /** For the association: more bytes. @throws {ProtocolError} when nobody wants so many */
  push(bytes: Uint8Array): void {
    if (this.#isDiscarded) return this.#letPass(bytes);
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#owner.held(bytes.length + HELD_PIECE_BYTES);
    this.#wake?.();
  }

  #letPass(bytes: Uint8Array): void {
    this.#discardedBytes += bytes.length;
    if (this.#discardedBytes > MAX_DISCARDED_BYTES) throw new ProtocolError('data-set-endless');
  }

  /** For the association: that was the last of it. */
  end(): void {
    this.#isComplete = true;
    this.#wake?.();
  }

  /** For the association: nothing more will come. */
  fail(error: Error): void {
    if (this.#isComplete) return;
    this.#error = error;
    this.#wake?.();
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#owner.awaits(true);
    try {
      await promise;
    } finally {
      this.#wake = undefined;
      this.#owner.awaits(false);
    }
  }
}

function costOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length + HELD_PIECE_BYTES, 0);
}
