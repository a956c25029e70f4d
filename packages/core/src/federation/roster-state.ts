/**
 * What a member believes of its federation, and how signed documents change it: a fold from a pinned federation ID over
 * roots and rosters. Everything comes from outside and may be old, forged, or one of two faces shown to two members, so
 * each document must be signed by the keys that speak for it, follow the one before, and never contradict it.
 *
 * The fold has no clock of its own beyond the time it is told, and no memory beyond the state: replaying the accepted
 * envelopes after a restart gives the same state.
 */
import { FederationError } from '../errors/interhosp-error.ts';
import { toHex } from '../study/hex.ts';
import type { MemberId } from '../study/identifiers.ts';
import { sha256, type Crypto } from '../world/crypto.ts';
import { fromBase64url } from './base64url.ts';
import { epochMs } from './document-fields.ts';
import { decodeEnvelope, openEnvelope, type OpenedEnvelope } from './envelope.ts';
import { parseJcs } from './jcs.ts';
import {
  CLOCK_TOLERANCE_MS,
  MAX_DOCUMENTS,
  MAX_REMEMBERED_HASHES,
  MAX_ROOT_BYTES,
  MAX_ROSTER_BYTES,
} from './limits.ts';
import { readRoot, ROOT_TYPE, trustedFor, type Root } from './root.ts';
import { firstWidening, rosterChanges, type RosterChange } from './roster-changes.ts';
import { readRoster, ROSTER_TYPE, type Roster } from './roster.ts';

/** A document in force. */
export interface Held<D> {
  readonly document: D;
  /** SHA-256 of the signed bytes, 64 hex digits: what `prev` of the next one must say. */
  readonly hash: string;
  /** The envelope as it came, to be kept and handed to other members. */
  readonly envelope: Uint8Array;
}

/** Proof that somebody signed two different documents in one place. */
export interface Equivocation {
  readonly kind: 'root' | 'roster';
  readonly version: number;
  /** The envelope in force, where it is still held. */
  readonly first?: Uint8Array;
  readonly second: Uint8Array;
}

/** What a member believes of its federation. Plain data: keep the envelopes and fold them again. */
export interface RosterState {
  /** The trust anchor, pinned when the member joined and never fetched. */
  readonly fedId: string;
  readonly root?: Held<Root>;
  /** The envelopes of every root, from the first to the one in force. */
  readonly rootChain: readonly Uint8Array[];
  /** `underRoot` is the version of the root whose keys it was checked against. */
  readonly roster?: Held<Roster> & { readonly underRoot: number };
  /** While present, nobody is added and nothing is widened; a root with new roster keys ends it. */
  readonly equivocation?: Equivocation;
  /** The roster keys were replaced: the next roster may carry any version and any `prev`. */
  readonly rosterChainRestarts: boolean;
  /** Hashes of versions seen, newest last: `roster:12` to hash. */
  readonly hashes: ReadonlyMap<string, string>;
}

/** What became of the documents. Each is judged by itself: a bad one among them costs nothing but its own refusal. */
export interface Acceptance {
  readonly state: RosterState;
  readonly changes: readonly RosterChange[];
  /** Why documents were refused; empty when none was. */
  readonly refused: readonly FederationError[];
}

/** What {@link acceptRoster} needs from outside. */
export interface AcceptOptions {
  readonly nowMs: number;
  readonly crypto: Crypto;
}

/**
 * A state that holds nothing but the anchor.
 *
 * @param fedId - Federation ID: 64 hex digits.
 * @throws {FederationError} `FEDERATION_FOREIGN` when it has another form.
 */
export function createRosterState(fedId: string): RosterState {
  if (!/^[0-9a-f]{64}$/.test(fedId)) throw new FederationError('FEDERATION_FOREIGN');
  return { fedId, rootChain: [], rosterChainRestarts: false, hashes: new Map() };
}

/**
 * Folds root and roster envelopes, in any order, into the state. A document that is held already, or was, changes nothing.
 *
 * An expired roster is still accepted when it is newer: it may take somebody away. What it permits is decided by
 * `mayExchange`, at the time of asking.
 *
 * @returns `refused` carries `FEDERATION_LIMIT`, `FEDERATION_ENVELOPE_INVALID`, `FEDERATION_SIGNATURE_INVALID`,
 *   `FEDERATION_FOREIGN`, `FEDERATION_ROLLBACK`, `FEDERATION_EQUIVOCATION` (the state then holds the proof),
 *   `FEDERATION_CHAIN_BROKEN`, or `FEDERATION_EXPIRED` for an addition under an expired root. The new state counts also then.
 */
export function acceptRoster(state: RosterState, envelopes: readonly Uint8Array[], options: AcceptOptions): Acceptance {
  if (envelopes.length > MAX_DOCUMENTS) {
    const details = { kind: 'documents', count: envelopes.length, limit: MAX_DOCUMENTS };
    return { state, changes: [], refused: [new FederationError('FEDERATION_LIMIT', { details })] };
  }
  const refused: FederationError[] = [];
  const changes: RosterChange[] = [];
  let current = state;
  for (const candidate of inOrder(envelopes, refused)) {
    const step = refusing(() => acceptOne(current, candidate, options), refused);
    if (step === undefined) continue;
    current = step.state;
    changes.push(...step.changes);
    refused.push(...step.refused);
  }
  return { state: current, changes, refused };
}

/**
 * The envelopes to write down, in the order in which {@link restoreRosterState} takes them: every root from the first, the
 * roster in force at its place among them, and the proof of an equivocation.
 */
export function envelopesToKeep({ rootChain, roster, equivocation }: RosterState): readonly Uint8Array[] {
  if (roster === undefined) return rootChain;
  const proof = equivocation === undefined ? [] : [equivocation.second];
  return [...rootChain.slice(0, roster.underRoot), roster.envelope, ...proof, ...rootChain.slice(roster.underRoot)];
}

/**
 * The state after a restart, from what {@link envelopesToKeep} gave. Not for documents from others: order is trusted here,
 * since a roster may have been signed by keys that a later root replaced.
 */
export function restoreRosterState(fedId: string, kept: readonly Uint8Array[], options: AcceptOptions): Acceptance {
  const refused: FederationError[] = [];
  let state = createRosterState(fedId);
  for (const envelope of kept) {
    const step = refusing(() => acceptOne(state, look(envelope), options), refused);
    state = step?.state ?? state;
  }
  return { state, changes: [], refused };
}

/** One envelope, looked at but not believed. */
interface Candidate {
  readonly envelope: Uint8Array;
  readonly isRoot: boolean;
  readonly version: number;
}

/** Roots before rosters, each by version: the order in which they were made. */
function inOrder(envelopes: readonly Uint8Array[], refused: FederationError[]): readonly Candidate[] {
  return envelopes
    .map((envelope) => refusing(() => look(envelope), refused))
    .filter((candidate) => candidate !== undefined)
    .sort((a, b) => Number(b.isRoot) - Number(a.isRoot) || a.version - b.version);
}

function refusing<T>(act: () => T, refused: FederationError[]): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof FederationError)) throw error;
    refused.push(error);
    return undefined;
  }
}

function look(envelope: Uint8Array): Candidate {
  const { payloadType, payload } = decodeEnvelope(envelope, { maxBytes: MAX_ROSTER_BYTES });
  if (payloadType !== ROOT_TYPE && payloadType !== ROSTER_TYPE) throw invalid('payloadType');
  const value = parseJcs(fromBase64url(payload), { maxBytes: MAX_ROSTER_BYTES });
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (typeof version !== 'number') throw invalid('version');
  return { envelope, isRoot: payloadType === ROOT_TYPE, version };
}

function acceptOne(state: RosterState, candidate: Candidate, options: AcceptOptions): Acceptance {
  return candidate.isRoot
    ? acceptRoot(state, candidate.envelope, options)
    : acceptOneRoster(state, candidate.envelope, options);
}

function acceptRoot(state: RosterState, envelope: Uint8Array, { crypto, nowMs }: AcceptOptions): Acceptance {
  const { root, hash } = openRoot(state, envelope, crypto);
  const seen = compareWithSeen(state, 'root', root.version, hash, envelope);
  if (seen !== undefined) return seen;
  checkSuccession(state.root, root, hash, state);
  const rosterKeysChanged = state.root !== undefined && !sameRole(state.root.document, root);
  const { equivocation, ...rest } = remember(state, 'root', root.version, hash);
  return {
    state: {
      ...rest,
      root: { document: root, hash, envelope },
      rootChain: [...state.rootChain, envelope],
      // New keys owe nothing to what the old ones signed (TUF 5.3.11).
      rosterChainRestarts: state.rosterChainRestarts || rosterKeysChanged,
      ...(equivocation === undefined || rosterKeysChanged ? {} : { equivocation }),
    },
    changes: [{ kind: 'root-accepted', version: root.version }, ...clockChange(root.issued, nowMs)],
    refused: [],
  };
}

/** A root is signed by its own keys and, but for the first, by those of the root in force. */
function openRoot(
  state: RosterState,
  envelope: Uint8Array,
  crypto: Crypto,
): { readonly root: Root; readonly hash: string } {
  const payload = parseJcs(fromBase64url(decodeEnvelope(envelope, { maxBytes: MAX_ROOT_BYTES }).payload));
  const open = (signers: Root): OpenedEnvelope =>
    openEnvelope({
      envelope,
      payloadType: ROOT_TYPE,
      ...trustedFor(signers, 'root'),
      crypto,
      maxBytes: MAX_ROOT_BYTES,
    });
  // Its own keys come from bytes that nobody vouches for yet: the next lines decide whether they count.
  const root = readRoot(payload, crypto);
  const hash = toHex(sha256(crypto, open(root).bytes));
  if (root.version === 1 ? hash !== state.fedId : root.fedId !== state.fedId)
    throw new FederationError('FEDERATION_FOREIGN');
  // A root seen before was vouched for then; anything else, also the proof of two faces, needs the keys in force. Without
  // this a stranger could sign "another" old root with keys of his own and freeze the federation.
  const isKnown = state.hashes.get(`root:${root.version}`) === hash;
  if (state.root !== undefined && !isKnown) open(state.root.document);
  return { root, hash };
}

function acceptOneRoster(state: RosterState, envelope: Uint8Array, { crypto, nowMs }: AcceptOptions): Acceptance {
  if (state.root === undefined) throw chainBroken('root');
  const trusted = trustedFor(state.root.document, 'roster');
  const opened = openEnvelope({ envelope, payloadType: ROSTER_TYPE, ...trusted, crypto, maxBytes: MAX_ROSTER_BYTES });
  const roster = readRoster(opened.payload);
  const hash = toHex(sha256(crypto, opened.bytes));
  if (roster.fedId !== state.fedId) throw new FederationError('FEDERATION_FOREIGN');
  if (roster.rootVersion > state.root.document.version) throw chainBroken('root');
  if (!state.rosterChainRestarts) {
    const seen = compareWithSeen(state, 'roster', roster.version, hash, envelope);
    if (seen !== undefined) return seen;
    const fork = checkRosterSuccession(state, roster, envelope);
    if (fork !== undefined) return fork;
  }
  checkAdditions(state, roster, nowMs);
  return {
    state: {
      ...remember(state, 'roster', roster.version, hash),
      roster: { document: roster, hash, envelope, underRoot: state.root.document.version },
      rosterChainRestarts: false,
    },
    changes: [
      { kind: 'roster-accepted', version: roster.version },
      ...rosterChanges(state.roster?.document, roster),
      ...clockChange(roster.issued, nowMs),
    ],
    refused: [],
  };
}

/** Settles what is not newer: held or seen before is no news, another content is proof, the rest is a rollback. */
function compareWithSeen(
  state: RosterState,
  kind: 'root' | 'roster',
  version: number,
  hash: string,
  envelope: Uint8Array,
): Acceptance | undefined {
  const heldVersion = state[kind]?.document.version ?? 0;
  if (version > heldVersion) return undefined;
  const known = state.hashes.get(`${kind}:${version}`);
  if (known === hash) return { state, changes: [], refused: [] };
  if (known !== undefined) return equivocated(state, kind, version, envelope);
  throw new FederationError('FEDERATION_ROLLBACK', { details: { kind, version, limit: heldVersion } });
}

function checkSuccession(held: Held<Root> | undefined, root: Root, hash: string, state: RosterState): void {
  if (held === undefined) {
    if (hash !== state.fedId) throw chainBroken('root');
    return;
  }
  // Strictly one after the other: each root is vouched for by the one before (TUF 5.3).
  if (root.version !== held.document.version + 1 || root.prev !== held.hash) throw chainBroken('root');
}

/** The first roster may carry any version; each further one names the hash of the one before. */
function checkRosterSuccession(state: RosterState, roster: Roster, envelope: Uint8Array): Acceptance | undefined {
  const held = state.roster;
  if (held === undefined) return undefined;
  if (roster.version > held.document.version + 1) throw chainBroken('roster');
  // The signers' own next document follows one that was never shown here: there are two of the version held.
  return roster.prev === held.hash ? undefined : equivocated(state, 'roster', held.document.version, envelope);
}

/** Taking away is always possible; giving is not while the keys are in doubt or the root has expired. */
function checkAdditions(state: RosterState, roster: Roster, nowMs: number): void {
  if (state.roster === undefined) return;
  const rootExpired = state.root !== undefined && nowMs >= epochMs(state.root.document.expires);
  if (state.equivocation === undefined && !rootExpired) return;
  const member = firstWidening(state.roster.document, roster);
  if (member === undefined) return;
  const code = state.equivocation === undefined ? 'FEDERATION_EXPIRED' : 'FEDERATION_EQUIVOCATION';
  throw new FederationError(code, { details: { kind: 'addition', member, version: roster.version } });
}

function equivocated(state: RosterState, kind: 'root' | 'roster', version: number, second: Uint8Array): Acceptance {
  const held = state[kind];
  const first = held?.document.version === version ? { first: held.envelope } : {};
  return {
    // The first proof is kept: later ones add nothing, and somebody who makes many could fill the memory.
    state: state.equivocation === undefined ? { ...state, equivocation: { kind, version, ...first, second } } : state,
    changes: state.equivocation === undefined ? [{ kind: 'equivocation', document: kind, version }] : [],
    refused: [new FederationError('FEDERATION_EQUIVOCATION', { details: { kind, version } })],
  };
}

function remember(state: RosterState, kind: 'root' | 'roster', version: number, hash: string): RosterState {
  const kept = [...state.hashes].filter(
    ([name]) => !(state.rosterChainRestarts && kind === 'roster' && name.startsWith('roster:')),
  );
  return { ...state, hashes: new Map([...kept, [`${kind}:${version}`, hash] as const].slice(-MAX_REMEMBERED_HASHES)) };
}

function sameRole(before: Root, after: Root): boolean {
  const a = before.roles.roster;
  const b = after.roles.roster;
  return a.threshold === b.threshold && [...a.keyids].sort().join() === [...b.keyids].sort().join();
}

function clockChange(issued: string, nowMs: number): readonly RosterChange[] {
  const aheadMs = epochMs(issued) - nowMs;
  return aheadMs > CLOCK_TOLERANCE_MS ? [{ kind: 'clock-behind', aheadMs }] : [];
}

function chainBroken(kind: string): FederationError {
  return new FederationError('FEDERATION_CHAIN_BROKEN', { details: { kind } });
}

function invalid(kind: string): FederationError {
  return new FederationError('FEDERATION_ENVELOPE_INVALID', { details: { kind } });
}

/** What two members tell each other to find out who holds the newer documents. */
export interface RosterHeads {
  readonly rootVersion: number;
  readonly rootHash: string;
  readonly rosterVersion: number;
  readonly rosterHash: string;
}

/** Versions and hashes in force; version 0 and an empty hash where nothing is held. */
export function rosterHeads({ root, roster }: RosterState): RosterHeads {
  return {
    rootVersion: root?.document.version ?? 0,
    rootHash: root?.hash ?? '',
    rosterVersion: roster?.document.version ?? 0,
    rosterHash: roster?.hash ?? '',
  };
}

/** The member of this ID, whatever its state. @throws {FederationError} `FEDERATION_MEMBER_UNKNOWN` */
export function requireMember(state: RosterState, orgId: MemberId): NonNullable<ReturnType<typeof memberById>> {
  const found = memberById(state, orgId);
  if (found === undefined) throw new FederationError('FEDERATION_MEMBER_UNKNOWN', { details: { member: orgId } });
  return found;
}

/** The member of this ID, whatever its state, or undefined. */
export function memberById(state: RosterState, orgId: string): Roster['orgs'][number] | undefined {
  return state.roster?.document.orgs.find((org) => org.orgId === orgId);
}
