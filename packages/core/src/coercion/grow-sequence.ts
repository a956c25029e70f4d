/**
 * Adds items to a sequence that may be there already, however it was written: in explicit or implicit VR, with defined or
 * undefined length, or as UN. Earlier items are taken over byte for byte.
 */
import type { ByteSource } from '../dicom/byte-source.ts';
import { concatBytes } from '../dicom/bytes.ts';
import type { CharacterSet } from '../dicom/character-set.ts';
import { encodeElementHeader, encodeItem, encodeSequenceEnd, type VrForm } from '../dicom/encode.ts';
import { encodeElements, type NewElement } from '../dicom/element.ts';
import { DICOM_LIMITS } from '../dicom/limits.ts';
import { parseItems, type ParsedItem } from '../dicom/parse.ts';
import { formatTag, type Tag } from '../dicom/tag.ts';
import { readValue, truncated, type ElementSpan } from '../dicom/walk.ts';
import { UNDEFINED_LENGTH, type Vr } from '../dicom/vr.ts';
import { DicomError } from '../errors/interhosp-error.ts';

/** A top-level element as it stands in the data set. */
export interface OldElement {
  readonly tag: Tag;
  readonly vr: Vr;
  /** Header and value. */
  readonly elementBytes: Uint8Array;
  /** With its delimitation item when `isUndefinedLength`. */
  readonly value: Uint8Array;
  readonly isUndefinedLength: boolean;
}

/**
 * Reads an element; undefined where there is none.
 *
 * @throws {DicomError} `DICOM_LIMIT` beyond `originalAttributesBytes`; `DICOM_TRUNCATED`
 */
export async function readOldElement(
  source: ByteSource,
  span: ElementSpan | undefined,
): Promise<OldElement | undefined> {
  if (span === undefined) return undefined;
  const whole = { ...span, valueOffset: span.headerOffset };
  const elementBytes = await readValue(source, whole, DICOM_LIMITS.originalAttributesBytes);
  if (elementBytes.length !== span.endOffset - span.headerOffset) throw truncated(span.headerOffset, span.tag);
  const value = elementBytes.subarray(span.valueOffset - span.headerOffset);
  return { tag: span.tag, vr: span.vr, elementBytes, value, isUndefinedLength: span.lengthBytes === undefined };
}

/** What a sequence becomes. */
export interface GrownSequence {
  readonly tag: Tag;
  readonly old: OldElement | undefined;
  /** Earlier items that stay; default all. */
  readonly keep?: (item: ParsedItem, innerForm: VrForm) => boolean;
  /** The new items, in the VR form that the sequence has inside. */
  readonly add: (innerForm: VrForm) => readonly (readonly NewElement[])[];
}

/**
 * The whole element with the items added at its end; undefined when no item is left.
 *
 * @throws {DicomError} `DICOM_MALFORMED` when the old element is not a sequence of whole items.
 */
export function growSequence(form: VrForm, grown: GrownSequence, characterSet: CharacterSet): Uint8Array | undefined {
  const { tag, keep = () => true } = grown;
  // An empty element is no sequence to go on with, whatever its VR says.
  const old = grown.old?.value.length === 0 ? undefined : grown.old;
  const innerForm = old === undefined ? form : innerFormOf(form, old);
  const earlier = old === undefined ? [] : parseItems(old.value, innerForm, old);
  const items = [
    ...earlier.filter((item) => keep(item, innerForm)).map((item) => item.itemBytes),
    ...grown
      .add(innerForm)
      .map((elements) => encodeItem(innerForm, [encodeElements(innerForm, elements, characterSet)])),
  ];
  if (items.length === 0) return undefined;
  const content = concatBytes(items);
  const vr = old?.vr ?? 'SQ';
  if (old?.isUndefinedLength === true) {
    return concatBytes([encodeElementHeader(form, tag, vr, UNDEFINED_LENGTH), content, encodeSequenceEnd(innerForm)]);
  }
  return concatBytes([encodeElementHeader(form, tag, vr, content.length), content]);
}

/** How the items of a sequence write their VR: UN holds implicit VR little endian (PS3.5 6.2.2). */
export function innerFormOf(form: VrForm, old: OldElement): VrForm {
  if (old.vr === 'UN') return 'implicit';
  if (old.vr === 'SQ') return form;
  throw new DicomError('DICOM_MALFORMED', { details: { tag: formatTag(old.tag), reason: 'not-a-sequence' } });
}
