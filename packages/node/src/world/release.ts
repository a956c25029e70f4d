/**
 * Gives the memory of large buffers back soon. Blocks are made by the thousand and their memory lies outside the heap,
 * where the collector looks only after 64 MB: a study would leave a hundred megabytes of them behind.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Below this a buffer may be a part of Node's pool, and is not worth the call. */
const MIN_RELEASED_BYTES = 128 * 1024;
/** The young generation is collected when this much has passed: 2 MiB of heap, about a millisecond. */
const COLLECT_EVERY_BYTES = 8 * 1024 * 1024;

let passedBytes = 0;
let collect: ((options: { readonly type: 'minor' }) => void) | undefined;

/**
 * Detaches the whole buffer behind these bytes: every view of it is empty from then on. Only for whoever made it, or was
 * given it to keep, and when nobody reads or writes it any more. Small buffers are left alone.
 */
export function release(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= MIN_RELEASED_BYTES) buffer.transfer(0);
  // Small ones lie outside the heap as well: a thousand tiny instances are as much as one large one.
  passed(byteLength);
}

/** Counts bytes that somebody may still look at for a moment: they go with the young generation, soon. */
export function passed(bytes: number): void {
  passedBytes += bytes;
  if (passedBytes < COLLECT_EVERY_BYTES) return;
  passedBytes = 0;
  collect ??= exposedCollector();
  collect({ type: 'minor' });
}

/** V8's own function, which Node shows only under a flag. */
function exposedCollector(): (options: { readonly type: 'minor' }) => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
}
