/** The data set of an instance that comes in, as a stream for somebody else who reads it once, or leaves it. */
import type { DataSetInbox } from './inbox.ts';

/** How a reading went. */
export interface Reading {
  readonly stream: AsyncIterable<Uint8Array>;
  /** Whether the last byte was handed on. */
  readonly isWhole: boolean;
  /** Throws what ended the stream before its end, whether or not its reader told. */
  throwIfBroken(): void;
}

/** A stream over an inbox; a signal's reason comes before whatever the abort does to the association. */
export function readOnce(dataSet: DataSetInbox, signal: AbortSignal | undefined): Reading {
  return new Once(dataSet, signal);
}

/** Throws away what was not read and waits for the end, before which a request is not to be answered. */
export async function passOver(dataSet: DataSetInbox): Promise<void> {
  dataSet.discard();
  await dataSet.batch();
}

class Once implements Reading {
  readonly stream: AsyncIterable<Uint8Array>;
  isWhole = false;
  readonly #dataSet: DataSetInbox;
  readonly #signal: AbortSignal | undefined;
  #failure: Error | undefined;

  constructor(dataSet: DataSetInbox, signal: AbortSignal | undefined) {
    this.#dataSet = dataSet;
    this.#signal = signal;
    this.stream = this.#read();
  }

  throwIfBroken(): void {
    this.#signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const pieces = await this.#batch();
      if (pieces.length === 0) break;
      for (const piece of pieces) {
        yield piece;
        this.#signal?.throwIfAborted();
      }
    }
    this.isWhole = true;
  }

  async #batch(): Promise<readonly Uint8Array[]> {
    this.#signal?.throwIfAborted();
    try {
      return await this.#dataSet.batch();
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error('the stream broke', { cause: error });
      this.#signal?.throwIfAborted();
      throw error;
    }
  }
}
