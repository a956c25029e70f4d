export { check, equal, rejectsWith, rejectsWithCode } from './expect.ts';
export type { TestRunner } from './expect.ts';
export { pacsConformance } from './pacs.ts';
export type { PacsConformanceOptions, PacsHarness } from './pacs.ts';
export { generateLargeInstance, generateStudy, SAMPLE_NATIONAL_ISSUER, SAMPLE_PATIENT } from './sample-studies.ts';
export type {
  LargeSampleInstance,
  SampleInstance,
  SampleKind,
  SampleStudy,
  SampleStudyOptions,
} from './sample-studies.ts';
export { patientDirectoryConformance } from './patient-directory.ts';
export type { PatientDirectoryConformanceOptions, PatientDirectoryHarness } from './patient-directory.ts';
export { SAMPLE_LOCAL_ISSUER, SAMPLE_LOCAL_PATIENTS } from './sample-patients.ts';
export { accessPolicyConformance } from './access-policy.ts';
export type { AccessPolicyConformanceOptions } from './access-policy.ts';
