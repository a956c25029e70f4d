import { describe, expect, it } from 'vitest';
import { enrol, federationOf, FOUNDED_MS, member, nodeOf, NOW_MS } from '../../test/federation.ts';
import { nodeCrypto, testSigner } from '../../test/node-crypto.ts';
import { parseMemberId } from '../study/identifiers.ts';
import { toBase64url } from './base64url.ts';
import { setMemberState, type NextState } from './build.ts';
import { openEnvelope, encodeEnvelope, signEnvelope } from './envelope.ts';
import {
  EXPIRED_IN_FLIGHT_MS,
  LEFT_IN_FLIGHT_MS,
  LEFT_RECEIPTS_MS,
  ROSTER_VALID_MS,
  SUSPENDED_IN_FLIGHT_MS,
} from './limits.ts';
import { peerIdOf } from './peer-id.ts';
import {
  dailyLimitBytes,
  keysOfMember,
  mayConnect,
  mayExchange,
  memberOfPeer,
  rosterStanding,
  type ExchangeQuestion,
  type ExchangeStage,
} from './permissions.ts';
import { createRosterState, type RosterState } from './roster-state.ts';
import type { Organisation } from './roster.ts';

const north = parseMemberId('be-north');
const south = parseMemberId('be-south');
const EXPIRES_MS = FOUNDED_MS + ROSTER_VALID_MS;
const question: ExchangeQuestion = {
  from: north,
  to: south,
  action: 'send',
  purpose: 'treatment',
  modalities: ['CT'],
  priority: 'routine',
  nowMs: NOW_MS,
};
const ask = (state: RosterState, changes: Partial<ExchangeQuestion> = {}) => {
  const answer = mayExchange(state, { ...question, ...changes });
  return answer.allowed ? (answer.alarm ?? 'yes') : answer.reason;
};
const pair = (ofNorth: Partial<Organisation> = {}, ofSouth: Partial<Organisation> = {}) =>
  federationOf(member('be-north', ofNorth), member('be-south', ofSouth));
const withSouth = async (next: NextState) => {
  const orgs = [member('be-north'), member('be-south')];
  const state = await federationOf(...orgs);
  return (await enrol(state, setMemberState(orgs, south, next))).state;
};

describe('an exchange between two members', () => {
  it('is permitted in both directions when both permit it', async () => {
    const state = await pair();
    expect(ask(state)).toBe('yes');
    expect(ask(state, { action: 'receive' })).toBe('yes');
    expect(ask(state, { from: south, to: north })).toBe('yes');
  });

  it('needs the sender’s permission to send and the receiver’s to receive', async () => {
    const nothing = { send: [], receive: [], query: [], relay: false };
    expect(ask(await pair({ permissions: { ...nothing, receive: ['*'] } }))).toBe('send-permission');
    expect(ask(await pair({}, { permissions: { ...nothing, send: ['*'] } }))).toBe('receive-permission');
    const named = await pair(
      { permissions: { ...nothing, send: [south] } },
      { permissions: { ...nothing, receive: [north] } },
    );
    expect(ask(named)).toBe('yes');
    expect(ask(named, { from: south, to: north })).toBe('send-permission');
  });

  it('does not come with the right to ask', async () => {
    const state = await pair();
    expect(ask(state, { action: 'query' })).toBe('query-permission');
    const asking = { send: [], receive: [], query: [south], relay: false };
    const allowed = await pair({ permissions: asking });
    expect(ask(allowed, { action: 'query' })).toBe('yes');
    expect(ask(allowed)).toBe('send-permission');
  });

  it('is limited to the modalities and purposes of both', async () => {
    const ctOnly = { scopes: { modalities: ['CT'] } };
    expect(ask(await pair(ctOnly))).toBe('yes');
    expect(ask(await pair(ctOnly), { modalities: ['CT', 'SR'] })).toBe('modality-scope');
    expect(ask(await pair({}, ctOnly), { modalities: ['MR'] })).toBe('modality-scope');
    const treating = { scopes: { purposes: ['treatment' as const] } };
    expect(ask(await pair(treating), { purpose: 'research' })).toBe('purpose-scope');
    expect(ask(await pair({}, treating), { purpose: 'research' })).toBe('purpose-scope');
  });

  it('is refused with strangers, with oneself, and without a roster', async () => {
    const state = await pair();
    expect(mayExchange(state, { ...question, to: parseMemberId('be-east') })).toEqual({
      allowed: false,
      code: 'FEDERATION_MEMBER_UNKNOWN',
      reason: 'not-in-roster',
      member: 'be-east',
    });
    expect(ask(state, { from: parseMemberId('be-east') })).toBe('not-in-roster');
    expect(ask(state, { to: north })).toBe('same-member');
    expect(ask(createRosterState('a'.repeat(64)))).toBe('no-roster');
  });

  it('is refused when this hospital denies the member, whatever the roster says', async () => {
    const state = await pair();
    expect(ask(state, { denied: new Set([south]) })).toBe('denied-here');
    expect(ask(state, { denied: new Set([south]), stage: 'receipt' })).toBe('denied-here');
    expect(ask(state, { denied: new Set([parseMemberId('be-east')]) })).toBe('yes');
  });
});

describe('with a member that is not active', () => {
  const sinceMs = NOW_MS;
  const stages: readonly ExchangeStage[] = ['offer', 'transfer', 'file', 'receipt'];
  const answers = (state: RosterState, afterMs: number) =>
    stages.map((stage) => ask(state, { stage, nowMs: sinceMs + afterMs }));

  it('suspended: nothing begins, and what is under way goes on for 72 hours', async () => {
    const state = await withSouth({ state: 'suspended', sinceMs, reason: 'error' });
    expect(answers(state, SUSPENDED_IN_FLIGHT_MS)).toEqual(['suspended', 'yes', 'yes', 'yes']);
    expect(answers(state, SUSPENDED_IN_FLIGHT_MS + 1)).toEqual(['suspended', 'suspended', 'yes', 'yes']);
    expect(ask(state, { action: 'query' })).toBe('suspended');
  });

  it('left: a minute to finish, a week for receipts, and what is here is filed', async () => {
    const state = await withSouth({ state: 'left', sinceMs, reason: 'left' });
    expect(answers(state, LEFT_IN_FLIGHT_MS)).toEqual(['left', 'yes', 'yes', 'yes']);
    expect(answers(state, LEFT_IN_FLIGHT_MS + 1)).toEqual(['left', 'left', 'yes', 'yes']);
    expect(ask(state, { stage: 'receipt', nowMs: sinceMs + LEFT_RECEIPTS_MS })).toBe('yes');
    expect(ask(state, { stage: 'receipt', nowMs: sinceMs + LEFT_RECEIPTS_MS + 1 })).toBe('left');
  });

  it('compromised: nothing at all, at once, not even filing', async () => {
    const left = await withSouth({ state: 'left', sinceMs, reason: 'compromised', compromisedSinceMs: sinceMs - 1000 });
    expect(answers(left, 0)).toEqual(['compromised', 'compromised', 'compromised', 'compromised']);
    const suspended = await withSouth({ state: 'suspended', sinceMs, reason: 'compromised' });
    expect(answers(suspended, 0)).toEqual(['compromised', 'compromised', 'compromised', 'compromised']);
  });

  it('an emergency is no reason to go on', async () => {
    const state = await withSouth({ state: 'left', sinceMs, reason: 'left' });
    expect(ask(state, { priority: 'emergency' })).toBe('left');
  });

  it('taken back, everything goes on', async () => {
    const orgs = [member('be-north'), member('be-south')];
    const gone = setMemberState(orgs, south, { state: 'left', sinceMs, reason: 'left' });
    const state = (await enrol(await federationOf(...orgs), gone)).state;
    const back = (await enrol(state, setMemberState(gone, south, { state: 'active' }))).state;
    expect(ask(back)).toBe('yes');
  });
});

describe('when the roster has expired', () => {
  it('nothing begins but an emergency, with an alarm', async () => {
    const state = await pair();
    expect(ask(state, { nowMs: EXPIRES_MS - 1 })).toBe('yes');
    expect(ask(state, { nowMs: EXPIRES_MS })).toBe('expired');
    expect(ask(state, { nowMs: EXPIRES_MS, priority: 'urgent' })).toBe('expired');
    expect(ask(state, { nowMs: EXPIRES_MS, priority: 'emergency' })).toBe('roster-expired');
    expect(mayExchange(state, { ...question, nowMs: EXPIRES_MS })).toMatchObject({ code: 'FEDERATION_EXPIRED' });
  });

  it('what is under way has an hour; what is here is filed; receipts are taken', async () => {
    const state = await pair();
    const at = (stage: ExchangeStage, afterMs: number) => ask(state, { stage, nowMs: EXPIRES_MS + afterMs });
    expect(at('transfer', EXPIRED_IN_FLIGHT_MS)).toBe('yes');
    expect(at('transfer', EXPIRED_IN_FLIGHT_MS + 1)).toBe('expired');
    expect(at('file', ROSTER_VALID_MS)).toBe('yes');
    expect(at('receipt', ROSTER_VALID_MS)).toBe('yes');
  });

  it('an emergency still needs permission, and does not ask questions', async () => {
    const late = { nowMs: EXPIRES_MS, priority: 'emergency' } as const;
    const nobody = { send: [], receive: ['*' as const], query: ['*' as const], relay: false };
    expect(ask(await pair({ permissions: nobody }), late)).toBe('send-permission');
    expect(ask(await pair({ permissions: nobody }), { ...late, action: 'query' })).toBe('expired');
    expect(ask(await pair({ permissions: nobody }), { ...late, action: 'query', stage: 'file' })).toBe('expired');
  });

  it('a clock that is set back before the roster was made does not revive it', async () => {
    const long = await federationOf(member('be-north'), member('be-south'));
    const held = long.roster;
    if (held === undefined) throw new Error('no roster');
    // A root that was issued after the roster expired shows how late it is.
    const root = { ...long.root, document: { ...long.root?.document, issued: held.document.expires } };
    const state = { ...long, root } as RosterState;
    expect(rosterStanding(state, NOW_MS)).toBe('expired');
    expect(rosterStanding(long, NOW_MS)).toBe('fresh');
    expect(rosterStanding(createRosterState('a'.repeat(64)), NOW_MS)).toBe('none');
  });
});

describe('a peer', () => {
  const peer = (name: string) => peerIdOf(nodeOf(name).publicKey);

  it('is the member whose node it is, while the node is valid', async () => {
    const state = await pair();
    const until = FOUNDED_MS + 400 * 86_400_000;
    expect(memberOfPeer(state, peer('be-south'), NOW_MS)?.orgId).toBe('be-south');
    expect(memberOfPeer(state, peer('be-south'), FOUNDED_MS - 1)).toBeUndefined();
    expect(memberOfPeer(state, peer('be-south'), until - 1)?.orgId).toBe('be-south');
    expect(memberOfPeer(state, peer('be-south'), until)).toBeUndefined();
    expect(memberOfPeer(state, peer('mallory'), NOW_MS)).toBeUndefined();
    expect(memberOfPeer(createRosterState('a'.repeat(64)), peer('be-south'), NOW_MS)).toBeUndefined();
  });

  it('is connected while its member is active or has something to finish', async () => {
    const sinceMs = NOW_MS;
    const at = (state: RosterState, afterMs: number) => mayConnect(state, peer('be-south'), sinceMs + afterMs);
    expect(at(await pair(), 0)).toBe(true);
    const suspended = await withSouth({ state: 'suspended', sinceMs, reason: 'error' });
    expect([at(suspended, SUSPENDED_IN_FLIGHT_MS), at(suspended, SUSPENDED_IN_FLIGHT_MS + 1)]).toEqual([true, false]);
    const left = await withSouth({ state: 'left', sinceMs, reason: 'left' });
    expect([at(left, LEFT_RECEIPTS_MS), at(left, LEFT_RECEIPTS_MS + 1)]).toEqual([true, false]);
    expect(at(await withSouth({ state: 'left', sinceMs, reason: 'compromised' }), 0)).toBe(false);
    expect(mayConnect(await pair(), peer('mallory'), NOW_MS)).toBe(false);
  });
});

describe('a member’s keys', () => {
  it('open what its node signed, from the roster alone', async () => {
    const org = testSigner('organisation key');
    const orgKeys = [{ keyid: org.keyId, pub: toBase64url(org.publicKey) }];
    const state = await pair({}, { orgKeys });
    const keys = keysOfMember(state, south, nodeCrypto);
    const receipt = async (signer: typeof org) =>
      encodeEnvelope(await signEnvelope('interhosp/receipt@1', { status: 1 }, [signer]));
    const open = (envelope: Uint8Array) =>
      openEnvelope({ envelope, payloadType: 'interhosp/receipt@1', keys, threshold: 1, crypto: nodeCrypto });
    expect(open(await receipt(nodeOf('be-south'))).payload).toEqual({ status: 1 });
    expect(open(await receipt(org)).keyids).toEqual([org.keyId]);
    const unsigned = encodeEnvelope({ payloadType: 'interhosp/receipt@1', payload: 'e30', signatures: [] });
    expect(() => open(unsigned)).toThrow('FEDERATION_SIGNATURE_INVALID');
    const byNorth = await receipt(nodeOf('be-north'));
    expect(() => open(byNorth)).toThrow('FEDERATION_SIGNATURE_INVALID');
    expect(keysOfMember(state, parseMemberId('be-east'), nodeCrypto).size).toBe(0);
  });

  it('and its daily limit come from its entry', () => {
    expect(dailyLimitBytes(member('be-south', { scopes: { maxDailyGiB: 2 } }))).toBe(2_147_483_648);
    expect(dailyLimitBytes(member('be-south'))).toBeUndefined();
  });
});
