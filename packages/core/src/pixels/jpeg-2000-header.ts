/**
 * Marker segments of a JPEG 2000 codestream (ITU-T T.800 annex A): size, precision, and which wavelet every tile uses. The
 * reversible one (5-3, integers) gives the same samples everywhere; the other is floating point, and is refused.
 */
import { undecodable } from './codecs.ts';
import type { CodestreamHeader } from './codestream.ts';
import { PIXEL_LIMITS } from './limits.ts';

const SIZ = 0xff51;
const COD = 0xff52;
const COC = 0xff53;
const SOT = 0xff90;
const SOD = 0xff93;
const EOC = 0xffd9;

/** @throws {DicomError} `DICOM_PIXELS_UNDECODABLE` */
export function readJpeg2000Header(bytes: Uint8Array): CodestreamHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // A file format around the codestream (JP2) is not allowed in DICOM (PS3.5 A.4.4).
  if (bytes.length < 4 || view.getUint16(0) !== 0xff4f || view.getUint16(2) !== SIZ) throw undecodable('codestream');
  const reader = new Reader(view);
  reader.readMainHeader();
  reader.readTileParts();
  return reader.header();
}

class Reader {
  readonly #view: DataView;
  #at = 2;
  #seen = 0;
  #components = 0;
  #size: Omit<CodestreamHeader, 'components' | 'hasColourTransform'> | undefined;
  #transform: boolean | undefined;
  #tiles = 0;

  constructor(view: DataView) {
    this.#view = view;
  }

  header(): CodestreamHeader {
    if (this.#size === undefined || this.#transform === undefined) throw undecodable('codestream');
    return { ...this.#size, components: this.#components, hasColourTransform: this.#transform };
  }

  readMainHeader(): void {
    while (this.#uint16(this.#at) !== SOT) this.#segment(SOD);
    if (this.#size === undefined || this.#transform === undefined) throw undecodable('codestream');
  }

  /**
   * Tile-parts may say of their tile what the main header says of all. Each tile must be there, whole: decoders make up what
   * is missing.
   */
  readTileParts(): void {
    const seen = new Set<number>();
    for (;;) {
      // EOC is left out by some writers.
      if (this.#at >= this.#view.byteLength - 1 || this.#uint16(this.#at) === EOC) break;
      if (this.#uint16(this.#at) !== SOT || this.#uint16(this.#at + 2) !== 10) throw undecodable('codestream');
      const start = this.#at;
      seen.add(this.#uint16(start + 4));
      this.#at += 12;
      const length = this.#length(start + 6);
      while (this.#uint16(this.#at) !== SOD) this.#segment(SOT);
      if (start + length < this.#at + 2) throw undecodable('codestream');
      this.#at = start + length;
    }
    if (seen.size !== this.#tiles) throw undecodable('short');
  }

  /** Psot; 0 means to the end, which EOC marks then, and is allowed of the last tile-part (A.4.2). */
  #length(at: number): number {
    const end = this.#view.byteLength;
    if (at + 4 > end) throw undecodable('codestream');
    const length = this.#view.getUint32(at);
    if (length !== 0) {
      if (at - 6 + length > end) throw undecodable('short');
      return length;
    }
    // Pixel Data are padded to an even length.
    const eoc = [end - 2, end - 3].find((place) => place > at && this.#view.getUint16(place) === EOC);
    if (eoc === undefined) throw undecodable('short');
    return eoc - (at - 6);
  }

  /** One marker segment of a header; `end` may not stand there. */
  #segment(end: number): void {
    if (++this.#seen > PIXEL_LIMITS.markerSegments)
      throw undecodable('codestream', { limit: PIXEL_LIMITS.markerSegments });
    const marker = this.#uint16(this.#at);
    const length = this.#uint16(this.#at + 2);
    const at = this.#at + 4;
    if (marker < 0xff4f || marker === end || marker === EOC || length < 2) throw undecodable('codestream');
    this.#at += 2 + length;
    if (this.#at > this.#view.byteLength) throw undecodable('codestream');
    if (marker === SIZ) this.#readSize(at, this.#at);
    else if (marker === COD) this.#readCoding(at, this.#at);
    // The first byte or two name the component (A.6.2), then style, levels, block, block, block style, transform.
    else if (marker === COC) this.#checkWavelet(at + (this.#components < 257 ? 1 : 2) + 5, this.#at);
  }

  /** A.5.1 */
  #readSize(at: number, end: number): void {
    if (this.#size !== undefined || end - at < 36) throw undecodable('codestream');
    const view = this.#view;
    const components = view.getUint16(at + 34);
    if (components === 0 || end - at !== 36 + 3 * components) throw undecodable('codestream');
    const depth = view.getUint8(at + 36);
    for (let index = 0; index < components; index++) {
      const one = at + 36 + 3 * index;
      if (view.getUint8(one) !== depth) throw undecodable('precision');
      if (view.getUint8(one + 1) !== 1 || view.getUint8(one + 2) !== 1) throw undecodable('sampling');
    }
    this.#components = components;
    const tilesOver = (size: number, tileSize: number, tileOffset: number) =>
      Math.ceil((view.getUint32(at + size) - view.getUint32(at + tileOffset)) / view.getUint32(at + tileSize));
    this.#tiles = tilesOver(2, 18, 26) * tilesOver(6, 22, 30);
    // More tiles than pixels of the largest image there may be, or none, or a division by zero.
    if (!(this.#tiles >= 1 && this.#tiles <= 65_535)) throw undecodable('codestream');
    this.#size = {
      columns: view.getUint32(at + 2) - view.getUint32(at + 10),
      isSigned: (depth & 0x80) !== 0,
      precision: (depth & 0x7f) + 1,
      rows: view.getUint32(at + 6) - view.getUint32(at + 14),
    };
  }

  /** A.6.1 */
  #readCoding(at: number, end: number): void {
    if (end - at < 10) throw undecodable('codestream');
    const transform = this.#view.getUint8(at + 4) !== 0;
    // One tile in another colour space than the next has no Photometric Interpretation.
    if (this.#transform !== undefined && this.#transform !== transform) throw undecodable('colour');
    this.#transform = transform;
    this.#checkWavelet(at + 9, end);
  }

  #checkWavelet(at: number, end: number): void {
    if (at >= end || this.#view.getUint8(at) !== 1) throw undecodable('irreversible');
  }

  #uint16(at: number): number {
    if (at + 2 > this.#view.byteLength) throw undecodable('codestream');
    return this.#view.getUint16(at);
  }
}
