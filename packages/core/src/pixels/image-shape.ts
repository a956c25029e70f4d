/** What the Image Pixel attributes of a data set say of its frames (PS3.3 C.7.6.3), as far as decoding needs them. */
import { latin1Text } from '../dicom/bytes.ts';
import type { ByteSource } from '../dicom/byte-source.ts';
import { trimPadding } from '../dicom/padding.ts';
import { readValue, walkElements, type ElementSpan } from '../dicom/walk.ts';
import type { VrForm } from '../dicom/encode.ts';
import { TAGS, type Tag } from '../dicom/tag.ts';
import type { FrameShape, PixelCodec } from '../world/pixel-decoder.ts';
import { undecodable } from './codecs.ts';
import { PIXEL_LIMITS } from './limits.ts';

/** An image to be decoded. */
export interface ImageShape {
  readonly frame: FrameShape;
  readonly frameBytes: number;
  readonly frames: number;
  /** As written. */
  readonly photometric: string;
  /** What it is once it is decoded (PS3.5 8.2.4: a reversible colour transform is undone with the coding). */
  readonly photometricDecoded: string;
  /** Length of the decoded Pixel Data, made even. */
  readonly pixelBytes: number;
  /** Whether Planar Configuration is missing though colours need it. */
  readonly lacksPlanarConfiguration: boolean;
}

/** Tags of group 0028, and of the extended offset table beside Pixel Data. */
export const PIXEL_TAGS = {
  SamplesPerPixel: 0x00280002,
  PhotometricInterpretation: 0x00280004,
  PlanarConfiguration: 0x00280006,
  NumberOfFrames: 0x00280008,
  Rows: 0x00280010,
  Columns: 0x00280011,
  BitsAllocated: 0x00280100,
  BitsStored: 0x00280101,
  HighBit: 0x00280102,
  PixelRepresentation: 0x00280103,
  ExtendedOffsetTable: 0x7fe00001,
  ExtendedOffsetTableLengths: 0x7fe00002,
  EncapsulatedPixelDataValueTotalLength: 0x7fe00003,
} as const satisfies Readonly<Record<string, Tag>>;

const WANTED: ReadonlySet<Tag> = new Set([
  ...Object.values(PIXEL_TAGS),
  TAGS.ContributingEquipmentSequence,
  TAGS.PixelData,
]);
/** Values that fit their elements, and some air. */
const VALUE_BYTES = 64;

/** The top-level elements that decoding looks at or edits, by tag. */
export async function pixelSpans(
  source: ByteSource,
  form: VrForm,
  signal?: AbortSignal,
): Promise<ReadonlyMap<Tag, ElementSpan>> {
  const spans = new Map<Tag, ElementSpan>();
  const options = { stopAfter: TAGS.PixelData, ...(signal !== undefined && { signal }) };
  for await (const span of walkElements(source, form, options)) if (WANTED.has(span.tag)) spans.set(span.tag, span);
  return spans;
}

/**
 * Reads the shape of an image whose Pixel Data are encapsulated.
 *
 * @throws {DicomError} `DICOM_PIXELS_UNDECODABLE` when an attribute is missing, impossible, beyond a limit, or one with
 *   which the codec has no defined result.
 */
export async function readImageShape(
  source: ByteSource,
  spans: ReadonlyMap<Tag, ElementSpan>,
  codec: PixelCodec,
): Promise<ImageShape> {
  const value = async (tag: Tag): Promise<Uint8Array | undefined> => {
    const span = spans.get(tag);
    return span === undefined ? undefined : readValue(source, span, VALUE_BYTES);
  };
  const number = async (tag: Tag, missing?: number): Promise<number> => {
    const bytes = await value(tag);
    if ((bytes === undefined || bytes.length === 0) && missing !== undefined) return missing;
    if (bytes?.length !== 2) throw undecodable('attribute');
    return (bytes[0] as number) | ((bytes[1] as number) << 8);
  };
  const text = async (tag: Tag): Promise<string> =>
    trimPadding(latin1Text((await value(tag)) ?? new Uint8Array(0))).replace(/^ +/, '');
  const samplesPerPixel = await number(PIXEL_TAGS.SamplesPerPixel);
  const planar = await number(PIXEL_TAGS.PlanarConfiguration, 0);
  const frame: FrameShape = {
    rows: await number(PIXEL_TAGS.Rows),
    columns: await number(PIXEL_TAGS.Columns),
    samplesPerPixel,
    bitsAllocated: await number(PIXEL_TAGS.BitsAllocated),
    bitsStored: await number(PIXEL_TAGS.BitsStored),
    isSigned: (await number(PIXEL_TAGS.PixelRepresentation)) === 1,
    // Of one sample there is nothing to arrange, whatever is written.
    isPlanar: samplesPerPixel > 1 && planar === 1,
  };
  checkFrame(frame, codec, { highBit: await number(PIXEL_TAGS.HighBit), planar });
  const frames = framesOf(await text(PIXEL_TAGS.NumberOfFrames));
  const photometric = await text(PIXEL_TAGS.PhotometricInterpretation);
  const frameBytes = frame.rows * frame.columns * samplesPerPixel * (frame.bitsAllocated / 8);
  if (frameBytes > PIXEL_LIMITS.frameBytes) throw undecodable('frame-bytes', { limit: PIXEL_LIMITS.frameBytes });
  const pixelBytes = frameBytes * frames + ((frameBytes * frames) % 2);
  if (pixelBytes >= PIXEL_LIMITS.pixelDataBytes)
    throw undecodable('pixel-data-bytes', { limit: PIXEL_LIMITS.pixelDataBytes });
  return {
    frame,
    frameBytes,
    frames,
    photometric,
    photometricDecoded: photometricDecodedOf(photometric, codec),
    pixelBytes,
    lacksPlanarConfiguration:
      samplesPerPixel > 1 && (spans.get(PIXEL_TAGS.PlanarConfiguration)?.lengthBytes ?? 0) === 0,
  };
}

function checkFrame(
  { bitsAllocated, bitsStored, columns, rows, samplesPerPixel }: FrameShape,
  codec: PixelCodec,
  { highBit, planar }: { readonly highBit: number; readonly planar: number },
): void {
  const allowedBits = codec === 'rle' || codec === 'native' ? [8, 16, 32] : [8, 16];
  const isPossible =
    rows > 0 &&
    columns > 0 &&
    (samplesPerPixel === 1 || samplesPerPixel === 3) &&
    allowedBits.includes(bitsAllocated) &&
    bitsStored > 0 &&
    bitsStored <= bitsAllocated &&
    planar <= 1 &&
    // Where samples do not begin at bit 0, only what keeps whole words gives them back (retired since 2014).
    (highBit === bitsStored - 1 || codec === 'rle' || codec === 'native');
  if (!isPossible) throw undecodable('attribute');
}

/** One without Number of Frames. */
function framesOf(text: string): number {
  const frames = text === '' ? 1 : /^\+?\d{1,9}$/.test(text) ? Number(text) : 0;
  if (frames < 1) throw undecodable('attribute');
  if (frames > PIXEL_LIMITS.frames) throw undecodable('frames', { count: frames, limit: PIXEL_LIMITS.frames });
  return frames;
}

/** Photometric Interpretations that every codec gives back as it got them. */
const UNCHANGED: ReadonlySet<string> = new Set(['MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR', 'RGB', 'YBR_FULL']);

function photometricDecodedOf(photometric: string, codec: PixelCodec): string {
  if (UNCHANGED.has(photometric)) return photometric;
  // PS3.5 8.2.4: the reversible transform of JPEG 2000 belongs to the codestream. YBR_ICT comes with the floating-point
  // wavelet alone, and subsampled chrominance with none of these codecs.
  if (codec === 'jpeg-2000' && photometric === 'YBR_RCT') return 'RGB';
  throw undecodable('photometric');
}
