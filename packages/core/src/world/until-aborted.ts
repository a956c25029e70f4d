/** One answer, several who wait for it: a token, a probe. */

/**
 * Waits for something that others wait for too, and that goes on when one of them does not; should it fail when nobody waits
 * any more, that is nobody's error.
 *
 * @throws the reason of the signal, untouched.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  promise.catch(() => {});
  if (signal === undefined) return await promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
