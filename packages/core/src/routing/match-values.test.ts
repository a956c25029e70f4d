import { describe, expect, it } from 'vitest';
import { isPattern, matchesPattern, type Matching } from './match-values.ts';

describe('matching', () => {
  it.each<[Matching, string, string, boolean]>([
    ['text', 'CT THORAX', '*THORAX*', true],
    ['text', 'CT THORAX', '*thorax*', false],
    ['text', 'CT THORAX ', 'CT THORAX', true],
    ['text', 'THORAX', 'THORA?', true],
    ['text', 'THORAX', 'THORAX?', false],
    ['text', 'THORAX', 'THOR', false],
    ['text', 'a.c', 'a.c', true],
    ['text', 'abc', 'a.c', false],
    ['text', 'A', '*', true],
    ['name', 'PEETERS^ANNA', 'peeters^anna', true],
    ['name', 'PEETERS^ANNA^^^', 'Peeters^Anna', true],
    ['name', 'Peeters^Anna', 'peeters*', true],
    ['name', 'Peeters^Anna', 'peeters', false],
    ['date', '2026-03-03', '20260303', true],
    ['date', '20260303', '20260301-20260303', true],
    ['date', '20260303', '20260304-', false],
    ['date', '20260303', '-20260303', true],
    ['date', '2026', '20260101-', false],
    ['time', '10:15:00', '1000-1015', true],
    ['time', '10:15:30', '1000-1015', true],
    ['time', '10:16:00', '1000-1015', false],
    ['time', '101500.123', '10', true],
    ['exact', '1.2.3', '1.2.3', true],
    ['exact', '1.2.30', '1.2.3', false],
  ])('%s: %s meets %s: %s', (matching, value, pattern, meets) => {
    expect(matchesPattern(matching, value, pattern)).toBe(meets);
  });

  it.each<[Matching, string, boolean]>([
    ['text', ' ', false],
    ['text', 'x', true],
    ['date', '20260303', true],
    ['date', '2026-03-03', false],
    ['date', '-', false],
    ['date', '20260304-20260303', false],
    ['date', '2026*', false],
    ['time', '1000-', true],
    ['time', '10:00', false],
    ['exact', '1.2.*', false],
  ])('as %s, %s is a pattern: %s', (matching, pattern, is) => {
    expect(isPattern(matching, pattern)).toBe(is);
  });

  it('of a megabyte against the worst pattern ends at once, since only the beginning of a value is looked at', () => {
    const value = 'a'.repeat(2 ** 20);
    for (const matching of ['text', 'name', 'date', 'time', 'exact'] as const) {
      expect(matchesPattern(matching, value, `${'*a'.repeat(99)}*b`)).toBe(false);
      expect(matchesPattern(matching, ' '.repeat(2 ** 20), `${'*a'.repeat(99)}*b`)).toBe(false);
    }
  });
});
