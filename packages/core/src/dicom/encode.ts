/**
 * Writes elements, items and sequences as bytes (PS3.5 chapter 7), in the form that the data set has already.
 *
 * What it is given is written as it is: characters are encoded and checked before (character-set.ts, splice.ts).
 */
import { concatBytes } from './bytes.ts';
import { DicomError } from '../errors/interhosp-error.ts';
import { formatTag, TAGS, type Tag } from './tag.ts';
import { hasLongLength, padByte, type Vr } from './vr.ts';

/** How a data set writes VRs and numbers: little endian unless it says otherwise (PS3.5 A.1 to A.3). */
export type VrForm = 'explicit' | 'explicit-big-endian' | 'implicit';

/** Whether numbers stand with their least significant byte first; so do all but the retired PS3.5 A.3. */
export function isLittleEndian(form: VrForm): boolean {
  return form !== 'explicit-big-endian';
}

/**
 * The header of an element: 8 bytes, or 12 in explicit VR for a VR with a four-byte length.
 *
 * @param lengthBytes - Even; `UNDEFINED_LENGTH` (vr.ts) for a value that ends with a delimitation item.
 * @throws {DicomError} `DICOM_VALUE_INVALID` when explicit VR has no room for the length.
 */
export function encodeElementHeader(form: VrForm, tag: Tag, vr: Vr, lengthBytes: number): Uint8Array {
  const isLong = form !== 'implicit' && hasLongLength(vr) && tag < TAGS.Item;
  const isLittle = isLittleEndian(form);
  const bytes = new Uint8Array(isLong ? 12 : 8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, tag >>> 16, isLittle);
  view.setUint16(2, tag & 0xffff, isLittle);
  // Items and delimiters have no VR in any form (PS3.5 7.5).
  if (form === 'implicit' || tag >= TAGS.Item) {
    view.setUint32(4, lengthBytes, isLittle);
    return bytes;
  }
  bytes[4] = vr.charCodeAt(0);
  bytes[5] = vr.charCodeAt(1);
  if (isLong) {
    view.setUint32(8, lengthBytes, isLittle);
  } else {
    if (lengthBytes > 0xffff) {
      throw new DicomError('DICOM_VALUE_INVALID', {
        details: { tag: formatTag(tag), bytes: lengthBytes, limit: 0xffff },
      });
    }
    view.setUint16(6, lengthBytes, isLittle);
  }
  return bytes;
}

/** An element with a value of defined length, padded to an even one. @throws {DicomError} `DICOM_VALUE_INVALID` */
export function encodeElement(form: VrForm, tag: Tag, vr: Vr, value: Uint8Array): Uint8Array {
  const padding = value.length % 2 === 0 ? NOTHING : Uint8Array.of(padByte(vr));
  return concatBytes([encodeElementHeader(form, tag, vr, value.length + padding.length), value, padding]);
}

/** An item of defined length around elements that are already encoded, in order of tags. */
export function encodeItem(form: VrForm, elements: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(elements);
  return concatBytes([encodeElementHeader(form, TAGS.Item, 'UN', content.length), content]);
}

/** A sequence of defined length around items that are already encoded. */
export function encodeSequence(form: VrForm, tag: Tag, items: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(items);
  return concatBytes([encodeElementHeader(form, tag, 'SQ', content.length), content]);
}

/** The mark that ends a sequence of undefined length. */
export function encodeSequenceEnd(form: VrForm): Uint8Array {
  return encodeElementHeader(form, TAGS.SequenceDelimitationItem, 'UN', 0);
}

const NOTHING = new Uint8Array(0);
