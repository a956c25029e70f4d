/** Keeps the store at the journal's end while the member runs. It lags by a second at most; nothing is decided on it. */
import type { Clock, Log } from '@interhosp/core/world';
import type { Journal } from '../journal/index.ts';
import { errorFields } from '../observe/logger.ts';
import { catchUpStore, type Store } from '../store/index.ts';
import { PROJECTIONS } from './projections.ts';

/** A list may be so old. */
const LAG_MS = 1_000;

/** Catches up until the signal aborts, and once more then. A store that fails is left behind: the next start rebuilds it. */
export async function keepIndexed(
  store: Store,
  { clock, journal, log }: { readonly journal: Journal; readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  try {
    while (!signal.aborted) {
      await catchUpStore(store, journal, PROJECTIONS, { log });
      await clock.sleep(LAG_MS, { signal }).catch(() => {});
    }
    await catchUpStore(store, journal, PROJECTIONS, { log });
  } catch (error) {
    log.write('warn', 'store.left-behind', errorFields(error));
  }
}
