/**
 * Walks a data set by random access: top-level elements in order, seeking over long values, so that a gigabyte of pixels
 * costs a few reads.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import type { ByteSource } from './byte-source.ts';
import type { VrForm } from './encode.ts';
import { DICOM_LIMITS } from './limits.ts';
import { formatTag, TAGS, type Tag } from './tag.ts';
import type { Vr } from './vr.ts';
import {
  DatasetWalker,
  isForeignGroup,
  LONG_HEADER_BYTES,
  malformed,
  readTag,
  SHORT_HEADER_BYTES,
  type Visit,
} from './walker.ts';

/** One top-level element: where it lies. */
export interface ElementSpan {
  readonly tag: Tag;
  readonly vr: Vr;
  readonly headerOffset: number;
  readonly valueOffset: number;
  /** Undefined when a delimitation item ends the value; it lies before `endOffset`. */
  readonly lengthBytes: number | undefined;
  readonly endOffset: number;
}

/** Options of {@link walkElements}. */
export interface WalkOptions {
  /** Ends the walk before the first element with a greater tag. */
  readonly stopAfter?: Tag;
  readonly signal?: AbortSignal;
}

/** Bytes read at once where headers follow one another. */
const WINDOW_BYTES = 64 * 1024;
/** Bytes read after a seek, where one header is wanted. */
const SEEK_BYTES = 4 * 1024;

/**
 * Yields the top-level elements of a data set in the order they are in.
 *
 * Zero bytes after the last element are padding and end the walk. Order and duplicates are the caller's business.
 *
 * @throws {DicomError} `DICOM_TRUNCATED` when an element runs past the end; `DICOM_MALFORMED`; `DICOM_LIMIT`.
 */
export async function* walkElements(
  source: ByteSource,
  form: VrForm,
  options: WalkOptions = {},
): AsyncGenerator<ElementSpan, void, undefined> {
  let open: Visit | undefined;
  const { stopAfter = TAGS.SequenceDelimitationItem } = options;
  for await (const visit of visitElements(source, form, { ...options, descend: false, isWanted: isTopLevel })) {
    if (open !== undefined) {
      // The end of a value of undefined length.
      yield spanOf(open, visit.valueOffset);
      open = undefined;
      continue;
    }
    if (visit.tag > stopAfter) return;
    if (visit.lengthBytes === undefined) open = visit;
    else yield spanOf(visit, visit.valueOffset + visit.lengthBytes);
  }
}

/** Options of {@link visitElements}. */
export interface VisitOptions {
  /** Goes into sequences of defined length too. */
  readonly descend: boolean;
  /** What is yielded; default everything. Spares a pass through the event loop for each of many nested elements. */
  readonly isWanted?: (visit: Visit) => boolean;
  readonly signal?: AbortSignal;
}

/**
 * Yields everything the walker sees, nested elements, items and delimiters included; as {@link walkElements} otherwise.
 */
export async function* visitElements(
  source: ByteSource,
  form: VrForm,
  { descend, isWanted = () => true, signal }: VisitOptions,
): AsyncGenerator<Visit, void, undefined> {
  const walker = new DatasetWalker(form, { descend });
  const window = createWindow(source, signal);
  while (walker.position < source.lengthBytes) {
    if (window.needs(walker.position)) {
      await window.load(walker.position);
      // Of a deflated data set the length may turn up only now.
      if (walker.position >= source.lengthBytes) break;
    }
    const { bytes, at } = window.view(walker.position);
    const available = bytes.length - at;
    if (walker.isAtTop && mayBePadding(bytes, at) && (await isPadding(source, walker.position))) return;
    if (available < SHORT_HEADER_BYTES || available < walker.headerBytes(bytes, at)) {
      throw truncated(walker.position);
    }
    checkFirstHeader(form, bytes, at, walker.position);
    const visit = walker.step(bytes, at);
    if (visit.kind === 'fragment') window.forgive();
    if (walker.position > source.lengthBytes) throw truncated(visit.headerOffset, visit.tag);
    if (isWanted(visit)) yield visit;
  }
  if (!walker.isAtTop) throw truncated(walker.position);
}

/** Reads the value of an element. @throws {DicomError} `DICOM_LIMIT` when it is longer than `limitBytes`. */
export async function readValue(source: ByteSource, span: ElementSpan, limitBytes: number): Promise<Uint8Array> {
  const lengthBytes = span.endOffset - span.valueOffset;
  if (lengthBytes > limitBytes) {
    throw new DicomError('DICOM_LIMIT', {
      details: { tag: formatTag(span.tag), bytes: lengthBytes, limit: limitBytes },
    });
  }
  return source.read(span.valueOffset, lengthBytes);
}

/** An error about a data set that ends too early. */
export function truncated(offset: number, tag?: Tag): DicomError {
  return new DicomError('DICOM_TRUNCATED', { details: { offset, ...(tag !== undefined && { tag: formatTag(tag) }) } });
}

/**
 * Refuses data sets that are not what their transfer syntax says, or begin with groups no data set holds: walking on would
 * read lengths out of letters.
 */
export function checkFirstHeader(form: VrForm, bytes: Uint8Array, at: number, position: number): void {
  if (position !== 0) return;
  const tag = readTag(bytes, at, form);
  if (isForeignGroup(tag)) throw malformed('group', tag, 0);
  // In implicit VR these bytes are the length of a short first element; two capitals would make it over 16 kB.
  const isCapital = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x41 && byte <= 0x5a;
  if (form === 'implicit' && isCapital(bytes[at + 4]) && isCapital(bytes[at + 5])) throw malformed('vr-form', tag, 0);
}

function spanOf({ tag, vr, headerOffset, valueOffset, lengthBytes }: Visit, endOffset: number): ElementSpan {
  return { tag, vr, headerOffset, valueOffset, lengthBytes, endOffset };
}

/** Elements of the top level, and the ends of those of undefined length. */
function isTopLevel({ kind, depth, tag }: Visit): boolean {
  return kind === 'element' ? depth === 0 : kind === 'end' && depth === 1 && tag === TAGS.SequenceDelimitationItem;
}

function mayBePadding(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && (bytes[at + 1] ?? 0) === 0;
}

/** Whether nothing but zero bytes follows. */
async function isPadding(source: ByteSource, position: number): Promise<boolean> {
  if (position === 0) return false;
  const rest = await source.read(position, DICOM_LIMITS.paddingBytes + 1);
  return rest.length <= DICOM_LIMITS.paddingBytes && rest.every((byte) => byte === 0);
}

interface Window {
  needs(position: number): boolean;
  load(position: number): Promise<void>;
  view(position: number): { readonly bytes: Uint8Array; readonly at: number };
  /** Does not count the last read: fragments are many in large images, and bounded by the length of the data set. */
  forgive(): void;
}

function createWindow(source: ByteSource, signal: AbortSignal | undefined): Window {
  let bytes: Uint8Array = new Uint8Array(0);
  let start = 0;
  let loadedBytes = 0;
  return {
    needs: (position) => {
      const wanted = Math.min(position + LONG_HEADER_BYTES, source.lengthBytes);
      return position < start || wanted > start + bytes.length;
    },
    async load(position) {
      signal?.throwIfAborted();
      const isSeek = position > start + bytes.length + SEEK_BYTES;
      bytes = await source.read(position, isSeek ? SEEK_BYTES : WINDOW_BYTES);
      start = position;
      loadedBytes += bytes.length;
      if (loadedBytes > DICOM_LIMITS.headerBytes) {
        throw new DicomError('DICOM_LIMIT', { details: { offset: position, limit: DICOM_LIMITS.headerBytes } });
      }
    },
    view: (position) => ({ bytes, at: position - start }),
    forgive: () => {
      loadedBytes = Math.max(0, loadedBytes - bytes.length);
    },
  };
}
