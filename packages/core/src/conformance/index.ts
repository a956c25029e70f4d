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
export { patientRegistryConformance } from './patient-registry.ts';
export type { PatientRegistryConformanceOptions, PatientRegistryHarness } from './patient-registry.ts';
export { SAMPLE_LOCAL_ISSUER, SAMPLE_LOCAL_PATIENTS } from './sample-patients.ts';
export { accessPolicyConformance } from './access-policy.ts';
export type { AccessPolicyConformanceOptions } from './access-policy.ts';
export { clockConformance } from './clock.ts';
export type { ClockConformanceOptions } from './clock.ts';
export { cryptoConformance, signerConformance } from './crypto.ts';
export type { CryptoConformanceOptions, SignerConformanceOptions } from './crypto.ts';
export { diskConformance } from './disk.ts';
export type { DiskConformanceOptions, DiskHarness, FailingDiskHarness } from './disk.ts';
export { inflateConformance } from './inflate.ts';
export type { InflateConformanceOptions } from './inflate.ts';
export { logConformance } from './log.ts';
export type { LogConformanceOptions, LogHarness } from './log.ts';
export { randomConformance } from './random.ts';
export type { RandomConformanceOptions } from './random.ts';
