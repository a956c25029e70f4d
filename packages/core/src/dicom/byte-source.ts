/** Random access to bytes that may lie on a disk, in sealed blocks or in memory. */

/** Where a data set can be read at any offset. */
export interface ByteSource {
  readonly lengthBytes: number;
  /** Reads `length` bytes at `offset`; fewer only where the source ends. The caller does not write into the result. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A source over bytes in memory; reads are views, not copies. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    lengthBytes: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(Math.min(offset, bytes.length), offset + length)),
  };
}

/** Bytes of a window. */
const WINDOW_BYTES = 64 * 1024;
/** A read of so many bytes is a window of its own: whoever walks from header to header over long values asks so. */
const WALKED_BYTES = 4 * 1024;

/**
 * The same bytes with two windows kept: the beginning, which holds the header and is read again for each purpose, and the
 * last. For many small reads near one another; reads larger than a window go through.
 */
export function windowedSource(source: ByteSource): ByteSource {
  let beginning: Uint8Array = new Uint8Array(0);
  let last = { start: 0, bytes: beginning };
  return {
    lengthBytes: source.lengthBytes,
    async read(offset, length) {
      if (length > WINDOW_BYTES) return source.read(offset, length);
      const end = Math.min(offset + length, source.lengthBytes);
      if (end <= beginning.length) return beginning.subarray(Math.min(offset, end), end);
      if (offset < last.start || end > last.start + last.bytes.length) {
        last = { start: offset, bytes: await source.read(offset, length < WALKED_BYTES ? WINDOW_BYTES : length) };
        if (offset === 0 && last.bytes.length > beginning.length) beginning = last.bytes;
      }
      return last.bytes.subarray(offset - last.start, offset - last.start + length);
    },
  };
}
