/** The end of a delivery in part. */
import type { LiveExchange } from '../member/live-exchange.ts';

/** A delivery in part stays open, with its bytes, until a person has seen what is missing and released it. */
export async function awaitSettlement(x: LiveExchange, isPartial: boolean, signal: AbortSignal): Promise<void> {
  if (!isPartial) return;
  if (x.recorded('HELD')?.code !== 'TRANSFER_PARTIAL') await x.record('HELD', { code: 'TRANSFER_PARTIAL' });
  await x.until(({ state }) => state.held === undefined, signal);
}
