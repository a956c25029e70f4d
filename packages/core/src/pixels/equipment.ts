/**
 * Says in the data set that it was rewritten: an item of Contributing Equipment Sequence (PS3.3 C.12.1.1.5), whose purpose is
 * "Modifying Equipment" (CID 7005). Other places say less or say wrong: Derivation Description and Image Type speak of
 * pixels that were made from others, Original Attributes of values that were replaced.
 */
import { ASCII_CHARACTER_SET } from '../dicom/character-set.ts';
import type { ByteSource } from '../dicom/byte-source.ts';
import { formatDateTime, type DateTime } from '../dicom/date-time.ts';
import type { NewElement } from '../dicom/element.ts';
import type { VrForm } from '../dicom/encode.ts';
import { DICOM_LIMITS } from '../dicom/limits.ts';
import type { ElementEdit } from '../dicom/splice.ts';
import { TAGS, type Tag } from '../dicom/tag.ts';
import { truncated, readValue, type ElementSpan } from '../dicom/walk.ts';
import type { Uid } from '../dicom/uid.ts';
import { growSequence, type OldElement } from '../coercion/grow-sequence.ts';
import type { MemberId } from '../study/identifiers.ts';
import { pixelCodecOf } from './codecs.ts';

/** Who rewrites. */
export interface Rewriter {
  readonly member: MemberId;
  readonly time: DateTime;
}

/** The edit that adds the item, earlier ones being kept as they are. @throws {DicomError} `DICOM_MALFORMED`, `DICOM_LIMIT` */
export async function equipmentEdit(
  source: ByteSource,
  spans: ReadonlyMap<Tag, ElementSpan>,
  form: VrForm,
  change: Rewriter & { readonly from: Uid; readonly to: Uid },
): Promise<ElementEdit> {
  const tag = TAGS.ContributingEquipmentSequence;
  const old = await oldElement(source, spans.get(tag));
  const elementBytes = growSequence(form, { add: () => [itemOf(change)], old, tag }, ASCII_CHARACTER_SET);
  return elementBytes === undefined ? { kind: 'remove', tag } : { kind: 'set', tag, value: { elementBytes } };
}

function itemOf({
  from,
  member,
  time,
  to,
}: Rewriter & { readonly from: Uid; readonly to: Uid }): readonly NewElement[] {
  const text = (tag: Tag, vr: 'DT' | 'LO' | 'SH' | 'ST', value: string): NewElement => ({
    tag,
    value: { text: value, vr },
  });
  const what = pixelCodecOf(from) === undefined ? 'Encoding of elements changed' : 'Pixel data decoded without loss';
  const purpose = [
    text(TAGS.CodeValue, 'SH', '109103'),
    text(TAGS.CodingSchemeDesignator, 'SH', 'DCM'),
    text(TAGS.CodeMeaning, 'LO', 'Modifying Equipment'),
  ];
  return [
    text(TAGS.Manufacturer, 'LO', 'Interhosp'),
    text(TAGS.InstitutionName, 'LO', member),
    text(TAGS.ManufacturerModelName, 'LO', 'Interhosp'),
    text(TAGS.ContributionDateTime, 'DT', formatDateTime(time)),
    text(TAGS.ContributionDescription, 'ST', `${what} from transfer syntax ${from} to ${to}`),
    { tag: TAGS.PurposeOfReferenceCodeSequence, value: { items: [purpose], vr: 'SQ' } },
  ];
}

async function oldElement(source: ByteSource, span: ElementSpan | undefined): Promise<OldElement | undefined> {
  if (span === undefined) return undefined;
  const whole = { ...span, valueOffset: span.headerOffset };
  const elementBytes = await readValue(source, whole, DICOM_LIMITS.originalAttributesBytes);
  if (elementBytes.length !== span.endOffset - span.headerOffset) throw truncated(span.headerOffset, span.tag);
  const value = elementBytes.subarray(span.valueOffset - span.headerOffset);
  return { elementBytes, isUndefinedLength: span.lengthBytes === undefined, tag: span.tag, value, vr: span.vr };
}
