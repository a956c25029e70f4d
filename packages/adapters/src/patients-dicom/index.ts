export { adapter } from './adapter.ts';
export type { PatientsDicomConfig } from './adapter.ts';
export { patientsDicom } from './patients-dicom.ts';
export type { PatientsDicomOptions, SearchedPacs } from './patients-dicom.ts';
