import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCodeOf } from '../errors/index.ts';
import type { LocalPatient } from '../study/index.ts';
import { parseDecisionRecord, toDecisionRecord } from './decision-record.ts';
import { explain } from './explain.ts';
import { GUARD_REASONS } from './guard-reasons.ts';
import { FIELDS, LEVELS } from './levels.ts';
import { DEFAULT_MODEL } from './model.ts';
import { POLICIES } from './policy.ts';
import { PROFILES } from './profile.ts';
import { reconcile } from './reconcile.ts';
import { ENGLISH_SENTENCES } from './sentences.ts';

const options = {
  model: DEFAULT_MODEL,
  profile: PROFILES.be,
  policy: POLICIES.strict,
  registrySize: 1_000,
  nowMs: Date.UTC(2025, 0, 1),
};
const traits = {
  name: { alphabetic: { family: 'Doe', given: 'Jane', middle: '', prefix: '', suffix: '' } },
  birthDate: '1950-06-15',
};
const jane: LocalPatient = { ...traits, nationalNumber: '50061512433', patientId: { id: 'L1', issuer: 'HERE' } };
const twice: LocalPatient = { ...jane, patientId: { id: 'L2' } };

const decisions = {
  link: reconcile({ ...traits, nationalNumber: '50061512433' }, [jane, twice], options),
  review: reconcile({ ...traits, nationalNumber: '50061512532' }, [jane, twice], options),
  new: reconcile({ ...traits, birthDate: '1971-09-27' }, [], options),
};

describe('the record of a decision', () => {
  it.each(['link', 'review', 'new'] as const)('%s survives JSON and is explained alike', (zone) => {
    const record = toDecisionRecord(decisions[zone]);
    expect(record.zone).toBe(zone);
    const read = parseDecisionRecord(JSON.parse(JSON.stringify(record)));
    expect(read).toEqual(record);
    expect(explain(read)).toEqual(explain(decisions[zone]));
  });

  it('names patients by their IDs alone', () => {
    expect(toDecisionRecord(decisions.link)).toMatchObject({ patientId: { id: 'L1' }, sameNumberAs: [{ id: 'L2' }] });
    const review = toDecisionRecord(decisions.review);
    expect(review.nearestId).toEqual({ id: 'L1', issuer: 'HERE' });
    expect('patientId' in review).toBe(false);
    expect(JSON.stringify(review.runnersUp)).not.toContain('Doe');
    expect('nearestId' in toDecisionRecord(decisions.new)).toBe(false);
  });

  const link = toDecisionRecord(decisions.link);
  it.each<[string, unknown, string]>([
    ['no object', null, 'record'],
    ['a list', [], 'record'],
    ['an unknown zone', { ...link, zone: 'merge' }, 'zone'],
    ['a link without a patient', { ...link, patientId: undefined }, 'patientId'],
    ['a review with a patient', { ...link, zone: 'review' }, 'patientId'],
    ['a link with a nearest', { ...link, nearestId: { id: 'x' } }, 'nearestId'],
    ['a patient without an ID', { ...link, patientId: { issuer: 'x' } }, 'patientId'],
    ['an issuer that is no text', { ...link, patientId: { id: 'x', issuer: 1 } }, 'patientId'],
    ['a probability above 1', { ...link, probability: 1.1 }, 'probability'],
    ['a probability below 0', { ...link, probability: -0.1 }, 'probability'],
    ['a score that is not finite', { ...link, score: null }, 'score'],
    ['a guard of a later version', { ...link, guards: ['sixth-sense'] }, 'guards'],
    ['a level of a later version', { ...link, evidence: [{ ...link.evidence[0], level: 'sure' }] }, 'evidence'],
    [
      'a level of another field',
      { ...link, evidence: [{ ...link.evidence[0], field: 'sex', level: 'token' }] },
      'evidence',
    ],
    ['a field of Object', { ...link, evidence: [{ ...link.evidence[0], field: 'constructor' }] }, 'evidence'],
    ['evidence beyond its limit', { ...link, evidence: Array(2_001).fill(link.evidence[0]) }, 'evidence'],
    ['no runners-up', { ...link, runnersUp: undefined }, 'runnersUp'],
    ['no model', { ...link, modelVersion: undefined }, 'modelVersion'],
  ])('is refused with %s, by field and without content', (_what, value, field) => {
    expect(() => parseDecisionRecord(value)).toThrow(
      `RECONCILIATION_RECORD_INVALID: A recorded decision cannot be read (field=${field})`,
    );
  });

  it('drops what it does not know', () => {
    expect(parseDecisionRecord({ ...link, colour: 'red' })).toEqual(link);
  });

  it('is read from any JSON without another error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.jsonValue().map((value) => ({ ...link, evidence: value, guards: value })),
        ),
        (value) => {
          try {
            parseDecisionRecord(value);
          } catch (error) {
            expect(errorCodeOf(error)).toBe('RECONCILIATION_RECORD_INVALID');
          }
        },
      ),
    );
  });
});

describe('the catalogue of sentences', () => {
  it('has one for every guard, and for every level that the model weighs', () => {
    const keys = Object.keys(ENGLISH_SENTENCES);
    expect(keys).toEqual(expect.arrayContaining(GUARD_REASONS.map((reason) => `guard.${reason}`)));
    expect(keys).toEqual(
      expect.arrayContaining(FIELDS.flatMap((field) => LEVELS[field].map((level) => `${field}.${level}`))),
    );
  });

  it('can be another language, which then says everything', () => {
    const shouted = Object.fromEntries(
      Object.entries(ENGLISH_SENTENCES).map(([key, text]) => [key, text.toUpperCase()]),
    );
    const lines = explain(decisions.review, shouted as typeof ENGLISH_SENTENCES);
    expect(lines.slice(0, 2).join(' ')).toBe(lines.slice(0, 2).join(' ').toUpperCase());
  });
});

describe('the shipped model', () => {
  it('survives JSON, and every level has chances', () => {
    expect(JSON.parse(JSON.stringify(DEFAULT_MODEL))).toEqual(DEFAULT_MODEL);
    for (const levels of Object.values(DEFAULT_MODEL.fields)) {
      for (const { m, u } of Object.values(levels) as { m: number; u: number }[]) {
        expect(m > 0 && m < 1 && u > 0 && u < 1).toBe(true);
      }
    }
  });

  it.each(['family', 'given', 'middle', 'sex', 'address', 'phone', 'number'] as const)(
    'the m of %s add up to one',
    (field) => {
      const sum = Object.values(DEFAULT_MODEL.fields[field]).reduce((total, { m }) => total + m, 0);
      expect(sum).toBeCloseTo(1, 2);
    },
  );
});
