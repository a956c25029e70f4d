/**
 * Watches a data set pass by in chunks: finds where the value of Pixel Data begins and ends, collects the few values that
 * are asked for, and tells at the end whether the data set was whole. Long values are never held.
 *
 * Behind {@link LAST_SPLICED_TAG} a defect of structure is not an error: nothing is changed there, and the bytes travel as
 * they are. The scanner then stops looking (`isOpaque`).
 */
import { concatBytes } from './bytes.ts';
import type { VrForm } from './encode.ts';
import { DICOM_LIMITS } from './limits.ts';
import { isInterhospError } from '../errors/interhosp-error.ts';
import { TAGS, type Tag } from './tag.ts';
import type { Vr } from './vr.ts';
import { checkFirstHeader, truncated } from './walk.ts';
import { DatasetWalker, LONG_HEADER_BYTES, malformed, SHORT_HEADER_BYTES, type Visit } from './walker.ts';

/** The last tag that a coercion changes; up to it a data set must be in order. */
export const LAST_SPLICED_TAG: Tag = TAGS.InstanceOriginStatus;

/** A value collected from a header. */
export interface HeaderValue {
  readonly vr: Vr;
  /** With its delimitation item when `isUndefinedLength`. */
  readonly bytes: Uint8Array;
  readonly isUndefinedLength: boolean;
  readonly innerForm: VrForm;
}

/** Values by tag, top level only. */
export type HeaderValues = ReadonlyMap<Tag, HeaderValue>;

/** Options of {@link createHeaderScanner}. */
export interface HeaderScannerOptions {
  readonly form: VrForm;
  /** Tags whose values are collected, when they are no longer than `DICOM_LIMITS.valueBytes`. */
  readonly wanted: ReadonlySet<Tag>;
}

/** See the file's head. */
export interface HeaderScanner {
  /** Takes the next bytes. @throws {DicomError} `DICOM_MALFORMED`, `DICOM_LIMIT` */
  push(chunk: Uint8Array): void;
  /** Says that no more bytes come. @throws {DicomError} `DICOM_TRUNCATED` when an element is not whole. */
  end(): void;
  /** Where the value of Pixel Data begins; known as soon as the byte before it was pushed, undefined until then. */
  readonly pixelStart: number | undefined;
  /** Where that value ends, its delimitation item included; known at the latest when the byte before it was pushed. */
  readonly pixelEnd: number | undefined;
  readonly values: HeaderValues;
  /** The structure could not be followed to the end, behind everything that is ever changed. */
  readonly isOpaque: boolean;
}

const PIXEL_TAGS: ReadonlySet<Tag> = new Set([TAGS.FloatPixelData, TAGS.DoubleFloatPixelData, TAGS.PixelData]);

/** A scanner for one data set. */
export function createHeaderScanner(options: HeaderScannerOptions): HeaderScanner {
  return new Scanner(options);
}

/** A value on its way in. */
interface Capture {
  readonly visit: Visit;
  readonly parts: Uint8Array[];
  length: number;
  isTooLong: boolean;
}

class Scanner implements HeaderScanner {
  pixelStart: number | undefined;
  pixelEnd: number | undefined;
  isOpaque = false;
  readonly values = new Map<Tag, HeaderValue>();

  readonly #form: VrForm;
  readonly #wanted: ReadonlySet<Tag>;
  readonly #walker: DatasetWalker;
  /** The beginning of a header whose rest is in the next chunk. */
  readonly #held = new Uint8Array(LONG_HEADER_BYTES);
  #heldBytes = 0;
  #received = 0;
  #lastTag: Tag = 0;
  #capture: Capture | undefined;
  #isInPixels = false;
  /** Set when zero bytes follow the last element: then nothing else may. */
  #isPadding = false;

  constructor({ form, wanted }: HeaderScannerOptions) {
    this.#form = form;
    this.#wanted = wanted;
    this.#walker = new DatasetWalker(form);
  }

  push(chunk: Uint8Array): void {
    const base = this.#received;
    this.#received += chunk.length;
    if (this.isOpaque) return;
    try {
      this.#captureFrom(chunk, base, base);
      this.#scan(chunk, base);
    } catch (error) {
      if (!isInterhospError(error) || error.code !== 'DICOM_MALFORMED' || this.#lastTag <= LAST_SPLICED_TAG)
        throw error;
      this.isOpaque = true;
      this.#capture = undefined;
    }
  }

  end(): void {
    if (this.isOpaque || this.#isPadding) return;
    const isHalfHeader = this.#heldBytes > 0 && !this.#held.subarray(0, this.#heldBytes).every((byte) => byte === 0);
    if (isHalfHeader || !this.#walker.isAtTop || this.#walker.position > this.#received) {
      throw truncated(this.#received, this.#lastTag);
    }
    this.#finishCapture(this.#walker.position);
  }

  #scan(chunk: Uint8Array, base: number): void {
    const end = base + chunk.length;
    while (this.#walker.position < end) {
      if (this.#isPadding) return this.#checkPadding(chunk, Math.max(0, this.#walker.position - base));
      const at = this.#walker.position - base;
      if (this.#heldBytes === 0 && this.#isWholeHeader(chunk, at)) {
        this.#step(chunk, at, chunk, base);
      } else if (!this.#stepHeld(chunk, base)) {
        return;
      }
    }
  }

  /** Completes a header that began in an earlier chunk, or keeps its beginning; false when more bytes are needed. */
  #stepHeld(chunk: Uint8Array, base: number): boolean {
    for (let wanted = this.#wantedBytes(); this.#heldBytes < wanted; wanted = this.#wantedBytes()) {
      const from = Math.max(0, this.#walker.position + this.#heldBytes - base);
      const piece = chunk.subarray(from, from + wanted - this.#heldBytes);
      if (piece.length === 0) return false;
      this.#held.set(piece, this.#heldBytes);
      this.#heldBytes += piece.length;
    }
    this.#heldBytes = 0;
    this.#step(this.#held, 0, chunk, base);
    return true;
  }

  /** Length of the header that is held in part, as far as its first bytes tell. */
  #wantedBytes(): number {
    return this.#heldBytes < SHORT_HEADER_BYTES ? SHORT_HEADER_BYTES : this.#walker.headerBytes(this.#held, 0);
  }

  #isWholeHeader(bytes: Uint8Array, at: number): boolean {
    const left = bytes.length - at;
    return left >= SHORT_HEADER_BYTES && left >= this.#walker.headerBytes(bytes, at);
  }

  #step(header: Uint8Array, at: number, chunk: Uint8Array, base: number): void {
    const { position, isAtTop } = this.#walker;
    if (isAtTop) {
      this.#finishCapture(position);
      if (position > 0 && header.subarray(at, at + SHORT_HEADER_BYTES).every((byte) => byte === 0)) {
        this.#isPadding = true;
        return;
      }
    }
    checkFirstHeader(this.#form, header, at, position);
    const visit = this.#walker.step(header, at);
    if (isAtTop) this.#beginElement(visit, chunk, base);
    if (this.#isInPixels && this.#walker.isAtTop) {
      this.pixelEnd = this.#walker.position;
      this.#isInPixels = false;
    }
  }

  #beginElement(visit: Visit, chunk: Uint8Array, base: number): void {
    const { tag } = visit;
    if (tag <= this.#lastTag && this.#lastTag <= LAST_SPLICED_TAG) throw malformed('order', tag, visit.headerOffset);
    // A later element out of order does not make what stands behind it less opaque.
    this.#lastTag = Math.max(this.#lastTag, tag);
    if (PIXEL_TAGS.has(tag) && this.pixelStart === undefined) {
      this.pixelStart = visit.valueOffset;
      this.#isInPixels = true;
    } else if (this.#wanted.has(tag) && !this.values.has(tag)) {
      this.#capture = { visit, parts: [], length: 0, isTooLong: (visit.lengthBytes ?? 0) > DICOM_LIMITS.valueBytes };
      this.#captureFrom(chunk, base, visit.valueOffset);
    }
  }

  /** Adds what a chunk holds of the value that is being collected, from an offset on. */
  #captureFrom(chunk: Uint8Array, base: number, offset: number): void {
    const capture = this.#capture;
    if (capture === undefined || capture.isTooLong) return;
    const { valueOffset, lengthBytes } = capture.visit;
    const end = lengthBytes === undefined ? base + chunk.length : valueOffset + lengthBytes;
    const from = Math.max(offset, valueOffset) - base;
    // Copied, so that a few bytes do not keep a whole chunk in memory; what is a Buffer only looks when it is sliced.
    const piece = new Uint8Array(chunk.subarray(from, Math.max(from, Math.min(chunk.length, end - base))));
    capture.parts.push(piece);
    capture.length += piece.length;
    if (capture.length > DICOM_LIMITS.valueBytes + chunk.length) {
      capture.isTooLong = true;
      capture.parts.length = 0;
    }
  }

  #finishCapture(end: number): void {
    const capture = this.#capture;
    this.#capture = undefined;
    if (capture === undefined || capture.isTooLong) return;
    const { tag, vr, valueOffset, lengthBytes, innerForm } = capture.visit;
    if (end - valueOffset > DICOM_LIMITS.valueBytes) return;
    const bytes = concatBytes(capture.parts).slice(0, end - valueOffset);
    this.values.set(tag, { vr, bytes, isUndefinedLength: lengthBytes === undefined, innerForm });
  }

  #checkPadding(chunk: Uint8Array, from: number): void {
    const isTooLong = this.#received - this.#walker.position > DICOM_LIMITS.paddingBytes;
    for (let at = from; at < chunk.length; at++) {
      if (isTooLong || chunk[at] !== 0) throw malformed('padding', this.#lastTag, this.#walker.position);
    }
  }
}
