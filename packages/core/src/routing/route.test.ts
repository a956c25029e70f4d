import { describe, expect, it } from 'vitest';
import {
  anna,
  context,
  directories,
  home,
  physician,
  routable,
  ROUTE_NOW_MS,
  south,
  west,
} from '../../test/routing.ts';
import { PeerError } from '../errors/index.ts';
import { parseMemberId } from '../study/identifiers.ts';
import type { AccessPolicy, AccessRequest } from './access-policy.ts';
import { route, type RouteContext } from './route.ts';
import { parseRuleSet } from './rule-set.ts';

const rules = (...list: readonly object[]) => parseRuleSet({ rules: list });
const toSouth = (id: string, changes: object = {}) => ({ id, when: { modality: 'CT' }, to: ['be-south'], ...changes });
const prescriber = (changes: object = {}) => ({
  id: 'prescriber',
  when: { referringPhysician: { practisesAt: 'destination' } },
  destination: 'each member',
  ...changes,
});
const decide = (list: readonly object[], study = routable(), changes: Partial<RouteContext> = {}) =>
  route(study, rules(...list), context(changes));
const outcomes = async (...args: Parameters<typeof decide>) =>
  (await decide(...args)).trace.map(({ ruleId, member, outcome }) => `${ruleId}>${member ?? ''}: ${outcome}`);
/** A policy that refuses by purpose, fails by member, and remembers what it was asked. */
const policy = (
  asked: AccessRequest[],
  answer: (request: AccessRequest) => ReturnType<AccessPolicy['decide']>,
): AccessPolicy => ({
  decide: (request) => {
    asked.push(request);
    return answer(request);
  },
});

describe('a study', () => {
  it('goes to the hospital where its prescriber practises, and only there', async () => {
    const decision = await decide([prescriber({ priority: 'urgent' })]);
    expect(decision.destinations).toEqual([
      {
        member: south,
        priority: 'urgent',
        purpose: 'treatment',
        ruleId: 'prescriber',
        because: ['referring physician: the number is in the directory of be-south'],
        alsoRules: [],
      },
    ]);
    expect(decision.proposals).toEqual([]);
    expect(decision.trace.map(({ member, outcome }) => [member, outcome])).toEqual([
      [south, 'sent'],
      [west, 'not-matched'],
    ]);
  });

  it('goes to every hospital where the prescriber practises', async () => {
    const practitioners = directories({ 'be-south': [anna], 'be-west': [anna], 'be-home': [anna] });
    const decision = await decide([prescriber()], routable(), { practitioners });
    expect(decision.destinations.map(({ member }) => member)).toEqual([south, west]);
  });

  it('is proposed, and not sent, on the prescriber’s name alone', async () => {
    const decision = await decide([prescriber()], routable({ referringPhysician: physician('Canarydoc', 'Anna') }));
    expect(decision.destinations).toEqual([]);
    expect(decision.proposals).toEqual([
      {
        member: south,
        priority: 'routine',
        purpose: 'treatment',
        ruleId: 'prescriber',
        because: ['referring physician: only the name is in the directory of be-south'],
      },
    ]);
    expect(decision.trace[0]?.outcome).toBe('proposed');
  });

  it('stays at home when an exception holds, and is proposed when that cannot be decided', async () => {
    const except = [{ patientAge: { maxYears: 17 } }];
    expect(await outcomes([toSouth('ct', { except })])).toEqual(['ct>be-south: sent']);
    const child = routable({ patient: { birthDate: '2020-01-01' } });
    expect(await outcomes([toSouth('ct', { except })], child)).toEqual(['ct>be-south: excepted']);
    const ageless = await decide([toSouth('ct', { except })], routable({ patient: {} }));
    expect(ageless.destinations).toEqual([]);
    expect(ageless.proposals[0]?.because).toEqual(['the birth date is not known in full']);
  });

  it('is never sent to its own hospital, back where it came from, or to a stranger', async () => {
    const list = [toSouth('ct', { to: ['be-home', 'be-south', 'be-east', 'be-west'] })];
    expect(await outcomes(list, routable(), { cameFrom: south })).toEqual([
      'ct>be-home: own-hospital',
      'ct>be-south: came-from-there',
      'ct>be-east: no-such-member',
      'ct>be-west: sent',
    ]);
    const practitioners = directories({ 'be-home': [anna], 'be-south': [anna] });
    const returning = await decide([prescriber()], routable(), { practitioners, cameFrom: south });
    expect(returning.destinations).toEqual([]);
  });

  it('goes nowhere when no rule names anybody, and the trace says so', async () => {
    expect(await decide([], routable())).toEqual({ destinations: [], proposals: [], deferred: [], trace: [] });
    expect(await outcomes([prescriber()], routable(), { members: [home] })).toEqual(['prescriber>: no-members']);
  });

  it('named for one member by several rules takes the highest priority, then the first', async () => {
    const decision = await decide([
      toSouth('first'),
      toSouth('urgent', { priority: 'urgent', purpose: 'second-opinion' }),
      toSouth('also-urgent', { priority: 'urgent' }),
      toSouth('bulk', { priority: 'bulk' }),
    ]);
    expect(decision.destinations).toMatchObject([
      {
        member: south,
        ruleId: 'urgent',
        priority: 'urgent',
        purpose: 'second-opinion',
        alsoRules: ['also-urgent', 'first', 'bulk'],
      },
    ]);
    expect(decision.trace.map(({ ruleId, outcome, because }) => [ruleId, outcome, because])).toEqual([
      ['first', 'outranked', ['rule urgent goes first']],
      ['urgent', 'sent', ['a modality is one of CT']],
      ['also-urgent', 'outranked', ['rule urgent goes first']],
      ['bulk', 'outranked', ['rule urgent goes first']],
    ]);
  });

  it('that one rule sends is not proposed by another', async () => {
    const named = { id: 'named', when: { tag: { ReferringPhysicianName: 'CANARYDOC*' } }, to: ['be-south', 'be-west'] };
    const decision = await decide([named, toSouth('ct')]);
    expect(decision.destinations.map(({ member }) => member)).toEqual([south]);
    expect(decision.proposals.map(({ member }) => member)).toEqual([west]);
  });
});

describe('a schedule', () => {
  const night = { from: '20:00', to: '06:00' };

  it('delays and does not forget', async () => {
    const { destinations } = await decide([toSouth('night', { schedule: night })]);
    expect(destinations).toMatchObject([{ member: south, notBeforeMs: Date.parse('2026-03-04T20:00:00Z') }]);
    const open = await decide([toSouth('night', { schedule: night })], routable(), {
      nowMs: Date.parse('2026-03-04T23:00:00Z'),
    });
    expect(open.destinations[0]).not.toHaveProperty('notBeforeMs');
  });

  it('does not delay an emergency', async () => {
    const { destinations } = await decide([toSouth('night', { schedule: night, priority: 'emergency' })]);
    expect(destinations[0]).not.toHaveProperty('notBeforeMs');
  });

  it('gives way to a rule that may send now, also of lower priority', async () => {
    const { destinations } = await decide([toSouth('night', { schedule: night, priority: 'urgent' }), toSouth('now')]);
    expect(destinations).toMatchObject([{ ruleId: 'now', alsoRules: ['night'] }]);
    expect(destinations[0]).not.toHaveProperty('notBeforeMs');
  });
});

describe('the access policy', () => {
  it('is asked once for each send, with what is about to happen', async () => {
    const asked: AccessRequest[] = [];
    const study = routable();
    const list = [
      toSouth('ct'),
      toSouth('urgent', { priority: 'urgent', to: ['be-south', 'be-west'], purpose: 'emergency' }),
      toSouth('no', { when: { modality: 'MG' } }),
    ];
    await decide(list, study, { policy: policy(asked, () => Promise.resolve({ allowed: true })) });
    expect(asked).toEqual([
      { action: 'send', from: home, to: south, purpose: 'emergency', priority: 'urgent', study, nowMs: ROUTE_NOW_MS },
      { action: 'send', from: home, to: west, purpose: 'emergency', priority: 'urgent', study, nowMs: ROUTE_NOW_MS },
    ]);
  });

  it('that refuses keeps the study at home and says why; another rule is tried', async () => {
    const list = [toSouth('research', { priority: 'urgent', purpose: 'research' }), toSouth('care')];
    const refuses = (purposes: readonly string[]) =>
      policy([], ({ purpose }) =>
        Promise.resolve(
          purposes.includes(purpose)
            ? { allowed: false, reason: 'no-consent', because: 'the patient did not consent' }
            : { allowed: true, because: 'a therapeutic link exists' },
        ),
      );
    const one = await decide(list, routable(), { policy: refuses(['research']) });
    expect(one.destinations).toMatchObject([
      { ruleId: 'care', because: ['a modality is one of CT', 'a therapeutic link exists'], alsoRules: [] },
    ]);
    expect(one.trace[0]).toMatchObject({
      outcome: 'refused-by-policy',
      because: ['a modality is one of CT', 'the patient did not consent'],
    });
    const both = await decide(list, routable(), { policy: refuses(['research', 'treatment']) });
    expect(both).toMatchObject({ destinations: [], proposals: [], deferred: [] });
  });

  it('that cannot answer defers that send, and neither allows it nor stops the others', async () => {
    const down = policy([], async ({ to }) => {
      if (to === south) throw new PeerError('PEER_UNREACHABLE');
      if (to === west) throw new Error('Canary^Secret');
      return Promise.resolve({ allowed: true });
    });
    const east = parseMemberId('be-east');
    const decision = await decide(
      [toSouth('ct', { to: ['be-south', 'be-west', 'be-east'] }), toSouth('next')],
      routable(),
      {
        policy: down,
        members: [home, south, west, east],
      },
    );
    expect(decision.destinations.map(({ member }) => member)).toEqual([east]);
    expect(decision.deferred.map(({ member, ruleId, reason }) => [member, ruleId, reason])).toEqual([
      [south, 'ct', 'PEER_UNREACHABLE'],
      [west, 'ct', 'policy-failed'],
    ]);
    expect(decision.trace.map(({ outcome }) => outcome)).toEqual(['deferred', 'deferred', 'sent', 'outranked']);
    expect(JSON.stringify(decision)).not.toContain('Canary^Secret');
  });

  it('is not asked after the caller gave up, and the reason comes through untouched', async () => {
    const reason = { gone: true };
    await expect(decide([toSouth('ct')], routable(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const aborting = policy([], () => {
      controller.abort(reason);
      return Promise.reject(new Error('aborted'));
    });
    await expect(decide([toSouth('ct')], routable(), { policy: aborting, signal: controller.signal })).rejects.toBe(
      reason,
    );
  });
});
