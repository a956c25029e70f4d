import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LocalPatient } from '../study/index.ts';
import type { Decision } from './decision.ts';
import { createEvaluation, MOST_SURPRISES, upperBound95, type EvaluationFigures } from './evaluation.ts';

type Shown = { readonly runnersUp?: Decision['runnersUp']; readonly sameNumberAs?: Decision['sameNumberAs'] };

const patient = (id: string): LocalPatient => ({ patientId: { id, issuer: 'HERE' } });
const fields = (probability: number, shown: Shown = {}) => ({
  probability,
  priorWeight: -10,
  score: 0,
  evidence: [],
  guards: [],
  runnersUp: [],
  sameNumberAs: [],
  modelVersion: '1',
  profile: 'be',
  policy: 'strict',
  registrySize: 100,
  ...shown,
});
const link = (id: string, probability = 0.999999, shown?: Shown): Decision => ({
  zone: 'link',
  patient: patient(id),
  ...fields(probability, shown),
});
const review = (id: string, probability = 0.6, shown?: Shown): Decision => ({
  zone: 'review',
  nearest: patient(id),
  ...fields(probability, shown),
});
const nobodyNear = (probability = 0.9): Decision => ({ zone: 'review', ...fields(probability) });
const declaredNew = (probability = 0.99): Decision => ({ zone: 'new', ...fields(probability) });

/** Judges decisions, each with its truth. */
function judged(...all: readonly (readonly [Decision, ...string[]])[]): EvaluationFigures {
  const evaluation = createEvaluation();
  for (const [index, [decision, ...truth]] of all.entries()) evaluation.add(`A${index}`, decision, truth);
  return evaluation.figures();
}

describe('the figures of an evaluation', () => {
  it('count who was linked to themselves, to others, reviewed, and declared new', () => {
    const figures = judged(
      [link('L1'), 'L1'],
      [link('L2'), 'L1', 'L2'],
      [link('L1'), 'L3'],
      [link('L1')],
      [review('L1'), 'L1'],
      [nobodyNear()],
      [declaredNew(), 'L1'],
      [declaredNew()],
    );
    expect(figures).toMatchObject({
      arrivals: 8,
      known: 5,
      linkedRight: 2,
      falseMatches: 2,
      reviewed: 2,
      declaredNew: 2,
      falseNew: 1,
      autoLinkShare: 0.4,
      falseMatchesPer100000: 25_000,
      reviewShare: 0.25,
      falseNewShare: 0.2,
    });
    expect(figures.falseMatchesPer100000Most).toBe(1e5 * upperBound95(2, 8));
  });

  it('take a link to a record of the same number for false, unless the truth names that record', () => {
    expect(judged([link('L1', 0.999999, { sameNumberAs: [patient('L2')] }), 'L2'])).toMatchObject({ falseMatches: 1 });
  });

  it('are shares of nothing, and know nothing, before the first decision', () => {
    expect(judged()).toMatchObject({
      autoLinkShare: 0,
      falseMatchesPer100000: 0,
      falseMatchesPer100000Most: 1e5,
      calibration: [],
      surprises: [],
    });
  });
});

describe('the upper bound', () => {
  it.each([
    // Poisson, as tables of its confidence limits have them.
    [0, 300_000, 2.9957],
    [1, 1e6, 4.7439],
    [3, 1e6, 7.7537],
    [10, 1e6, 16.962],
    // Binomial, where the trials are few.
    [1, 100, 4.656],
    [5, 100, 10.2253],
    [9, 10, 9.9488],
  ])('of %i in %i is %d events', (events, trials, most) => {
    expect(upperBound95(events, trials) * trials).toBeCloseTo(most, 3);
  });

  it('of none in 300,000 is 1.0 in 100,000', () => {
    expect((1e5 * upperBound95(0, 300_000)).toFixed(1)).toBe('1.0');
  });

  it('is above the share seen, grows with the events, and is 1 where every trial was one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400_000 }), fc.integer({ min: 0, max: 2_000 }), (trials, events) => {
        const bound = upperBound95(events, trials);
        if (events >= trials) return bound === 1;
        return bound > events / trials && bound < upperBound95(events + 1, trials);
      }),
      { numRuns: 50 },
    );
  });
});

describe('calibration', () => {
  it('compares the mean probability of best candidates with how many of them are true, linked or not', () => {
    const { calibration } = judged(
      [review('L1', 0.6), 'L1'],
      [review('L1', 0.8)],
      [review('L1', 0.7), 'L2'],
      [link('L1', 1), 'L1'],
    );
    expect(calibration).toEqual([
      { from: 0.5, to: 0.9, count: 3, meanProbability: expect.closeTo(0.7), confirmed: 1, confirmedShare: 1 / 3 },
      { from: 0.99999, to: 1, count: 1, meanProbability: 1, confirmed: 1, confirmedShare: 1 },
    ]);
  });

  it('counts all records of a person as one, since their probability is one', () => {
    const { calibration } = judged([review('L1', 0.6, { sameNumberAs: [patient('L2')] }), 'L2']);
    expect(calibration).toMatchObject([{ confirmed: 1 }]);
  });

  it('leaves out decisions without a candidate, whose probability is that of nobody', () => {
    expect(judged([declaredNew(0.999)], [nobodyNear(0.7), 'L1']).calibration).toEqual([]);
  });
});

describe('surprises', () => {
  const outcome = (decision: Decision, ...truth: readonly string[]) =>
    judged([decision, ...truth]).surprises[0]?.outcomeProbability;

  it('tell what the decision had left for what is true', () => {
    const runnersUp = [{ patient: patient('L2'), probability: 0.2, score: 1 }];
    expect(outcome(review('L1', 0.7, { runnersUp }), 'L1')).toBeCloseTo(0.7);
    expect(outcome(review('L1', 0.7, { runnersUp }), 'L2')).toBeCloseTo(0.2);
    expect(outcome(review('L1', 0.7, { runnersUp }), 'L9')).toBeCloseTo(0.1);
    expect(outcome(review('L1', 0.7, { runnersUp }))).toBeCloseTo(0.1);
    expect(outcome(review('L1', 0.7, { runnersUp }), 'L1', 'L2')).toBeCloseTo(0.9);
    expect(outcome(declaredNew(0.99))).toBeCloseTo(0.99);
    expect(outcome(declaredNew(0.99), 'L1')).toBeCloseTo(0.01);
  });

  it('are the ten least likely, the most surprising first, by IDs and probabilities alone', () => {
    const right = Array.from({ length: 40 }, () => [link('L1', 0.9999), 'L1'] as const);
    const wrong = Array.from({ length: 12 }, (_, index) => [review('L1', 0.5 + index / 100)] as const);
    const { surprises } = judged(...right, ...wrong, [declaredNew(0.999), 'L7', 'L8']);
    expect(surprises).toHaveLength(MOST_SURPRISES);
    expect(surprises.slice(0, 2)).toEqual([
      {
        arrivalId: 'A52',
        zone: 'new',
        probability: 0.999,
        truth: ['L7', 'L8'],
        outcomeProbability: expect.closeTo(0.001) as number,
      },
      {
        arrivalId: 'A51',
        zone: 'review',
        candidateId: 'L1',
        probability: expect.closeTo(0.61) as number,
        truth: [],
        outcomeProbability: expect.closeTo(0.39) as number,
      },
    ]);
    expect(surprises.map(({ arrivalId }) => arrivalId).slice(2)).toEqual(
      [50, 49, 48, 47, 46, 45, 44, 43].map((index) => `A${index}`),
    );
  });
});
