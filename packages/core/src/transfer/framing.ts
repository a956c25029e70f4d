/**
 * Frames on a stream of bytes: each follows its length, four bytes, big endian. The length is checked before anything is
 * kept, so that a stranger can make us hold no more than one frame.
 */
import { TransferError } from '../errors/interhosp-error.ts';
import { MAX_FRAME_BYTES } from './limits.ts';

/** Bytes of the length that precedes each frame. */
export const FRAME_PREFIX_BYTES = 4;

/** The length that precedes a frame of this many bytes. */
export function framePrefix(frameBytes: number): Uint8Array<ArrayBuffer> {
  const prefix = new Uint8Array(FRAME_PREFIX_BYTES);
  new DataView(prefix.buffer).setUint32(0, frameBytes);
  return prefix;
}

/** Cuts a stream into frames. */
export interface FrameSplitter {
  /**
   * Takes the next bytes and returns the frames that are complete with them. A frame that lies within `bytes` is a view of it.
   *
   * @throws {TransferError} `TRANSFER_LIMIT` when a length is beyond the limit, `TRANSFER_PROTOCOL` when it is zero; the
   *   stream cannot be used any more.
   */
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** Bytes held for a frame that is not complete; not 0 at the end of the stream means that it was cut. */
  readonly heldBytes: number;
}

/** A splitter for one direction of one stream. */
export function createFrameSplitter(): FrameSplitter {
  const prefix = new Uint8Array(FRAME_PREFIX_BYTES);
  let prefixFilled = 0;
  let frame: Uint8Array | undefined;
  let filled = 0;

  function push(bytes: Uint8Array): readonly Uint8Array[] {
    const frames: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (prefixFilled < FRAME_PREFIX_BYTES) {
        prefix[prefixFilled++] = bytes[at++] as number;
        continue;
      }
      const length = checkedLength(prefix);
      const missing = length - filled;
      const part = bytes.subarray(at, at + missing);
      at += part.length;
      if (part.length === length) frames.push(part);
      else {
        // Grows with what arrived, never with what was announced.
        frame = joined(frame, filled, part, length);
        filled += part.length;
        if (filled < length) continue;
        frames.push(frame.subarray(0, length));
      }
      prefixFilled = 0;
      frame = undefined;
      filled = 0;
    }
    // A bad length is refused with its fourth byte, not with the first byte after it.
    if (prefixFilled === FRAME_PREFIX_BYTES) checkedLength(prefix);
    return frames;
  }

  return {
    push,
    get heldBytes() {
      return prefixFilled + filled;
    },
  };
}

function checkedLength(prefix: Uint8Array): number {
  const length = new DataView(prefix.buffer).getUint32(0);
  if (length === 0) throw new TransferError('TRANSFER_PROTOCOL', { details: { kind: 'empty-frame' } });
  if (length > MAX_FRAME_BYTES) {
    throw new TransferError('TRANSFER_LIMIT', { details: { kind: 'frame', bytes: length, limit: MAX_FRAME_BYTES } });
  }
  return length;
}

function joined(held: Uint8Array | undefined, heldBytes: number, part: Uint8Array, most: number): Uint8Array {
  const needed = heldBytes + part.length;
  if (held !== undefined && held.length >= needed) {
    held.set(part, heldBytes);
    return held;
  }
  const grown = new Uint8Array(Math.min(most, Math.max(needed * 2, 4_096)));
  if (held !== undefined) grown.set(held.subarray(0, heldBytes));
  grown.set(part, heldBytes);
  return grown;
}
