/** Attributes of query identifiers and their answers (PS3.4 C.3, C.6, K.6) that image headers do not have. */
import type { Tag } from '@interhosp/core/dicom';

/** Keywords as in PS3.6. */
export const QUERY_TAGS = {
  QueryRetrieveLevel: 0x00080052,
  RetrieveAETitle: 0x00080054,
  InstanceAvailability: 0x00080056,
  FailedSOPInstanceUIDList: 0x00080058,
  SOPClassesInStudy: 0x00080062,
  AvailableTransferSyntaxUID: 0x00083002,
  NumberOfPatientRelatedStudies: 0x00201200,
  NumberOfPatientRelatedSeries: 0x00201202,
  NumberOfPatientRelatedInstances: 0x00201204,
  NumberOfStudyRelatedSeries: 0x00201206,
  NumberOfStudyRelatedInstances: 0x00201208,
  NumberOfSeriesRelatedInstances: 0x00201209,
  ScheduledStationAETitle: 0x00400001,
  ScheduledProcedureStepStartDate: 0x00400002,
  ScheduledProcedureStepStartTime: 0x00400003,
  ScheduledProcedureStepID: 0x00400009,
  ScheduledProcedureStepStatus: 0x00400020,
  ScheduledProcedureStepSequence: 0x00400100,
} as const satisfies Readonly<Record<string, Tag>>;

/** Levels of the hierarchy (PS3.4 C.6.1.1, C.6.2.1), from the top. */
export const QUERY_LEVELS = ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'] as const;

/** One of {@link QUERY_LEVELS}. */
export type QueryLevel = (typeof QUERY_LEVELS)[number];
