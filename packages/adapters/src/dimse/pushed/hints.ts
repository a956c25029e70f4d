/** Word that something changed, for whoever listens: each thing is told once however often it changed meanwhile. */
import type { Uid } from '@interhosp/core/dicom';

/** See the file's head. */
export class Hints<T extends Uid> {
  readonly #listeners = new Set<Listener<T>>();
  #isEnded = false;

  /** Tells those who listen at this moment. */
  tell(what: T): void {
    for (const { waiting, wake } of this.#listeners) {
      waiting.add(what);
      wake();
    }
  }

  /** What is told from now on; the listening begins with the call. @throws the signal's reason. */
  listen(signal?: AbortSignal): AsyncIterable<T> {
    const listener: Listener<T> = { waiting: new Set(), wake: () => {} };
    if (!this.#isEnded) this.#listeners.add(listener);
    return this.#told(listener, signal);
  }

  /** Ends all listening. */
  end(): void {
    this.#isEnded = true;
    for (const { wake } of this.#listeners) wake();
  }

  async *#told(listener: Listener<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
    const onAbort = (): void => listener.wake();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      while (!this.#isEnded) {
        signal?.throwIfAborted();
        const [next] = listener.waiting;
        if (next === undefined) {
          await new Promise<void>((resolve) => (listener.wake = resolve));
          continue;
        }
        listener.waiting.delete(next);
        yield next;
      }
    } finally {
      this.#listeners.delete(listener);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

interface Listener<T> {
  readonly waiting: Set<T>;
  wake: () => void;
}
