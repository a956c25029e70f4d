/**
 * The one reader of data set structure: fed the 8 or 12 bytes of each element header, it says what stands there and where
 * the next header is. It reads no values, holds no bytes and never recurses, so the same code serves random access
 * (walk.ts), streams (header-scanner.ts) and bytes in memory (parse.ts).
 *
 * It descends only where it must, into values of undefined length, or everywhere on request.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import { isLittleEndian, type VrForm } from './encode.ts';
import { implicitVrOf } from './implicit-vr.ts';
import { DICOM_LIMITS } from './limits.ts';
import { formatTag, groupOf, TAGS, type Tag } from './tag.ts';
import { hasLongLength, isVr, UNDEFINED_LENGTH, type Vr } from './vr.ts';

/** What a header was the header of. */
export type VisitKind =
  | 'element'
  /** An item of a sequence. */
  | 'item'
  /** A fragment of encapsulated Pixel Data, Basic Offset Table included (PS3.5 A.4). */
  | 'fragment'
  /** A delimitation item. */
  | 'end';

/** What the walker saw last. */
export interface Visit {
  readonly kind: VisitKind;
  readonly tag: Tag;
  /** As written, or from PS3.6 in implicit VR; `UN` for items and delimiters. */
  readonly vr: Vr;
  /** Sequences around it: 0 at the top level. */
  readonly depth: number;
  readonly headerOffset: number;
  readonly valueOffset: number;
  /** Undefined when a delimitation item ends the value. */
  readonly lengthBytes: number | undefined;
  /** How elements inside the value write their VR. */
  readonly innerForm: VrForm;
}

/** How a walker behaves. */
export interface WalkerOptions {
  /** Descends into sequences and items of defined length too; default false. */
  readonly descend?: boolean;
  /** Where the bytes begin, for offsets; default 0. */
  readonly offset?: number;
  /** Starts among the items of a sequence instead of at elements; default false. */
  readonly inSequence?: boolean;
}

interface Container {
  readonly kind: 'fragments' | 'item' | 'sequence';
  readonly form: VrForm;
  /** Undefined when a delimitation item ends it. */
  readonly end: number | undefined;
}

/** Bytes of the shorter header form; {@link DatasetWalker.headerBytes} says whether there are more. */
export const SHORT_HEADER_BYTES = 8;
/** Bytes of the longest header. */
export const LONG_HEADER_BYTES = 12;

/** See the file's head. Errors are `DICOM_MALFORMED` with a reason and `DICOM_LIMIT`. */
export class DatasetWalker {
  /** Offset of the next header. */
  position: number;
  readonly #form: VrForm;
  readonly #descend: boolean;
  readonly #inSequence: boolean;
  readonly #stack: Container[] = [];
  #depth = 0;
  #visited = 0;

  constructor(form: VrForm, options: WalkerOptions = {}) {
    this.#form = form;
    this.#descend = options.descend ?? false;
    this.#inSequence = options.inSequence ?? false;
    this.position = options.offset ?? 0;
  }

  /** Whether the next header is one of the level the walk began at. */
  get isAtTop(): boolean {
    return this.#stack.length === 0;
  }

  /** Length of the header that begins at `at`, of which 8 bytes must be there. */
  headerBytes(bytes: Uint8Array, at: number): number {
    const { form } = this.#container();
    if (form === 'implicit' || readTag(bytes, at, form) >= TAGS.Item) return SHORT_HEADER_BYTES;
    const vr = readVr(bytes, at);
    // An unknown VR is refused by its first bytes; no more are needed for that.
    return isVr(vr) && hasLongLength(vr) ? LONG_HEADER_BYTES : SHORT_HEADER_BYTES;
  }

  /** Reads the header at {@link position}, which begins at `at` in `bytes`, and moves to the next. */
  step(bytes: Uint8Array, at: number): Visit {
    this.#leaveEnded();
    const container = this.#container();
    const tag = readTag(bytes, at, container.form);
    const visit =
      tag >= TAGS.Item ? this.#delimiter(container, tag, bytes, at) : this.#element(container, tag, bytes, at);
    this.#leaveEnded();
    return visit;
  }

  #container(): Container {
    const inner = this.#stack.at(-1);
    return inner ?? { kind: this.#inSequence ? 'sequence' : 'item', form: this.#form, end: undefined };
  }

  #element(container: Container, tag: Tag, bytes: Uint8Array, at: number): Visit {
    if (container.kind !== 'item') throw malformed('not-an-item', tag, this.position);
    this.#count(tag);
    const { vr, lengthBytes, headerBytes } = headerOf(container.form, tag, bytes, at, this.position);
    const visit: Visit = {
      kind: 'element',
      tag,
      vr,
      depth: this.#depth,
      headerOffset: this.position,
      valueOffset: this.position + headerBytes,
      lengthBytes: lengthBytes === UNDEFINED_LENGTH ? undefined : lengthBytes,
      // UN holds implicit VR little endian whatever surrounds it (PS3.5 6.2.2 note 2).
      innerForm: vr === 'UN' ? 'implicit' : container.form,
    };
    this.#enter(container, visit);
    return visit;
  }

  #enter(container: Container, visit: Visit): void {
    const { tag, vr, lengthBytes, valueOffset, innerForm } = visit;
    if (lengthBytes === undefined) {
      this.#push({ kind: undefinedKind(visit, container.form), form: innerForm, end: undefined }, tag);
      this.position = valueOffset;
      return;
    }
    const end = valueOffset + lengthBytes;
    const isEntered = this.#descend && vr === 'SQ' && lengthBytes > 0;
    if (isEntered) this.#push({ kind: 'sequence', form: innerForm, end }, tag);
    this.position = isEntered ? valueOffset : end;
  }

  #delimiter(container: Container, tag: Tag, bytes: Uint8Array, at: number): Visit {
    const lengthBytes = readUint32(bytes, at + 4, isLittleEndian(container.form));
    const headerOffset = this.position;
    const visit: Visit = {
      kind: 'end',
      tag,
      vr: 'UN',
      depth: this.#depth,
      headerOffset,
      valueOffset: headerOffset + SHORT_HEADER_BYTES,
      lengthBytes: lengthBytes === UNDEFINED_LENGTH ? undefined : lengthBytes,
      innerForm: container.form,
    };
    if (tag === TAGS.Item && container.kind !== 'item') return this.#item(container, visit);
    const ends = container.kind === 'item' ? TAGS.ItemDelimitationItem : TAGS.SequenceDelimitationItem;
    if (this.isAtTop || tag !== ends || container.end !== undefined || lengthBytes !== 0) {
      throw malformed('delimiter', tag, headerOffset);
    }
    this.#pop();
    this.position = visit.valueOffset;
    return visit;
  }

  #item(container: Container, visit: Visit): Visit {
    const { lengthBytes, valueOffset, tag } = visit;
    if (container.kind === 'fragments') {
      if (lengthBytes === undefined) throw malformed('fragment-length', tag, visit.headerOffset);
      this.position = valueOffset + lengthBytes;
      return { ...visit, kind: 'fragment' };
    }
    this.#count(tag);
    if (lengthBytes === undefined) {
      this.#push({ kind: 'item', form: container.form, end: undefined }, tag);
      this.position = valueOffset;
    } else {
      const end = valueOffset + lengthBytes;
      if (this.#descend) this.#push({ kind: 'item', form: container.form, end }, tag);
      this.position = this.#descend ? valueOffset : end;
    }
    return { ...visit, kind: 'item' };
  }

  #push(container: Container, tag: Tag): void {
    if (container.kind !== 'item') this.#depth++;
    if (this.#depth > DICOM_LIMITS.depth) {
      throw new DicomError('DICOM_LIMIT', {
        details: { tag: formatTag(tag), depth: this.#depth, limit: DICOM_LIMITS.depth, offset: this.position },
      });
    }
    this.#stack.push(container);
  }

  #pop(): void {
    if (this.#stack.pop()?.kind !== 'item') this.#depth--;
  }

  /** Leaves containers of defined length whose end is reached. */
  #leaveEnded(): void {
    for (let inner = this.#stack.at(-1); inner?.end !== undefined; inner = this.#stack.at(-1)) {
      if (this.position < inner.end) return;
      // Something in it reached past its end.
      if (this.position > inner.end) throw malformed('past-parent', TAGS.Item, this.position);
      this.#pop();
    }
  }

  #count(tag: Tag): void {
    this.#visited++;
    if (this.#visited > DICOM_LIMITS.elements) {
      throw new DicomError('DICOM_LIMIT', { details: { tag: formatTag(tag), limit: DICOM_LIMITS.elements } });
    }
  }
}

/** An error about structure; the reason is a literal of the code. */
export function malformed(reason: string, tag: Tag, offset: number): DicomError {
  return new DicomError('DICOM_MALFORMED', { details: { reason, tag: formatTag(tag), offset } });
}

/** Tag at `at`; little endian unless the form says otherwise. */
export function readTag(bytes: Uint8Array, at: number, form: VrForm = 'implicit'): Tag {
  const isLittle = isLittleEndian(form);
  return ((readUint16(bytes, at, isLittle) << 16) | readUint16(bytes, at + 2, isLittle)) >>> 0;
}

function headerOf(
  form: VrForm,
  tag: Tag,
  bytes: Uint8Array,
  at: number,
  offset: number,
): { readonly vr: Vr; readonly lengthBytes: number; readonly headerBytes: number } {
  const isLittle = isLittleEndian(form);
  if (form === 'implicit') {
    const lengthBytes = readUint32(bytes, at + 4, isLittle);
    return { vr: implicitVrOf(tag), lengthBytes, headerBytes: SHORT_HEADER_BYTES };
  }
  const vr = readVr(bytes, at);
  if (!isVr(vr)) throw malformed('vr', tag, offset);
  if (hasLongLength(vr)) {
    return { vr, lengthBytes: readUint32(bytes, at + 8, isLittle), headerBytes: LONG_HEADER_BYTES };
  }
  return { vr, lengthBytes: readUint16(bytes, at + 6, isLittle), headerBytes: SHORT_HEADER_BYTES };
}

/** What a value of undefined length is: fragments of Pixel Data, or items. */
function undefinedKind({ tag, vr, headerOffset }: Visit, form: VrForm): 'fragments' | 'sequence' {
  if (tag === TAGS.PixelData && vr !== 'SQ') return 'fragments';
  if (form === 'implicit' || vr === 'SQ' || vr === 'UN') return 'sequence';
  if (vr === 'OB' || vr === 'OW') return 'fragments';
  throw malformed('undefined-length', tag, headerOffset);
}

function readVr(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at + 4] ?? 0, bytes[at + 5] ?? 0);
}

function readUint16(bytes: Uint8Array, at: number, isLittle: boolean): number {
  const [first, second] = [bytes[at] ?? 0, bytes[at + 1] ?? 0];
  return isLittle ? first | (second << 8) : (first << 8) | second;
}

function readUint32(bytes: Uint8Array, at: number, isLittle: boolean): number {
  const [first, second] = [readUint16(bytes, at, isLittle), readUint16(bytes, at + 2, isLittle)];
  return (isLittle ? first | (second << 16) : (first << 16) | second) >>> 0;
}

/** Groups that no data set holds: commands and file meta information (PS3.5 7.1). */
export function isForeignGroup(tag: Tag): boolean {
  return groupOf(tag) < 4;
}
