/** How long to wait before trying again: doubling, capped, with full jitter so that members do not come back in step. */
import type { Random } from '@interhosp/core/world';

/** First and longest pause, in milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * The pause before attempt `failures` + 1, between half and all of the doubled pause.
 *
 * @param failures - How often it failed in a row, at least 1.
 */
export function backoffMs(failures: number, backoff: Backoff, random: Random): number {
  const ceiling = Math.min(backoff.mostMs, backoff.firstMs * 2 ** Math.min(failures - 1, 30));
  const [byte = 0] = random.bytes(1);
  return Math.round(ceiling * (0.5 + byte / 510));
}
