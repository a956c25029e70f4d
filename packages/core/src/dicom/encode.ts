/**
 * Writes elements, items and sequences as bytes (PS3.5 chapter 7), little endian, in explicit or implicit VR.
 *
 * What it is given is written as it is: characters are encoded and checked before (character-set.ts, splice.ts).
 */
import { concatBytes } from './bytes.ts';
import { DicomError } from '../errors/interhosp-error.ts';
import { formatTag, TAGS, type Tag } from './tag.ts';
import { hasLongLength, padByte, type Vr } from './vr.ts';

/** How a data set writes VRs; big endian is not supported. */
export type VrForm = 'explicit' | 'implicit';

/**
 * The header of an element: 8 bytes, or 12 in explicit VR for a VR with a four-byte length.
 *
 * @param lengthBytes - Even; `UNDEFINED_LENGTH` (vr.ts) for a value that ends with a delimitation item.
 * @throws {DicomError} `DICOM_VALUE_INVALID` when explicit VR has no room for the length.
 */
export function encodeElementHeader(form: VrForm, tag: Tag, vr: Vr, lengthBytes: number): Uint8Array {
  const isLong = form === 'explicit' && hasLongLength(vr);
  const bytes = new Uint8Array(isLong ? 12 : 8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, tag >>> 16, true);
  view.setUint16(2, tag & 0xffff, true);
  if (form === 'implicit') {
    view.setUint32(4, lengthBytes, true);
    return bytes;
  }
  bytes[4] = vr.charCodeAt(0);
  bytes[5] = vr.charCodeAt(1);
  if (isLong) {
    view.setUint32(8, lengthBytes, true);
  } else {
    if (lengthBytes > 0xffff) {
      throw new DicomError('DICOM_VALUE_INVALID', {
        details: { tag: formatTag(tag), bytes: lengthBytes, limit: 0xffff },
      });
    }
    view.setUint16(6, lengthBytes, true);
  }
  return bytes;
}

/** An element with a value of defined length, padded to an even one. @throws {DicomError} `DICOM_VALUE_INVALID` */
export function encodeElement(form: VrForm, tag: Tag, vr: Vr, value: Uint8Array): Uint8Array {
  const padding = value.length % 2 === 0 ? NOTHING : Uint8Array.of(padByte(vr));
  return concatBytes([encodeElementHeader(form, tag, vr, value.length + padding.length), value, padding]);
}

/** An item of defined length around elements that are already encoded, in order of tags. */
export function encodeItem(elements: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(elements);
  return concatBytes([encodeElementHeader('implicit', TAGS.Item, 'UN', content.length), content]);
}

/** A sequence of defined length around items that are already encoded. */
export function encodeSequence(form: VrForm, tag: Tag, items: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(items);
  return concatBytes([encodeElementHeader(form, tag, 'SQ', content.length), content]);
}

/** The mark that ends a sequence of undefined length. */
export function encodeSequenceEnd(): Uint8Array {
  return encodeElementHeader('implicit', TAGS.SequenceDelimitationItem, 'UN', 0);
}

const NOTHING = new Uint8Array(0);
