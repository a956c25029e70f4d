/**
 * A bounded number of places for work that costs a line, a disk or a PACS. The most pressing waits least: places go by
 * priority, then by arrival. Journeys hold a place only while they work, never while they wait for a person.
 */
import { PRIORITIES, type Priority } from '@interhosp/core/study';

/** Gives out places. */
export interface Slots {
  /**
   * Runs `work` once a place is free.
   *
   * @throws The signal's reason when it aborts while waiting.
   */
  run<T>(priority: Priority, work: () => Promise<T>, options?: { readonly signal?: AbortSignal }): Promise<T>;
}

interface Waiting {
  readonly rank: number;
  readonly enter: () => void;
}

/** Makes `count` places. */
export function createSlots(count: number): Slots {
  let free = count;
  const queue: Waiting[] = [];
  const release = () => {
    const next = queue.shift();
    if (next === undefined) free++;
    else next.enter();
  };
  return {
    run: async (priority, work, options) => {
      options?.signal?.throwIfAborted();
      if (free > 0) free--;
      else await enqueue(queue, PRIORITIES.indexOf(priority), options?.signal);
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}

function enqueue(queue: Waiting[], rank: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting: Waiting = {
      rank,
      enter: () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      },
    };
    const leave = () => {
      queue.splice(queue.indexOf(waiting), 1);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', leave, { once: true });
    const behind = queue.findIndex((other) => other.rank > rank);
    queue.splice(behind === -1 ? queue.length : behind, 0, waiting);
  });
}
