/** Runs works side by side that only make sense together. */

/**
 * Resolves when all have; when one rejects, the others are told by their signal, waited for, and the first reason is
 * thrown. Nothing goes on unseen.
 */
export async function together<T extends readonly ((signal: AbortSignal) => Promise<unknown>)[]>(
  signal: AbortSignal,
  ...works: T
): Promise<{ -readonly [I in keyof T]: Awaited<ReturnType<T[I]>> }> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const forward = () => stop.abort(signal.reason);
  // Removed again below: a signal derived from the node's own would live as long as the node.
  signal.addEventListener('abort', forward, { once: true });
  const first: { reason?: unknown } = {};
  try {
    const results = await Promise.allSettled(
      works.map(async (work) => {
        try {
          return await work(stop.signal);
        } catch (error) {
          if (!('reason' in first)) first.reason = error;
          stop.abort(error);
          throw error;
        }
      }),
    );
    signal.throwIfAborted();
    if ('reason' in first) throw first.reason;
    return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as never;
  } finally {
    signal.removeEventListener('abort', forward);
  }
}
