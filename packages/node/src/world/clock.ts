/** The Clock port over this machine's clocks. */
import type { Clock } from '@interhosp/core/world';

/** Wall and monotonic time of this machine. */
export function nodeClock(): Clock {
  return { now: () => Date.now(), monotonicMs: () => performance.now(), sleep };
}

/** Longest single timer: Node fires anything above 2^31 - 1 ms at once. */
const MAX_TIMER_MS = 2_147_483_647;

async function sleep(ms: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
  let leftMs = ms;
  do {
    const stepMs = Math.min(Math.max(leftMs, 0), MAX_TIMER_MS);
    await oneTimer(stepMs, options.signal);
    leftMs -= stepMs;
  } while (leftMs > 0);
}

function oneTimer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', aborted, { once: true });
    function done() {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }
    function aborted() {
      clearTimeout(timer);
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- STYLE: a signal's reason is passed on untouched
      reject(signal?.reason);
    }
  });
}
