export type { PatientDirectory } from './patient-directory.ts';
