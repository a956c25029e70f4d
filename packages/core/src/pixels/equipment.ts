/**
 * Says in the data set that it was rewritten: an item of Contributing Equipment Sequence (PS3.3 C.12.1.1.5), whose purpose is
 * "Modifying Equipment" (CID 7005). Other places say less or say wrong: Derivation Description and Image Type speak of
 * pixels that were made from others, Original Attributes of values that were replaced.
 */
import { ASCII_CHARACTER_SET } from '../dicom/character-set.ts';
import type { ByteSource } from '../dicom/byte-source.ts';
import type { DateTime } from '../dicom/date-time.ts';
import type { NewElement } from '../dicom/element.ts';
import type { VrForm } from '../dicom/encode.ts';
import type { ElementEdit } from '../dicom/splice.ts';
import { TAGS, type Tag } from '../dicom/tag.ts';
import type { ElementSpan } from '../dicom/walk.ts';
import type { Uid } from '../dicom/uid.ts';
import { growSequence, readOldElement } from '../coercion/grow-sequence.ts';
import { modifyingEquipmentItem } from '../coercion/modifying-equipment.ts';
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
  const old = await readOldElement(source, spans.get(tag));
  const elementBytes = growSequence(form, { add: () => [itemOf(change)], old, tag }, ASCII_CHARACTER_SET);
  return elementBytes === undefined ? { kind: 'remove', tag } : { kind: 'set', tag, value: { elementBytes } };
}

function itemOf({
  from,
  member,
  time,
  to,
}: Rewriter & { readonly from: Uid; readonly to: Uid }): readonly NewElement[] {
  const what = pixelCodecOf(from) === undefined ? 'Encoding of elements changed' : 'Pixel data decoded without loss';
  return modifyingEquipmentItem(member, time, `${what} from transfer syntax ${from} to ${to}`);
}
