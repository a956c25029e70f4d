export { debianIsMissing } from './debian.ts';
export { freePorts } from './free-ports.ts';
export { startOrthanc } from './orthanc.ts';
export type { Orthanc, OrthancOptions } from './orthanc.ts';
export { startTwoHospitals, usageOf } from './hospitals.ts';
export type { Hospital, ProcessUsage, TwoHospitals, TwoHospitalsOptions } from './hospitals.ts';
