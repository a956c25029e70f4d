/**
 * One exchange as it lives: the fold of its records in the journal, and the steps that add to it.
 *
 * A step that is recorded returns what was recorded; one that is not runs its effect, records the result durably, and
 * returns it. So the same list of steps, run again after a crash at any point, goes on where it stopped.
 */
import { foldExchange, type ExchangeState, type RecordPayloads, type RecordType } from '@interhosp/core/transfer';
import type { ExchangeId, MemberId, Priority, Purpose } from '@interhosp/core/study';
import type { Uid } from '@interhosp/core/dicom';

/** What is known of an exchange without any key: it stays when the key is erased. */
export interface ExchangeFacts {
  readonly exchangeId: ExchangeId;
  readonly role: 'sender' | 'receiver';
  /** The other member. */
  readonly peer: MemberId;
  readonly studyInstanceUid: Uid;
  readonly priority: Priority;
  readonly purpose: Purpose;
  /** What the PACS held when the study was taken; sender only. */
  readonly instances?: number;
}

/** One record in an exchange's history. */
export interface HistoryEntry {
  readonly seq: number;
  readonly type: string;
  readonly at: string;
}

/** Appends a record of an exchange to the journal; resolves when it is durable. */
export type AppendRecord = <T extends RecordType>(
  facts: ExchangeFacts,
  type: T,
  payload: RecordPayloads[T],
) => Promise<HistoryEntry>;

/** How far the bytes are; not durable, for people who watch. */
export interface ExchangeProgress {
  instances: number;
  bytes: number;
  bytesExpected?: number;
}

/** An exchange that is not over, or whose end is still of interest. */
export class LiveExchange {
  readonly facts: ExchangeFacts;
  readonly progress: ExchangeProgress = { bytes: 0, instances: 0 };
  readonly history: HistoryEntry[] = [];
  readonly #append: AppendRecord;
  readonly #listeners = new Set<() => void>();
  readonly #running = new Map<RecordType, Promise<unknown>>();
  #state: ExchangeState | undefined;
  /** One record at a time: the fold decides on the state that the one before left. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(facts: ExchangeFacts, append: AppendRecord) {
    this.facts = facts;
    this.#append = append;
  }

  get id(): ExchangeId {
    return this.facts.exchangeId;
  }

  get state(): ExchangeState {
    if (this.#state === undefined) throw new Error('an exchange begins with a record');
    return this.#state;
  }

  /** The latest payload of a type in this attempt. */
  recorded<T extends RecordType>(type: T): RecordPayloads[T] | undefined {
    return this.#state?.recorded(type);
  }

  /** As {@link LiveExchange.recorded}, for what must be there by now. */
  required<T extends RecordType>(type: T): RecordPayloads[T] {
    const payload = this.recorded(type);
    if (payload === undefined) throw new Error(`record ${type} is missing`);
    return payload;
  }

  /** Folds a record read back from the journal. */
  restore(entry: HistoryEntry, payload: RecordPayloads[RecordType] | undefined): void {
    this.#state = foldExchange(this.#state, { payload, role: this.facts.role, type: entry.type as RecordType });
    this.history.push(entry);
  }

  /** See the head of this file. Calls for the same type at the same time share one run. */
  step<T extends RecordType>(
    type: T,
    effect: () => RecordPayloads[T] | Promise<RecordPayloads[T]>,
  ): Promise<RecordPayloads[T]> {
    const recorded = this.recorded(type);
    if (recorded !== undefined) return Promise.resolve(recorded);
    const running = this.#running.get(type) as Promise<RecordPayloads[T]> | undefined;
    if (running !== undefined) return running;
    const run = (async () => this.record(type, await effect()))().finally(() => this.#running.delete(type));
    this.#running.set(type, run);
    return run;
  }

  /** Records something that may happen more than once, or that happened outside. Durable on return. */
  record<T extends RecordType>(type: T, payload: RecordPayloads[T]): Promise<RecordPayloads[T]> {
    const turn = this.#turn.then(() => this.#write(type, payload));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Records only if the condition holds when its turn has come; false when it did not, and nothing was written. */
  async recordIf<T extends RecordType>(
    condition: () => boolean,
    type: T,
    payload: RecordPayloads[T],
  ): Promise<boolean> {
    const turn = this.#turn.then(async () => {
      if (!condition()) return false;
      await this.#write(type, payload);
      return true;
    });
    this.#turn = turn.catch(() => {});
    return await turn;
  }

  /** Calls back after each record and each piece of progress. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells those who watch. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Resolves once the condition holds. @throws The signal's reason. */
  until(condition: (exchange: this) => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (condition(this)) return resolve();
      const stop = () => {
        unsubscribe();
        signal.removeEventListener('abort', aborted);
      };
      const aborted = () => {
        stop();
        reject(signal.reason as Error);
      };
      const unsubscribe = this.onChange(() => {
        if (!condition(this)) return;
        stop();
        resolve();
      });
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  async #write<T extends RecordType>(type: T, payload: RecordPayloads[T]): Promise<RecordPayloads[T]> {
    // Folded first, so that a record that may not follow is never written.
    const next = foldExchange(this.#state, { payload, role: this.facts.role, type });
    const entry = await this.#append(this.facts, type, payload);
    this.#state = next;
    this.history.push(entry);
    this.changed();
    return payload;
  }
}
