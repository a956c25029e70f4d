/**
 * New elements: what is to be written, as text, numbers, raw bytes or items, and how that becomes bytes. Used for spliced
 * elements and for small data sets of our own (queries, test studies).
 */
import { DicomError } from '../errors/interhosp-error.ts';
import { concatBytes, latin1Bytes } from './bytes.ts';
import { hasControlCharacter, type CharacterSet } from './character-set.ts';
import { encodeElement, encodeItem, encodeSequence, isLittleEndian, type VrForm } from './encode.ts';
import { formatTag, type Tag } from './tag.ts';
import { isCharacterSetText, isMultiValued, type Vr } from './vr.ts';

/** VRs whose values can be given as numbers. */
export type NumberVr = 'FD' | 'FL' | 'SL' | 'SS' | 'UL' | 'US';

/** The value of a new element. */
export type ElementValue =
  /** Characters, several values divided by a backslash; written in the character set of the data set where the VR says so. */
  | { readonly vr: Exclude<Vr, 'SQ'>; readonly text: string }
  | { readonly vr: NumberVr; readonly numbers: readonly number[] }
  /** The value as it stands in the data set, without header; padded when odd. For SQ: whole items. */
  | { readonly vr: Vr; readonly bytes: Uint8Array }
  | { readonly vr: 'SQ'; readonly items: readonly ItemValue[] }
  /** The whole element, header included, as it stands in a data set of the same VR form. */
  | { readonly elementBytes: Uint8Array };

/** An item: its elements in any order, or the bytes of a whole item, header included, taken over verbatim. */
export type ItemValue = readonly NewElement[] | { readonly itemBytes: Uint8Array };

/** An element to be written. */
export interface NewElement {
  readonly tag: Tag;
  readonly value: ElementValue;
}

/** Deepest nesting that is written; what is read may be deeper (limits.ts). */
const MAX_WRITTEN_DEPTH = 16;

/**
 * Elements as a run of bytes in order of tags, as a data set or the content of an item has them.
 *
 * @throws {DicomError} `DICOM_VALUE_INVALID`, `DICOM_CHARSET`; `DICOM_MALFORMED` when a tag is given twice.
 */
export function encodeElements(form: VrForm, elements: readonly NewElement[], characterSet: CharacterSet): Uint8Array {
  return encodeNested(form, elements, characterSet, 0);
}

/** One element as bytes. @throws {DicomError} `DICOM_VALUE_INVALID`, `DICOM_CHARSET` */
export function encodeNewElement(form: VrForm, element: NewElement, characterSet: CharacterSet): Uint8Array {
  return encodeAtDepth(form, element, characterSet, 0);
}

/** All text of an element, nested or not, that is written in the character set of the data set. */
export function characterSetTextsOf(value: ElementValue): readonly string[] {
  if ('text' in value) return isCharacterSetText(value.vr) ? [value.text] : [];
  if (!('items' in value)) return [];
  return value.items.flatMap((item) =>
    'itemBytes' in item ? [] : item.flatMap((element) => characterSetTextsOf(element.value)),
  );
}

function encodeNested(form: VrForm, elements: readonly NewElement[], set: CharacterSet, depth: number): Uint8Array {
  const sorted = elements.toSorted((one, other) => one.tag - other.tag);
  for (const [index, { tag }] of sorted.entries()) {
    if (index > 0 && sorted[index - 1]?.tag === tag) {
      throw new DicomError('DICOM_MALFORMED', { details: { tag: formatTag(tag), reason: 'duplicate' } });
    }
  }
  return concatBytes(sorted.map((element) => encodeAtDepth(form, element, set, depth)));
}

function encodeAtDepth(form: VrForm, { tag, value }: NewElement, set: CharacterSet, depth: number): Uint8Array {
  if (depth > MAX_WRITTEN_DEPTH) throw new DicomError('DICOM_LIMIT', { details: { depth, limit: MAX_WRITTEN_DEPTH } });
  if ('items' in value) {
    const items = value.items.map((item) =>
      'itemBytes' in item ? item.itemBytes : encodeItem(form, [encodeNested(form, item, set, depth + 1)]),
    );
    return encodeSequence(form, tag, items);
  }
  if ('elementBytes' in value) return value.elementBytes;
  if ('bytes' in value) return encodeElement(form, tag, value.vr, value.bytes);
  if ('numbers' in value) return encodeElement(form, tag, value.vr, encodeNumbers(form, value.vr, value.numbers));
  return encodeElement(form, tag, value.vr, encodeText(tag, value.vr, value.text, set));
}

function encodeText(tag: Tag, vr: Vr, text: string, set: CharacterSet): Uint8Array {
  checkText(tag, vr, text);
  const encoded = isCharacterSetText(vr) ? set.encode(text) : asciiBytes(text);
  if (encoded === undefined) {
    throw new DicomError(isCharacterSetText(vr) ? 'DICOM_CHARSET' : 'DICOM_VALUE_INVALID', {
      details: { tag: formatTag(tag) },
    });
  }
  return encoded;
}

function asciiBytes(text: string): Uint8Array | undefined {
  return /^[\x20-\x7e\n\f\r\t]*$/.test(text) ? latin1Bytes(text) : undefined;
}

/** Most characters of one value (PS3.5 6.2); VRs that are not here have no limit that matters. */
const MAX_CHARACTERS: Readonly<Partial<Record<Vr, number>>> = {
  AE: 16,
  AS: 4,
  CS: 16,
  DA: 8,
  DS: 16,
  DT: 26,
  IS: 12,
  LO: 64,
  LT: 10_240,
  PN: 64,
  SH: 16,
  ST: 1024,
  TM: 14,
  UI: 64,
};

/** What the characters of a value must be. */
const FORMS: Readonly<Partial<Record<Vr, RegExp>>> = {
  CS: /^[A-Z0-9 _]*$/,
  DA: /^(?:\d{8})?$/,
  DS: /^[0-9+\-eE. ]*$/,
  DT: /^[0-9+\-. ]*$/,
  IS: /^[0-9+\- ]*$/,
  TM: /^[0-9. ]*$/,
  UI: /^[0-9.]*$/,
};

/** Control characters that text may hold: TAB, LF, FF, CR (PS3.5 6.1.3). ESC is written by character sets alone. */
const TEXT_CONTROLS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d]);

function checkText(tag: Tag, vr: Vr, text: string): void {
  if (!isConformingText(vr, text))
    throw new DicomError('DICOM_VALUE_INVALID', { details: { tag: formatTag(tag), kind: vr } });
}

/** Whether text is what PS3.5 6.2 allows in a value of this VR: length, repertoire, no control characters. */
export function isConformingText(vr: Vr, text: string): boolean {
  const limit = MAX_CHARACTERS[vr] ?? Number.MAX_SAFE_INTEGER;
  const form = FORMS[vr];
  return (isMultiValued(vr) ? text.split('\\') : [text]).every(
    (value) =>
      !hasControlCharacter(value, TEXT_CONTROLS) &&
      // PN limits its component groups, not the value.
      (vr === 'PN' ? value.split('=') : [value]).every((part) => characterCount(part) <= limit) &&
      (form === undefined || form.test(value)),
  );
}

function characterCount(text: string): number {
  return Array.from(text).length;
}

function encodeNumbers(form: VrForm, vr: NumberVr, numbers: readonly number[]): Uint8Array {
  const bytesEach = vr === 'FD' ? 8 : vr === 'US' || vr === 'SS' ? 2 : 4;
  const bytes = new Uint8Array(numbers.length * bytesEach);
  const view = new DataView(bytes.buffer);
  const isLittle = isLittleEndian(form);
  for (const [index, number] of numbers.entries()) {
    const at = index * bytesEach;
    if (vr === 'FD') view.setFloat64(at, number, isLittle);
    else if (vr === 'FL') view.setFloat32(at, number, isLittle);
    else if (vr === 'US') view.setUint16(at, number, isLittle);
    else if (vr === 'SS') view.setInt16(at, number, isLittle);
    else if (vr === 'UL') view.setUint32(at, number, isLittle);
    else view.setInt32(at, number, isLittle);
  }
  return bytes;
}
