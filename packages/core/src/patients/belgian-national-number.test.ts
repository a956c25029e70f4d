import { describe, expect, it } from 'vitest';
import { formatBelgianNationalNumber, parseBelgianNationalNumber } from './belgian-national-number.ts';

describe('a Belgian national number', () => {
  it.each([
    ['85073003328', 'national', { year: 1985, month: 7, day: 30 }, 'M'],
    ['42012205181', 'national', { year: 1942, month: 1, day: 22 }, 'M'],
    ['93051822361', 'national', { year: 1993, month: 5, day: 18 }, 'M'],
    ['17073003384', 'national', { year: 2017, month: 7, day: 30 }, 'M'],
    ['98472899765', 'bis', { year: 1998, month: 7, day: 28 }, 'M'],
    ['01490700185', 'bis', { year: 2001, month: 9, day: 7 }, 'M'],
    ['88222999936', 'bis', { year: 1988, month: 2, day: 29 }, undefined],
    ['08222999934', 'bis', { year: 2008, month: 2, day: 29 }, undefined],
  ])('%s is a %s number', (digits, kind, birthDate, sexParity) => {
    const number = parseBelgianNationalNumber(digits);
    expect(number).toMatchObject({ valid: true, digits, kind, birthDate });
    expect(number.valid && number.sexParity).toBe(sexParity);
  });

  it.each([
    ['12345678901', 'check-digits'],
    ['08222999935', 'check-digits'],
    ['20070199952', 'check-digits'],
    ['00000000000', 'check-digits'],
    ['00000000097', 'serial'],
    ['11111111111', 'check-digits'],
    ['', 'length'],
    ['850730033281', 'length'],
    ['0733281', 'length'],
    ['85073O03328', 'characters'],
    ['٨٥٠٧٣٠٠٣٣٢٨', 'characters'],
    [' '.repeat(40), 'length'],
  ])('%j is none, because of its %s', (text, problem) => {
    expect(parseBelgianNationalNumber(text)).toEqual({ valid: false, problem });
  });

  it('may be written with separators, and is shown as on a card', () => {
    expect(parseBelgianNationalNumber('85.07.30-033.28')).toMatchObject({ digits: '85073003328' });
    expect(parseBelgianNationalNumber(' 850730 033 28 ')).toMatchObject({ digits: '85073003328' });
    expect(formatBelgianNationalNumber('85073003328')).toBe('85.07.30-033.28');
    expect(formatBelgianNationalNumber('850730')).toBe('850730');
  });

  it('gets back the leading zeros a spreadsheet took, only when it then passes', () => {
    expect(parseBelgianNationalNumber('1490700185')).toMatchObject({ valid: true, digits: '01490700185' });
    expect(parseBelgianNationalNumber(String(Number('00090704135')))).toMatchObject({ digits: '00090704135' });
    expect(parseBelgianNationalNumber('1490700186')).toEqual({ valid: false, problem: 'check-digits' });
  });

  it('has its century fixed by a known birth year', () => {
    expect(parseBelgianNationalNumber('17073003384', { birthDate: '2017-07-30' }).valid).toBe(true);
    expect(parseBelgianNationalNumber('17073003384', { birthDate: '1917-07-30' })).toEqual({
      valid: false,
      problem: 'century',
    });
    expect(parseBelgianNationalNumber('17073003384', { birthDate: 'unknown' }).valid).toBe(true);
  });

  it('may know only a part of the birth date, in zeros', () => {
    expect(parseBelgianNationalNumber(number('640000001'))).toMatchObject({ birthDate: { year: 1964 } });
    // The counter of the year ran out: the day is no day.
    expect(parseBelgianNationalNumber(number('640003001'))).toMatchObject({ birthDate: { year: 1964 } });
    expect(parseBelgianNationalNumber(number('640500001'))).toMatchObject({ birthDate: { year: 1964, month: 5 } });
    expect(parseBelgianNationalNumber(number('644000001'))).toMatchObject({ kind: 'bis', birthDate: { year: 1964 } });
    const nothing = parseBelgianNationalNumber(number('000001001'));
    expect(nothing).toMatchObject({ valid: true });
    expect(nothing.valid && nothing.birthDate).toBeUndefined();
  });

  it.each([
    ['851301001', 'date'],
    ['853301001', 'date'],
    ['855301001', 'date'],
    ['859901001', 'date'],
    ['850230001', 'date'],
    ['850229001', 'date'],
    ['850732001', 'date'],
    ['850032001', 'date'],
    ['850730000', 'serial'],
    ['850730999', 'serial'],
    ['854730999', 'serial'],
    ['852730000', 'serial'],
  ])('%s with right check digits is refused for its %s', (nine, problem) => {
    expect(parseBelgianNationalNumber(number(nine))).toEqual({ valid: false, problem });
  });

  it('accepts the serial numbers at both ends', () => {
    expect(parseBelgianNationalNumber(number('850730001'))).toMatchObject({ sexParity: 'M' });
    expect(parseBelgianNationalNumber(number('850730998'))).toMatchObject({ sexParity: 'F' });
    expect(parseBelgianNationalNumber(number('840229001'))).toMatchObject({ valid: true });
  });
});

/** Nine digits with the check of somebody born before 2000. */
function number(nine: string): string {
  return nine + String(97 - (Number(nine) % 97)).padStart(2, '0');
}
