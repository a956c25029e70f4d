/**
 * Writes a data set in the other VR form, explicit or implicit (PS3.5 7.1). Headers are written anew, and with them the
 * lengths of sequences and items that have one; values are not touched. It goes over the data set twice, once to count, and
 * holds nothing but the lengths of its sequences.
 *
 * UN stays what it is: implicit VR inside, in either form (PS3.5 6.2.2 note 2). From implicit to explicit, what PS3.6 does
 * not name (private elements above all) becomes UN, and so does a value too long for the header of its VR.
 */
import type { ByteSource } from '../dicom/byte-source.ts';
import { encodeElementHeader, type VrForm } from '../dicom/encode.ts';
import { isGroupLength, TAGS, type Tag } from '../dicom/tag.ts';
import { truncated, visitElements } from '../dicom/walk.ts';
import type { Visit } from '../dicom/walker.ts';
import { hasLongLength, UNDEFINED_LENGTH, type Vr } from '../dicom/vr.ts';
import { undecodable } from './codecs.ts';

/** A data set to be written in another form. */
export interface FormChange {
  readonly from: VrForm;
  readonly to: VrForm;
  /** Pixel Representation is 1: of two VRs that implicit VR leaves open, SS is meant and not US. */
  readonly isSigned: boolean;
  /** Stands for the value of Pixel Data, when that is written by somebody else. */
  readonly pixels?: { readonly vr: Vr; readonly lengthBytes: number };
}

/** What comes out, piece by piece. */
export type Piece =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** A run of the source. */
  | { readonly kind: 'copy'; readonly from: number; readonly to: number }
  /** Here goes the value of Pixel Data. */
  | { readonly kind: 'pixels' };

/** Lengths of sequences and items in the new form, in the order in which they begin. */
export type NewLengths = readonly number[];

/**
 * Counts.
 *
 * @throws {DicomError} `DICOM_MALFORMED`, `DICOM_TRUNCATED`, `DICOM_LIMIT`; `DICOM_PIXELS_UNDECODABLE` for encapsulated
 *   pixels in a sequence.
 */
export async function measure(
  source: ByteSource,
  change: FormChange,
  signal?: AbortSignal,
): Promise<{ readonly lengthBytes: number; readonly lengths: NewLengths }> {
  const lengths: number[] = [];
  let lengthBytes = 0;
  for await (const { open, piece } of rewrite(source, change, undefined, signal)) {
    const bytes =
      piece.kind === 'pixels'
        ? (change.pixels?.lengthBytes ?? 0)
        : piece.kind === 'copy'
          ? piece.to - piece.from
          : piece.bytes.length;
    lengthBytes += bytes;
    // What is written inside a sequence is part of all around it; its own header is not.
    for (const index of open) lengths[index] = (lengths[index] ?? 0) + bytes;
  }
  return { lengthBytes, lengths };
}

/** The pieces, with what {@link measure} counted. */
export async function* pieces(
  source: ByteSource,
  change: FormChange,
  lengths: NewLengths,
  signal?: AbortSignal,
): AsyncGenerator<Piece, void, undefined> {
  for await (const { piece } of rewrite(source, change, lengths, signal)) yield piece;
}

/** A sequence or item that is open. */
interface Container {
  readonly from: VrForm;
  readonly to: VrForm;
  /** Where it ends in the source; undefined when a delimitation item ends it. */
  readonly end: number | undefined;
  /** Its place among the lengths; undefined without one. */
  readonly index: number | undefined;
}

interface Written {
  readonly piece: Piece;
  /** Lengths that it counts for. */
  readonly open: readonly number[];
}

async function* rewrite(
  source: ByteSource,
  change: FormChange,
  lengths: NewLengths | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Written, void, undefined> {
  const stack: Container[] = [];
  let open: number[] = [];
  let count = 0;
  let isInPixels = false;
  const top = (): Container => stack.at(-1) ?? { end: undefined, from: change.from, index: undefined, to: change.to };
  const enter = (container: Container): void => {
    stack.push(container);
    open = stack.flatMap(({ index }) => (index === undefined ? [] : [index]));
  };
  const leave = (): void => {
    stack.pop();
    open = stack.flatMap(({ index }) => (index === undefined ? [] : [index]));
  };
  for await (const visit of visitElements(source, change.from, {
    descend: true,
    ...(signal !== undefined && { signal }),
  })) {
    for (let inner = stack.at(-1); inner?.end !== undefined && inner.end <= visit.headerOffset; inner = stack.at(-1))
      leave();
    const { depth, headerOffset, kind, lengthBytes, tag, valueOffset } = visit;
    if (isInPixels) {
      // Fragments, and the end of them.
      isInPixels = kind === 'fragment';
      continue;
    }
    if (kind === 'fragment') throw undecodable('nested');
    const { from, to } = top();
    if (kind === 'end') {
      yield { open, piece: { bytes: encodeElementHeader('implicit', tag, 'UN', 0), kind: 'bytes' } };
      leave();
      continue;
    }
    if (kind === 'element' && isGroupLength(tag)) continue;
    if (kind === 'element' && depth === 0 && tag === TAGS.PixelData && change.pixels !== undefined) {
      const { lengthBytes: newLength, vr } = change.pixels;
      yield { open, piece: { bytes: encodeElementHeader(to, tag, vr, newLength), kind: 'bytes' } };
      yield { open, piece: { kind: 'pixels' } };
      isInPixels = lengthBytes === undefined;
      continue;
    }
    const vr = kind === 'item' ? 'UN' : newVr(visit, from, to, change.isSigned);
    const isContainer = kind === 'item' || visit.vr === 'SQ' || lengthBytes === undefined;
    if (!isContainer || lengthBytes === 0) {
      yield { open, piece: { bytes: headerOf(kind, to, tag, vr, lengthBytes), kind: 'bytes' } };
      if (!isContainer) yield { open, piece: { from: valueOffset, kind: 'copy', to: valueOffset + lengthBytes } };
      continue;
    }
    const index = lengthBytes === undefined ? undefined : count++;
    const newLength = index === undefined ? UNDEFINED_LENGTH : (lengths?.[index] ?? 0);
    yield { open, piece: { bytes: headerOf(kind, to, tag, vr, newLength), kind: 'bytes' } };
    const inner = kind === 'element' && visit.vr === 'UN' ? 'implicit' : undefined;
    const end = lengthBytes === undefined ? undefined : valueOffset + lengthBytes;
    if (end !== undefined && end > source.lengthBytes) throw truncated(headerOffset, tag);
    enter({ end, from: inner ?? from, index, to: inner ?? to });
  }
}

function headerOf(kind: Visit['kind'], form: VrForm, tag: Tag, vr: Vr, lengthBytes: number): Uint8Array {
  return encodeElementHeader(kind === 'item' ? 'implicit' : form, tag, vr, lengthBytes);
}

/** The VR that is written, where the new form writes one. */
function newVr({ lengthBytes = 0, tag, vr }: Visit, from: VrForm, to: VrForm, isSigned: boolean): Vr {
  if (to === 'implicit' || from === to) return vr;
  const meant = isSigned && SIGNED_TAGS.has(tag) ? 'SS' : tag === TAGS.PixelData ? 'OW' : vr;
  return !hasLongLength(meant) && lengthBytes > 0xffff ? 'UN' : meant;
}

/** Elements that PS3.6 gives as US or SS, by Pixel Representation (PS3.3 C.7.6.3, C.11). */
const SIGNED_TAGS: ReadonlySet<Tag> = new Set([
  0x00189810, 0x00221452, 0x00280104, 0x00280105, 0x00280106, 0x00280107, 0x00280108, 0x00280109, 0x00280110,
  0x00280111, 0x00280120, 0x00280121, 0x00281101, 0x00281102, 0x00281103, 0x00283002, 0x00409211, 0x00409216,
]);
