export { BLOCK_BYTES, blocksOf, WHOLE_BYTES } from './blocks.ts';
export type { Block, InstanceEntry, Segment, SegmentKind } from './blocks.ts';
export { cutInstance } from './cut.ts';
export type { CutInstance, CutOptions, OnBlock } from './cut.ts';
export { fromHex, toHex } from './hex.ts';
export { parseDigest, parseExchangeId, parseMemberId, parseTransferId } from './identifiers.ts';
export type { Digest, ExchangeId, MemberId, TransferId } from './identifiers.ts';
export {
  manifestEntryBytes,
  manifestRootOf,
  MAX_INSTANCES,
  MAX_MANIFEST_BYTES,
  MAX_STUDY_BYTES,
  sortManifest,
  transferIdOf,
} from './manifest.ts';
export type { ManifestEntry, TransferIdentity } from './manifest.ts';
export { leafDigest, merkleRoot } from './merkle.ts';
export type {
  ArrivingPatient,
  IssuedId,
  LocalPatient,
  PatientTraits,
  PersonName,
  PersonNameGroups,
  Sex,
} from './patient.ts';
export { samePatientId } from './patient.ts';
export { PRIORITIES, PURPOSES } from './study.ts';
export type { InstanceIdentity, PractitionerMention, Priority, Purpose, StudyHeader } from './study.ts';
