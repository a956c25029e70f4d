/**
 * Which elements a coercion sets or removes: the identity of the patient as one unit, what belongs to the source's orders
 * and visits, and the marks of an import (IHE RAD IRWF, RAD-61). UIDs, physicians, institution, dates and descriptions stay.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import {
  formatDate,
  formatDateTime,
  formatPersonName,
  formatTag,
  TAGS,
  tryParseUid,
  type ElementEdit,
  type NewElement,
  type Tag,
  type Vr,
} from '../dicom/index.ts';
import type { LocalPatient, PersonNameGroups } from '../study/index.ts';
import type { AccessionPolicy, CoercionInput, LocalOrder } from './coercion.ts';

/** Elements that say who the patient is, or where the source knows them, and are never taken over. */
const REMOVED: readonly Tag[] = [
  TAGS.TypeOfPatientID,
  TAGS.SourcePatientGroupIdentificationSequence,
  TAGS.GroupOfPatientsIdentificationSequence,
  TAGS.PatientBirthTime,
  TAGS.PatientBirthDateInAlternativeCalendar,
  TAGS.PatientDeathDateInAlternativeCalendar,
  TAGS.PatientAlternativeCalendar,
  TAGS.PatientInsurancePlanCodeSequence,
  TAGS.OtherPatientIDs,
  TAGS.OtherPatientNames,
  TAGS.PatientMotherBirthName,
  TAGS.MilitaryRank,
  TAGS.BranchOfService,
  TAGS.MedicalRecordLocator,
  TAGS.ReferencedPatientPhotoSequence,
  TAGS.CountryOfResidence,
  TAGS.RegionOfResidence,
  TAGS.PatientTelecomInformation,
  TAGS.PatientReligiousPreference,
  TAGS.ResponsiblePerson,
  TAGS.ResponsiblePersonRole,
  TAGS.ResponsibleOrganization,
  TAGS.PatientComments,
  TAGS.RequestedProcedureCodeSequence,
  TAGS.IssuerOfAdmissionID,
  TAGS.IssuerOfAdmissionIDSequence,
  TAGS.ServiceEpisodeID,
  TAGS.ServiceEpisodeDescription,
  TAGS.IssuerOfServiceEpisodeIDSequence,
  TAGS.CurrentPatientLocation,
  TAGS.PatientInstitutionResidence,
  TAGS.OrderPlacerIdentifierSequence,
  TAGS.OrderFillerIdentifierSequence,
  TAGS.RequestAttributesSequence,
];

/** Signatures and what they are made with (PS3.3 C.12.1.1.3). */
export const SIGNATURE_TAGS: readonly Tag[] = [TAGS.MACParametersSequence, TAGS.DigitalSignaturesSequence];

/** Most characters of an Accession Number (SH). */
const ACCESSION_CHARACTERS = 16;

/**
 * The edits that follow from input alone, sequences that grow (Other Patient IDs, Contributing Equipment, Original
 * Attributes) excepted.
 *
 * @param sourceAccession - Accession Number as the source wrote it.
 * @throws {DicomError} `DICOM_VALUE_INVALID` when a value of the local record cannot be written.
 */
export function planCoercion(input: CoercionInput, sourceAccession: string | undefined): readonly ElementEdit[] {
  const { patient, order, time, policy = {} } = input;
  const signatures = policy.digitalSignatures === 'remove' ? SIGNATURE_TAGS : [];
  return [
    set(TAGS.InstanceCoercionDateTime, 'DT', formatDateTime(time)),
    ...accessionEdits(order, policy.accession ?? { kind: 'empty' }, sourceAccession),
    ...patientEdits(patient),
    ...orderEdits(order),
    set(TAGS.InstanceOriginStatus, 'CS', 'IMPORTED'),
    ...[...REMOVED, ...signatures].map(remove),
  ];
}

/** An identifier with the issuer it means something under, as an item of Other Patient IDs Sequence. */
export function otherIdItem(id: string, issuer: string): readonly NewElement[] {
  return [
    text(TAGS.PatientID, 'LO', id),
    text(TAGS.IssuerOfPatientID, 'LO', issuer),
    text(TAGS.TypeOfPatientID, 'CS', 'TEXT'),
  ];
}

function patientEdits(patient: LocalPatient): readonly ElementEdit[] {
  const { id, issuer } = patient.patientId;
  if (id.trim() === '') throw invalid(TAGS.PatientID);
  return [
    set(TAGS.PatientName, 'PN', nameText(patient.name) ?? ''),
    set(TAGS.PatientID, 'LO', single(TAGS.PatientID, id)),
    setOrRemove(TAGS.IssuerOfPatientID, 'LO', issuer),
    qualifiersEdit(issuer),
    set(TAGS.PatientBirthDate, 'DA', wholeDate(patient.birthDate)),
    set(TAGS.PatientSex, 'CS', patient.sex ?? ''),
    setOrRemove(TAGS.PatientBirthName, 'PN', nameText(patient.birthName)),
    setOrRemove(TAGS.PatientAddress, 'LO', fitting(addressOf(patient), 64)),
    setOrRemove(TAGS.PatientTelephoneNumbers, 'SH', fitting(patient.phone, 16)),
  ];
}

/** An issuer that is an OID is said twice: as text, and as Universal Entity ID for those who compare OIDs. */
function qualifiersEdit(issuer: string | undefined): ElementEdit {
  const oid = issuer === undefined ? undefined : tryParseUid(issuer);
  if (oid === undefined) return remove(TAGS.IssuerOfPatientIDQualifiersSequence);
  const value = { vr: 'SQ', items: [entityItem(oid)] } as const;
  return { kind: 'set', tag: TAGS.IssuerOfPatientIDQualifiersSequence, value };
}

function accessionEdits(
  order: LocalOrder | undefined,
  policy: AccessionPolicy,
  source: string | undefined,
): readonly ElementEdit[] {
  if (order !== undefined) {
    const { accessionNumber, accessionIssuer } = order;
    const value =
      accessionIssuer === undefined ? undefined : ({ vr: 'SQ', items: [entityItem(accessionIssuer)] } as const);
    const tag = TAGS.IssuerOfAccessionNumberSequence;
    return [
      set(TAGS.AccessionNumber, 'SH', single(TAGS.AccessionNumber, accessionNumber)),
      value === undefined ? remove(tag) : { kind: 'set', tag, value },
    ];
  }
  const prefixed = policy.kind === 'prefix' && source !== undefined ? `${policy.prefix}${source}` : '';
  return [
    set(TAGS.AccessionNumber, 'SH', fitting(prefixed, ACCESSION_CHARACTERS) ?? ''),
    remove(TAGS.IssuerOfAccessionNumberSequence),
  ];
}

function orderEdits(order: LocalOrder | undefined): readonly ElementEdit[] {
  return [
    setOrRemove(TAGS.RequestedProcedureDescription, 'LO', order?.requestedProcedureDescription),
    setOrRemove(TAGS.AdmissionID, 'LO', order?.admissionId),
    setOrRemove(TAGS.RequestedProcedureID, 'SH', order?.requestedProcedureId),
    setOrRemove(TAGS.PlacerOrderNumberImagingServiceRequest, 'LO', order?.placerOrderNumber),
    setOrRemove(TAGS.FillerOrderNumberImagingServiceRequest, 'LO', order?.fillerOrderNumber),
  ];
}

/** Who issues identifiers (HL7v2 Hierarchic Designator Macro, PS3.3 10.14): an OID or a local name. */
function entityItem(issuer: string): readonly NewElement[] {
  if (tryParseUid(issuer) === undefined) return [text(TAGS.LocalNamespaceEntityID, 'UT', issuer)];
  return [text(TAGS.UniversalEntityID, 'UT', issuer), text(TAGS.UniversalEntityIDType, 'CS', 'ISO')];
}

function nameText(name: PersonNameGroups | undefined): string | undefined {
  const formatted = name === undefined ? '' : formatPersonName(name);
  return formatted === '' ? undefined : formatted;
}

/** A birth date of which a part is not known has no DA: the attribute is left empty. */
function wholeDate(date: string | undefined): string {
  return date === undefined || date.startsWith('0000') || date.slice(4).includes('-00') ? '' : formatDate(date);
}

function addressOf({ street, postcode, city }: LocalPatient): string {
  const place = [postcode, city].filter((part) => part !== undefined && part !== '').join(' ');
  return [street, place].filter((part) => part !== undefined && part !== '').join(', ');
}

/** A convenience that does not fit is left out rather than cut: half a telephone number misleads. */
function fitting(value: string | undefined, characters: number): string | undefined {
  const fits = value !== undefined && value !== '' && !value.includes('\\') && Array.from(value).length <= characters;
  return fits ? value : undefined;
}

function setOrRemove(tag: Tag, vr: Exclude<Vr, 'SQ'>, value: string | undefined): ElementEdit {
  return value === undefined || value === '' ? remove(tag) : set(tag, vr, single(tag, value));
}

/** A backslash would make two values of one. */
function single(tag: Tag, value: string): string {
  if (value.includes('\\')) throw invalid(tag);
  return value;
}

function text(tag: Tag, vr: Exclude<Vr, 'SQ'>, value: string): NewElement {
  return { tag, value: { vr, text: single(tag, value) } };
}

function set(tag: Tag, vr: Exclude<Vr, 'SQ'>, value: string): ElementEdit {
  return { kind: 'set', tag, value: { vr, text: value } };
}

function remove(tag: Tag): ElementEdit {
  return { kind: 'remove', tag };
}

function invalid(tag: Tag): DicomError {
  return new DicomError('DICOM_VALUE_INVALID', { details: { tag: formatTag(tag) } });
}
