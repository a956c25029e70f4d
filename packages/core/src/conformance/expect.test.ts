import { describe, expect, it } from 'vitest';
import { ReconciliationError } from '../errors/index.ts';
import { check, equal, rejectsWith, rejectsWithCode } from './expect.ts';

describe('the assertions of the conformance suites', () => {
  it('say the broken sentence, and stay silent otherwise', () => {
    expect(() => check(true, 'holds')).not.toThrow();
    expect(() => check(false, 'a receipt is signed')).toThrow('Contract broken: a receipt is signed');
  });

  it('compare by structure, whatever the order of keys', () => {
    expect(() => equal({ a: [1, { b: 'x' }], c: undefined }, { c: undefined, a: [1, { b: 'x' }] }, 's')).not.toThrow();
    expect(() => equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2), 's')).not.toThrow();
    expect(() => equal(Number.NaN, Number.NaN, 's')).not.toThrow();
  });

  it.each([
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: 1, b: undefined }],
    [{ a: undefined }, { b: undefined }],
    [[1, 2], [1]],
    [[], {}],
    [Uint8Array.of(1), Uint8Array.of(2)],
    [Uint8Array.of(1), [1]],
    [null, {}],
    ['1', 1],
  ])('tell %j from %j', (actual, expected) => {
    expect(() => equal(actual, expected, 'they are the same')).toThrow('they are the same');
  });

  it('show long, cyclic and odd values without failing themselves', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    expect(() => equal(cyclic, 1, 's')).toThrow('Contract broken');
    expect(() => equal(1n, 2n, 's')).toThrow('1n');
    expect(() => equal('x'.repeat(10_000), '', 's')).toThrow('…');
  });

  it('look at the code of a rejection and at nothing else', async () => {
    const unavailable = () => Promise.reject(new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE'));
    await rejectsWithCode(unavailable, 'RECONCILIATION_DIRECTORY_UNAVAILABLE', 's');
    await expect(rejectsWithCode(unavailable, 'RECONCILIATION_DIRECTORY_INVALID', 's')).rejects.toThrow('expected');
    await expect(rejectsWithCode(() => Promise.reject(new Error('no code')), 'PACS_REFUSED', 's')).rejects.toThrow(
      'Contract broken',
    );
    await expect(rejectsWithCode(() => Promise.resolve(), 'PACS_REFUSED', 's')).rejects.toThrow('nothing was thrown');
  });

  it('want the very reason of an abort', async () => {
    const reason = new Error('stopped');
    await rejectsWith(() => Promise.reject(reason), reason, 's');
    await expect(rejectsWith(() => Promise.reject(new Error('stopped')), reason, 's')).rejects.toThrow(
      'Contract broken',
    );
  });
});
