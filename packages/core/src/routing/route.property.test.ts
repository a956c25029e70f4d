import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CANARIES, context, directories, home, physician, routable, south, west } from '../../test/routing.ts';
import { PRIORITIES, PURPOSES } from '../study/study.ts';
import { everyPolicy } from './access-policy.ts';
import { route } from './route.ts';
import { parseRuleSet } from './rule-set.ts';

const members = ['be-home', 'be-south', 'be-west', 'be-east'] as const;
const leaf = fc.constantFrom<object>(
  { modality: ['CT', 'MR'] },
  { modality: 'MG' },
  { tag: { StudyDescription: 'CANARYDESC*' } },
  { tag: { PatientName: 'CANARYNAME^*', PatientID: 'CANARYID' } },
  { tag: { ReferringPhysicianName: 'CANARYDOC*' } },
  { tag: { PatientBirthDate: '19700131' } },
  { institution: '*rive' },
  { patientAge: { minYears: 18 } },
  { studyDate: { withinDays: 2 } },
  { referringPhysician: { practisesAt: 'destination' } },
  { referringPhysician: { number: '10000103580' } },
  { requestingPhysician: { practisesAt: 'be-south' } },
);
const { when } = fc.letrec<{ when: object }>((tie) => ({
  when: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.record({ not: tie('when') }),
    fc.record({ all: fc.array(tie('when'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('when'), { minLength: 1, maxLength: 3 }) }),
  ),
}));
const rule = fc.record(
  {
    when,
    except: fc.array(when, { minLength: 1, maxLength: 2 }),
    to: fc.subarray([...members], { minLength: 1 }),
    priority: fc.constantFrom(...PRIORITIES),
    purpose: fc.constantFrom(...PURPOSES),
    schedule: fc.constantFrom({ from: '20:00', to: '06:00' }, { from: '00:00', to: '00:00' }),
  },
  { requiredKeys: ['when', 'to'] },
);
const eachMember = fc.record({ when, priority: fc.constantFrom(...PRIORITIES) }).map(({ when: inner, ...rest }) => ({
  ...rest,
  destination: 'each member',
  when: { all: [{ referringPhysician: { practisesAt: 'destination' } }, inner] },
}));
const ruleSet = fc
  .array(fc.oneof(rule, eachMember), { maxLength: 8 })
  .map((list) => parseRuleSet({ rules: list.map((item, index) => ({ ...item, id: `rule-${index}` })) }));
const study = fc.record({
  number: fc.constantFrom('10000103580', '3', undefined),
  modalities: fc.subarray(['CT', 'MR', 'MG', 'SR']),
  birthDate: fc.constantFrom('1970-01-31', '2020-01-01', '1970-00-00', undefined),
  cameFrom: fc.constantFrom(undefined, south),
  refused: fc.subarray([south, west]),
});
type Drawn = typeof study extends fc.Arbitrary<infer T> ? T : never;

async function decide(rules: ReturnType<typeof parseRuleSet>, drawn: Drawn) {
  const patient = { ...routable().patient, ...(drawn.birthDate === undefined ? {} : { birthDate: drawn.birthDate }) };
  const header = routable({
    patient,
    modalities: drawn.modalities,
    referringPhysician: physician('CANARYDOC', 'CANARYGIVEN', drawn.number),
  });
  return route(header, rules, {
    ...context({
      practitioners: directories({
        'be-south': [{ number: '10000103580', family: 'Canarydoc', given: 'Anna' }],
        'be-west': [{ number: '3', family: 'Other', given: 'Bert' }],
      }),
    }),
    policy: everyPolicy([
      {
        decide: ({ to }) =>
          Promise.resolve(
            drawn.refused.includes(to) ? { allowed: false, reason: 'no', because: 'refused' } : { allowed: true },
          ),
      },
    ]),
    ...(drawn.cameFrom === undefined ? {} : { cameFrom: drawn.cameFrom }),
  });
}

describe('whatever the rules and the study', () => {
  it('every rule is explained, no member is named twice, and nothing goes home, back, or against the policy', async () => {
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(ruleSet, study, async (rules, drawn) => {
        const { destinations, proposals, trace } = await decide(rules, drawn);
        sent += destinations.length;
        expect(new Set(trace.map(({ ruleId }) => ruleId))).toEqual(new Set(rules.rules.map(({ id }) => id)));
        for (const entry of trace) expect(entry.because.length).toBeGreaterThan(0);
        const named = [...destinations, ...proposals].map(({ member }) => member);
        expect(new Set(named).size).toBe(named.length);
        for (const { member } of destinations) {
          expect([home, drawn.cameFrom, ...drawn.refused]).not.toContain(member);
          expect(trace.filter((entry) => entry.member === member && entry.outcome === 'sent')).toHaveLength(1);
        }
        for (const { member } of proposals) expect([home, drawn.cameFrom]).not.toContain(member);
        expect(trace.filter(({ outcome }) => outcome === 'sent')).toHaveLength(destinations.length);
      }),
      { numRuns: 300 },
    );
    expect(sent).toBeGreaterThan(0);
  });

  it('no explanation holds a value of the study', async () => {
    await fc.assert(
      fc.asyncProperty(ruleSet, study, async (rules, drawn) => {
        const text = JSON.stringify(await decide(rules, drawn));
        for (const canary of CANARIES) expect(text).not.toContain(canary);
      }),
      { numRuns: 200 },
    );
  });

  it('without a number nothing is sent by a rule about the prescriber', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(eachMember, { minLength: 1, maxLength: 4 }), study, async (list, drawn) => {
        const rules = parseRuleSet({ rules: list.map((item, index) => ({ ...item, id: `rule-${index}` })) });
        const { destinations } = await decide(rules, { ...drawn, number: undefined });
        expect(destinations).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('the same question has the same answer', async () => {
    await fc.assert(
      fc.asyncProperty(ruleSet, study, async (rules, drawn) => {
        expect(await decide(rules, drawn)).toEqual(await decide(rules, drawn));
      }),
      { numRuns: 50 },
    );
  });
});
