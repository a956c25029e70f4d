/**
 * JPEG (ISO/IEC 10918-1; JFIF, EXIF): what DICOM says of a compressed picture, read from its marker segments, and where the
 * picture ends. The bytes between its first and last marker travel as they are (PS3.5 8.2.1, A.4.1).
 */
import type { ByteSource } from '@interhosp/core/dicom';
import { EXIF_ENTRIES, JPEG_SEGMENTS, MAX_PICTURE_BYTES } from './limits.ts';
import { beyond, malformed, readExactly, unsupported } from './refusal.ts';

/** A picture as it lies in a file. */
export interface Picture {
  /** `baseline` is process 1, `extended` processes 2 and 4, `lossless` process 14, `lossless-sv1` its selection value 1. */
  readonly process: 'baseline' | 'extended' | 'lossless' | 'lossless-sv1';
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly photometric: 'MONOCHROME2' | 'YBR_FULL_422' | 'YBR_FULL' | 'RGB';
  /** EXIF Orientation; 1 where none is said. */
  readonly orientation: number;
  /** From the first byte; what follows the end marker (previews, a maker's data) is no part of the picture. */
  readonly lengthBytes: number;
}

const MARKER = { soi: 0xd8, eoi: 0xd9, sos: 0xda, dnl: 0xdc, app0: 0xe0, app1: 0xe1, app14: 0xee, tem: 0x01 } as const;
/** Start of frame markers; C4, C8 and CC are others (ISO/IEC 10918-1 table B.1). */
const FRAMES: ReadonlySet<number> = new Set([
  0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf,
]);
const PIECE_BYTES = 65_536;

interface Frame {
  readonly marker: number;
  readonly bits: number;
  readonly rows: number;
  readonly columns: number;
  readonly components: readonly number[];
}

/** What marker segments say before the first scan. */
interface Head {
  frame?: Frame;
  isJfif: boolean;
  adobeTransform?: number;
  orientation: number;
}

/** @throws {ImportError} `IMPORT_MALFORMED`, `IMPORT_UNSUPPORTED`, `IMPORT_LIMIT` */
export async function readJpeg(source: ByteSource, signal?: AbortSignal): Promise<Picture> {
  const start = await readExactly(source, 0, 2);
  if (start.getUint16(0) !== 0xffd8) throw malformed('no-jpeg');
  const head: Head = { isJfif: false, orientation: 1 };
  let predictor = 0;
  let scans = 0;
  let at = 2;
  for (let segments = 0; ; segments++) {
    if (segments >= JPEG_SEGMENTS) throw beyond('segments', segments, JPEG_SEGMENTS);
    if (at > MAX_PICTURE_BYTES) throw beyond('bytes', at, MAX_PICTURE_BYTES);
    signal?.throwIfAborted();
    const { marker, from } = await markerAt(source, at);
    if (marker === MARKER.eoi) {
      if (scans === 0) throw malformed('no-scan');
      return pictureOf(head, predictor, from);
    }
    const length = (await readExactly(source, from, 2)).getUint16(0);
    if (length < 2) throw malformed('segment', at);
    const content = await readExactly(source, from + 2, length - 2);
    at = from + length;
    if (marker === MARKER.sos) {
      if (head.frame === undefined) throw malformed('no-frame', at);
      scans++;
      predictor ||= content.byteLength < 3 ? 0 : content.getUint8(content.byteLength - 3);
      at = await endOfScan(source, at, signal);
    } else takeSegment(head, marker, content);
  }
}

function takeSegment(head: Head, marker: number, content: DataView): void {
  if (FRAMES.has(marker)) {
    if (head.frame !== undefined) throw unsupported('hierarchical');
    head.frame = frameOf(marker, content);
    // Before the scans are read through: some variants are clear from here.
    if (marker !== 0xc3) processOf(head.frame, 0);
  } else if (marker === MARKER.dnl) throw unsupported('rows');
  else if (marker === MARKER.app0 && startsWith(content, 'JFIF\0')) head.isJfif = true;
  else if (marker === MARKER.app14 && startsWith(content, 'Adobe') && content.byteLength >= 12) {
    head.adobeTransform = content.getUint8(11);
  } else if (marker === MARKER.app1 && startsWith(content, 'Exif\0\0')) {
    head.orientation = orientationOf(new DataView(content.buffer, content.byteOffset + 6, content.byteLength - 6));
  }
}

/** The marker at a place, behind fill bytes (ISO/IEC 10918-1 B.1.1.2). */
async function markerAt(source: ByteSource, at: number): Promise<{ readonly marker: number; readonly from: number }> {
  if ((await readExactly(source, at, 1)).getUint8(0) !== 0xff) throw malformed('marker', at);
  for (let place = at + 1; place < at + PIECE_BYTES; place++) {
    const byte = (await readExactly(source, place, 1)).getUint8(0);
    if (byte === 0xff) continue;
    const isParameterless = byte === MARKER.tem || (byte >= 0xd0 && byte <= MARKER.soi);
    if (byte === 0 || isParameterless) throw malformed('marker', at);
    return { marker: byte, from: place + 1 };
  }
  throw malformed('marker', at);
}

/** The place of the first marker behind the coded bytes of a scan. */
async function endOfScan(source: ByteSource, from: number, signal: AbortSignal | undefined): Promise<number> {
  for (let at = from; ;) {
    if (at > MAX_PICTURE_BYTES) throw beyond('bytes', at, MAX_PICTURE_BYTES);
    signal?.throwIfAborted();
    const piece = Buffer.from(await source.read(at, PIECE_BYTES));
    for (
      let place = piece.indexOf(0xff);
      place !== -1 && place + 1 < piece.length;
      place = piece.indexOf(0xff, place + 1)
    ) {
      const next = piece[place + 1] as number;
      // A stuffed byte, a restart, or fill before a marker.
      const isCoded = next === 0 || (next >= 0xd0 && next <= 0xd7) || next === 0xff;
      if (!isCoded) return at + place;
    }
    if (piece.length < 2) throw malformed('truncated', at);
    // A marker may lie across two pieces.
    at += piece.length - 1;
  }
}

function frameOf(marker: number, content: DataView): Frame {
  if (content.byteLength < 6) throw malformed('frame');
  const count = content.getUint8(5);
  if (content.byteLength !== 6 + 3 * count) throw malformed('frame');
  const [bits, rows, columns] = [content.getUint8(0), content.getUint16(1), content.getUint16(3)];
  if (rows === 0) throw unsupported('rows');
  if (columns === 0) throw malformed('frame');
  return {
    marker,
    bits,
    rows,
    columns,
    components: Array.from({ length: count }, (_, index) => content.getUint8(6 + 3 * index)),
  };
}

function pictureOf({ frame, ...head }: Head, predictor: number, lengthBytes: number): Picture {
  if (frame === undefined) throw malformed('no-frame');
  const { bits, columns, rows } = frame;
  const process = processOf(frame, predictor);
  return {
    process,
    rows,
    columns,
    bits,
    photometric: photometricOf(frame, process, head),
    orientation: head.orientation,
    lengthBytes,
  };
}

function processOf({ bits, marker }: Frame, predictor: number): Picture['process'] {
  if (marker === 0xc0 && bits === 8) return 'baseline';
  if (marker === 0xc1 && (bits === 8 || bits === 12)) return 'extended';
  if (marker === 0xc3 && bits >= 2 && bits <= 16 && predictor >= 1 && predictor <= 7) {
    return predictor === 1 ? 'lossless-sv1' : 'lossless';
  }
  // Progressive JPEG had transfer syntaxes once; they are retired (PS3.5 2001 and later).
  if (marker === 0xc2) throw unsupported('progressive');
  if (marker >= 0xc9) throw unsupported('arithmetic');
  throw unsupported(marker >= 0xc5 ? 'hierarchical' : 'bits');
}

/** As decoders have it since JFIF: an Adobe marker decides, then JFIF, then the names of the components. */
function photometricOf(
  { bits, components }: Frame,
  process: Picture['process'],
  { adobeTransform, isJfif }: Omit<Head, 'frame'>,
): Picture['photometric'] {
  if (components.length === 1) return 'MONOCHROME2';
  if (components.length !== 3) throw unsupported('components');
  const isLossless = process.startsWith('lossless');
  const names = String.fromCharCode(...components);
  const isRgb = adobeTransform === 0 || (adobeTransform === undefined && !isJfif && names === 'RGB');
  // PS3.5 table 8.2.1-1: colour is in process 1 alone, and in the lossless ones.
  if (process === 'extended' || (!isLossless && bits !== 8)) throw unsupported('colour');
  if (isRgb) return 'RGB';
  if (!isLossless) return 'YBR_FULL_422';
  // No habit says what three components of a lossless picture are.
  if (adobeTransform === undefined && !isJfif) throw unsupported('colour');
  return 'YBR_FULL';
}

const EXIF = { orientation: 0x0112, short: 3, entryBytes: 12 } as const;

/** What is wrong in EXIF is taken as not said: it is beside the picture. */
function orientationOf(tiff: DataView): number {
  if (tiff.byteLength < 8) return 1;
  const order = tiff.getUint16(0);
  const isLittle = order === 0x4949;
  if (!isLittle && order !== 0x4d4d) return 1;
  const directory = tiff.getUint32(4, isLittle);
  if (directory + 2 > tiff.byteLength) return 1;
  const entries = Math.min(tiff.getUint16(directory, isLittle), EXIF_ENTRIES);
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + entry * EXIF.entryBytes;
    if (at + EXIF.entryBytes > tiff.byteLength) return 1;
    if (tiff.getUint16(at, isLittle) !== EXIF.orientation) continue;
    const value = tiff.getUint16(at + 2, isLittle) === EXIF.short ? tiff.getUint16(at + 8, isLittle) : 1;
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

function startsWith(content: DataView, text: string): boolean {
  return (
    content.byteLength >= text.length &&
    Array.from(text).every((letter, at) => content.getUint8(at) === letter.charCodeAt(0))
  );
}
