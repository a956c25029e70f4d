/** A member as one that changed an object: an item of Contributing Equipment Sequence (PS3.3 C.12.1.1.5, CID 7005). */
import { formatDateTime, type DateTime } from '../dicom/date-time.ts';
import type { NewElement } from '../dicom/element.ts';
import { TAGS, type Tag } from '../dicom/tag.ts';
import type { MemberId } from '../study/identifiers.ts';

/** @param description - What was done, in ASCII. */
export function modifyingEquipmentItem(member: MemberId, time: DateTime, description: string): readonly NewElement[] {
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
    text(TAGS.ContributionDescription, 'ST', description),
    { tag: TAGS.PurposeOfReferenceCodeSequence, value: { vr: 'SQ', items: [purpose] } },
  ];
}

function text(tag: Tag, vr: 'DT' | 'LO' | 'SH' | 'ST', value: string): NewElement {
  return { tag, value: { vr, text: value } };
}
