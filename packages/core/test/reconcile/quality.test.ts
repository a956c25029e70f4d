/** The figures on the reduced sample, and on the larger one in the folder that INTERHOSP_RECONCILE names. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeQuality, measure } from './quality.ts';
import { readSample, SAMPLE_DAY_MS } from './sample.ts';

const reduced = new URL('be-sample', import.meta.url).pathname;
const { INTERHOSP_RECONCILE } = process.env;
const named = INTERHOSP_RECONCILE === undefined ? '' : join(INTERHOSP_RECONCILE, 'be-sample');

/** Floors that are reached now: half of the reduced sample's arrivals are traps, few of a hospital's are. */
const cases = [
  { folder: reduced, policy: 'strict' as const, linkedLeast: 0.79, reviewedMost: 0.22 },
  { folder: reduced, policy: 'standard' as const, linkedLeast: 0.85, reviewedMost: 0.14 },
  { folder: named, policy: 'strict' as const, linkedLeast: 0.93, reviewedMost: 0.08 },
  { folder: named, policy: 'standard' as const, linkedLeast: 0.97, reviewedMost: 0.032 },
].filter(({ folder }) => folder !== '');

describe('reconciliation on Belgian samples', () => {
  it.each(cases)('$policy: nobody is linked to another, and most to themselves', ({ folder, policy, ...floors }) => {
    const quality = measure(readSample(folder), { profile: 'be', policy, nowMs: SAMPLE_DAY_MS });
    const told = describeQuality(quality);
    expect(quality.arrivals, told).toBeGreaterThanOrEqual(300);
    expect(quality.falseMatches, told).toBe(0);
    expect(quality.withheldLinked, told).toBe(0);
    expect(quality.withheld, told).toBe(quality.known);
    expect(quality.falseNew, told).toBe(0);
    expect(quality.autoLinkShare, told).toBeGreaterThan(floors.linkedLeast);
    expect(quality.reviewShare, told).toBeLessThan(floors.reviewedMost);
  });

  it('the sums shown are the scores', () => {
    measure(readSample(reduced), {
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
