/**
 * What a coded frame says of itself, read before any decoder sees it: a codestream that claims another size than its data
 * set, or a coding that is not exact, is refused here. Only marker segments are looked at; entropy-coded data are not.
 */
import type { CodedFrame } from '../world/pixel-decoder.ts';
import { undecodable } from './codecs.ts';
import { readJpeg2000Header } from './jpeg-2000-header.ts';
import { PIXEL_LIMITS } from './limits.ts';

/** A codestream's own words. */
export interface CodestreamHeader {
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
  readonly precision: number;
  /** Samples are coded as signed numbers; only JPEG 2000 knows. */
  readonly isSigned: boolean;
  /** JPEG 2000: a reversible colour transform is undone by decoding. */
  readonly hasColourTransform: boolean;
}

/**
 * Checks a frame against its data set.
 *
 * @param photometric - Photometric Interpretation as written.
 * @throws {DicomError} `DICOM_PIXELS_UNDECODABLE`
 */
export function checkCodestream({ bytes, codec, shape }: CodedFrame, photometric: string): void {
  if (codec === 'native' || codec === 'rle') return;
  const header = codec === 'jpeg-2000' ? readJpeg2000Header(bytes) : readJpegHeader(bytes, codec);
  const { bitsAllocated, columns, isSigned, rows, samplesPerPixel } = shape;
  if (header.rows !== rows || header.columns !== columns || header.components !== samplesPerPixel) {
    throw undecodable('size');
  }
  if (header.precision > bitsAllocated || header.precision < 1) throw undecodable('precision');
  if (header.isSigned && !isSigned) throw undecodable('sign');
  // RGB is what comes out of a transform too; anything else that was transformed was mislabelled by somebody.
  const mayTransform = photometric === 'RGB' || photometric === 'YBR_RCT';
  if (header.hasColourTransform ? !mayTransform : photometric === 'YBR_RCT') throw undecodable('colour');
}

const SOF_LOSSLESS = 0xc3;
const SOF_JPEG_LS = 0xf7;
const SOI = 0xd8;
const SOS = 0xda;
const LSE = 0xf8;
const APP8 = 0xe8;
const EOI = 0xd9;
const DHT = 0xc4;
const DAC = 0xcc;

/** JPEG lossless (ITU-T T.81 annex B) and JPEG-LS (ITU-T T.87 annex C) share their markers. */
export function readJpegHeader(bytes: Uint8Array, codec: 'jpeg-lossless' | 'jpeg-ls'): CodestreamHeader {
  const wanted = codec === 'jpeg-ls' ? SOF_JPEG_LS : SOF_LOSSLESS;
  let header: CodestreamHeader | undefined;
  for (const { at, end, marker } of jpegSegments(bytes)) {
    if (marker === SOS) break;
    // Another process: a cosine transform, arithmetic coding, a hierarchy.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== 0xc8 && marker !== DAC;
    if ((isFrame || marker === SOF_JPEG_LS) && marker !== wanted) throw undecodable('process');
    if (marker === DAC) throw undecodable('process');
    if (marker === wanted) {
      if (header !== undefined) throw undecodable('codestream');
      header = frameHeader(bytes, at, end);
    }
    if (codec === 'jpeg-ls') checkExtension(bytes, marker, at, end);
  }
  if (header === undefined) throw undecodable('codestream');
  if (codec === 'jpeg-ls' && !endsWithEoi(bytes)) throw undecodable('short');
  return header;
}

/**
 * Without its end CharLS searches for it for as long as it is let. One byte may stand behind it, to make it even: DCMTK 3.6.7
 * writes whatever was there.
 */
function endsWithEoi(bytes: Uint8Array): boolean {
  return [2, 3].some((back) => bytes.at(-back) === 0xff && bytes.at(1 - back) === EOI);
}

interface MarkerSegment {
  readonly marker: number;
  /** Behind the length. */
  readonly at: number;
  readonly end: number;
}

/** The marker segments of a JPEG codestream up to the first scan, its SOS included. */
export function* jpegSegments(bytes: Uint8Array, start = 0): Generator<MarkerSegment> {
  if (start === 0 && (bytes[0] !== 0xff || bytes[1] !== SOI)) throw undecodable('codestream');
  let at = start === 0 ? 2 : start;
  for (let seen = 0; seen < PIXEL_LIMITS.markerSegments; seen++) {
    // Fill bytes may stand before any marker (T.81 B.1.1.2).
    if (bytes[at] !== 0xff) throw undecodable('codestream');
    while (bytes[at] === 0xff) at++;
    const marker = bytes[at++];
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const hasNoLength =
      marker === undefined || marker === 0 || marker === 0x01 || (marker >= 0xd0 && marker <= SOI + 1);
    if (hasNoLength || length < 2 || at + length > bytes.length) throw undecodable('codestream');
    yield { at: at + 2, end: at + length, marker };
    if (marker === SOS) return;
    at += length;
  }
  throw undecodable('codestream', { limit: PIXEL_LIMITS.markerSegments });
}

/** T.81 B.2.2. */
function frameHeader(bytes: Uint8Array, at: number, end: number): CodestreamHeader {
  const components = bytes[at + 5] ?? 0;
  if (end - at !== 6 + 3 * components) throw undecodable('codestream');
  for (let index = 0; index < components; index++) {
    // Subsampled components are no pixels of one size.
    if (bytes[at + 7 + 3 * index] !== 0x11) throw undecodable('sampling');
  }
  const two = (offset: number) => ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
  return {
    columns: two(at + 3),
    components,
    hasColourTransform: false,
    isSigned: false,
    precision: bytes[at] as number,
    // 0 would mean that the height comes later (DNL): refused as another size than the data set's.
    rows: two(at + 1),
  };
}

/** Sizes and colour transforms that stand outside the frame header. */
function checkExtension(bytes: Uint8Array, marker: number, at: number, end: number): void {
  // LSE 4: dimensions over 65,535 (T.87 C.2.4.1.4). Palettes map samples to others.
  if (marker === LSE && bytes[at] !== 1) throw undecodable('extension');
  // A colour transform of Hewlett-Packard's that DICOM does not know: "mrfx".
  const isTransform = end - at >= 5 && bytes[at] === 0x6d && bytes[at + 1] === 0x72 && bytes[at + 2] === 0x66;
  if (marker === APP8 && isTransform && bytes[at + 4] !== 0) throw undecodable('colour');
}
