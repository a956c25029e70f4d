import { describe, expect, it } from 'vitest';
import { ageDays, formatBirthDate, isFullBirthDate, parseBirthDate } from './birth-date.ts';

describe('a birth date', () => {
  it.each([
    ['1985-07-30', { year: 1985, month: 7, day: 30 }],
    ['19850730', { year: 1985, month: 7, day: 30 }],
    [' 2000-02-29 ', { year: 2000, month: 2, day: 29 }],
    ['1985-07-00', { year: 1985, month: 7 }],
    ['1985-00-00', { year: 1985 }],
    ['1985-00-12', { year: 1985 }],
  ])('%j is read', (text, parts) => {
    expect(parseBirthDate(text)).toEqual(parts);
  });

  it.each([
    '',
    '1985',
    '1900-02-29',
    '1985-02-30',
    '1985-13-01',
    '1985-04-31',
    '1879-01-01',
    '2200-01-01',
    '30-07-1985',
    'x',
  ])('%j is none', (text) => {
    expect(parseBirthDate(text)).toBeUndefined();
  });

  it('is written back with zeros for what is not known', () => {
    for (const text of ['1985-07-30', '1985-07-00', '1985-00-00']) {
      expect(formatBirthDate(parseBirthDate(text)!)).toBe(text);
    }
  });

  it('is full only with month and day, and then has an age', () => {
    expect(isFullBirthDate(undefined)).toBe(false);
    expect(isFullBirthDate({ year: 1985 })).toBe(false);
    expect(ageDays({ year: 2024, month: 2, day: 28 }, Date.UTC(2024, 2, 1, 23))).toBe(2);
    expect(ageDays({ year: 2024, month: 3, day: 2 }, Date.UTC(2024, 2, 1))).toBe(-1);
  });
});
