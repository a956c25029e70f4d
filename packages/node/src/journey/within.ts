/** A wait with an end. */
import type { Clock } from '@interhosp/core/world';

/**
 * Waits at most `ms` milliseconds.
 *
 * @returns Whether the wait ended by itself. Its signal aborts when the time is over; what it throws then is dropped.
 * @throws What the wait throws before; the outer signal's reason.
 */
export async function within(
  ms: number,
  clock: Clock,
  signal: AbortSignal,
  wait: (signal: AbortSignal) => Promise<unknown>,
): Promise<boolean> {
  const stop = new AbortController();
  const forward = () => stop.abort(signal.reason);
  signal.throwIfAborted();
  // Removed again below: a signal derived from the node's own would live as long as the node.
  signal.addEventListener('abort', forward, { once: true });
  const timer = clock.sleep(ms, { signal: stop.signal }).then(
    () => false,
    () => false,
  );
  const waiting = wait(stop.signal).then(() => true);
  try {
    return await Promise.race([waiting, timer]);
  } finally {
    stop.abort(new Error('the time is over'));
    signal.removeEventListener('abort', forward);
    waiting.catch(() => {});
    signal.throwIfAborted();
  }
}
