import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

const backoff = { firstMs: 1000, mostMs: 60_000 };
const always = (byte: number) => ({ bytes: (count: number) => new Uint8Array(count).fill(byte) });

describe('backoff', () => {
  it('doubles from the first pause to the longest', () => {
    const pauses = [1, 2, 3, 7, 8, 1000].map((failures) => backoffMs(failures, backoff, always(255)));
    expect(pauses).toEqual([1000, 2000, 4000, 60_000, 60_000, 60_000]);
  });

  it('never waits less than half of the pause', () => {
    expect(backoffMs(3, backoff, always(0))).toBe(2000);
  });
});
