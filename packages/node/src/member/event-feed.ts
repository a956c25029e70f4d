/** Changes of exchanges for those who watch live. A watcher that is slow misses in-between steps, never the newest. */
import type { Ledger } from './ledger.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { MemberEvent } from './member-api.ts';

/** The feed of one member. */
export interface EventFeed {
  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<MemberEvent>;
  /** Ends every iteration. */
  close(): void;
}

interface Watcher {
  readonly changed: Map<string, LiveExchange>;
  wake: () => void;
}

/** A feed over the ledger's changes. */
export function createEventFeed(ledger: Ledger): EventFeed {
  const watchers = new Set<Watcher>();
  let isClosed = false;
  const isOpen = (signal: AbortSignal | undefined) => !isClosed && signal?.aborted !== true;
  const unsubscribe = ledger.onChange((x) => {
    for (const watcher of watchers) {
      watcher.changed.set(x.id, x);
      watcher.wake();
    }
  });
  return {
    close: () => {
      isClosed = true;
      unsubscribe();
      for (const { wake } of watchers) wake();
    },
    async *events({ signal } = {}) {
      const watcher: Watcher = { changed: new Map(), wake: () => {} };
      watchers.add(watcher);
      const aborted = () => watcher.wake();
      signal?.addEventListener('abort', aborted, { once: true });
      try {
        while (isOpen(signal)) {
          const changed = [...watcher.changed.values()];
          watcher.changed.clear();
          for (const x of changed) yield eventOf(x);
          if (watcher.changed.size === 0 && isOpen(signal)) {
            await new Promise<void>((resolve) => (watcher.wake = resolve));
          }
        }
      } finally {
        signal?.removeEventListener('abort', aborted);
        watchers.delete(watcher);
      }
    },
  };
}

function eventOf(x: LiveExchange): MemberEvent {
  const { bytes, bytesExpected } = x.progress;
  const expected = x.recorded('SEALED')?.bytes ?? bytesExpected;
  const { held, isOver, stage } = x.state;
  return {
    bytes,
    exchangeId: x.id,
    role: x.facts.role,
    state: held !== undefined && !isOver ? 'HELD' : stage,
    ...(expected === undefined ? {} : { bytesExpected: expected }),
  };
}
