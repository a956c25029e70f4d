/** Waiting for a change, with a time limit and a signal, and nothing left behind. */
import type { Clock } from '@interhosp/core/world';

interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeout?: { readonly ms: number; readonly clock: Clock };
}

/** Those who wait for the next change of something, to look again in a loop. */
export class Waiters {
  #wakers = new Set<() => void>();

  /** Lets everybody go who waits now. */
  wake(): void {
    const wakers = this.#wakers;
    this.#wakers = new Set();
    for (const wake of wakers) wake();
  }

  /** Resolves at the next change, or after the time-out; throws the signal's reason. */
  async wait({ signal, timeout }: WaitOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const onAbort = () => resolve();
    const timer = new AbortController();
    this.#wakers.add(resolve);
    signal?.addEventListener('abort', onAbort);
    timeout?.clock.sleep(timeout.ms, { signal: timer.signal }).then(resolve, () => {});
    try {
      await promise;
    } finally {
      timer.abort();
      this.#wakers.delete(resolve);
      signal?.removeEventListener('abort', onAbort);
    }
    signal?.throwIfAborted();
  }
}
