// The time of this process, as adapters are handed it.
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '@interhosp/core/world';

/** @param aheadMs - How far wall time runs ahead. */
export function testClock(aheadMs = 0): Clock {
  return {
    now: () => Date.now() + aheadMs,
    monotonicMs: () => performance.now(),
    async sleep(ms, { signal } = {}) {
      await setTimeout(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw error;
      });
    },
  };
}
