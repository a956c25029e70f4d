/**
 * Some requests at the same time, so that one is sent while the PACS works on another. What belongs to one UID goes one after
 * the other, and a big instance goes alone: services hold a request in memory.
 */
import type { StorableInstance } from '@interhosp/core/pacs';

type Batch = readonly StorableInstance[];

/** Limits of {@link atOnce}. */
export interface AtOnceLimits {
  readonly atOnce: number;
  /** A batch of more bytes goes alone. */
  readonly batchBytes: number;
}

interface Flight<T> {
  readonly batch: Batch;
  /** Never rejects. */
  readonly landed: Promise<{ readonly flight: Flight<T>; readonly results: readonly T[]; readonly failure?: Failure }>;
}

interface Failure {
  readonly error: unknown;
}

/**
 * Yields the results of each batch as it ends, in any order. After a failure nothing more begins; what was under way is
 * waited for and told, and then the failure is thrown. The same when the reader goes away.
 */
export async function* atOnce<T>(
  batches: AsyncGenerator<Batch, void, undefined>,
  run: (batch: Batch) => AsyncIterable<T>,
  limits: AtOnceLimits,
): AsyncGenerator<readonly T[], void, undefined> {
  const flights = new Set<Flight<T>>();
  /** The batch that is being waited for, and the one that waits for its turn. */
  let coming: Promise<IteratorResult<Batch, void>> | undefined;
  let isAsked = false;
  let waiting: Batch | undefined;
  let isEnded = false;
  let failure: Failure | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    isEnded = true;
    waiting = undefined;
    coming = undefined;
  };
  try {
    for (;;) {
      if (waiting !== undefined && mayFly(waiting, flights, limits)) {
        flights.add(takeOff(waiting, run));
        waiting = undefined;
      }
      if (!isEnded && waiting === undefined && flights.size < limits.atOnce) {
        if (coming === undefined) {
          isAsked = true;
          coming = batches.next().finally(() => (isAsked = false));
          coming.catch(() => {});
        }
      }
      if (flights.size === 0 && coming === undefined) break;
      const first = await Promise.race([
        ...[...flights].map(({ landed }) => landed),
        ...(coming === undefined ? [] : [coming.catch((error: unknown) => ({ error }))]),
      ]);
      if ('flight' in first) {
        flights.delete(first.flight);
        if (first.failure !== undefined) fail(first.failure.error);
        if (first.results.length > 0) yield first.results;
      } else if ('error' in first) {
        fail(first.error);
      } else {
        coming = undefined;
        isEnded = first.done === true;
        waiting = first.done === true ? undefined : first.value;
      }
    }
  } finally {
    await Promise.all([...flights].map(({ landed }) => landed));
    const returned = batches.return();
    // A source that is still waiting for something itself ends when it wakes.
    if (!isAsked) await returned;
    else returned.catch(() => {});
  }
  if (failure !== undefined) throw failure.error;
}

function mayFly<T>(batch: Batch, flights: ReadonlySet<Flight<T>>, { atOnce: most, batchBytes }: AtOnceLimits): boolean {
  if (flights.size === 0) return true;
  const under = [...flights].flatMap((flight) => flight.batch);
  const uids = new Set(under.map(({ sopInstanceUid }) => sopInstanceUid));
  const isBig = [batch, ...[...flights].map((flight) => flight.batch)].some((each) => bytesOf(each) > batchBytes);
  return flights.size < most && !isBig && !batch.some(({ sopInstanceUid }) => uids.has(sopInstanceUid));
}

function bytesOf(batch: Batch): number {
  return batch.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
}

function takeOff<T>(batch: Batch, run: (batch: Batch) => AsyncIterable<T>): Flight<T> {
  const fly = async (): Promise<Awaited<Flight<T>['landed']>> => {
    const results: T[] = [];
    try {
      for await (const result of run(batch)) results.push(result);
      return { flight, results };
    } catch (error) {
      return { flight, results, failure: { error } };
    }
  };
  const flight: Flight<T> = { batch, landed: Promise.resolve().then(fly) };
  return flight;
}
