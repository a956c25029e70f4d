/**
 * The item of Original Attributes Sequence (0400,0561) that says what a coercion replaced (PS3.3 C.12.1.1.9): the previous
 * values as the bytes they were, who changed them, when and why.
 */
import { concatBytes } from '../dicom/bytes.ts';
import type { CharacterSet } from '../dicom/character-set.ts';
import { formatDateTime } from '../dicom/date-time.ts';
import { isConformingText, type NewElement } from '../dicom/element.ts';
import {
  encodeElement,
  encodeElementHeader,
  encodeItem,
  encodeSequence,
  isLittleEndian,
  type VrForm,
} from '../dicom/encode.ts';
import { implicitVrOf } from '../dicom/implicit-vr.ts';
import { DICOM_LIMITS } from '../dicom/limits.ts';
import { trimPadding } from '../dicom/padding.ts';
import { parseElements, parseItems, type ParsedElement } from '../dicom/parse.ts';
import { formatTag, TAGS, type Tag } from '../dicom/tag.ts';
import { isCharacterSetText, isString, numberBytes } from '../dicom/vr.ts';
import { latin1Text } from '../dicom/bytes.ts';
import { DicomError } from '../errors/interhosp-error.ts';
import type { CoercionInput } from './coercion.ts';
import type { OldElement } from './grow-sequence.ts';

/** What was replaced or removed: the old element, or only its tag when there was none. */
export interface PreviousValue {
  readonly tag: Tag;
  readonly old: OldElement | undefined;
}

/** The item, its elements in the VR form that the sequence has inside. */
export function originalAttributesItem(
  input: CoercionInput,
  previous: readonly PreviousValue[],
  forms: { readonly dataSet: VrForm; readonly inner: VrForm; readonly characterSet: CharacterSet },
): readonly NewElement[] {
  const sorted = previous.toSorted((one, other) => one.tag - other.tag);
  const illegal = sorted.filter(({ old }) => old !== undefined && !isConforming(old, forms.characterSet));
  const modified = sorted.map((one) =>
    previousElement(illegal.includes(one) ? { ...one, old: undefined } : one, forms),
  );
  return [
    { tag: TAGS.ModifiedAttributesSequence, value: { vr: 'SQ', items: [modified] } },
    ...(illegal.length === 0 ? [] : [nonconforming(illegal, forms.inner)]),
    { tag: TAGS.AttributeModificationDateTime, value: { vr: 'DT', text: formatDateTime(input.time) } },
    { tag: TAGS.ModifyingSystem, value: { vr: 'LO', text: input.systemName ?? 'Interhosp' } },
    { tag: TAGS.SourceOfPreviousValues, value: { vr: 'LO', text: input.sender } },
    { tag: TAGS.ReasonForTheAttributeModification, value: { vr: 'CS', text: 'COERCE' } },
  ];
}

function previousElement(
  { tag, old }: PreviousValue,
  { dataSet, inner }: { readonly dataSet: VrForm; readonly inner: VrForm },
): NewElement {
  if (old === undefined) {
    // Absent before, or illegal: listed empty.
    return { tag, value: { vr: implicitVrOf(tag), bytes: new Uint8Array(0) } };
  }
  const elementBytes = dataSet === inner ? old.elementBytes : toImplicit(dataSet, old.elementBytes, 0);
  return { tag, value: { elementBytes } };
}

/** Nonconforming Modified Attributes Sequence: values PS3.5 does not allow, as their bytes. */
function nonconforming(illegal: readonly PreviousValue[], form: VrForm): NewElement {
  const items = illegal.map(({ tag, old }): readonly NewElement[] => [
    { tag: TAGS.SelectorAttribute, value: { vr: 'AT', bytes: tagBytes(form, tag) } },
    // 0 stands for the whole value, all values of it.
    { tag: TAGS.SelectorValueNumber, value: { vr: 'US', numbers: [0] } },
    { tag: TAGS.NonconformingDataElementValue, value: { vr: 'OB', bytes: old?.value ?? new Uint8Array(0) } },
  ]);
  return { tag: TAGS.NonconformingModifiedAttributesSequence, value: { vr: 'SQ', items } };
}

/** Whether the old value may stand in a data set: sequences and binary values may. */
function isConforming({ vr, value }: OldElement, characterSet: CharacterSet): boolean {
  if (!isString(vr)) return true;
  const text = isCharacterSetText(vr) ? characterSet.decode(value) : latin1Text(value);
  return isConformingText(vr, trimPadding(text));
}

/**
 * An element of explicit VR with the same value in implicit VR little endian, for a sequence that is UN. Headers, and so the
 * lengths of sequences, are written anew; of values only the order of bytes in big endian numbers changes.
 */
function toImplicit(form: VrForm, elementBytes: Uint8Array, depth: number): Uint8Array {
  if (depth > DICOM_LIMITS.depth)
    throw new DicomError('DICOM_LIMIT', { details: { depth, limit: DICOM_LIMITS.depth } });
  return concatBytes(parseElements(elementBytes, form).map((element) => implicitElement(form, element, depth)));
}

function implicitElement(form: VrForm, element: ParsedElement, depth: number): Uint8Array {
  const { tag, vr, value, isUndefinedLength } = element;
  if (vr === 'SQ') {
    const items = parseItems(value, form, element).map((item) =>
      encodeItem('implicit', [toImplicit(form, item.content, depth + 1)]),
    );
    return encodeSequence('implicit', tag, items);
  }
  // UN of undefined length holds implicit VR already; its value ends with its own delimitation item.
  if (vr === 'UN' && isUndefinedLength)
    return concatBytes([encodeElementHeader('implicit', tag, 'UN', 0xffffffff), value]);
  if (isUndefinedLength) {
    throw new DicomError('DICOM_MALFORMED', { details: { tag: formatTag(tag), reason: 'undefined-length' } });
  }
  return encodeElement('implicit', tag, vr, isLittleEndian(form) ? value : swapped(value, numberBytes(vr)));
}

/** The numbers of a value with their bytes the other way round; a rest that is no whole number stays. */
function swapped(value: Uint8Array, bytesEach: number): Uint8Array {
  if (bytesEach === 1) return value;
  const other = value.slice();
  for (let at = 0; at + bytesEach <= other.length; at += bytesEach) other.subarray(at, at + bytesEach).reverse();
  return other;
}

function tagBytes(form: VrForm, tag: Tag): Uint8Array {
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, tag >>> 16, isLittleEndian(form));
  view.setUint16(2, tag & 0xffff, isLittleEndian(form));
  return bytes;
}
