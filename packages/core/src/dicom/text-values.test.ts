import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDate,
  formatDateTime,
  formatTime,
  formatUtcOffset,
  parseDate,
  parseDateTime,
  parseTime,
} from './date-time.ts';
import { formatPersonName, parsePersonName } from './person-name.ts';

const part = fc.string({ unit: fc.constantFrom(...'abcÉß -王.'.split('')), maxLength: 6 }).map((text) => text.trim());
const names = fc.record({ family: part, given: part, middle: part, prefix: part, suffix: part });

describe('person names', () => {
  it('are read as they were written, in all groups', () => {
    const isEmpty = (name: object): boolean => Object.values(name).every((value) => value === '');
    fc.assert(
      fc.property(names, fc.option(names), fc.option(names), (alphabetic, ideographic, phonetic) => {
        const name = {
          alphabetic,
          ...(ideographic !== null && !isEmpty(ideographic) && { ideographic }),
          ...(phonetic !== null && !isEmpty(phonetic) && { phonetic }),
        };
        const isNobody = Object.values(name).every(isEmpty);
        expect(parsePersonName(formatPersonName(name))).toEqual(isNobody ? undefined : name);
      }),
    );
  });

  it('are read from old forms: without carets, with empty parts, with too many', () => {
    const empty = { family: '', given: '', middle: '', prefix: '', suffix: '' };
    expect(parsePersonName('Doe John')?.alphabetic).toEqual({ ...empty, family: 'Doe John' });
    expect(parsePersonName('^John')?.alphabetic).toEqual({ ...empty, given: 'John' });
    expect(parsePersonName('A^B^C^D^E^F')?.alphabetic.suffix).toBe('E F');
    expect(parsePersonName('=山田^太郎')).toEqual({
      alphabetic: empty,
      ideographic: { ...empty, family: '山田', given: '太郎' },
    });
    expect(parsePersonName(' ^^ = ')).toBeUndefined();
  });

  it('are not written with delimiters, control characters or more than 64 characters in a group', () => {
    const write = (family: string) =>
      formatPersonName({ alphabetic: { family, given: '', middle: '', prefix: '', suffix: '' } });
    for (const family of ['A^B', 'A=B', 'A\\B', 'A\nB', 'A\u001bB', 'x'.repeat(65)]) {
      expect(() => write(family)).toThrow('DICOM_VALUE_INVALID');
    }
    expect(write('x'.repeat(64))).toHaveLength(64);
  });

  it('keep the words of an error free of the name', () => {
    const name = { family: 'Secret^', given: '', middle: '', prefix: '', suffix: '' };
    expect(() => formatPersonName({ alphabetic: name })).toThrow(/^(?!.*Secret)/);
  });
});

describe('dates and times', () => {
  it('are read from DA, also with dots and padding, and only when the calendar has them', () => {
    expect(parseDate('19610423')).toBe('1961-04-23');
    expect(parseDate('1961.04.23')).toBe('1961-04-23');
    expect(parseDate('19610423 ')).toBe('1961-04-23');
    expect(parseDate('20000229')).toBe('2000-02-29');
    expect(parseDate('19610000')).toBe('1961-00-00');
    for (const text of ['', '1961', '19001301', '19000229', '1961-04-23', '19610432', 'ABCDEFGH']) {
      expect(parseDate(text), text).toBeUndefined();
    }
  });

  it('are written as DA only when whole', () => {
    expect(formatDate('1961-04-23')).toBe('19610423');
    for (const text of ['1961-04-00', '1961-02-30', '19610423', '']) {
      expect(() => formatDate(text), text).toThrow('DICOM_VALUE_INVALID');
    }
  });

  it('are read from TM in every length, and written in one', () => {
    expect(['09', '0926', '092653', '092653.5', '09:26:53'].map(parseTime)).toEqual([
      '09:00:00',
      '09:26:00',
      '09:26:53',
      '09:26:53',
      '09:26:53',
    ]);
    for (const text of ['', '24', '0960', '9', '092653.1234567']) expect(parseTime(text), text).toBeUndefined();
    expect(formatTime('09:26:53')).toBe('092653');
    expect(() => formatTime('9:26')).toThrow('DICOM_VALUE_INVALID');
  });

  it('come back from DT as the same point in time, with the same offset', () => {
    const times = fc.record({
      epochMs: fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2199, 0, 1) }),
      utcOffsetMinutes: fc.integer({ min: -12 * 60, max: 14 * 60 }),
    });
    fc.assert(
      fc.property(times, (time) => {
        expect(parseDateTime(formatDateTime(time))).toEqual(time);
      }),
    );
    expect(formatDateTime({ epochMs: 0, utcOffsetMinutes: -90 })).toBe('19691231223000.000000-0130');
    expect(formatDateTime({ epochMs: 0, utcOffsetMinutes: 120 })).toHaveLength(26);
    expect(formatUtcOffset(0)).toBe('+0000');
  });

  it('take missing parts of DT from the beginning of their range', () => {
    expect(parseDateTime('2026')).toEqual({ epochMs: Date.UTC(2026, 0, 1), utcOffsetMinutes: 0 });
    expect(parseDateTime('202603', { utcOffsetMinutes: 60 })?.epochMs).toBe(Date.UTC(2026, 1, 28, 23));
    for (const text of ['', '20261301', '20260101250000', 'x']) expect(parseDateTime(text), text).toBeUndefined();
  });
});
