import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, isNeighbourSwap, jaroWinkler, MOST_COMPARED, swapAwareDistance } from './distance.ts';

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 9 });

/** The definition, without tables. */
function defined(left: string, right: string): number {
  if (left === '' || right === '') return left.length + right.length;
  const last = left.at(-1) === right.at(-1) ? 0 : 1;
  const [l, r] = [left.slice(0, -1), right.slice(0, -1)];
  let least = Math.min(defined(l, right) + 1, defined(left, r) + 1, defined(l, r) + last);
  if (left.length > 1 && right.length > 1 && left.at(-1) === right.at(-2) && left.at(-2) === right.at(-1)) {
    least = Math.min(least, defined(left.slice(0, -2), right.slice(0, -2)) + 1);
  }
  return least;
}

describe('the distance that knows neighbour swaps', () => {
  it.each([
    ['', '', 0],
    ['nicolas', 'nciolas', 1],
    ['lefevre', 'lefrevre', 1],
    ['ca', 'abc', 3],
    ['smets', 'smits', 1],
    ['abcd', '', 4],
  ])('of %j and %j is %i', (left, right, distance) => {
    expect(swapAwareDistance(left, right)).toBe(distance);
  });

  it('is what its definition says', () => {
    const short = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
    fc.assert(
      fc.property(short, short, (left, right) => {
        expect(swapAwareDistance(left, right)).toBe(defined(left, right));
      }),
    );
  });

  it('is symmetric, never more than plain edits, and 0 only for equals', () => {
    fc.assert(
      fc.property(word, word, (left, right) => {
        const distance = swapAwareDistance(left, right);
        expect(distance).toBe(swapAwareDistance(right, left));
        expect(distance).toBeLessThanOrEqual(editDistance(left, right));
        expect(distance === 0).toBe(left === right);
      }),
    );
  });

  it('looks at the beginning of what is too long', () => {
    expect(swapAwareDistance('x'.repeat(MOST_COMPARED), 'x'.repeat(10_000))).toBe(0);
    expect(swapAwareDistance('x'.repeat(MOST_COMPARED), 'x'.repeat(MOST_COMPARED - 1))).toBe(1);
    expect(editDistance('x'.repeat(10_000), '')).toBe(MOST_COMPARED);
  });
});

describe('Jaro-Winkler', () => {
  it.each([
    ['martha', 'marhta', 0.9611],
    ['dwayne', 'duane', 0.84],
    ['dixon', 'dicksonx', 0.8133],
    ['abc', 'abc', 1],
    ['abc', 'xyz', 0],
    ['', '', 0],
    ['a', '', 0],
  ])('of %j and %j is %d', (left, right, similarity) => {
    expect(jaroWinkler(left, right)).toBeCloseTo(similarity, 4);
  });

  it('lies between 0 and 1 and is symmetric', () => {
    fc.assert(
      fc.property(word, word, (left, right) => {
        const similarity = jaroWinkler(left, right);
        expect(similarity).toBeGreaterThanOrEqual(0);
        expect(similarity).toBeLessThanOrEqual(1);
        expect(jaroWinkler(right, left)).toBeCloseTo(similarity, 1);
      }),
    );
  });
});

describe('a swap of neighbours', () => {
  it.each([
    ['tom', 'tmo', true],
    ['tom', 'tom', false],
    ['tom', 'otm', true],
    ['tom', 'mot', false],
    ['tomm', 'tmo', false],
    ['toam', 'tmoa', false],
  ])('%s, %s: %s', (left, right, isSwap) => {
    expect(isNeighbourSwap(left, right)).toBe(isSwap);
  });
});
