/** What a retrieval announces, kept for as long as it runs, so that a stream that comes later hears of all of it. */
import type { SenderEvent } from '@interhosp/core/transfer';

/** One writer, any number of readers; each reads from the first. */
export interface Announcements {
  readonly add: (event: SenderEvent) => void;
  /** Whether the seal is among them: nothing more comes. */
  readonly isComplete: boolean;
  /** Resolves with the seal. @throws The signal's reason. */
  completed(signal: AbortSignal): Promise<void>;
  /** Every event as it comes; ends after the seal, or when the signal aborts. */
  readonly read: (signal: AbortSignal) => AsyncIterable<SenderEvent>;
}

/** None yet. */
export function createAnnouncements(): Announcements {
  const events: SenderEvent[] = [];
  let isComplete = false;
  const waiting = new Set<() => void>();
  const more = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  return {
    get isComplete() {
      return isComplete;
    },
    add: (event) => {
      events.push(event);
      isComplete ||= event.type === 'sealed';
      for (const wake of waiting) wake();
    },
    completed: async (signal) => {
      signal.throwIfAborted();
      while (!isComplete) {
        await more(signal);
        signal.throwIfAborted();
      }
    },
    async *read(signal) {
      for (let next = 0; !signal.aborted;) {
        const event = events[next];
        if (event !== undefined) {
          next++;
          yield event;
        } else if (isComplete) return;
        else await more(signal);
      }
    },
  };
}
