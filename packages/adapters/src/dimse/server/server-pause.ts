/** Waits as an odd PACS does (oddities.ts). */
import { setTimeout as later } from 'node:timers/promises';

/** Waits so long; not at all without a time. @throws the signal's reason */
export async function pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms === undefined || ms <= 0) return;
  await later(ms, undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
}
