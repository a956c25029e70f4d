/** A small federation for tests: one operator, members with one node each, all keys made from their names. */
import {
  acceptRoster,
  createRoot,
  createRoster,
  createRosterState,
  encodeEnvelope,
  federationIdOf,
  jcs,
  memberFromCard,
  peerIdOf,
  ROOT_TYPE,
  ROSTER_TYPE,
  signEnvelope,
  type MemberCard,
  type Organisation,
  type Roster,
  type RosterState,
  type RoleDraft,
} from '../src/federation/index.ts';
import { parseMemberId } from '../src/study/identifiers.ts';
import { isoSeconds, type Signer } from '../src/world/index.ts';
import { nodeCrypto, testSigner } from './node-crypto.ts';

/** Noon of a spring day; every test federation is founded then. */
export const FOUNDED_MS = Date.parse('2026-03-01T12:00:00Z');
/** A day later: everything is fresh. */
export const NOW_MS = FOUNDED_MS + 86_400_000;
/** Lets every step see the same crypto and time. */
export const ACCEPT = { nowMs: NOW_MS, crypto: nodeCrypto } as const;

/** The operator of the test federation. */
export const operator = testSigner('operator');
/** A member's node key. */
export const nodeOf = (member: string): ReturnType<typeof testSigner> => testSigner(`node of ${member}`);

/** A member as the operator would admit it, with anything replaced. */
export function member(name: string, changes: Partial<Organisation> = {}): Organisation {
  const card: MemberCard = {
    orgId: parseMemberId(name),
    displayName: `Hospital ${name}`,
    peerId: peerIdOf(nodeOf(name).publicKey),
    addrs: ['/dns4/node.example/tcp/443'],
    issued: isoSeconds(FOUNDED_MS),
  };
  const validity = { validFromMs: FOUNDED_MS, validToMs: FOUNDED_MS + 400 * 86_400_000 };
  return { ...memberFromCard(card, validity), ...changes };
}

/** A role that these signers fill. */
export function role(signers: readonly Signer[], threshold = 1): RoleDraft {
  return { holders: signers.map(({ publicKey }, index) => ({ publicKey, holder: `Holder ${index + 1}` })), threshold };
}

/** Signs a payload and gives the bytes that travel. */
export async function signed(
  payloadType: string,
  payload: object,
  signers: readonly Signer[] = [operator],
): Promise<Uint8Array> {
  return encodeEnvelope(await signEnvelope(payloadType, payload, signers));
}

/** A new federation: its state after the first root, and that root's envelope. */
export async function found(
  roles: { readonly root?: RoleDraft; readonly roster?: RoleDraft } = {},
  signers: readonly Signer[] = [operator],
  changes: object = {},
): Promise<{ readonly state: RosterState; readonly root: Uint8Array }> {
  const both = { root: role([operator]), roster: role([operator]), ...roles };
  const draft = { name: 'Test federation', roles: both, issuedMs: FOUNDED_MS };
  const payload = { ...(createRoot(draft, nodeCrypto) as object), ...changes };
  const root = await signed(ROOT_TYPE, payload, signers);
  const anchored = createRosterState(federationIdOf(jcs(payload), nodeCrypto));
  return { state: acceptRoster(anchored, [root], ACCEPT).state, root };
}

/** The next roster over these members, signed, and the state once it is accepted. */
export async function enrol(
  state: RosterState,
  orgs: readonly Organisation[],
  options: {
    readonly changes?: Partial<Roster>;
    readonly signers?: readonly Signer[];
    readonly issuedMs?: number;
  } = {},
): Promise<{ readonly state: RosterState; readonly envelope: Uint8Array; readonly roster: Roster }> {
  const { changes = {}, signers, issuedMs = FOUNDED_MS } = options;
  const roster = { ...createRoster(state, orgs, { issuedMs }), ...changes };
  const envelope = await signed(ROSTER_TYPE, roster, signers);
  return { state: acceptRoster(state, [envelope], ACCEPT).state, envelope, roster };
}

/** A federation with these members. */
export async function federationOf(...orgs: readonly Organisation[]): Promise<RosterState> {
  return (await enrol((await found()).state, orgs)).state;
}
