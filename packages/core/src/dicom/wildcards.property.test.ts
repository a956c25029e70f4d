import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesWildcards } from './wildcards.ts';

describe('matching', () => {
  it('with wildcards agrees with a plain definition', () => {
    const meets = (value: string, pattern: string): boolean => {
      if (pattern === '') return value === '';
      if (pattern.startsWith('*'))
        return meets(value, pattern.slice(1)) || (value !== '' && meets(value.slice(1), pattern));
      return value !== '' && (pattern[0] === '?' || pattern[0] === value[0]) && meets(value.slice(1), pattern.slice(1));
    };
    const word = (letters: readonly string[], maxLength: number) =>
      fc.string({ unit: fc.constantFrom(...letters), maxLength });
    fc.assert(
      fc.property(word(['a', 'b'], 8), word(['a', 'b', '*', '?'], 6), (value, pattern) => {
        expect(matchesWildcards(value, pattern)).toBe(meets(value, pattern));
      }),
      { numRuns: 3000 },
    );
  });
});
