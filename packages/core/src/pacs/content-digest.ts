/**
 * What an object without pixels says, as one digest per top-level element: a report, a document, a presentation state, a
 * key object. Two copies can be compared although a PACS has written one of them anew (sequence lengths, group lengths,
 * padding, VR form) or put today's patient into it: what names patient, study, order and equipment is left out.
 *
 * Pixels are compared block by block elsewhere (study/blocks.ts); those of a deflated data set have no blocks of their own,
 * and count here.
 */
import { concatBytes } from '../dicom/bytes.ts';
import type { VrForm } from '../dicom/encode.ts';
import { implicitVrOf } from '../dicom/implicit-vr.ts';
import { isPrivate, type Tag } from '../dicom/tag.ts';
import { isDeflated, TRANSFER_SYNTAXES, vrFormOf } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import type { Vr } from '../dicom/vr.ts';
import { DatasetWalker, LONG_HEADER_BYTES, SHORT_HEADER_BYTES, type Visit } from '../dicom/walker.ts';
import { isInterhospError } from '../errors/interhosp-error.ts';
import { toHex } from '../study/index.ts';
import type { Crypto, IncrementalHash } from '../world/index.ts';

/** Digests by top-level tag. */
export interface ContentDigests {
  readonly form: VrForm;
  /** Of everything. */
  readonly whole: ReadonlyMap<Tag, string>;
  /** Without private elements, at any depth. */
  readonly standard: ReadonlyMap<Tag, string>;
}

/** Takes a data set as it passes by. */
export interface ContentDigester {
  /** Takes the next bytes; they are not kept. */
  push(chunk: Uint8Array): void;
  /** Says that no more bytes come. Whether the data set was whole is not its business. */
  end(): ContentDigests;
}

/** Groups that a receiver or its PACS rewrites: identity, equipment, numbers, orders, visits, originals. */
const REWRITTEN_GROUPS: ReadonlySet<number> = new Set([
  0x0002, 0x0008, 0x0010, 0x0012, 0x0020, 0x0032, 0x0038, 0x0088, 0x0400, 0x4008,
]);
/** What an object speaks of stays, though it stands in such a group: referenced series, images and objects, sources. */
const REFERENCES: ReadonlySet<Tag> = new Set([0x00081115, 0x00081140, 0x0008114a, 0x00081199, 0x00082112]);
/** Of such a group too, what a protocol object prescribes (PS3.3 C.34): (0018,99xx). */
const PROTOCOL_FROM: Tag = 0x00189900;
/** Before this, group 0040 is the procedure step and its order; here begin real world values, and what an SR says. */
const CONTENT_OF_0040_FROM: Tag = 0x00409000;
/** Referenced Request Sequence repeats the order. */
const REFERENCED_REQUEST: Tag = 0x0040a370;
const PIXEL_GROUP = 0x7fe0;
/** Groups of pixels, of signatures and of padding: compared by other means, or no content. */
const NO_CONTENT_GROUPS: ReadonlySet<number> = new Set([PIXEL_GROUP, 0xfffa, 0xfffc]);
/** Behind a header that makes no sense everything counts as one value. */
const UNREADABLE: Tag = 0xffffffff;
/** Padding at the end of a text: one byte by the standard, more where a field was filled up. */
const PADDING_BYTES = 64;
const TEXT_VRS: ReadonlySet<Vr> = new Set<Vr>([
  'AE',
  'AS',
  'CS',
  'DA',
  'DS',
  'DT',
  'IS',
  'LO',
  'LT',
  'PN',
  'SH',
  'ST',
  'TM',
  'UC',
  'UI',
  'UR',
  'UT',
]);

/** A digester for the elements of one data set, to be given inflated where its transfer syntax deflates them. */
export function createContentDigester(transferSyntaxUid: Uid, crypto: Crypto): ContentDigester {
  return isDeflated(transferSyntaxUid)
    ? new Digester(vrFormOf(TRANSFER_SYNTAXES.ExplicitVRLittleEndian), crypto, true)
    : new Digester(vrFormOf(transferSyntaxUid), crypto, false);
}

/**
 * Whether nothing of the one is missing or altered in the other, which may hold more: some PACS add elements of their own.
 * False where there is nothing to compare. Private elements tell nothing between two VR forms: implicit VR does not say
 * which of them are sequences.
 */
export function holdsContent(held: ContentDigests, meant: ContentDigests): boolean {
  const part = held.form === meant.form ? 'whole' : 'standard';
  return meant[part].size > 0 && [...meant[part]].every(([tag, digest]) => held[part].get(tag) === digest);
}

/** A top-level element that is open. */
interface OpenElement {
  readonly tag: Tag;
  readonly whole: IncrementalHash;
  readonly standard: IncrementalHash;
}

/** A value that is open. */
interface OpenValue {
  readonly isText: boolean;
  bytes: number;
  /** What may be padding. */
  tail: Uint8Array;
}

class Digester implements ContentDigester {
  readonly #crypto: Crypto;
  readonly #form: VrForm;
  readonly #countsPixels: boolean;
  readonly #walker: DatasetWalker;
  readonly #whole = new Map<Tag, string>();
  readonly #standard = new Map<Tag, string>();
  readonly #header = new Uint8Array(LONG_HEADER_BYTES);
  #headerBytes = 0;
  /** Offset of the next byte to come. */
  #position = 0;
  #element: OpenElement | undefined;
  #value: OpenValue | undefined;
  /** Depth of the private element that is open, and with it all that is deeper. */
  #privateDepth: number | undefined;
  #isOver = false;

  constructor(form: VrForm, crypto: Crypto, countsPixels: boolean) {
    this.#crypto = crypto;
    this.#form = form;
    this.#countsPixels = countsPixels;
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
    return { form: this.#form, standard: this.#standard, whole: this.#whole };
  }

  /** Bytes of the value that is open. */
  #take(bytes: Uint8Array): number {
    const value = this.#value;
    if (this.#element === undefined || value === undefined) return bytes.length;
    value.bytes += bytes.length;
    const joined = value.tail.length === 0 ? bytes : concatBytes([value.tail, bytes]);
    const certain = Math.max(0, joined.length - PADDING_BYTES);
    this.#update(joined.subarray(0, certain));
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
      this.#endElement();
      this.#element = this.#opened(UNREADABLE);
      this.#value = { bytes: 0, isText: false, tail: header.slice() };
      this.#walker.position = Number.POSITIVE_INFINITY;
    }
  }

  #visit({ depth, kind, tag, vr }: Visit, isAtTop: boolean): void {
    const isCounted = isContent(tag) || (this.#countsPixels && tag >>> 16 === PIXEL_GROUP);
    if (isAtTop && isCounted) this.#element = this.#opened(tag);
    // Ends and lengths are a matter of encoding; depth and order tell the rest.
    if (this.#element === undefined || kind === 'end' || (tag & 0xffff) === 0) return;
    const isInPrivate = this.#privateDepth !== undefined && depth > this.#privateDepth;
    if (!isInPrivate) this.#privateDepth = kind === 'element' && isPrivate(tag) ? depth : undefined;
    this.#update(mark(`${kind} ${depth} ${tag}`));
    // A standard element that somebody writes as UN is still what PS3.6 says.
    const isText = kind === 'element' && TEXT_VRS.has(vr === 'UN' ? implicitVrOf(tag) : vr);
    this.#value = { bytes: 0, isText, tail: new Uint8Array(0) };
  }

  #opened(tag: Tag): OpenElement {
    this.#privateDepth = undefined;
    return { standard: this.#crypto.sha256(), tag, whole: this.#crypto.sha256() };
  }

  #update(bytes: Uint8Array): void {
    this.#element?.whole.update(bytes);
    if (this.#privateDepth === undefined) this.#element?.standard.update(bytes);
  }

  #endValue(): void {
    const value = this.#value;
    this.#value = undefined;
    if (this.#element === undefined || value === undefined) return;
    const kept = value.tail.subarray(0, value.tail.length - paddingOf(value));
    this.#update(kept);
    this.#update(mark(`end ${value.bytes - value.tail.length + kept.length}`));
  }

  #endElement(): void {
    this.#endValue();
    if (this.#element !== undefined) {
      const { standard, tag, whole } = this.#element;
      this.#whole.set(tag, toHex(whole.digest()));
      if (tag === UNREADABLE || !isPrivate(tag)) this.#standard.set(tag, toHex(standard.digest()));
    }
    this.#element = undefined;
  }
}

function isContent(tag: Tag): boolean {
  const group = tag >>> 16;
  if (REFERENCES.has(tag)) return true;
  if (group === 0x0018) return tag >= PROTOCOL_FROM && tag <= 0x001899ff;
  if (REWRITTEN_GROUPS.has(group) || NO_CONTENT_GROUPS.has(group) || (tag & 0xffff) === 0) return false;
  return group !== 0x0040 || (tag >= CONTENT_OF_0040_FROM && tag !== REFERENCED_REQUEST);
}

function mark(text: string): Uint8Array {
  return new TextEncoder().encode(`\0${text}\0`);
}

/** Bytes at the end of a value that say nothing. */
function paddingOf({ bytes, isText, tail }: OpenValue): number {
  // A value of odd length was filled up with one 00 (PS3.5 6.2): of even lengths no two values become one by that.
  if (!isText) return bytes > 0 && bytes % 2 === 0 && tail.at(-1) === 0 ? 1 : 0;
  let length = tail.length;
  while (length > 0 && (tail[length - 1] === 0x20 || tail[length - 1] === 0)) length--;
  return tail.length - length;
}
