/**
 * What an object without pixels says, as one digest per top-level element: a report, a document, a presentation state, a
 * key object. Two copies can be compared although a PACS has written one of them anew (sequence lengths, group lengths,
 * padding, VR form) or put today's patient into it: what names patient, study, order and equipment is left out.
 */
import { concatBytes } from '../dicom/bytes.ts';
import type { VrForm } from '../dicom/encode.ts';
import type { Tag } from '../dicom/tag.ts';
import { vrFormOf } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import { DatasetWalker, LONG_HEADER_BYTES, SHORT_HEADER_BYTES, type Visit } from '../dicom/walker.ts';
import { isInterhospError } from '../errors/interhosp-error.ts';
import { toHex } from '../study/index.ts';
import type { Crypto, IncrementalHash } from '../world/index.ts';

/** Digests by top-level tag. */
export type ContentDigests = ReadonlyMap<Tag, string>;

/** Takes a data set as it passes by. */
export interface ContentDigester {
  /** Takes the next bytes; they are not kept. */
  push(chunk: Uint8Array): void;
  /** Says that no more bytes come. Whether the data set was whole is not its business. */
  end(): ContentDigests;
}

/** Groups that a receiver or its PACS rewrites: identity, equipment, numbers, orders, visits, originals. */
const REWRITTEN_GROUPS: ReadonlySet<number> = new Set([
  0x0002, 0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0032, 0x0038, 0x0088, 0x0400, 0x4008,
]);
/** What an object speaks of stays, though it stands in such a group: referenced series, images and objects, sources. */
const REFERENCES: ReadonlySet<Tag> = new Set([0x00081115, 0x00081140, 0x0008114a, 0x00081199, 0x00082112]);
/** Referenced Request Sequence repeats the order. */
const REFERENCED_REQUEST: Tag = 0x0040a370;
/** Groups of pixels, of signatures and of padding: compared by other means, or no content. */
const NO_CONTENT_GROUPS: ReadonlySet<number> = new Set([0x7fe0, 0xfffa, 0xfffc]);
/** Behind a header that makes no sense everything counts as one value. */
const UNREADABLE: Tag = 0xffffffff;
/** Padding at the end of a value: one byte by the standard, more where a field was filled up. */
const PADDING_BYTES = 64;

/** A digester for one data set. @throws {DicomError} `DICOM_TRANSFER_SYNTAX_UNSUPPORTED` */
export function createContentDigester(transferSyntaxUid: Uid, crypto: Crypto): ContentDigester {
  return new Digester(vrFormOf(transferSyntaxUid), crypto);
}

/**
 * Whether nothing of the one is missing or altered in the other, which may hold more: some PACS add elements of their own.
 */
export function holdsContent(held: ContentDigests, meant: ContentDigests): boolean {
  return [...meant].every(([tag, digest]) => held.get(tag) === digest);
}

class Digester implements ContentDigester {
  readonly #crypto: Crypto;
  readonly #walker: DatasetWalker;
  readonly #digests = new Map<Tag, string>();
  readonly #header = new Uint8Array(LONG_HEADER_BYTES);
  #headerBytes = 0;
  /** Offset of the next byte to come. */
  #position = 0;
  #element: { readonly hash: IncrementalHash; readonly tag: Tag } | undefined;
  #value: { bytes: number; tail: Uint8Array } | undefined;
  #isOver = false;

  constructor(form: VrForm, crypto: Crypto) {
    this.#crypto = crypto;
    this.#walker = new DatasetWalker(form, { descend: true });
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#isOver;) {
      const left = this.#walker.position - this.#position;
      const taken = left > 0 ? this.#take(chunk.subarray(at, at + left)) : this.#takeHeader(chunk.subarray(at));
      this.#position += taken;
      at += taken;
    }
  }

  end(): ContentDigests {
    this.#endElement();
    this.#isOver = true;
    return this.#digests;
  }

  /** Bytes of the value that is open. */
  #take(bytes: Uint8Array): number {
    const value = this.#value;
    if (this.#element === undefined || value === undefined) return bytes.length;
    value.bytes += bytes.length;
    const joined = value.tail.length === 0 ? bytes : concatBytes([value.tail, bytes]);
    const certain = Math.max(0, joined.length - PADDING_BYTES);
    this.#element.hash.update(joined.subarray(0, certain));
    value.tail = joined.slice(certain);
    return bytes.length;
  }

  /** Bytes of a header; the walker goes on when it is whole. */
  #takeHeader(bytes: Uint8Array): number {
    const walker = this.#walker;
    const wanted = this.#headerBytes < SHORT_HEADER_BYTES ? SHORT_HEADER_BYTES : walker.headerBytes(this.#header, 0);
    const piece = bytes.subarray(0, wanted - this.#headerBytes);
    this.#header.set(piece, this.#headerBytes);
    this.#headerBytes += piece.length;
    const isWhole = this.#headerBytes >= SHORT_HEADER_BYTES && this.#headerBytes >= walker.headerBytes(this.#header, 0);
    if (isWhole) this.#step();
    return piece.length;
  }

  #step(): void {
    const header = this.#header.subarray(0, this.#headerBytes);
    this.#headerBytes = 0;
    this.#endValue();
    const { isAtTop } = this.#walker;
    if (isAtTop) {
      this.#endElement();
      // Zero bytes behind the last element fill a sector.
      this.#isOver = header.every((byte) => byte === 0);
      if (this.#isOver) return;
    }
    try {
      this.#visit(this.#walker.step(header, 0), isAtTop);
    } catch (error) {
      if (!isInterhospError(error)) throw error;
      this.#element ??= { hash: this.#crypto.sha256(), tag: UNREADABLE };
      this.#value = { bytes: 0, tail: header.slice() };
      this.#walker.position = Number.POSITIVE_INFINITY;
    }
  }

  #visit({ depth, kind, tag }: Visit, isAtTop: boolean): void {
    if (isAtTop && isContent(tag)) this.#element = { hash: this.#crypto.sha256(), tag };
    // Ends and lengths are a matter of encoding; depth and order tell the rest.
    if (this.#element === undefined || kind === 'end' || (tag & 0xffff) === 0) return;
    this.#element.hash.update(mark(`${kind} ${depth} ${tag}`));
    this.#value = { bytes: 0, tail: new Uint8Array(0) };
  }

  #endValue(): void {
    const value = this.#value;
    this.#value = undefined;
    if (this.#element === undefined || value === undefined) return;
    const text = value.tail.subarray(0, lengthWithoutPadding(value.tail));
    this.#element.hash.update(text);
    this.#element.hash.update(mark(`end ${value.bytes - value.tail.length + text.length}`));
  }

  #endElement(): void {
    this.#endValue();
    if (this.#element !== undefined) this.#digests.set(this.#element.tag, toHex(this.#element.hash.digest()));
    this.#element = undefined;
  }
}

function isContent(tag: Tag): boolean {
  const group = tag >>> 16;
  if (REFERENCES.has(tag)) return true;
  if (REWRITTEN_GROUPS.has(group) || NO_CONTENT_GROUPS.has(group) || (tag & 0xffff) === 0) return false;
  // The procedure step and its request; what an SR says begins at (0040,A000).
  return group !== 0x0040 || (tag >= 0x0040a000 && tag !== REFERENCED_REQUEST);
}

function mark(text: string): Uint8Array {
  return new TextEncoder().encode(`\0${text}\0`);
}

function lengthWithoutPadding(bytes: Uint8Array): number {
  let length = bytes.length;
  while (length > 0 && (bytes[length - 1] === 0x20 || bytes[length - 1] === 0)) length--;
  return length;
}
