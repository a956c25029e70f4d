import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pagesOf } from './pages.ts';
import { MAX_INSTANCES_PER_FRAME, MAX_RUNS_PER_FRAME } from './limits.ts';
import { checkRuns, forEachIndex, runsOf, runsWhere, type Run } from './runs.ts';

const indexes = fc.array(fc.nat(60));
const indexesOf = (runs: readonly Run[]) => {
  const found: number[] = [];
  forEachIndex(runs, (index) => found.push(index));
  return found;
};

describe('runs', () => {
  it('name exactly the indexes they were made of, in order and once', () => {
    fc.assert(
      fc.property(indexes, (list) => {
        const distinct = [...new Set(list)].toSorted((a, b) => a - b);
        const runs = runsOf(list);
        expect(indexesOf(runs)).toEqual(distinct);
        expect(runsWhere(61, (index) => list.includes(index))).toEqual(runs);
        // No run could be joined to the next.
        checkRuns(runs, 61);
      }),
    );
  });
});

describe('pages', () => {
  const instance = (runs: number) => ({
    ordinal: 0,
    runs: Array.from({ length: runs }, () => ({ first: 0, count: 1 })),
  });

  it('are none for nothing', () => {
    expect(pagesOf([])).toEqual([]);
  });

  it('hold the most instances and the most runs of a frame, and not one more', () => {
    const many = Array.from({ length: MAX_INSTANCES_PER_FRAME + 1 }, () => instance(1));
    expect(pagesOf(many).map(({ length }) => length)).toEqual([MAX_INSTANCES_PER_FRAME, 1]);
    const half = instance(MAX_RUNS_PER_FRAME / 2);
    expect(pagesOf([half, half, instance(1)]).map(({ length }) => length)).toEqual([2, 1]);
    expect(pagesOf([half, half]).map(({ length }) => length)).toEqual([2]);
  });
});
