import { describe, expect, it } from 'vitest';
import { verdictOf } from './store-status.ts';

const NOT_BUSY: ReadonlySet<number> = new Set();

describe('the status of a store', () => {
  it.each([
    [0x0000, 'stored', undefined],
    [0xb000, 'warned', undefined],
    [0xb006, 'warned', undefined],
    [0xb007, 'warned', undefined],
    [0x0001, 'warned', undefined],
    [0x0107, 'warned', undefined],
    [0x0116, 'warned', undefined],
    [0x0111, 'duplicate', undefined],
    [0xa700, 'refused', 'later'],
    [0xa7ff, 'refused', 'later'],
    [0x0110, 'refused', 'later'],
    [0x0213, 'refused', 'later'],
    [0xc000, 'refused', 'later'],
    [0xc123, 'refused', 'later'],
    [0xfe00, 'refused', 'later'],
    [0xa900, 'refused', 'no'],
    [0xa9ff, 'refused', 'no'],
    [0x0122, 'refused', 'no'],
    [0x0124, 'refused', 'no'],
    [0x0117, 'refused', 'no'],
    [0x0211, 'refused', 'no'],
    [0x0212, 'refused', 'no'],
    [0xc122, 'refused', 'no'],
  ])('%i is judged', (statusCode, status, retry) => {
    const verdict = retry === undefined ? { status, statusCode } : { retry, status, statusCode };
    expect(verdictOf(statusCode, NOT_BUSY)).toEqual(verdict);
  });

  it('is a matter of the moment where this PACS is known to use it so', () => {
    expect(verdictOf(0xa900, new Set([0xa900]))).toMatchObject({ status: 'refused', retry: 'later' });
  });
});
