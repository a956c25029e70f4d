import { describe, expect, it } from 'vitest';
import { ACCEPT, enrol, FOUNDED_MS, found, member, NOW_MS, operator, role, signed } from '../../test/federation.ts';
import { nodeCrypto, testSigner } from '../../test/node-crypto.ts';
import { parseMemberId } from '../study/identifiers.ts';
import { createRoot, createRoster, setMemberState } from './build.ts';
import { encodeEnvelope, signEnvelope } from './envelope.ts';
import { EXPIRED_IN_FLIGHT_MS, MAX_DOCUMENTS, ROOT_VALID_MS } from './limits.ts';
import { ROOT_TYPE } from './root.ts';
import {
  acceptRoster,
  createRosterState,
  envelopesToKeep,
  memberById,
  requireMember,
  restoreRosterState,
  rosterHeads,
  type Acceptance,
  type RosterState,
} from './roster-state.ts';

const north = member('be-north');
const south = member('be-south');
const west = member('be-west');
const codes = ({ refused }: Acceptance) => refused.map(({ code }) => code);
const accept = (state: RosterState, ...envelopes: readonly Uint8Array[]) => acceptRoster(state, envelopes, ACCEPT);
const kinds = ({ changes }: Acceptance) => changes.map(({ kind }) => kind);
const nextRoot = (state: RosterState, roles: Parameters<typeof createRoot>[0]['roles'], issuedMs = FOUNDED_MS) =>
  createRoot({ name: 'Test federation', roles, issuedMs }, nodeCrypto, state) as object;

describe('the first root', () => {
  it('is accepted when its hash is the pinned federation ID', async () => {
    const { state, root } = await found();
    const acceptance = accept(createRosterState(state.fedId), root);
    expect(codes(acceptance)).toEqual([]);
    expect(acceptance.changes).toEqual([{ kind: 'root-accepted', version: 1 }]);
    expect(rosterHeads(acceptance.state)).toEqual({
      rootVersion: 1,
      rootHash: state.fedId,
      rosterVersion: 0,
      rosterHash: '',
    });
  });

  it('of another federation is refused', async () => {
    const { root } = await found({}, [operator], { name: 'Elsewhere' });
    const { state } = await found();
    expect(codes(accept(createRosterState(state.fedId), root))).toEqual(['FEDERATION_FOREIGN']);
  });

  it('is refused below its own threshold', async () => {
    const both = role([operator, testSigner('second')], 2);
    const { state } = await found({ root: both });
    expect(state.root).toBeUndefined();
    expect((await found({ root: both }, [operator, testSigner('second')])).state.root).toBeDefined();
  });

  it('must be pinned in the right form', () => {
    expect(() => createRosterState('be-federation')).toThrow('FEDERATION_FOREIGN');
  });
});

describe('a roster', () => {
  it('is accepted after the root that names its keys, in whatever order both arrive', async () => {
    const { state, root } = await found();
    const { envelope } = await enrol(state, [north, south]);
    const acceptance = accept(createRosterState(state.fedId), envelope, root);
    expect(codes(acceptance)).toEqual([]);
    expect(kinds(acceptance)).toEqual([
      'root-accepted',
      'roster-accepted',
      'member-added',
      'node-added',
      'member-added',
      'node-added',
    ]);
    expect(memberById(acceptance.state, 'be-south')).toEqual(south);
    expect(() => requireMember(acceptance.state, parseMemberId('be-east'))).toThrow('FEDERATION_MEMBER_UNKNOWN');
  });

  it('is refused without a root', async () => {
    const { state } = await found();
    const { envelope } = await enrol(state, [north]);
    expect(codes(accept(createRosterState(state.fedId), envelope))).toEqual(['FEDERATION_CHAIN_BROKEN']);
  });

  it('signed by a member, or by nobody, is refused', async () => {
    const { state } = await found();
    const { envelope } = await enrol(state, [north], { signers: [testSigner('node of be-north')] });
    expect(codes(accept(state, envelope))).toEqual(['FEDERATION_SIGNATURE_INVALID']);
    const { envelope: bare } = await enrol(state, [north], { signers: [] });
    expect(codes(accept(state, bare))).toEqual(['FEDERATION_SIGNATURE_INVALID']);
  });

  it('is refused below the threshold, and accepted on it', async () => {
    const second = testSigner('second');
    const { state } = await found({ roster: role([operator, second, testSigner('third')], 2) });
    const one = await enrol(state, [north], { signers: [operator] });
    expect(codes(accept(state, one.envelope))).toEqual(['FEDERATION_SIGNATURE_INVALID']);
    const two = await enrol(state, [north], { signers: [operator, second] });
    expect(codes(accept(state, two.envelope))).toEqual([]);
  });

  it('of another federation is refused, though the same operator signed it', async () => {
    const { state } = await found();
    const { envelope } = await enrol(state, [north], { changes: { fedId: 'f'.repeat(64) } });
    expect(codes(accept(state, envelope))).toEqual(['FEDERATION_FOREIGN']);
  });

  it('that is held already changes nothing', async () => {
    const first = await enrol((await found()).state, [north]);
    const acceptance = accept(first.state, first.envelope);
    expect(acceptance).toEqual({ state: first.state, changes: [], refused: [] });
  });

  it('that was held before changes nothing either', async () => {
    const first = await enrol((await found()).state, [north]);
    const second = await enrol(first.state, [north, south]);
    expect(accept(second.state, first.envelope)).toEqual({ state: second.state, changes: [], refused: [] });
  });

  it('older than the first one seen is a rollback', async () => {
    const { state: founded } = await found();
    const first = await enrol(founded, [north]);
    const second = await enrol(first.state, [north, south]);
    const joined = accept(founded, second.envelope);
    expect(codes(joined)).toEqual([]);
    expect(codes(accept(joined.state, first.envelope))).toEqual(['FEDERATION_ROLLBACK']);
  });

  it('that skips a version asks for the ones between, and all together are walked', async () => {
    const first = await enrol((await found()).state, [north]);
    const second = await enrol(first.state, [north, south]);
    const third = await enrol(second.state, [north, south, west]);
    const gap = accept(first.state, third.envelope);
    expect(codes(gap)).toEqual(['FEDERATION_CHAIN_BROKEN']);
    expect(gap.state).toBe(first.state);
    const walked = accept(first.state, third.envelope, second.envelope);
    expect(codes(walked)).toEqual([]);
    expect(walked.state.roster?.document.version).toBe(3);
  });

  it('under a root not yet seen asks for it', async () => {
    const { state } = await found();
    const { envelope } = await enrol(state, [north], { changes: { rootVersion: 2 } });
    expect(codes(accept(state, envelope))).toEqual(['FEDERATION_CHAIN_BROKEN']);
  });

  it('that is bad costs the good ones beside it nothing', async () => {
    const { state } = await found();
    const first = await enrol(state, [north]);
    const acceptance = accept(state, new Uint8Array(8), first.envelope, new TextEncoder().encode('{}'));
    expect(codes(acceptance)).toEqual(['FEDERATION_ENVELOPE_INVALID', 'FEDERATION_ENVELOPE_INVALID']);
    expect(acceptance.state.roster?.document.version).toBe(1);
  });

  it('that expired is still taken when it is newer, since it may remove somebody', async () => {
    const first = await enrol((await found()).state, [north, south]);
    const left = setMemberState([north, south], south.orgId, { state: 'left', sinceMs: FOUNDED_MS, reason: 'left' });
    const second = await enrol(first.state, left);
    const late = acceptRoster(first.state, [second.envelope], { ...ACCEPT, nowMs: NOW_MS + ROOT_VALID_MS });
    expect(codes(late)).toEqual([]);
    expect(late.changes).toContainEqual({ kind: 'member-state', member: 'be-south', from: 'active', to: 'left' });
  });

  it('from this machine’s future raises an alarm about the clock', async () => {
    const { state } = await found();
    const soon = await enrol(state, [north], { issuedMs: NOW_MS + 5 * 60_000 });
    expect(kinds(accept(state, soon.envelope))).not.toContain('clock-behind');
    const later = await enrol(state, [north], { issuedMs: NOW_MS + 6 * 60_000 });
    expect(accept(state, later.envelope).changes).toContainEqual({ kind: 'clock-behind', aheadMs: 6 * 60_000 });
  });

  it('with a removal, a new node and wider permissions says so', async () => {
    const first = await enrol((await found()).state, [north, south]);
    const other = { ...north, nodes: west.nodes ?? [], permissions: { ...north.permissions, relay: true } };
    const second = await enrol(first.state, [other]);
    expect(accept(first.state, second.envelope).changes.slice(1)).toEqual([
      { kind: 'node-added', member: 'be-north', peerId: west.nodes?.[0]?.peerId },
      { kind: 'node-removed', member: 'be-north', peerId: north.nodes?.[0]?.peerId },
      { kind: 'permissions-changed', member: 'be-north' },
      { kind: 'member-removed', member: 'be-south' },
      { kind: 'node-removed', member: 'be-south', peerId: south.nodes?.[0]?.peerId },
    ]);
  });

  it('among too many documents is refused before any is read', async () => {
    const first = await enrol((await found()).state, [north]);
    const many = Array<Uint8Array>(MAX_DOCUMENTS + 1).fill(first.envelope);
    expect(codes(accept(first.state, ...many))).toEqual(['FEDERATION_LIMIT']);
    expect(codes(accept(first.state, ...many.slice(0, 20)))).toEqual([]);
  });
});

describe('equivocation', () => {
  const twoFaces = async () => {
    const first = await enrol((await found()).state, [north, south]);
    const second = await enrol(first.state, [north, south, west]);
    const other = await enrol(first.state, [north, south], { issuedMs: FOUNDED_MS + 1000 });
    return { first, second, other, seen: accept(second.state, other.envelope) };
  };

  it('is seen in two rosters of one version, keeps both as proof and changes no member', async () => {
    const { second, other, seen } = await twoFaces();
    expect(codes(seen)).toEqual(['FEDERATION_EQUIVOCATION']);
    expect(seen.changes).toEqual([{ kind: 'equivocation', document: 'roster', version: 2 }]);
    expect(seen.state.equivocation).toEqual({
      kind: 'roster',
      version: 2,
      first: second.envelope,
      second: other.envelope,
    });
    expect(seen.state.roster).toEqual(second.state.roster);
  });

  it('is seen in a successor of a roster that was never shown here', async () => {
    const { second, other } = await twoFaces();
    const next = await enrol(other.state, [north, south]);
    const seen = accept(second.state, next.envelope);
    expect(codes(seen)).toEqual(['FEDERATION_EQUIVOCATION']);
    expect(seen.state.equivocation).toMatchObject({ version: 2, second: next.envelope });
  });

  it('cannot be staged by somebody without the keys', async () => {
    const { second } = await twoFaces();
    const forged = await enrol(second.state, [north], { changes: { version: 2 }, signers: [testSigner('mallory')] });
    const seen = accept(second.state, forged.envelope);
    expect(codes(seen)).toEqual(['FEDERATION_SIGNATURE_INVALID']);
    expect(seen.state.equivocation).toBeUndefined();
  });

  it('cannot be staged with a root of somebody’s own keys, however old its version', async () => {
    const { state } = await found();
    const mallory = testSigner('mallory');
    const second = nextRoot(state, { root: role([operator]), roster: role([operator]) });
    const held = accept(state, await signed(ROOT_TYPE, second)).state;
    const own = nextRoot(state, { root: role([mallory]), roster: role([mallory]) });
    const seen = accept(held, await signed(ROOT_TYPE, own, [mallory]));
    expect(codes(seen)).toEqual(['FEDERATION_SIGNATURE_INVALID']);
    expect(seen.state.equivocation).toBeUndefined();
  });

  it('freezes additions and lets removals through', async () => {
    const { seen } = await twoFaces();
    const added = await enrol(seen.state, [north, south, west, member('be-east')]);
    expect(codes(accept(seen.state, added.envelope))).toEqual(['FEDERATION_EQUIVOCATION']);
    const wider = { ...north, permissions: { ...north.permissions, query: ['*' as const] } };
    const widened = await enrol(seen.state, [wider, south, west]);
    expect(codes(accept(seen.state, widened.envelope))).toEqual(['FEDERATION_EQUIVOCATION']);
    const removed = await enrol(seen.state, [north, south]);
    const after = accept(seen.state, removed.envelope);
    expect(codes(after)).toEqual([]);
    expect(after.state.equivocation).toBeDefined();
  });

  it('ends with a root that replaces the roster keys, and the new keys start over', async () => {
    const { seen, second } = await twoFaces();
    const fresh = testSigner('fresh roster key');
    const rotated = nextRoot(seen.state, { root: role([operator]), roster: role([fresh]) });
    const after = accept(seen.state, await signed(ROOT_TYPE, rotated));
    expect(codes(after)).toEqual([]);
    expect(after.state.equivocation).toBeUndefined();
    expect(after.state.roster).toEqual(second.state.roster);
    const old = await enrol(after.state, [north, south, west, member('be-east')], { signers: [operator] });
    expect(codes(accept(after.state, old.envelope))).toEqual(['FEDERATION_SIGNATURE_INVALID']);
    // Version 1 again, after version 2 of the old keys: the chain starts over.
    const restarted = await enrol(after.state, [north, south, member('be-east')], {
      signers: [fresh],
      changes: { version: 1, prev: null },
    });
    expect(codes(accept(after.state, restarted.envelope))).toEqual([]);
    const follows = await enrol(restarted.state, [north], { signers: [fresh] });
    expect(codes(accept(restarted.state, follows.envelope))).toEqual([]);
  });
});

describe('a later root', () => {
  const second = testSigner('second root key');

  it('needs the signatures of the old and of the new keys', async () => {
    const { state } = await found();
    const payload = nextRoot(state, { root: role([second]), roster: role([operator]) });
    expect(codes(accept(state, await signed(ROOT_TYPE, payload, [operator])))).toEqual([
      'FEDERATION_SIGNATURE_INVALID',
    ]);
    expect(codes(accept(state, await signed(ROOT_TYPE, payload, [second])))).toEqual(['FEDERATION_SIGNATURE_INVALID']);
    const both = accept(state, await signed(ROOT_TYPE, payload, [operator, second]));
    expect(codes(both)).toEqual([]);
    expect(both.state.root?.document.version).toBe(2);
  });

  it('follows strictly one after the other, and all together are walked from the first', async () => {
    const { state, root } = await found();
    const payload2 = nextRoot(state, { root: role([second]), roster: role([operator]) });
    const root2 = await signed(ROOT_TYPE, payload2, [operator, second]);
    const state2 = accept(state, root2).state;
    const root3 = await signed(ROOT_TYPE, nextRoot(state2, { root: role([second]), roster: role([operator]) }), [
      second,
    ]);
    // The root in force knows nothing of the second key yet, so the third does not even verify.
    expect(codes(accept(state, root3))).toEqual(['FEDERATION_SIGNATURE_INVALID']);
    const twice = await signed(ROOT_TYPE, nextRoot(state2, { root: role([second]), roster: role([operator]) }), [
      second,
      operator,
    ]);
    expect(codes(accept(state, twice))).toEqual(['FEDERATION_CHAIN_BROKEN']);
    const walked = accept(createRosterState(state.fedId), root3, root, root2);
    expect(codes(walked)).toEqual([]);
    expect(walked.state.root?.document.version).toBe(3);
    expect(accept(walked.state, root, root2, root3)).toMatchObject({ changes: [], refused: [] });
  });

  it('that does not name the one held is refused', async () => {
    const { state } = await found();
    const payload = { ...nextRoot(state, { root: role([operator]), roster: role([operator]) }), prev: 'e'.repeat(64) };
    expect(codes(accept(state, await signed(ROOT_TYPE, payload)))).toEqual(['FEDERATION_CHAIN_BROKEN']);
  });

  it('in two versions is an equivocation', async () => {
    const { state } = await found();
    const roles = { root: role([operator]), roster: role([operator]) };
    const held = accept(state, await signed(ROOT_TYPE, nextRoot(state, roles))).state;
    const seen = accept(held, await signed(ROOT_TYPE, nextRoot(state, roles, FOUNDED_MS + 1000)));
    expect(codes(seen)).toEqual(['FEDERATION_EQUIVOCATION']);
    expect(seen.state.equivocation?.kind).toBe('root');
  });

  it('that has expired admits nobody new, but lets members go', async () => {
    const first = await enrol((await found()).state, [north, south]);
    const lateMs = FOUNDED_MS + ROOT_VALID_MS;
    const late = { ...ACCEPT, nowMs: lateMs };
    const added = await enrol(first.state, [north, south, west]);
    expect(codes(acceptRoster(first.state, [added.envelope], late))).toEqual(['FEDERATION_EXPIRED']);
    expect(codes(acceptRoster(first.state, [added.envelope], { ...late, nowMs: lateMs - 1 }))).toEqual([]);
    const removed = await enrol(first.state, [north]);
    expect(codes(acceptRoster(first.state, [removed.envelope], late))).toEqual([]);
  });
});

describe('after a restart', () => {
  const restart = (state: RosterState) => {
    const restored = restoreRosterState(state.fedId, envelopesToKeep(state), {
      ...ACCEPT,
      nowMs: NOW_MS + EXPIRED_IN_FLIGHT_MS,
    });
    return restored.state;
  };
  const essence = ({ hashes: _hashes, ...rest }: RosterState) => rest;

  it('the kept envelopes give the same state', async () => {
    const first = await enrol((await found()).state, [north]);
    const second = await enrol(first.state, [north, south]);
    expect(essence(restart(second.state))).toEqual(essence(second.state));
  });

  it('the proof of an equivocation is still there', async () => {
    const first = await enrol((await found()).state, [north]);
    const other = await enrol((await found()).state, [north, south]);
    const seen = accept(first.state, other.envelope).state;
    expect(essence(restart(seen))).toEqual(essence(seen));
  });

  it('a roster whose keys were replaced since is still in force', async () => {
    const first = await enrol((await found()).state, [north, south]);
    const payload = nextRoot(first.state, { root: role([operator]), roster: role([testSigner('fresh')]) });
    const rotated = accept(first.state, await signed(ROOT_TYPE, payload)).state;
    expect(rotated.rosterChainRestarts).toBe(true);
    expect(essence(restart(rotated))).toEqual(essence(rotated));
  });
});

describe('an operator', () => {
  it('without a root makes no roster', () => {
    expect(() => createRoster(createRosterState('a'.repeat(64)), [], { issuedMs: 0 })).toThrow(
      'FEDERATION_CHAIN_BROKEN',
    );
  });

  it('whose clock went back makes no roster older than the last', async () => {
    const first = await enrol((await found()).state, [north]);
    const next = createRoster(first.state, [north], { issuedMs: FOUNDED_MS - 1_000_000 });
    expect(next.issued).toBe(first.roster.issued);
  });

  it('who signs with a stranger’s type is not heard', async () => {
    const { state } = await found();
    const envelope = encodeEnvelope(
      await signEnvelope('interhosp/receipt@1', createRoster(state, [north], { issuedMs: FOUNDED_MS }), [operator]),
    );
    expect(codes(accept(state, envelope))).toEqual(['FEDERATION_ENVELOPE_INVALID']);
  });
});
