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

/** Bytes kept by a windowed source. */
const WINDOW_BYTES = 64 * 1024;

/** The same bytes with the last window kept, for many small reads near one another. Reads larger than a window go through. */
export function windowedSource(source: ByteSource): ByteSource {
  let start = 0;
  let window: Uint8Array = new Uint8Array(0);
  return {
    lengthBytes: source.lengthBytes,
    async read(offset, length) {
      if (length > WINDOW_BYTES) return source.read(offset, length);
      const end = Math.min(offset + length, source.lengthBytes);
      if (offset < start || end > start + window.length) {
        window = await source.read(offset, WINDOW_BYTES);
        start = offset;
      }
      return window.subarray(offset - start, offset - start + length);
    },
  };
}
