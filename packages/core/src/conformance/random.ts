/**
 * The contract of the `Random` port as a test suite. Keys, nonces and tickets come from it. No test can show that bytes
 * are fit for keys; this one shows the ways in which generators are usually not: short, repeated, shared or lopsided.
 */
import { toHex } from '../study/hex.ts';
import type { Random } from '../world/index.ts';
import { check, equal, type TestRunner } from './expect.ts';

/** What the suite is told about a source of randomness. */
export interface RandomConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  /** Makes a source; each one has bytes of its own. */
  readonly create: () => Random;
}

/** Draws that must all differ. Two of 16 bytes agree by chance once in 10^30 runs. */
const DRAWS = 10_000;
const DRAW_BYTES = 16;
/** Bytes counted by value. More than Web Crypto gives in one call (65,536), which a port over it must not show. */
const SAMPLE_BYTES = 262_144;
/** Values of a byte. */
const VALUES = 256;
/** Chi-squared with 255 degrees of freedom: 255 on average, deviation 22.6; eight deviations either side. */
const CHI_SQUARED = { least: 255 - 181, most: 255 + 181 };

/** Registers the suite. */
export function randomConformance({ describe, it }: TestRunner, { name, create }: RandomConformanceOptions): void {
  describe(`the contract of randomness: ${name}`, () => {
    it('gives as many bytes as were asked for', () => {
      for (const count of [0, 1, 12, 32, 65_536, 65_537, SAMPLE_BYTES]) {
        equal(create().bytes(count).length, count, 'bytes(count) has count bytes');
      }
    });

    it('never gives the same bytes twice', () => {
      const random = create();
      const seen = new Set<string>();
      for (let draw = 0; draw < DRAWS; draw++) seen.add(toHex(random.bytes(DRAW_BYTES)));
      equal(seen.size, DRAWS, 'no draw repeats another');
    });

    it('gives each source bytes of its own', () => {
      check(toHex(create().bytes(32)) !== toHex(create().bytes(32)), 'two sources do not begin alike');
    });

    it('does not touch bytes that it gave away', () => {
      const random = create();
      const first = random.bytes(DRAW_BYTES);
      const before = toHex(first);
      random.bytes(DRAW_BYTES).fill(0);
      equal(toHex(first), before, 'each draw has its own memory');
    });

    it('gives every value of a byte about as often', () => {
      const chiSquared = chiSquaredOf(create().bytes(SAMPLE_BYTES));
      const isLikely = chiSquared > CHI_SQUARED.least && chiSquared < CHI_SQUARED.most;
      check(isLikely, `bytes are spread evenly (chi-squared ${chiSquared.toFixed(0)})`);
    });
  });
}

function chiSquaredOf(bytes: Uint8Array): number {
  const counts = new Uint32Array(VALUES);
  for (const byte of bytes) counts[byte] = (counts[byte] as number) + 1;
  const expected = bytes.length / VALUES;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
