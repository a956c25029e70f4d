/** Port: time. Core and journeys never read a clock of their own, so that a simulation can drive them. */

/** Wall and monotonic time, and waiting. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00Z; for display, expiry and records, never for order. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back; for durations and time-outs. */
  monotonicMs(): number;
  /**
   * Resolves after `ms` milliseconds, however many; leaves nothing at the signal.
   *
   * @throws The signal's reason when it aborts first; the timer is then cleared.
   */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** Time as written in signed documents and records: `YYYY-MM-DDThh:mm:ssZ`, whole seconds, UTC (federation profile of RFC 3339). */
export function isoSeconds(epochMs: number): string {
  return `${new Date(Math.floor(epochMs / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}
