/** Elements and items of bytes in memory: the content of a sequence, or a small data set. */
import type { VrForm } from './encode.ts';
import type { Tag } from './tag.ts';
import { TAGS } from './tag.ts';
import type { Vr } from './vr.ts';
import { DatasetWalker, malformed, SHORT_HEADER_BYTES, type Visit } from './walker.ts';

/** One element of bytes in memory. */
export interface ParsedElement {
  readonly tag: Tag;
  readonly vr: Vr;
  /** Without header; with its delimitation item when the length is undefined. */
  readonly value: Uint8Array;
  /** Whether the value ends with a delimitation item. */
  readonly isUndefinedLength: boolean;
  /** How elements inside the value write their VR. */
  readonly innerForm: VrForm;
}

/** One item: the elements in it, as bytes, and the whole of it with header and delimitation item. */
export interface ParsedItem {
  readonly content: Uint8Array;
  readonly itemBytes: Uint8Array;
}

/**
 * The elements of a data set or of the content of an item.
 *
 * @throws {DicomError} `DICOM_MALFORMED`, also when the bytes end within an element; `DICOM_LIMIT`.
 */
export function parseElements(bytes: Uint8Array, form: VrForm): readonly ParsedElement[] {
  return runs(bytes, new DatasetWalker(form)).map(({ visit, end }) => ({
    tag: visit.tag,
    vr: visit.vr,
    value: bytes.subarray(visit.valueOffset, end),
    isUndefinedLength: visit.lengthBytes === undefined,
    innerForm: visit.innerForm,
  }));
}

/**
 * The items of the value of a sequence.
 *
 * @param value - As {@link ParsedElement.value}: with its delimitation item when `isUndefinedLength`.
 * @throws {DicomError} `DICOM_MALFORMED`, `DICOM_LIMIT`
 */
export function parseItems(
  value: Uint8Array,
  form: VrForm,
  options: { readonly isUndefinedLength: boolean },
): readonly ParsedItem[] {
  const bytes = options.isUndefinedLength ? value.subarray(0, value.length - SHORT_HEADER_BYTES) : value;
  return runs(bytes, new DatasetWalker(form, { inSequence: true })).map(({ visit, end }) => ({
    content: bytes.subarray(visit.valueOffset, visit.lengthBytes === undefined ? end - SHORT_HEADER_BYTES : end),
    itemBytes: bytes.subarray(visit.headerOffset, end),
  }));
}

function runs(bytes: Uint8Array, walker: DatasetWalker): readonly { readonly visit: Visit; readonly end: number }[] {
  const found: { readonly visit: Visit; readonly end: number }[] = [];
  let open: Visit | undefined;
  while (walker.position < bytes.length) {
    const at = walker.position;
    const left = bytes.length - at;
    if (left < SHORT_HEADER_BYTES || left < walker.headerBytes(bytes, at)) throw malformed('short', TAGS.Item, at);
    const visit = walker.step(bytes, at);
    open ??= visit;
    if (walker.position > bytes.length) throw malformed('short', visit.tag, at);
    if (!walker.isAtTop) continue;
    found.push({ visit: open, end: walker.position });
    open = undefined;
  }
  if (open !== undefined) throw malformed('short', open.tag, walker.position);
  return found;
}
