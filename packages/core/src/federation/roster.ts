/**
 * The roster: who is in the federation, under which keys, and what each may send, receive and ask. It is signed by the
 * operators' roster keys, numbered, chained by hash and expires, so that nobody can replay an old one or freeze a member
 * on it. This file is its form; `roster-state.ts` decides whether one is accepted, `permissions.ts` what follows from it.
 */
import type { MemberId } from '../study/identifiers.ts';
import { PURPOSES } from '../study/study.ts';
import {
  hexDigest,
  instant,
  line,
  memberId,
  peerId,
  previousHash,
  publicKeyText,
  readDocument,
  version,
} from './document-fields.ts';
import { MAX_ADDRESSES, MAX_NODES, MAX_ORGANISATIONS } from './limits.ts';
import { flag, integer, list, Misfit, object, oneOf, optional, text, type Read } from './shape.ts';

/** Payload type of a roster. */
export const ROSTER_TYPE = 'interhosp/roster@1';
/** Every member, in a list of permissions. */
export const EVERY_MEMBER = '*';
/** `suspended`: nothing new, nothing aborted. `left`: gone, for the reason given. */
export const MEMBER_STATES = ['active', 'suspended', 'left'] as const;
/** Why a member was suspended or left; `compromised` cuts everything at once. */
export const STATE_REASONS = ['left', 'error', 'compromised'] as const;

/** A multiaddr: printable ASCII, parsed by whoever dials. */
const address = text({ maxCharacters: 256, pattern: /^\/[!-~]+$/ });
const node = object({
  peerId,
  addrs: list(address, { max: MAX_ADDRESSES }),
  validFrom: instant,
  validTo: instant,
  /** A relay's peer ID, where this node cannot be dialled. */
  relayVia: optional(peerId),
});
const partner: Read<MemberId | typeof EVERY_MEMBER> = (value, path) =>
  value === EVERY_MEMBER ? EVERY_MEMBER : memberId(value, path);
const partners = list(partner, { max: MAX_ORGANISATIONS, unique: (name) => name });
const permissions = object({ send: partners, receive: partners, query: partners, relay: flag });
const modality = text({ maxCharacters: 16, pattern: /^[A-Z0-9_]+$/ });
/** What the permissions are limited to; an absent list does not limit. */
const scopes = object({
  modalities: optional(list(modality, { min: 1, max: 100, unique: (name) => name })),
  purposes: optional(list(oneOf(PURPOSES), { min: 1, max: PURPOSES.length, unique: (name) => name })),
  maxDailyGiB: optional(integer(1, 1_000_000)),
});
const orgKey = object({ keyid: hexDigest, pub: publicKeyText });
const organisation = object({
  orgId: memberId,
  displayName: line(120),
  state: oneOf(MEMBER_STATES),
  /** Since when the state holds; required unless active. */
  since: optional(instant),
  reason: optional(oneOf(STATE_REASONS)),
  /** From when on nothing of this member is to be believed; required when compromised. */
  compromisedSince: optional(instant),
  /** Keys of the organisation itself, kept apart from its nodes; none in the small profile. */
  orgKeys: list(orgKey, { max: 8, unique: ({ keyid }) => keyid }),
  orgThreshold: integer(1, 3),
  permissions,
  scopes: optional(scopes),
  adminContact: line(200),
  incidentContact: optional(line(200)),
  legalBasis: optional(line(200)),
  certFingerprint: optional(hexDigest),
  /** Hash of a delegation document, where nodes are named by the organisation itself and not here. */
  nodesDigest: optional(hexDigest),
  nodes: optional(list(node, { max: MAX_NODES, unique: (item) => item.peerId })),
});
const rosterFields = object({
  fedId: hexDigest,
  version,
  rootVersion: version,
  issued: instant,
  expires: instant,
  prev: previousHash,
  orgs: list(organisation, { max: MAX_ORGANISATIONS, unique: ({ orgId }) => orgId }),
});

/** One node of a member: its key, where it listens, and from when to when it is valid. */
export type RosterNode = ReturnType<typeof node>;
/** What a member may do, and with whom. */
export type Permissions = ReturnType<typeof permissions>;
/** What a member's permissions are limited to. */
export type Scopes = ReturnType<typeof scopes>;
/** One member. */
export type Organisation = ReturnType<typeof organisation>;
/** State of a member. */
export type MemberState = (typeof MEMBER_STATES)[number];
/** Why a member is not active. */
export type StateReason = (typeof STATE_REASONS)[number];
/** A roster as read. */
export type Roster = ReturnType<typeof rosterFields>;

/**
 * Reads the payload of a roster.
 *
 * @throws {FederationError} `FEDERATION_ENVELOPE_INVALID`, `FEDERATION_LIMIT`; `details.field` names the field.
 */
export function readRoster(payload: unknown): Roster {
  return readDocument(checkedRoster, payload, 'roster');
}

/** The nodes named in the roster; none where the member names them itself. */
export function nodesOf(member: Organisation): readonly RosterNode[] {
  return member.nodes ?? [];
}

const checkedRoster: Read<Roster> = (value, path) => {
  const roster = rosterFields(value, path);
  if (roster.expires <= roster.issued) throw new Misfit('expires', 'rule');
  if ((roster.version === 1) !== (roster.prev === null)) throw new Misfit('prev', 'rule');
  const peers = new Set<string>();
  roster.orgs.forEach((org, index) => {
    checkState(org, `orgs.${index}`);
    for (const item of nodesOf(org)) {
      if (item.validTo <= item.validFrom) throw new Misfit(`orgs.${index}.nodes`, 'rule');
      // One key that speaks for two members would make every permission a guess.
      if (peers.has(item.peerId)) throw new Misfit(`orgs.${index}.nodes`, 'duplicate');
      peers.add(item.peerId);
    }
  });
  return roster;
};

function checkState(org: Organisation, path: string): void {
  const isActive = org.state === 'active';
  if (isActive !== (org.since === undefined)) throw new Misfit(`${path}.since`, 'rule');
  if (isActive !== (org.reason === undefined)) throw new Misfit(`${path}.reason`, 'rule');
  if ((org.reason === 'compromised') !== (org.compromisedSince !== undefined)) {
    throw new Misfit(`${path}.compromisedSince`, 'rule');
  }
  if (org.orgKeys.length > 0 && org.orgThreshold > org.orgKeys.length) throw new Misfit(`${path}.orgThreshold`, 'rule');
}
