/** Groups instances into requests: as many as are at hand, within limits, and never two of the same UID in one. */
import type { StorableInstance } from '@interhosp/core/pacs';

/** Limits of one request. */
export interface BatchLimits {
  readonly batchInstances: number;
  /** A bigger instance goes alone. */
  readonly batchBytes: number;
}

/** How long a batch waits for the next instance. A source that is still receiving must not hold back what it has. */
const LINGER_MS = 50;

/** Yields batches in the order of the instances. The source is ended when the reader goes away. */
export async function* batches(
  instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
  { batchInstances, batchBytes }: BatchLimits,
): AsyncGenerator<readonly StorableInstance[], void, undefined> {
  const source = iteratorOf(instances);
  let batch: StorableInstance[] = [];
  let bytes = 0;
  let isEnded = false;
  /** The instance that is being waited for, while a batch goes out. */
  let coming: Promise<IteratorResult<StorableInstance>> | undefined;
  try {
    for (;;) {
      coming ??= source.next();
      const next = batch.length === 0 ? await coming : await within(coming, LINGER_MS);
      if (next !== 'later') coming = undefined;
      const instance = next === 'later' || next.done === true ? undefined : next.value;
      const fits =
        instance !== undefined &&
        batch.length < batchInstances &&
        (batch.length === 0 || bytes + instance.lengthBytes <= batchBytes) &&
        !batch.some((each) => each.sopInstanceUid === instance.sopInstanceUid);
      if (!fits && batch.length > 0) {
        const full = batch;
        batch = [];
        bytes = 0;
        yield full;
      }
      if (next !== 'later' && next.done === true) {
        isEnded = true;
        return;
      }
      if (instance === undefined) continue;
      batch.push(instance);
      bytes += instance.lengthBytes;
    }
  } catch (error) {
    isEnded ||= coming !== undefined;
    throw error;
  } finally {
    coming?.catch(() => {});
    if (!isEnded) await source.return?.();
  }
}

function iteratorOf(
  instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
): AsyncIterator<StorableInstance> {
  async function* pass(): AsyncGenerator<StorableInstance, void, undefined> {
    yield* instances;
  }
  return pass();
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'later'> {
  let timer: NodeJS.Timeout | undefined;
  const later = new Promise<'later'>((resolve) => {
    timer = setTimeout(() => resolve('later'), ms);
  });
  try {
    return await Promise.race([promise, later]);
  } finally {
    clearTimeout(timer);
  }
}
