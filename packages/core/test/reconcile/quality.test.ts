/** The figures on the reduced sample, and on a larger folder that INTERHOSP_RECONCILE names. */
import { describe, expect, it } from 'vitest';
import { describeQuality, measure } from './quality.ts';
import { readSample, SAMPLE_DAY_MS } from './sample.ts';

const reduced = new URL('be-sample', import.meta.url).pathname;
const named = process.env['INTERHOSP_RECONCILE'];

describe('reconciliation on the reduced Belgian sample, where half of the arrivals are traps', () => {
  const sample = readSample(reduced);

  it.each([
    { policy: 'strict' as const, linkedLeast: 0.77, reviewedMost: 0.245 },
    { policy: 'standard' as const, linkedLeast: 0.78, reviewedMost: 0.23 },
  ])('$policy: nobody is linked to another, and most to themselves', ({ policy, linkedLeast, reviewedMost }) => {
    const quality = measure(sample, { profile: 'be', policy, nowMs: SAMPLE_DAY_MS });
    const told = describeQuality(quality);
    expect(quality.arrivals, told).toBe(300);
    expect(quality.linkedWrong, told).toBe(0);
    expect(quality.withheldLinked, told).toBe(0);
    expect(quality.withheld, told).toBe(quality.known);
    expect(quality.falseNew, told).toBe(0);
    expect(quality.linkedRight / quality.known, told).toBeGreaterThan(linkedLeast);
    expect(quality.reviewed / quality.arrivals, told).toBeLessThan(reviewedMost);
  });

  it('the sums shown are the scores', () => {
    measure(sample, {
      profile: 'be',
      policy: 'strict',
      nowMs: SAMPLE_DAY_MS,
      onDecision: (_arrival, { score, evidence, probability }) => {
        expect(evidence.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(score, 9);
        expect(probability).toBeGreaterThanOrEqual(0);
        expect(probability).toBeLessThanOrEqual(1);
      },
    });
  });
});

// Absent rather than skipped: there is nothing to be measured without the folder.
if (named !== undefined && named !== '') {
  describe('reconciliation on the sample named by INTERHOSP_RECONCILE', () => {
    it.each(['strict', 'standard'] as const)('%s: nobody is linked to another, nine in ten to themselves', (policy) => {
      const quality = measure(readSample(named), { profile: 'be', policy, nowMs: SAMPLE_DAY_MS });
      const told = describeQuality(quality);
      expect(quality.linkedWrong, told).toBe(0);
      expect(quality.withheldLinked, told).toBe(0);
      expect(quality.falseNew, told).toBe(0);
      expect(quality.linkedRight / quality.known, told).toBeGreaterThan(0.91);
    });
  });
}
