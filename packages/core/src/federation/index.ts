export { fromBase64url, toBase64url } from './base64url.ts';
export {
  addMember,
  createRoot,
  createRoster,
  JOIN_TYPE,
  joinRequest,
  memberFromCard,
  openJoinRequest,
  setMemberState,
} from './build.ts';
export type { Admission, KeyHolder, MemberCard, NextState, RoleDraft, RootDraft } from './build.ts';
export { epochMs } from './document-fields.ts';
export {
  addSignatures,
  decodeEnvelope,
  encodeEnvelope,
  keyIdOf,
  MAX_SIGNATURES,
  MAX_SIGNATURES_VERIFIED,
  openEnvelope,
  signedMessage,
  signEnvelope,
} from './envelope.ts';
export type { Envelope, EnvelopeSignature, OpenedEnvelope, OpenEnvelopeOptions, TrustedKeys } from './envelope.ts';
export { jcs, MAX_DOCUMENT_BYTES, MAX_JSON_DEPTH, parseJcs } from './jcs.ts';
export type { JsonValue } from './jcs.ts';
export { parsePeerId, peerIdOf, publicKeyOfPeer } from './peer-id.ts';
export type { PeerId } from './peer-id.ts';
export { dailyLimitBytes, keysOfMember, mayConnect, mayExchange, memberOfPeer, rosterStanding } from './permissions.ts';
export type { ExchangeQuestion, ExchangeStage, Permission, RefusalReason, RosterStanding } from './permissions.ts';
export { acceptPractitioners, PRACTITIONERS_TYPE, readPractitioners } from './practitioners.ts';
export type {
  Practitioner,
  PractitionerDirectories,
  PractitionerDirectory,
  PractitionerDocument,
} from './practitioners.ts';
export { federationIdOf, readRoot, ROOT_TYPE, trustedFor } from './root.ts';
export type { Role, RoleKeys, Root, RootKey } from './root.ts';
export type { RosterChange } from './roster-changes.ts';
export {
  acceptRoster,
  createRosterState,
  envelopesToKeep,
  memberById,
  requireMember,
  restoreRosterState,
  rosterHeads,
} from './roster-state.ts';
export type { Acceptance, AcceptOptions, Equivocation, Held, RosterHeads, RosterState } from './roster-state.ts';
export { EVERY_MEMBER, MEMBER_STATES, nodesOf, readRoster, ROSTER_TYPE, STATE_REASONS } from './roster.ts';
export type { MemberState, Organisation, Permissions, Roster, RosterNode, Scopes, StateReason } from './roster.ts';
