/**
 * Which fragments of encapsulated Pixel Data make up which frame (PS3.5 A.4). The places are noted and nothing is read but
 * item headers, and the first bytes of fragments where nothing else tells where a frame begins.
 */
import { concatBytes } from '../dicom/bytes.ts';
import { windowedSource, type ByteSource } from '../dicom/byte-source.ts';
import { TAGS } from '../dicom/tag.ts';
import { readTag, SHORT_HEADER_BYTES } from '../dicom/walker.ts';
import { truncated, type ElementSpan } from '../dicom/walk.ts';
import { UNDEFINED_LENGTH } from '../dicom/vr.ts';
import type { PixelCodec } from '../world/pixel-decoder.ts';
import { undecodable } from './codecs.ts';
import { PIXEL_LIMITS } from './limits.ts';

/** The frames of an instance, in order. */
export interface FrameIndex {
  readonly frames: number;
  /** The coded bytes of a frame, its fragments joined. @throws {DicomError} `DICOM_PIXELS_UNDECODABLE`, `DICOM_TRUNCATED` */
  read(frame: number): Promise<Uint8Array>;
}

/** Places of fragments, without the Basic Offset Table. */
interface Fragments {
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  /** Of item headers, from the first fragment's on, as offset tables count. */
  readonly starts: readonly number[];
}

/**
 * Finds the frames in the value of Pixel Data.
 *
 * Where each frame has one fragment no table is believed or needed; a Basic Offset Table that is empty, or wrong, is common.
 * With more fragments than frames the table decides, or, where there is none, the markers with which codestreams begin.
 * (An Extended Offset Table goes with one fragment a frame, PS3.3 C.7.6.3.1.8, and so tells nothing more.)
 *
 * @param frames - Number of Frames (0028,0008).
 * @throws {DicomError} `DICOM_PIXELS_UNDECODABLE` when frames and fragments do not fit.
 */
export async function indexFrames(
  source: ByteSource,
  span: ElementSpan,
  { codec, frames, signal }: { readonly codec: PixelCodec; readonly frames: number; readonly signal?: AbortSignal },
): Promise<FrameIndex> {
  const { fragments, table } = await listFragments(source, span, signal);
  const firsts = await firstFragments(source, fragments, table, { codec, frames });
  return {
    frames,
    read: async (frame) => {
      const [from, to] = [firsts(frame), frame + 1 === frames ? fragments.offsets.length : firsts(frame + 1)];
      let bytes = 0;
      for (let index = from; index < to; index++) bytes += fragments.lengths[index] as number;
      if (bytes > PIXEL_LIMITS.codedFrameBytes)
        throw undecodable('coded-frame-bytes', { limit: PIXEL_LIMITS.codedFrameBytes });
      const parts: Uint8Array[] = [];
      for (let index = from; index < to; index++) {
        const [offset, length] = [fragments.offsets[index] as number, fragments.lengths[index] as number];
        const part = await source.read(offset, length);
        if (part.length !== length) throw truncated(offset, TAGS.PixelData);
        parts.push(part);
      }
      return concatBytes(parts);
    },
  };
}

async function listFragments(
  source: ByteSource,
  { endOffset, valueOffset }: ElementSpan,
  signal: AbortSignal | undefined,
): Promise<{ readonly fragments: Fragments; readonly table: Uint8Array }> {
  const headers = windowedSource(source);
  const [offsets, lengths, starts]: [number[], number[], number[]] = [[], [], []];
  let table: Uint8Array | undefined;
  let first = 0;
  for (let at = valueOffset; at < endOffset;) {
    if (offsets.length % 1024 === 0) signal?.throwIfAborted();
    const header = await headers.read(at, SHORT_HEADER_BYTES);
    if (header.length < SHORT_HEADER_BYTES) throw truncated(at, TAGS.PixelData);
    const length = new DataView(header.buffer, header.byteOffset).getUint32(4, true);
    const tag = readTag(header, 0);
    if (tag === TAGS.SequenceDelimitationItem) break;
    if (tag !== TAGS.Item || length === UNDEFINED_LENGTH) throw undecodable('fragments');
    const offset = at + SHORT_HEADER_BYTES;
    at = offset + length;
    if (at > endOffset) throw truncated(offset, TAGS.PixelData);
    if (table === undefined) {
      if (length > 4 * PIXEL_LIMITS.frames) throw undecodable('offset-table', { limit: PIXEL_LIMITS.frames });
      table = await source.read(offset, length);
      first = at;
      continue;
    }
    if (offsets.length === PIXEL_LIMITS.fragments) throw undecodable('fragments', { limit: PIXEL_LIMITS.fragments });
    offsets.push(offset);
    lengths.push(length);
    starts.push(offset - SHORT_HEADER_BYTES - first);
  }
  return { fragments: { lengths, offsets, starts }, table: table ?? new Uint8Array(0) };
}

/** The index of the first fragment of a frame. */
type FirstFragment = (frame: number) => number;

async function firstFragments(
  source: ByteSource,
  fragments: Fragments,
  table: Uint8Array,
  { codec, frames }: { readonly codec: PixelCodec; readonly frames: number },
): Promise<FirstFragment> {
  const count = fragments.offsets.length;
  if (count < frames) throw undecodable('frame-count', { count });
  // One frame has all of them, and of as many as there are frames each has one.
  if (frames === 1 || count === frames) return (frame) => frame;
  const firsts = table.length > 0 ? firstsInTable(table, fragments) : await firstsByMarker(source, fragments, codec);
  if (firsts.length !== frames) throw undecodable('frame-count', { count: firsts.length });
  return (frame) => firsts[frame] as number;
}

/** PS3.5 A.4: the offset of each frame's first item, from the first behind the table. */
function firstsInTable(table: Uint8Array, { starts }: Fragments): readonly number[] {
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  if (table.length % 4 !== 0) throw undecodable('offset-table');
  const firsts: number[] = [];
  let fragment = 0;
  for (let at = 0; at < table.length; at += 4) {
    const offset = view.getUint32(at, true);
    while (fragment < starts.length && (starts[fragment] as number) < offset) fragment++;
    // Each begins with an item, behind the one before; the first with the first.
    const isSound = starts[fragment] === offset && fragment > (firsts.at(-1) ?? -1) && (at > 0 || fragment === 0);
    if (!isSound) throw undecodable('offset-table');
    firsts.push(fragment);
  }
  return firsts;
}

/** SOI followed by a marker, or SOC followed by SIZ: neither can stand within coded data. */
async function firstsByMarker(source: ByteSource, fragments: Fragments, codec: PixelCodec): Promise<readonly number[]> {
  if (codec === 'native' || codec === 'rle') throw undecodable('frame-count', { count: fragments.offsets.length });
  const headers = windowedSource(source);
  const firsts: number[] = [];
  for (const [index, offset] of fragments.offsets.entries()) {
    const bytes = await headers.read(offset, Math.min(4, fragments.lengths[index] as number));
    const isFirst =
      codec === 'jpeg-2000'
        ? bytes[0] === 0xff && bytes[1] === 0x4f && bytes[2] === 0xff && bytes[3] === 0x51
        : bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
    if (isFirst) firsts.push(index);
    else if (index === 0) throw undecodable('frame-count', { count: 0 });
  }
  return firsts;
}
