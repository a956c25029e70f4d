/**
 * RLE lossless (PS3.5 annex G): each byte of a sample is a segment of its own, most significant first, packed by PackBits.
 * Everything that a frame says of itself is checked before it is used.
 */
import type { FrameShape } from '../world/pixel-decoder.ts';
import { undecodable } from './codecs.ts';

/** Number of segments and fifteen offsets (PS3.5 G.5). */
const HEADER_BYTES = 64;

/**
 * One frame as native bytes.
 *
 * What a segment says behind its last pixel is passed over: segments are padded to even lengths, some before packing.
 *
 * @throws {DicomError} `DICOM_PIXELS_UNDECODABLE`
 */
export function decodeRle(bytes: Uint8Array, shape: FrameShape): Uint8Array {
  const { bitsAllocated, columns, isPlanar, rows, samplesPerPixel } = shape;
  const bytesAllocated = bitsAllocated >> 3;
  const pixels = rows * columns;
  const segments = segmentsOf(bytes, bytesAllocated * samplesPerPixel);
  const frame = new Uint8Array(pixels * samplesPerPixel * bytesAllocated);
  const stride = isPlanar ? bytesAllocated : bytesAllocated * samplesPerPixel;
  segments.forEach((segment, index) => {
    const component = Math.floor(index / bytesAllocated);
    const byteOfSample = bytesAllocated - 1 - (index % bytesAllocated);
    const start = component * bytesAllocated * (isPlanar ? pixels : 1) + byteOfSample;
    unpack(segment, frame, { count: pixels, start, stride });
  });
  return frame;
}

function segmentsOf(bytes: Uint8Array, wanted: number): readonly Uint8Array[] {
  if (bytes.length < HEADER_BYTES) throw undecodable('rle-header');
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (header.getUint32(0, true) !== wanted) throw undecodable('rle-segments');
  const offsets = Array.from({ length: wanted }, (_, index) => header.getUint32(4 * (index + 1), true));
  return offsets.map((offset, index) => {
    const end = offsets[index + 1] ?? bytes.length;
    if (offset < HEADER_BYTES || offset > end || end > bytes.length) throw undecodable('rle-offset');
    return bytes.subarray(offset, end);
  });
}

/** One segment into every `stride`-th byte (PS3.5 G.3.2). */
function unpack(
  segment: Uint8Array,
  frame: Uint8Array,
  { count, start, stride }: { readonly count: number; readonly start: number; readonly stride: number },
): void {
  let out = start;
  const end = start + count * stride;
  for (let at = 0; out < end;) {
    const head = segment[at++];
    if (head === undefined) throw undecodable('rle-short');
    // 128 says nothing.
    if (head === 128) continue;
    const isRun = head > 128;
    const length = Math.min(isRun ? 257 - head : head + 1, (end - out) / stride);
    if (at + (isRun ? 1 : length) > segment.length) throw undecodable('rle-short');
    if (isRun) {
      const byte = segment[at++] as number;
      for (let left = length; left > 0; left--, out += stride) frame[out] = byte;
    } else {
      for (let left = length; left > 0; left--, out += stride) frame[out] = segment[at++] as number;
    }
  }
}
