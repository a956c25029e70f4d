import { describe, expect, it } from 'vitest';
import { sideBySide } from './side-by-side.ts';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
}

describe('work side by side', () => {
  it('does everything once, at most so many at a time', async () => {
    let running = 0;
    let most = 0;
    const work = async (item: number): Promise<number> => {
      most = Math.max(most, ++running);
      await turns(item % 5);
      running--;
      return item * 2;
    };
    const items = Array.from({ length: 50 }, (_, index) => index);
    const results = await all(sideBySide(items, 4, work));
    expect(results.toSorted((a, b) => a - b)).toEqual(items.map((item) => item * 2));
    expect(most).toBe(4);
    expect(await all(sideBySide([], 4, work))).toEqual([]);
  });

  it('yields what is done while the source keeps it waiting', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    async function* source(): AsyncGenerator<number> {
      yield 1;
      await promise;
      yield 2;
    }
    const results: number[] = [];
    for await (const result of sideBySide(source(), 4, (item) => Promise.resolve(item))) {
      results.push(result);
      resolve();
    }
    expect(results).toEqual([1, 2]);
  });

  it('waits for what has begun, and yields it, before it throws the first error', async () => {
    let finished = 0;
    const failure = new Error('no');
    const work = async (item: number): Promise<number> => {
      if (item === 1) throw failure;
      await turns(5);
      finished++;
      return item;
    };
    const results: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const result of sideBySide([0, 1, 2, 3, 4, 5], 3, work)) results.push(result);
    };
    await expect(reading()).rejects.toBe(failure);
    expect(results).toHaveLength(finished);
    expect(finished).toBeLessThan(5);
  });

  it("throws the source's own error, and ends the source when its reader goes away", async () => {
    const failure = new Error('no more');
    let ended = false;
    let begun = 0;
    async function* source(): AsyncGenerator<number> {
      try {
        for (let item = 0; item < 100; item++) yield item;
        throw failure;
      } finally {
        ended = true;
      }
    }
    const work = async (item: number): Promise<number> => {
      begun++;
      await turns(1);
      return item;
    };
    await expect(all(sideBySide(source(), 4, work))).rejects.toBe(failure);
    [ended, begun] = [false, 0];
    for await (const _ of sideBySide(source(), 4, work)) break;
    expect(ended).toBe(true);
    const before = begun;
    await turns(5);
    expect(begun).toBe(before);
  });
});
