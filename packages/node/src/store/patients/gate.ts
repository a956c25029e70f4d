/**
 * Questions together, a change alone: a question sees the index before a change or after it, never between, since it reads
 * in several steps and a patient who is being replaced must not be missed.
 */
export class Gate {
  #questions = 0;
  #change: Promise<void> | undefined;
  #lastLeft: (() => void) | undefined;

  /** Runs a question, after the change that is being made; one that is aborted no longer waits for that. */
  async question<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    while (this.#change !== undefined) await unlessAborted(this.#change, signal);
    this.#questions += 1;
    try {
      return await work();
    } finally {
      this.#questions -= 1;
      if (this.#questions === 0) this.#lastLeft?.();
    }
  }

  /** Runs a change once the questions that began before it have ended. Changes come one at a time, by the caller's care. */
  async change<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#change = promise;
    try {
      if (this.#questions > 0) await new Promise<void>((left) => (this.#lastLeft = left));
      this.#lastLeft = undefined;
      return await work();
    } finally {
      this.#change = undefined;
      resolve();
    }
  }
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return await work;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
