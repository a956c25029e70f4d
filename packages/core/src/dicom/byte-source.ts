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
