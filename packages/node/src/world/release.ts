/**
 * Gives the memory of a large buffer back at once. Blocks are made by the thousand and their memory lies outside the
 * heap, where the collector looks late: a study would leave a hundred megabytes of them behind.
 */

/** Below this a buffer may be a part of Node's pool, and is not worth the call. */
const MIN_RELEASED_BYTES = 128 * 1024;

/**
 * Detaches the whole buffer behind these bytes: every view of it is empty from then on. Only for whoever made it, or was
 * given it to keep, and when nobody reads or writes it any more. Small buffers are left alone.
 */
export function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= MIN_RELEASED_BYTES) buffer.transfer(0);
}
