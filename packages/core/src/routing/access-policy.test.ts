import { beforeAll, describe, expect, it } from 'vitest';
import { enrol, federationOf, FOUNDED_MS, member, NOW_MS } from '../../test/federation.ts';
import { CANARIES, home, routable, south } from '../../test/routing.ts';
import { accessPolicyConformance } from '../conformance/access-policy.ts';
import { ROSTER_VALID_MS } from '../federation/limits.ts';
import { setMemberState, type RosterState } from '../federation/index.ts';
import { parseMemberId } from '../study/identifiers.ts';
import { everyPolicy, rosterPolicy, type AccessPolicy, type AccessRequest } from './access-policy.ts';

const request: AccessRequest = {
  action: 'send',
  from: home,
  to: south,
  purpose: 'treatment',
  priority: 'routine',
  study: routable(),
  nowMs: NOW_MS,
};
const no: AccessPolicy = {
  decide: () => Promise.resolve({ allowed: false, reason: 'excluded', because: 'excluded by the patient' }),
};
const yes = (because: string): AccessPolicy => ({ decide: () => Promise.resolve({ allowed: true, because }) });
const broken: AccessPolicy = { decide: () => Promise.reject(new Error('register down')) };

let state: RosterState;
const orgs = [member('be-home'), member('be-south')];
beforeAll(async () => {
  state = await federationOf(...orgs);
});

const runner = { describe, it };
accessPolicyConformance(runner, {
  name: 'the roster',
  create: () => Promise.resolve(rosterPolicy(() => state)),
  allowed: request,
  refused: { ...request, action: 'query' },
  canaries: CANARIES,
});
accessPolicyConformance(runner, {
  name: 'several, one of which depends on another system',
  create: () => Promise.resolve(everyPolicy([yes('a link exists'), rosterPolicy(() => state)])),
  allowed: request,
  refused: { ...request, to: parseMemberId('be-east') },
  canaries: CANARIES,
  createUnreachable: () => Promise.resolve(everyPolicy([yes('a link exists'), broken])),
});

describe('several policies', () => {
  it('allow together, with all their reasons', async () => {
    expect(await everyPolicy([]).decide(request)).toEqual({ allowed: true });
    expect(await everyPolicy([yes('one'), yes('two')]).decide(request)).toEqual({ allowed: true, because: 'one; two' });
  });

  it('refuse when one of them does, wherever it stands', async () => {
    for (const policies of [
      [no, yes('x')],
      [yes('x'), no],
      [no, broken],
    ]) {
      expect(await everyPolicy(policies).decide(request)).toMatchObject({ allowed: false, reason: 'excluded' });
    }
  });

  it('do not answer when one of them cannot', async () => {
    await expect(everyPolicy([yes('x'), broken, no]).decide(request)).rejects.toThrow('register down');
  });
});

describe('the roster as a policy', () => {
  it('counts a removal at once', async () => {
    let current = state;
    const policy = rosterPolicy(() => current);
    expect(await policy.decide(request)).toEqual({ allowed: true });
    current = (await enrol(state, setMemberState(orgs, south, { state: 'left', sinceMs: NOW_MS, reason: 'left' })))
      .state;
    expect(await policy.decide(request)).toEqual({
      allowed: false,
      reason: 'left',
      because: 'the roster does not permit it (left)',
    });
  });

  it('says when an emergency goes through an expired roster', async () => {
    const late = { ...request, priority: 'emergency', nowMs: FOUNDED_MS + ROSTER_VALID_MS } as const;
    expect(await rosterPolicy(() => state).decide(late)).toEqual({ allowed: true, because: 'alarm: roster-expired' });
  });

  it('follows this hospital’s own deny list', async () => {
    expect(await rosterPolicy(() => state, new Set([south])).decide(request)).toMatchObject({ reason: 'denied-here' });
  });
});
