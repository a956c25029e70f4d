/** Other Patient IDs Sequence (0010,1002) after a coercion: under which identifiers the source knows the patient. */
import { latin1Text } from '../dicom/bytes.ts';
import { isConformingText, type NewElement } from '../dicom/element.ts';
import type { VrForm } from '../dicom/encode.ts';
import { parseElements, type ParsedItem } from '../dicom/parse.ts';
import { trimPadding } from '../dicom/padding.ts';
import { TAGS, type Tag } from '../dicom/tag.ts';
import type { ArrivingPatient } from '../study/index.ts';
import type { CoercionInput } from './coercion.ts';
import type { GrownSequence, OldElement } from './grow-sequence.ts';
import { otherIdItem } from './identity-edits.ts';

/**
 * The source's own ID is added, under its issuer or, when it names none, under the sender. Of the earlier items those stay
 * that name an issuer, national numbers only where policy writes them: an identifier without issuer could be taken for one
 * of this hospital. What is dropped stands in Original Attributes.
 */
export function otherPatientIds(
  input: CoercionInput,
  arrival: ArrivingPatient,
  old: OldElement | undefined,
): GrownSequence {
  const { policy = {}, sender, patient } = input;
  const national = policy.writeNationalNumber;
  const nationalIssuers = (policy.nationalNumberIssuers ?? []).map((issuer) => issuer.toLowerCase());
  const added: (readonly NewElement[])[] = [];
  const source = arrival.patientId;
  const isNational = (issuer: string | undefined): boolean => nationalIssuers.includes(issuer?.toLowerCase() ?? '');
  const issuer = source?.issuer ?? sender;
  const isLocal = source?.id === patient.patientId.id && source.issuer === patient.patientId.issuer;
  if (source !== undefined && !isLocal && isWritable(source.id) && isWritable(issuer)) {
    if (national !== undefined || !isNational(issuer)) added.push(otherIdItem(source.id, issuer));
  }
  if (national !== undefined && patient.nationalNumber !== undefined) {
    added.push(otherIdItem(patient.nationalNumber, national.issuer));
  }
  const isAddedAgain = (id: string | undefined, issuer: string): boolean =>
    added.some((item) => textOf(item, TAGS.PatientID) === id && textOf(item, TAGS.IssuerOfPatientID) === issuer);
  return {
    tag: TAGS.OtherPatientIDsSequence,
    old,
    keep(item, innerForm) {
      const ids = idsOf(item, innerForm);
      if (ids.issuer === undefined) return ids.hasQualifiers;
      return (national !== undefined || !isNational(ids.issuer)) && !isAddedAgain(ids.id, ids.issuer);
    },
    add: () => added,
  };
}

/** What the source wrote as ID may not be one at all; it is then in Original Attributes alone. */
function isWritable(id: string): boolean {
  return !id.includes('\\') && isConformingText('LO', id);
}

/** Compared as bytes would be: the charset matters to neither, as only equality is asked. */
function idsOf(
  item: ParsedItem,
  innerForm: VrForm,
): { readonly id: string | undefined; readonly issuer: string | undefined; readonly hasQualifiers: boolean } {
  const elements = parseElements(item.content, innerForm);
  const text = (tag: Tag): string | undefined => {
    const value = elements.find((element) => element.tag === tag)?.value ?? new Uint8Array(0);
    const trimmed = trimPadding(latin1Text(value)).trimStart();
    return trimmed === '' ? undefined : trimmed;
  };
  const qualifiers = elements.find((element) => element.tag === TAGS.IssuerOfPatientIDQualifiersSequence);
  return {
    id: text(TAGS.PatientID),
    issuer: text(TAGS.IssuerOfPatientID),
    hasQualifiers: qualifiers !== undefined && qualifiers.value.length > 0,
  };
}

function textOf(item: readonly NewElement[], tag: Tag): string | undefined {
  const value = item.find((element) => element.tag === tag)?.value;
  return value !== undefined && 'text' in value ? value.text : undefined;
}
