/**
 * What the operators make: roots, rosters, and the request by which a hospital asks to join. Everything here is pure; the
 * results are signed with `signEnvelope` where the keys are, and go through `acceptRoster` like anybody else's.
 */
import { FederationError } from '../errors/interhosp-error.ts';
import type { MemberId } from '../study/identifiers.ts';
import { isoSeconds } from '../world/clock.ts';
import type { Crypto, Signer } from '../world/crypto.ts';
import { fromBase64url, toBase64url } from './base64url.ts';
import { epochMs, hexDigest, instant, line, memberId, peerId, readDocument } from './document-fields.ts';
import { decodeEnvelope, keyIdOf, openEnvelope, signEnvelope, type Envelope } from './envelope.ts';
import { parseJcs, type JsonValue } from './jcs.ts';
import { MAX_ADDRESSES, MAX_JOIN_BYTES, ROOT_VALID_MS, ROSTER_VALID_MS } from './limits.ts';
import { peerIdOf, publicKeyOfPeer, type PeerId } from './peer-id.ts';
import { list, object, optional, text } from './shape.ts';
import type { Role } from './root.ts';
import type { RosterState } from './roster-state.ts';
import {
  EVERY_MEMBER,
  readRoster,
  type Organisation,
  type Permissions,
  type Roster,
  type Scopes,
  type StateReason,
} from './roster.ts';

/** A key and the person or device that holds it. */
export interface KeyHolder {
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
  readonly holder: string;
}

/** What a root is made of. The small profile names one operator under `root` and `roster`. */
export interface RootDraft {
  /** Name of the federation, for people. */
  readonly name: string;
  readonly roles: { readonly root: RoleDraft; readonly roster: RoleDraft } & { readonly [R in Role]?: RoleDraft };
  readonly issuedMs: number;
  /** Default `ROOT_VALID_MS`. */
  readonly validMs?: number;
}

/** Who fills a role, and how many of them must sign; default 1. */
export interface RoleDraft {
  readonly holders: readonly KeyHolder[];
  readonly threshold?: number;
}

/**
 * A root to be signed: the first of a new federation, or the one that follows `state`'s.
 *
 * A following root is signed by a threshold of the old and of the new root keys. The hash of the first one's bytes is the
 * federation ID (`federationIdOf`).
 */
export function createRoot(draft: RootDraft, crypto: Crypto, state?: RosterState): JsonValue {
  const roles = Object.entries(draft.roles).map(([role, { holders, threshold = 1 }]) => {
    return [role, { keyids: holders.map(({ publicKey }) => keyIdOf(publicKey, crypto)), threshold }] as const;
  });
  const keys = Object.values(draft.roles).flatMap(({ holders }) =>
    holders.map(({ publicKey, holder }) => {
      return [keyIdOf(publicKey, crypto), { alg: 'ed25519', pub: toBase64url(publicKey), holder }] as const;
    }),
  );
  const held = state?.root;
  return {
    fedId: held === undefined ? null : (state?.fedId ?? null),
    name: draft.name,
    version: (held?.document.version ?? 0) + 1,
    issued: isoSeconds(draft.issuedMs),
    expires: isoSeconds(draft.issuedMs + (draft.validMs ?? ROOT_VALID_MS)),
    prev: held?.hash ?? null,
    roles: Object.fromEntries(roles),
    keys: Object.fromEntries(keys),
  };
}

/**
 * The roster that follows the one in force, to be signed.
 *
 * @param state - Must hold a root.
 * @param options.validMs - Default `ROSTER_VALID_MS`.
 * @throws {FederationError} `FEDERATION_CHAIN_BROKEN` without a root; `FEDERATION_ENVELOPE_INVALID` or `FEDERATION_LIMIT`
 *   when members would not read it.
 */
export function createRoster(
  state: RosterState,
  orgs: readonly Organisation[],
  options: { readonly issuedMs: number; readonly validMs?: number },
): Roster {
  if (state.root === undefined) throw new FederationError('FEDERATION_CHAIN_BROKEN', { details: { kind: 'root' } });
  const held = state.roster;
  // An operator's clock that went back must not make the new roster look older than the one it replaces.
  const issuedMs = Math.max(options.issuedMs, held === undefined ? 0 : epochMs(held.document.issued));
  return readRoster({
    fedId: state.fedId,
    version: (held?.document.version ?? 0) + 1,
    rootVersion: state.root.document.version,
    issued: isoSeconds(issuedMs),
    expires: isoSeconds(issuedMs + (options.validMs ?? ROSTER_VALID_MS)),
    prev: held?.hash ?? null,
    orgs,
  });
}

/** The members with one more, or with that one replaced. */
export function addMember(orgs: readonly Organisation[], member: Organisation): readonly Organisation[] {
  return [...orgs.filter(({ orgId }) => orgId !== member.orgId), member];
}

/** The state a member is put in. */
export type NextState =
  | { readonly state: 'active' }
  | {
      readonly state: 'suspended' | 'left';
      readonly sinceMs: number;
      readonly reason: StateReason;
      /** With reason `compromised`: from when on nothing of the member is to be believed; default `sinceMs`. */
      readonly compromisedSinceMs?: number;
    };

/**
 * The members with one of them in another state: how a member is suspended, removed or taken back.
 *
 * @throws {FederationError} `FEDERATION_MEMBER_UNKNOWN`
 */
export function setMemberState(
  orgs: readonly Organisation[],
  orgId: MemberId,
  next: NextState,
): readonly Organisation[] {
  const member = orgs.find((org) => org.orgId === orgId);
  if (member === undefined) throw new FederationError('FEDERATION_MEMBER_UNKNOWN', { details: { member: orgId } });
  const { since: _since, reason: _reason, compromisedSince: _compromisedSince, ...rest } = member;
  const changed: Organisation = { ...rest, ...stateFields(next) };
  return orgs.map((org) => (org.orgId === orgId ? changed : org));
}

/** Payload type of a join request. */
export const JOIN_TYPE = 'interhosp/join@1';

const joinFields = object({
  /** The federation that is to be joined, where it is known already. */
  fedId: optional(hexDigest),
  orgId: memberId,
  displayName: line(120),
  adminContact: optional(line(200)),
  peerId,
  addrs: list(text({ maxCharacters: 256, pattern: /^\/[!-~]+$/ }), { max: MAX_ADDRESSES }),
  issued: instant,
});

/** A hospital's card: who it is and where its node listens. */
export type MemberCard = ReturnType<typeof joinFields>;

/**
 * A hospital's request to join, signed by its node's key: proof that whoever asks holds the key, and nothing more. Who it
 * is, the operator finds out on the telephone.
 */
export function joinRequest(
  card: Omit<MemberCard, 'peerId' | 'issued'>,
  node: Signer,
  nowMs: number,
): Promise<Envelope> {
  return signEnvelope(JOIN_TYPE, { ...card, peerId: peerIdOf(node.publicKey), issued: isoSeconds(nowMs) }, [node]);
}

/**
 * Reads a join request and checks that the key it names signed it.
 *
 * @throws {FederationError} `FEDERATION_ENVELOPE_INVALID`, `FEDERATION_SIGNATURE_INVALID`, `FEDERATION_LIMIT`.
 */
export function openJoinRequest(envelope: Uint8Array, crypto: Crypto): MemberCard {
  const { payload } = decodeEnvelope(envelope, { maxBytes: MAX_JOIN_BYTES });
  const card = readDocument(joinFields, parseJcs(fromBase64url(payload), { maxBytes: MAX_JOIN_BYTES }), 'join');
  const key = publicKeyOfPeer(card.peerId);
  const keys = new Map([[keyIdOf(key, crypto), key]]);
  openEnvelope({ envelope, payloadType: JOIN_TYPE, keys, threshold: 1, crypto, maxBytes: MAX_JOIN_BYTES });
  return card;
}

/** What the operator adds to a card. Without permissions a member exchanges with every other and asks nobody. */
export interface Admission {
  readonly permissions?: Permissions;
  readonly scopes?: Scopes;
  readonly legalBasis?: string;
  readonly validFromMs: number;
  /** When the node's key must have been replaced. */
  readonly validToMs: number;
}

/** The roster entry of a hospital that is admitted. */
export function memberFromCard(card: MemberCard, admission: Admission): Organisation {
  const { permissions = SEND_AND_RECEIVE, scopes, legalBasis } = admission;
  return {
    orgId: card.orgId,
    displayName: card.displayName,
    state: 'active',
    orgKeys: [],
    orgThreshold: 1,
    permissions,
    ...(scopes === undefined ? {} : { scopes }),
    adminContact: card.adminContact ?? card.displayName,
    ...(legalBasis === undefined ? {} : { legalBasis }),
    nodes: [nodeEntry(card.peerId, card.addrs, admission)],
  };
}

const SEND_AND_RECEIVE: Permissions = { send: [EVERY_MEMBER], receive: [EVERY_MEMBER], query: [], relay: false };

function nodeEntry(id: PeerId, addrs: readonly string[], { validFromMs, validToMs }: Admission) {
  return { peerId: id, addrs, validFrom: isoSeconds(validFromMs), validTo: isoSeconds(validToMs) };
}

function stateFields(next: NextState): Pick<Organisation, 'state' | 'since' | 'reason' | 'compromisedSince'> {
  if (next.state === 'active') return { state: 'active' };
  const { state, sinceMs, reason, compromisedSinceMs = sinceMs } = next;
  const since = { state, since: isoSeconds(sinceMs), reason };
  return reason === 'compromised' ? { ...since, compromisedSince: isoSeconds(compromisedSinceMs) } : since;
}
