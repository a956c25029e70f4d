export { buildProgram } from './built.ts';
export type { BuiltProgram } from './built.ts';
export { createCertificateAuthority } from './certificates.ts';
export type { Certificate, CertificateAuthority, CertificateOptions } from './certificates.ts';
export { startDcmqrscp, startStorescp } from './dcmtk.ts';
export type { DcmqrscpOptions, DcmtkServer, StorescpOptions } from './dcmtk.ts';
export { debianIsMissing } from './debian.ts';
export { freePorts } from './free-ports.ts';
export { fromHex, fuzz, fuzzRuns } from './fuzz.ts';
export type { FuzzOptions, FuzzReport } from './fuzz.ts';
export { fuzzRandom, mutate, splits } from './fuzz-mutate.ts';
export type { FuzzRandom, MutateOptions } from './fuzz-mutate.ts';
export { startOrthanc } from './orthanc.ts';
export type { Orthanc, OrthancOptions } from './orthanc.ts';
export { startTwoHospitals, usageOf } from './hospitals.ts';
export type { Hospital, ProcessUsage, TwoHospitals, TwoHospitalsOptions } from './hospitals.ts';
export {
  jpegWithOrientation,
  sampleCda,
  sampleJpeg,
  sampleMp4,
  sampleMp4Parts,
  samplePdf,
  sampleWav,
} from './sample-media.ts';
export type { SampleMp4Options, SampleWavOptions } from './sample-media.ts';
export { startTlsFront } from './tls-front.ts';
export type { TlsFront, TlsFrontOptions } from './tls-front.ts';
export { mountSmallDisk } from './small-disk.ts';
export type { SmallDisk } from './small-disk.ts';
export { generatePopulation } from './population/index.ts';
export type { PopulationArrival, PopulationOptions, PopulationSample } from './population/index.ts';
