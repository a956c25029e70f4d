/** Tags as unsigned 32-bit numbers, group in the high half, so that the order of numbers is the order of a data set. */

/** A tag: `0x00100020` is Patient ID. */
export type Tag = number;

/** The tags this package names. Keywords as in PS3.6. */
export const TAGS = {
  SpecificCharacterSet: 0x00080005,
  InstanceCoercionDateTime: 0x00080015,
  SOPClassUID: 0x00080016,
  SOPInstanceUID: 0x00080018,
  StudyDate: 0x00080020,
  StudyTime: 0x00080030,
  AccessionNumber: 0x00080050,
  IssuerOfAccessionNumberSequence: 0x00080051,
  Modality: 0x00080060,
  ModalitiesInStudy: 0x00080061,
  Manufacturer: 0x00080070,
  InstitutionName: 0x00080080,
  ReferringPhysicianName: 0x00080090,
  ReferringPhysicianIdentificationSequence: 0x00080096,
  CodeValue: 0x00080100,
  CodingSchemeDesignator: 0x00080102,
  CodeMeaning: 0x00080104,
  LongCodeValue: 0x00080119,
  URNCodeValue: 0x00080120,
  TimezoneOffsetFromUTC: 0x00080201,
  StationName: 0x00081010,
  StudyDescription: 0x00081030,
  SeriesDescription: 0x0008103e,
  ManufacturerModelName: 0x00081090,
  PatientName: 0x00100010,
  PatientID: 0x00100020,
  IssuerOfPatientID: 0x00100021,
  TypeOfPatientID: 0x00100022,
  IssuerOfPatientIDQualifiersSequence: 0x00100024,
  SourcePatientGroupIdentificationSequence: 0x00100026,
  GroupOfPatientsIdentificationSequence: 0x00100027,
  PatientBirthDate: 0x00100030,
  PatientBirthTime: 0x00100032,
  PatientBirthDateInAlternativeCalendar: 0x00100033,
  PatientDeathDateInAlternativeCalendar: 0x00100034,
  PatientAlternativeCalendar: 0x00100035,
  PatientSex: 0x00100040,
  PatientInsurancePlanCodeSequence: 0x00100050,
  OtherPatientIDs: 0x00101000,
  OtherPatientNames: 0x00101001,
  OtherPatientIDsSequence: 0x00101002,
  PatientBirthName: 0x00101005,
  PatientAddress: 0x00101040,
  PatientMotherBirthName: 0x00101060,
  MilitaryRank: 0x00101080,
  BranchOfService: 0x00101081,
  MedicalRecordLocator: 0x00101090,
  ReferencedPatientPhotoSequence: 0x00101100,
  CountryOfResidence: 0x00102150,
  RegionOfResidence: 0x00102152,
  PatientTelephoneNumbers: 0x00102154,
  PatientTelecomInformation: 0x00102155,
  PatientReligiousPreference: 0x001021f0,
  ResponsiblePerson: 0x00102297,
  ResponsiblePersonRole: 0x00102298,
  ResponsibleOrganization: 0x00102299,
  PatientComments: 0x00104000,
  BodyPartExamined: 0x00180015,
  ContributingEquipmentSequence: 0x0018a001,
  ContributionDateTime: 0x0018a002,
  ContributionDescription: 0x0018a003,
  StudyInstanceUID: 0x0020000d,
  SeriesInstanceUID: 0x0020000e,
  StudyID: 0x00200010,
  SeriesNumber: 0x00200011,
  InstanceNumber: 0x00200013,
  RequestingPhysicianIdentificationSequence: 0x00321031,
  RequestingPhysician: 0x00321032,
  RequestedProcedureDescription: 0x00321060,
  RequestedProcedureCodeSequence: 0x00321064,
  AdmissionID: 0x00380010,
  IssuerOfAdmissionID: 0x00380011,
  IssuerOfAdmissionIDSequence: 0x00380014,
  ServiceEpisodeID: 0x00380060,
  ServiceEpisodeDescription: 0x00380062,
  IssuerOfServiceEpisodeIDSequence: 0x00380064,
  CurrentPatientLocation: 0x00380300,
  PatientInstitutionResidence: 0x00380400,
  OrderPlacerIdentifierSequence: 0x00400026,
  OrderFillerIdentifierSequence: 0x00400027,
  LocalNamespaceEntityID: 0x00400031,
  UniversalEntityID: 0x00400032,
  UniversalEntityIDType: 0x00400033,
  IdentifierTypeCode: 0x00400035,
  RequestAttributesSequence: 0x00400275,
  RequestedProcedureID: 0x00401001,
  PersonIdentificationCodeSequence: 0x00401101,
  PlacerOrderNumberImagingServiceRequest: 0x00402016,
  FillerOrderNumberImagingServiceRequest: 0x00402017,
  PurposeOfReferenceCodeSequence: 0x0040a170,
  SelectorAttribute: 0x00720026,
  SelectorValueNumber: 0x00720028,
  ModifiedAttributesSequence: 0x04000550,
  NonconformingModifiedAttributesSequence: 0x04000551,
  NonconformingDataElementValue: 0x04000552,
  OriginalAttributesSequence: 0x04000561,
  AttributeModificationDateTime: 0x04000562,
  ModifyingSystem: 0x04000563,
  SourceOfPreviousValues: 0x04000564,
  ReasonForTheAttributeModification: 0x04000565,
  InstanceOriginStatus: 0x04000600,
  MACParametersSequence: 0x4ffe0001,
  FloatPixelData: 0x7fe00008,
  DoubleFloatPixelData: 0x7fe00009,
  PixelData: 0x7fe00010,
  DigitalSignaturesSequence: 0xfffafffa,
  Item: 0xfffee000,
  ItemDelimitationItem: 0xfffee00d,
  SequenceDelimitationItem: 0xfffee0dd,
} as const satisfies Readonly<Record<string, Tag>>;

/** Eight upper-case hexadecimal digits, `00100020`; the form of the log field `tag`. */
export function formatTag(tag: Tag): string {
  return tag.toString(16).toUpperCase().padStart(8, '0');
}

/** Group of a tag, its high half. */
export function groupOf(tag: Tag): number {
  return tag >>> 16;
}

/** Whether the tag is a group length (gggg,0000); retired outside groups 0000 and 0002 (PS3.5 7.2). */
export function isGroupLength(tag: Tag): boolean {
  return (tag & 0xffff) === 0;
}

/** Whether the tag belongs to a private group (PS3.5 7.8). */
export function isPrivate(tag: Tag): boolean {
  return (groupOf(tag) & 1) === 1;
}
