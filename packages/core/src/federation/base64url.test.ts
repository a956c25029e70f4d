import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCodeOf } from '../errors/index.ts';
import { base64urlLength, fromBase64url, toBase64url } from './base64url.ts';

const codeOf = (text: string) => {
  try {
    fromBase64url(text);
  } catch (error) {
    return errorCodeOf(error) ?? error;
  }
  return 'accepted';
};

describe('base64url', () => {
  it('agrees with another implementation on any bytes, and comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = toBase64url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64url'));
        expect(text).toHaveLength(base64urlLength(bytes.length));
        expect(fromBase64url(text)).toEqual(bytes);
      }),
    );
  });

  it('has one spelling for one run of bytes: any text is refused or comes back the same', () => {
    const letters = fc.string({ unit: fc.constantFrom(...Array.from('ABCZaz09-_+/= \n\0é')), maxLength: 12 });
    fc.assert(
      fc.property(letters, (text) => {
        const code = codeOf(text);
        if (code !== 'accepted') expect(code).toBe('FEDERATION_ENVELOPE_INVALID');
        else expect(toBase64url(fromBase64url(text))).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['padding', 'AA=='],
    ['letters of the other alphabet', '+/AA'],
    ['a line break', 'AAAA\nAAAA'],
    ['stray bits', 'AB'],
    ['a single letter too many', 'AAAAA'],
    ['a letter beyond ASCII', 'AAĀA'],
  ])('refuses %s', (_name, text) => {
    expect(codeOf(text)).toBe('FEDERATION_ENVELOPE_INVALID');
  });
});
