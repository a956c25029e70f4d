/** The end of an exchange's bytes: once closed and kept for as long as the site says, their key is erased for good. */
import type { LiveExchange } from '../member/live-exchange.ts';
import { crashpoint } from '../world/index.ts';
import type { SharedPorts } from './ports.ts';

/** Waits, records the erasure, erases. What is not closed is never erased by time. */
export async function expunge(x: LiveExchange, ports: SharedPorts, signal: AbortSignal): Promise<void> {
  const closed = x.history.findLast(({ type }) => ['CANCELLED', 'CLOSED', 'EXPIRED', 'RECALLED'].includes(type));
  const dueMs = Date.parse(closed?.at ?? '') + ports.keepMs;
  for (let waitMs = dueMs - ports.clock.now(); waitMs > 0; waitMs = dueMs - ports.clock.now()) {
    // Timers hold 24 days at most.
    await ports.clock.sleep(Math.min(waitMs, 86_400_000), { signal });
  }
  await x.step('EXPUNGED', () => ({}));
  await eraseBytes(x, ports);
}

/** Also called at start, for what a crash left half erased. */
export async function eraseBytes(x: LiveExchange, { keys, spool }: SharedPorts): Promise<void> {
  await keys.eraseKey(x.id);
  crashpoint('C24', x.facts.role);
  await spool.remove(x.id);
}
