/** Events from several sides to one reader, in order of arrival. Writers that must not run ahead wait for theirs to be taken. */

/** A queue with one reader. */
export interface Mailbox<T> {
  /** Resolves when the reader has taken the item; at once when the mailbox is closed. */
  put(item: T): Promise<void>;
  /** The next item; undefined once closed and empty. */
  take(): Promise<T | undefined>;
  /** Items that wait. */
  readonly size: number;
  /** What is in it is still read; what comes later is dropped. */
  close(): void;
}

/** An empty mailbox. */
export function createMailbox<T>(): Mailbox<T> {
  const items: { readonly item: T; readonly taken: () => void }[] = [];
  let reader: (() => void) | undefined;
  let isClosed = false;
  const wake = () => {
    reader?.();
    reader = undefined;
  };
  return {
    get size() {
      return items.length;
    },
    put: (item) =>
      new Promise((resolve) => {
        if (isClosed) return resolve();
        items.push({ item, taken: resolve });
        wake();
      }),
    take: async () => {
      for (;;) {
        const next = items.shift();
        if (next !== undefined) {
          next.taken();
          return next.item;
        }
        if (isClosed) return undefined;
        await new Promise<void>((resolve) => (reader = resolve));
      }
    },
    close: () => {
      isClosed = true;
      wake();
    },
  };
}
