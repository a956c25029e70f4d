/** Works on several items of a stream at the same time. */

/**
 * Yields results as they come, not in the order of the items. When work or the source fails, or when the reader goes away, what
 * has begun is waited for before the source is ended; the first error is thrown then, as it is.
 */
export async function* sideBySide<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  most: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const source = passedOn(items);
  const working = new Set<Promise<void>>();
  const results: R[] = [];
  const failures: unknown[] = [];
  let isEnded = false;
  /** The item that is being waited for, while work goes on. */
  let coming: Promise<void> | undefined;

  const begin = (item: T): void => {
    const one: Promise<void> = work(item)
      .then(
        (result) => void results.push(result),
        (error: unknown) => void failures.push(error),
      )
      .finally(() => working.delete(one));
    working.add(one);
  };
  const take = (next: IteratorResult<T, void>): void => {
    if (next.done === true) isEnded = true;
    else if (!isEnded) begin(next.value);
  };
  const askNext = (): Promise<void> =>
    source
      .next()
      .then(take, (error: unknown) => void failures.push(error))
      .finally(() => (coming = undefined));

  try {
    for (;;) {
      yield* results.splice(0);
      if (failures.length > 0) break;
      if (!isEnded && working.size < most) coming ??= askNext();
      const pending = coming === undefined ? [...working] : [...working, coming];
      if (pending.length === 0) return;
      await Promise.race(pending);
    }
    await Promise.all(working);
    yield* results.splice(0);
    throw failures[0];
  } finally {
    isEnded = true;
    await Promise.all(working);
    await source.return(undefined);
  }
}

async function* passedOn<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items;
}
