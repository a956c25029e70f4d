/**
 * Instances that wait to be sent: a few are read ahead from their source, so that contexts can be planned for what is at
 * hand and several senders have something to do; never more than a few, since a source may do work for each.
 */
import type { StorableInstance } from '@interhosp/core/pacs';
import { READ_AHEAD_INSTANCES } from '../limits.ts';

/** See the file's head. */
export class InstanceQueue {
  readonly #source: AsyncIterator<StorableInstance>;
  readonly #onAdded: () => void;
  #waiting: StorableInstance[] = [];
  #isEnded = false;
  #isStopped = false;
  #isReading = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #wakes = new Set<() => void>();

  /** @param onAdded - Called for each instance that was read. */
  constructor(instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>, onAdded: () => void) {
    this.#source = iteratorOf(instances);
    this.#onAdded = onAdded;
  }

  /** Those at hand, in order. */
  get waiting(): readonly StorableInstance[] {
    return this.#waiting;
  }

  /** Whether no further instance will come. */
  get isEnded(): boolean {
    return this.#isEnded && this.#waiting.length === 0;
  }

  /** What the source threw; wrapped, since anything may be thrown. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Begins to read. */
  start(): void {
    void this.#read();
  }

  /** Takes the first instance that fits. */
  take(fits: (instance: StorableInstance) => boolean): StorableInstance | undefined {
    const at = this.#waiting.findIndex(fits);
    if (at < 0) return undefined;
    const [taken] = this.#waiting.splice(at, 1);
    void this.#read();
    return taken;
  }

  /** Waits until an instance is at hand, nothing more comes, or the time is over. */
  async ready(withinMs: number | undefined): Promise<'ready' | 'ended' | 'late'> {
    let isLate = false;
    let wake: (() => void) | undefined;
    const timer =
      withinMs === undefined
        ? undefined
        : setTimeout(() => {
            isLate = true;
            wake?.();
          }, withinMs);
    try {
      for (;;) {
        if (this.#waiting.length > 0) return 'ready';
        if (this.#isOver) return 'ended';
        if (isLate) return 'late';
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        this.#wakes.add(resolve);
        await promise;
        this.#wakes.delete(resolve);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits until the read-ahead is full or nothing more comes, but not for long. */
  async gathered(withinMs: number): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (!this.#isOver && this.#waiting.length < READ_AHEAD_INSTANCES && performance.now() < untilMs) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
  }

  /** Reads no further and ends the source; what is waiting is dropped. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#waiting = [];
    this.#wakeAll();
    if (this.#isEnded) return;
    this.#isEnded = true;
    const ending = Promise.resolve(this.#source.return?.()).then(
      () => {},
      () => {},
    );
    // A source that is asked for its next instance ends when it answers, which may be never.
    await within(ending, STOP_WITHIN_MS);
  }

  get #isOver(): boolean {
    return this.#isStopped || this.#isEnded;
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (!this.#isOver && this.#waiting.length < READ_AHEAD_INSTANCES) {
        const next = await this.#source.next();
        if (this.#isStopped) break;
        if (next.done === true) this.#isEnded = true;
        else {
          this.#waiting.push(next.value);
          this.#onAdded();
        }
        this.#wakeAll();
      }
    } catch (error) {
      this.#isEnded = true;
      if (!this.#isStopped) this.#failure = { error };
      this.#wakeAll();
    } finally {
      this.#isReading = false;
    }
  }

  #wakeAll(): void {
    for (const wake of this.#wakes) wake();
  }
}

/** How long a source may take to end. */
const STOP_WITHIN_MS = 1_000;

async function within(work: Promise<void>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}

function iteratorOf(
  instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
): AsyncIterator<StorableInstance> {
  async function* pass(): AsyncGenerator<StorableInstance, void, undefined> {
    yield* instances;
  }
  return pass();
}
