/**
 * What the JSON beside a file may say: DICOM keywords, by the level they belong to. Tags and VRs come from the dictionary
 * (adapters/dcmjs). The list is closed, so that a misspelt keyword is seen, and so that nobody describes pixels by hand.
 */

/** Who and which study; copied from the study where the folder holds it. */
export const STUDY_KEYWORDS = [
  'PatientName',
  'PatientID',
  'IssuerOfPatientID',
  'PatientBirthDate',
  'PatientSex',
  'StudyInstanceUID',
  'StudyDate',
  'StudyTime',
  'AccessionNumber',
  'StudyID',
  'StudyDescription',
  'ReferringPhysicianName',
] as const;

/** Files that differ in one of these are of different series. */
export const SERIES_KEYWORDS = [
  'Modality',
  'SeriesNumber',
  'SeriesDescription',
  'SeriesDate',
  'SeriesTime',
  'BodyPartExamined',
  'Laterality',
  'OperatorsName',
  'PerformingPhysicianName',
  'InstitutionName',
  'InstitutionalDepartmentName',
  'StationName',
  'Manufacturer',
  'ManufacturerModelName',
  'DeviceSerialNumber',
  'SoftwareVersions',
] as const;

/** The object itself. */
export const INSTANCE_KEYWORDS = [
  'InstanceNumber',
  'ContentDate',
  'ContentTime',
  'AcquisitionDateTime',
  'TimezoneOffsetFromUTC',
  'DocumentTitle',
  'AnatomicRegionSequence',
  'ConceptNameCodeSequence',
  'BurnedInAnnotation',
  'ConversionType',
  'ImageComments',
] as const;

/** A keyword that is understood. */
export type Keyword =
  (typeof STUDY_KEYWORDS)[number] | (typeof SERIES_KEYWORDS)[number] | (typeof INSTANCE_KEYWORDS)[number];

/** Keywords whose value is a code. */
export const CODE_KEYWORDS = [
  'AnatomicRegionSequence',
  'ConceptNameCodeSequence',
] as const satisfies readonly Keyword[];
/** One of them. */
export type CodeKeyword = (typeof CODE_KEYWORDS)[number];

/** Everything that is understood. */
export const KEYWORDS: ReadonlySet<string> = new Set([...STUDY_KEYWORDS, ...SERIES_KEYWORDS, ...INSTANCE_KEYWORDS]);
