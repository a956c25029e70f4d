/**
 * The same instance in a plain transfer syntax: every pixel the same value, every other element the same bytes, but for
 * what speaks of the coding itself. It stays the instance it was, with its UID: decoding without loss makes no new image
 * (PS3.3 C.7.6.1.1.2), and so Image Type and Derivation Description say nothing of it. Contributing Equipment Sequence does.
 *
 * Frames are decoded one by one as the result is read, so that an image of any length takes the memory of a few frames.
 */
import type { ByteSource } from '../dicom/byte-source.ts';
import { encodeElementHeader, type VrForm } from '../dicom/encode.ts';
import { COPY_BYTES, copied, joined } from '../dicom/pieces.ts';
import { planSplice, type ElementEdit } from '../dicom/splice.ts';
import { TAGS, type Tag } from '../dicom/tag.ts';
import { vrFormOf } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import { visitElements, type ElementSpan } from '../dicom/walk.ts';
import type { Vr } from '../dicom/vr.ts';
import type { PixelCodec, PixelDecoder } from '../world/pixel-decoder.ts';
import { checkCodestream } from './codestream.ts';
import { pixelCodecOf, undecodable } from './codecs.ts';
import { equipmentEdit, type Rewriter } from './equipment.ts';
import { indexFrames, type FrameIndex } from './frame-index.ts';
import { PIXEL_TAGS, pixelSpans, readImageShape, type ImageShape } from './image-shape.ts';
import { measure, pieces, type FormChange } from './other-vr-form.ts';
import { splicedSource } from './spliced-source.ts';

/** What a rewriting needs. */
export interface RewriteOptions {
  /** The transfer syntax to write: Explicit or Implicit VR Little Endian. */
  readonly to: Uid;
  /** Who does it, and when: fixed once, so that a repeat gives the same bytes. */
  readonly rewriter: Rewriter;
  readonly decoder: PixelDecoder;
  readonly signal?: AbortSignal;
}

/** A rewritten instance. */
export interface RewrittenInstance {
  readonly transferSyntaxUid: Uid;
  readonly lengthBytes: number;
  /**
   * The data set; each call gives the same bytes.
   *
   * @throws {DicomError} `DICOM_PIXELS_UNDECODABLE` in the middle, when a frame turns out to be damaged.
   */
  dataSet(options?: { readonly signal?: AbortSignal }): AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * Plans the rewriting of an instance, from headers alone.
 *
 * @param from - Its transfer syntax: one of which `pixelCodecOf` knows the codec, or a plain one.
 * @throws {DicomError} `DICOM_PIXELS_UNDECODABLE`, `DICOM_MALFORMED`, `DICOM_TRUNCATED`, `DICOM_LIMIT`
 */
export async function rewriteInstance(
  source: ByteSource,
  from: Uid,
  options: RewriteOptions,
): Promise<RewrittenInstance> {
  const { signal, to } = options;
  const signalled = signal === undefined ? {} : { signal };
  const [form, newForm] = [vrFormOf(from), vrFormOf(to)];
  const codec = pixelCodecOf(from);
  const before = await pixelSpans(source, form, signal);
  const image = await imageIn(source, before, codec);
  const edits = [...imageEdits(image), await equipmentEdit(source, before, form, { ...options.rewriter, from, to })];
  const plan = await planSplice(source, from, edits, { checkToEnd: false, ...signalled });
  const edited = splicedSource(plan, source);
  // Every edit is of a smaller tag: Pixel Data stand as they stood, so much further on. Their fragments are not walked anew.
  const span = movedBy(edited.lengthBytes - source.lengthBytes, before.get(TAGS.PixelData));
  const pixels = image === undefined || codec === undefined || span === undefined ? undefined : { codec, image, span };
  const frames =
    pixels &&
    (await indexFrames(edited, pixels.span, { codec: pixels.codec, frames: pixels.image.frames, ...signalled }));
  const work: Work = { edited, form, newForm, options, pixels: pixels && frames && { ...pixels, frames } };
  return form === newForm ? sameForm(work) : otherForm(work, await isSignedImage(source, before));
}

function movedBy(bytes: number, span: ElementSpan | undefined): ElementSpan | undefined {
  return (
    span && {
      ...span,
      headerOffset: span.headerOffset + bytes,
      valueOffset: span.valueOffset + bytes,
      endOffset: span.endOffset + bytes,
    }
  );
}

/** An instance on its way, its header edited. */
interface Work {
  readonly edited: ByteSource;
  readonly form: VrForm;
  readonly newForm: VrForm;
  readonly options: RewriteOptions;
  readonly pixels: Pixels | undefined;
}

interface Pixels {
  readonly codec: PixelCodec;
  readonly image: ImageShape;
  readonly span: ElementSpan;
  readonly frames: FrameIndex;
}

/** Undefined where nothing is to be decoded: no Pixel Data, or native ones. */
async function imageIn(
  source: ByteSource,
  spans: ReadonlyMap<Tag, ElementSpan>,
  codec: PixelCodec | undefined,
): Promise<ImageShape | undefined> {
  const pixelData = spans.get(TAGS.PixelData);
  if (pixelData === undefined) return undefined;
  const isEncapsulated = pixelData.lengthBytes === undefined;
  if (isEncapsulated !== (codec !== undefined)) throw undecodable('encapsulation');
  return codec === undefined ? undefined : readImageShape(source, spans, codec);
}

/** What speaks of the coding: the colour space it was coded in, and tables of places that are no more. */
const CODING_TAGS: readonly Tag[] = [
  PIXEL_TAGS.ExtendedOffsetTable,
  PIXEL_TAGS.ExtendedOffsetTableLengths,
  PIXEL_TAGS.EncapsulatedPixelDataValueTotalLength,
];

function imageEdits(image: ImageShape | undefined): readonly ElementEdit[] {
  if (image === undefined) return [];
  const edits: ElementEdit[] = CODING_TAGS.map((tag) => ({ kind: 'remove', tag }));
  if (image.photometricDecoded !== image.photometric) {
    const value = { text: image.photometricDecoded, vr: 'CS' } as const;
    edits.push({ kind: 'set', tag: PIXEL_TAGS.PhotometricInterpretation, value });
  }
  if (image.lacksPlanarConfiguration) {
    edits.push({ kind: 'set', tag: PIXEL_TAGS.PlanarConfiguration, value: { numbers: [0], vr: 'US' } });
  }
  return edits;
}

/** OB may hold samples of a byte; all else is words (PS3.5 A.1, A.2). */
function vrOfPixels({ frame: { bitsAllocated } }: ImageShape, form: VrForm): Vr {
  return form === 'explicit' && bitsAllocated === 8 ? 'OB' : 'OW';
}

/** All but Pixel Data is copied. */
async function sameForm(work: Work): Promise<RewrittenInstance> {
  const { edited, form, options, pixels } = work;
  if (pixels === undefined) {
    return {
      dataSet: (how) => copied(edited, 0, edited.lengthBytes, how?.signal),
      lengthBytes: edited.lengthBytes,
      transferSyntaxUid: options.to,
    };
  }
  await mustHaveNoOtherFragments(work);
  const { image, span } = pixels;
  const header = encodeElementHeader(form, TAGS.PixelData, vrOfPixels(image, form), image.pixelBytes);
  return {
    async *dataSet({ signal } = {}) {
      yield* copied(edited, 0, span.headerOffset, signal);
      yield header;
      yield* decodedPixels(pixels, options.decoder, signal);
      yield* copied(edited, span.endOffset, edited.lengthBytes, signal);
    },
    lengthBytes: span.headerOffset + header.length + image.pixelBytes + edited.lengthBytes - span.endOffset,
    transferSyntaxUid: options.to,
  };
}

/** Encapsulated pixels of an icon would be native, too, in a plain syntax (PS3.5 A.4); they are too rare to be decoded. */
async function mustHaveNoOtherFragments({ edited, form, options: { signal } }: Work): Promise<void> {
  const isWanted = ({ depth, kind }: { readonly depth: number; readonly kind: string }) =>
    kind === 'fragment' && depth > 1;
  const how = { descend: true, isWanted, ...(signal !== undefined && { signal }) };
  for await (const _ of visitElements(edited, form, how)) throw undecodable('nested');
}

async function otherForm(
  { edited, form, newForm, options, pixels }: Work,
  isSigned: boolean,
): Promise<RewrittenInstance> {
  const change: FormChange = {
    from: form,
    isSigned,
    to: newForm,
    ...(pixels && { pixels: { lengthBytes: pixels.image.pixelBytes, vr: vrOfPixels(pixels.image, newForm) } }),
  };
  const { lengthBytes, lengths } = await measure(edited, change, options.signal);
  const written = async function* (signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces(edited, change, lengths, signal)) {
      if (piece.kind === 'bytes') yield piece.bytes;
      else if (piece.kind === 'copy') yield* copied(edited, piece.from, piece.to, signal);
      else if (pixels !== undefined) yield* decodedPixels(pixels, options.decoder, signal);
    }
  };
  return {
    dataSet: (how) => joined(written(how?.signal)),
    lengthBytes,
    transferSyntaxUid: options.to,
  };
}

async function isSignedImage(source: ByteSource, spans: ReadonlyMap<Tag, ElementSpan>): Promise<boolean> {
  const span = spans.get(PIXEL_TAGS.PixelRepresentation);
  return span !== undefined && (await source.read(span.valueOffset, 1))[0] === 1;
}

/** The value of Pixel Data: frame after frame, the next being decoded while one goes out, and a zero where that is odd. */
async function* decodedPixels(
  { codec, frames, image }: Pixels,
  decoder: PixelDecoder,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const { frame: shape, frameBytes, photometric, pixelBytes } = image;
  const decode = async (frame: number): Promise<Uint8Array> => {
    signal?.throwIfAborted();
    const coded = { bytes: await frames.read(frame), codec, shape };
    checkCodestream(coded, photometric);
    const bytes = await decoder.decodeFrame(coded, signal === undefined ? {} : { signal });
    if (bytes.length !== frameBytes) throw undecodable('size');
    return bytes;
  };
  let next = decode(0);
  for (let frame = 0; frame < frames.frames; frame++) {
    const bytes = await next;
    if (frame + 1 < frames.frames) {
      next = decode(frame + 1);
      // Whoever stops reading must not leave a failure that nobody hears.
      next.catch(() => {});
    }
    for (let at = 0; at < bytes.length; at += COPY_BYTES) yield bytes.subarray(at, at + COPY_BYTES);
  }
  if (frames.frames * frameBytes < pixelBytes) yield new Uint8Array(1);
}
