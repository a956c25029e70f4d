import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomFrom, sampleInstance, simulate, type SampleInstance } from '../../test/transfer-simulation.ts';
import { BLOCK_BYTES, type Digest } from '../study/index.ts';
import { MIN_CREDIT_BYTES } from './limits.ts';

const seeds = fc.integer({ min: 1, max: 2 ** 31 });
const isLong = process.env['INTERHOSP_DOSE'] === 'long';
/** Whole runs of a sender and a receiver, with up to a dozen sessions each. */
const faultyRuns = isLong ? 20_000 : 1_000;

/** Up to a dozen instances of up to eight tiny blocks; some without any. */
function tinyStudy(seed: number): readonly SampleInstance[] {
  const random = randomFrom(seed);
  return Array.from({ length: random(12) }, (_, ordinal) => {
    const blocks = random(9);
    return sampleInstance(
      ordinal,
      Array.from({ length: blocks }, () => 1 + random(40)),
      random,
    );
  });
}

function largeStudy(seed: number): readonly SampleInstance[] {
  const random = randomFrom(seed);
  return Array.from({ length: 1 + random(3) }, (_, ordinal) =>
    sampleInstance(ordinal, [1 + random(2000), 1 + random(3 * BLOCK_BYTES), 1 + random(100)], random),
  );
}

function someAtHand(instances: readonly SampleInstance[], random: (below: number) => number) {
  const atHand = new Map<Digest, Uint8Array>();
  for (const { blocks, entry } of instances) {
    entry.blockDigests.forEach((digest, index) => {
      if (random(2) === 0) atHand.set(digest, blocks[index] as Uint8Array);
    });
  }
  return atHand;
}

describe('a sender and a receiver', () => {
  it('move every block once over a sound stream', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const instances = tinyStudy(seed);
        const result = simulate({ seed, instances });
        expect(result.sessions).toBe(1);
        expect(result.blockBytesSent).toBe(instances.reduce((sum, { entry }) => sum + entry.lengthBytes, 0));
      }),
      { numRuns: 300 },
    );
  });

  it('move only what is not at hand when the receiver holds blocks of an earlier study', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const instances = tinyStudy(seed);
        const atHand = someAtHand(instances, randomFrom(seed + 1));
        const missing = instances.flatMap(({ blocks, entry }) =>
          blocks.filter((_, index) => !atHand.has(entry.blockDigests[index] as Digest)),
        );
        const result = simulate({ seed, instances, atHand });
        expect(result.blockBytesSent).toBe(missing.reduce((sum, { length }) => sum + length, 0));
      }),
      { numRuns: 300 },
    );
  });

  it('end well wherever the stream is cut, corrupted or repeats itself, and whatever the receiver forgets', () => {
    let [sessions, corrupted, reused] = [0, 0, 0];
    fc.assert(
      fc.property(seeds, fc.boolean(), (seed, holds) => {
        const instances = tinyStudy(seed);
        const atHand = someAtHand(instances, randomFrom(seed + 1));
        const faults = { cut: 15, corrupt: 15, repeatAppend: 100, crash: 300, lose: 20 };
        const result = simulate({ seed, instances, faults, ...(holds ? { atHand } : {}) });
        sessions += result.sessions;
        corrupted += result.corrupted;
        reused += result.reused;
      }),
      { numRuns: faultyRuns },
    );
    // What was to be survived did happen.
    expect(sessions).toBeGreaterThan(faultyRuns * 1.5);
    expect(corrupted).toBeGreaterThan(faultyRuns / 20);
    expect(reused).toBeGreaterThan(faultyRuns);
  });

  it('resume after a cut behind every single frame', () => {
    const instances = tinyStudy(77);
    const whole = simulate({ seed: 5, instances });
    expect(whole.frames).toBeGreaterThan(40);
    for (let cutAfterFrames = 1; cutAfterFrames < whole.frames; cutAfterFrames++) {
      // The same cut again in each session: what was durable is not sent again, so it gets through.
      const result = simulate({ seed: 5, instances, cutAfterFrames });
      expect(result.sessions).toBeGreaterThan(1);
    }
  });

  it('send nothing twice that was durable when the stream was cut', () => {
    const instances = tinyStudy(77);
    const totalBytes = instances.reduce((sum, { entry }) => sum + entry.lengthBytes, 0);
    for (let cutAfterFrames = 10; cutAfterFrames < 60; cutAfterFrames += 7) {
      const result = simulate({ seed: 9, instances, cutAfterFrames });
      // Of each broken session at most what was under way is lost, here all reads in flight.
      expect(result.blockBytesSent).toBeLessThanOrEqual(totalBytes + (result.sessions - 1) * 32 * 40);
    }
  });

  it('never wait for each other when the credit is the least there is', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const instances = largeStudy(seed);
        expect(simulate({ seed, instances, creditBytes: MIN_CREDIT_BYTES }).sessions).toBe(1);
        simulate({ seed, instances, creditBytes: MIN_CREDIT_BYTES, faults: { cut: 30, lose: 50 } });
      }),
      { numRuns: 15 },
    );
  });
});
