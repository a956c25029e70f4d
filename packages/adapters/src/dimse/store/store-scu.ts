/**
 * Stores instances in a PACS over DIMSE (C-STORE as SCU; PS3.4 B, PS3.7 9.1.1), over a few associations side by side rather
 * than with an asynchronous window, which hardly any PACS has.
 *
 * Each instance has one outcome. What is under way when an association is lost is in doubt; the others go over another
 * association. An instance that is not what it was said to be, or whose source fails, costs the association it was on, and
 * nothing else: half a message cannot be taken back.
 */
import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { PacsOptions, StorableInstance, StoreOutcome } from '@interhosp/core/pacs';
import { CheckedDataSet, NotAsAnnounced, SourceFailure } from './checked-data-set.ts';
import { InstanceQueue } from './instance-queue.ts';
import {
  GATHER_MS,
  MAX_CONTEXTS,
  MAX_LOSSES_IN_A_ROW,
  MAX_STORE_ASSOCIATIONS,
  MAX_UNREAD_OUTCOMES,
  STORE_ASSOCIATIONS,
  STORE_IDLE_MS,
} from '../limits.ts';
import type { AssociationOptions, PeerAddress } from '../association/request-association.ts';
import { kindKey, type InstanceKind } from './store-contexts.ts';
import { StoreLine, type LineOptions } from './store-line.ts';
import { STATUS } from '../association/status.ts';
import type { StoreVerdict } from './store-status.ts';

/** How instances are stored. */
export interface StoreOptions extends PacsOptions, Omit<AssociationOptions, 'contexts' | 'roles' | 'signal'> {
  /** Associations side by side, at most {@link MAX_STORE_ASSOCIATIONS}; default {@link STORE_ASSOCIATIONS}. */
  readonly associations?: number;
  /** Statuses that this PACS uses when it is busy, beside those that everybody does. */
  readonly busyStatuses?: readonly number[];
}

/**
 * Stores instances; see `PacsDestination.store`.
 *
 * @throws {PacsError} when no association can be had, or they are lost one after the other; what the source of an instance
 *   threw, once the others are through; the signal's reason.
 */
export async function* storeInstances(
  peer: PeerAddress,
  instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
  options: StoreOptions = {},
): AsyncGenerator<StoreOutcome, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const storing = new Storing(peer, instances, options);
  const onAbort = (): void => storing.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    yield* storing.outcomes();
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await storing.stop();
  }
}

/** Why an association that is being asked for is given up: there is nothing left to send. */
const DONE = new PacsError('PACS_ABORTED', { details: { reason: 'done' } });

/** An association could not be had; others may be there. */
class NoAssociation extends Error {
  override readonly name = 'NoAssociation';
}

class Storing {
  readonly #peer: PeerAddress;
  readonly #lineOptions: LineOptions;
  readonly #queue: InstanceQueue;
  /** Ends everything. */
  readonly #aborted = new AbortController();
  /** Ends associations that are asked for, and no others. */
  readonly #opening = new AbortController();
  /** Each has one association at a time. */
  readonly #lanes = new Set<Promise<void>>();
  #mostLanes: number;
  #idleLanes = 0;
  readonly #inHand = new Set<Uid>();
  #settled = Promise.withResolvers<void>();
  #lossesInARow = 0;
  /** Kinds seen so far, proposed again with each new association. */
  readonly #kinds = new Map<string, InstanceKind>();
  readonly #unread: StoreOutcome[] = [];
  #failure: { readonly error: unknown } | undefined;
  #sourceFailure: { readonly error: unknown } | undefined;
  #wakeReader: (() => void) | undefined;

  constructor(
    peer: PeerAddress,
    instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
    { associations = STORE_ASSOCIATIONS, busyStatuses = [], ...options }: StoreOptions,
  ) {
    this.#peer = peer;
    this.#lineOptions = { ...options, busyStatuses: new Set(busyStatuses), signal: this.#aborted.signal };
    this.#mostLanes = Math.max(1, Math.min(MAX_STORE_ASSOCIATIONS, associations));
    this.#queue = new InstanceQueue(instances, () => this.#growLanes());
  }

  /** Yields outcomes until everything is settled. */
  async *outcomes(): AsyncGenerator<StoreOutcome, void, undefined> {
    this.#queue.start();
    for (;;) {
      const outcome = this.#unread.shift();
      if (outcome !== undefined) {
        this.#somethingSettled();
        yield outcome;
        continue;
      }
      this.#aborted.signal.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#isThrough) break;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeReader = resolve;
      // A source may end without a single instance, so that no lane ever is.
      if (this.#lanes.size === 0) void this.#queue.ready(undefined).then(() => resolve());
      await promise;
    }
    const failure = this.#queue.failure ?? this.#sourceFailure;
    if (failure !== undefined) throw failure.error;
  }

  /** Ends everything at once, for the caller's reason. */
  abort(reason: unknown): void {
    this.#aborted.abort(reason);
    this.#opening.abort(reason);
    this.#somethingSettled();
  }

  /** Ends what is still under way; every stream and every association is ended then. */
  async stop(): Promise<void> {
    if (this.#isThrough && this.#failure === undefined) this.#opening.abort(DONE);
    else this.abort(DONE);
    await this.#queue.stop();
    await Promise.all(this.#lanes);
  }

  get #isThrough(): boolean {
    return this.#queue.isEnded && this.#inHand.size === 0;
  }

  /** One more lane where there is more to do than lanes. */
  #growLanes(): void {
    const { size } = this.#lanes;
    if (size >= this.#mostLanes || this.#idleLanes > 0 || this.#queue.waiting.length <= size) return;
    const lane = this.#lane()
      .catch((error: unknown) => {
        // Fewer associations than wished will do; none will not.
        this.#mostLanes = Math.max(1, this.#lanes.size - 1);
        const isSpare = error instanceof NoAssociation && this.#lanes.size > 1;
        if (!isSpare) this.#failure ??= { error: error instanceof NoAssociation ? error.cause : error };
      })
      .finally(() => {
        this.#lanes.delete(lane);
        this.#somethingSettled();
        if (this.#failure === undefined && !this.#aborted.signal.aborted) this.#growLanes();
      });
    this.#lanes.add(lane);
  }

  async #lane(): Promise<void> {
    let line: StoreLine | undefined;
    try {
      for (;;) {
        this.#aborted.signal.throwIfAborted();
        while (this.#unread.length >= MAX_UNREAD_OUTCOMES) await this.#settled.promise;
        this.#aborted.signal.throwIfAborted();
        const next = await this.#instanceAtHand(line);
        if (next === 'ended') break;
        if (next === 'late' || line?.isOpen === false) {
          await line?.close();
          line = undefined;
        }
        if (next === 'ready') line = await this.#sendNext(line);
      }
      await line?.close();
    } catch (error) {
      line?.abort();
      throw error;
    }
  }

  async #instanceAtHand(line: StoreLine | undefined): Promise<'ready' | 'ended' | 'late'> {
    this.#idleLanes++;
    try {
      return await this.#queue.ready(line === undefined ? undefined : STORE_IDLE_MS);
    } finally {
      this.#idleLanes--;
    }
  }

  /**
   * Sends one of the instances at hand; answers with the association that is there afterwards. An instance is taken once
   * there is an association for it: another lane may be faster, and an old PACS serves one association at a time.
   */
  async #sendNext(open: StoreLine | undefined): Promise<StoreLine | undefined> {
    const line = open !== undefined && this.#queue.waiting.some((each) => this.#fits(open, each)) ? open : undefined;
    if (line === undefined) return await this.#reopened(open);
    const instance = this.#queue.take((each) => this.#fits(line, each));
    if (instance === undefined) return line;
    const { sopInstanceUid } = instance;
    this.#inHand.add(sopInstanceUid);
    try {
      const verdict = line.refusal(instance) ?? (await this.#send(line, instance));
      if (verdict !== undefined) this.#unread.push({ sopInstanceUid, ...verdict });
    } finally {
      this.#inHand.delete(sopInstanceUid);
      this.#somethingSettled();
    }
    return line;
  }

  /** Two objects of one UID never go at the same time: which of them comes later would be left to chance. */
  #fits(line: StoreLine, instance: StorableInstance): boolean {
    return !this.#inHand.has(instance.sopInstanceUid) && line.covers(instance);
  }

  async #reopened(open: StoreLine | undefined): Promise<StoreLine | undefined> {
    const isFree = ({ sopInstanceUid }: StorableInstance): boolean => !this.#inHand.has(sopInstanceUid);
    if (!this.#queue.waiting.some(isFree)) {
      // Those at hand have the UID of one that is under way.
      if (this.#queue.waiting.length > 0) await this.#settled.promise;
      return open;
    }
    await open?.close();
    await this.#queue.gathered(GATHER_MS);
    const wanted = this.#queue.waiting.filter(isFree);
    if (wanted.length === 0) return undefined;
    const kinds = [...wanted, ...this.#kinds.values()];
    for (const kind of wanted) if (this.#kinds.size < MAX_CONTEXTS) this.#kinds.set(kindKey(kind), kind);
    const { signal } = this.#opening;
    try {
      return await StoreLine.open(this.#peer, kinds, { ...this.#lineOptions, requestSignal: signal });
    } catch (cause) {
      throw new NoAssociation('no further association', { cause });
    }
  }

  /** Undefined where the source of the instance is to blame, of which nothing can be said. */
  async #send(line: StoreLine, instance: StorableInstance): Promise<StoreVerdict | undefined> {
    const { signal } = this.#aborted;
    let dataSet: CheckedDataSet | undefined;
    try {
      dataSet = await CheckedDataSet.open(instance, { signal });
      const verdict = await line.store(instance, dataSet);
      this.#lossesInARow = 0;
      return verdict;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NotAsAnnounced) return NOT_AS_ANNOUNCED;
      if (error instanceof SourceFailure) {
        this.#sourceFailure ??= { error: error.cause };
        return undefined;
      }
      line.abort();
      if (++this.#lossesInARow >= MAX_LOSSES_IN_A_ROW) this.#failure ??= { error };
      return IN_DOUBT;
    } finally {
      await dataSet?.close();
    }
  }

  #somethingSettled(): void {
    this.#settled.resolve();
    this.#settled = Promise.withResolvers<void>();
    this.#wakeReader?.();
  }
}

/** As a PACS would answer that compares (PS3.4 B.2.3). */
const NOT_AS_ANNOUNCED: StoreVerdict = {
  status: 'refused',
  retry: 'no',
  statusCode: STATUS.dataSetDoesNotMatchSopClass,
};

const IN_DOUBT: StoreVerdict = { status: 'unknown', retry: 'later' };
