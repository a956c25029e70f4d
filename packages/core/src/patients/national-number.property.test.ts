import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBelgianNationalNumber } from './belgian-national-number.ts';
import { formatBirthDate } from './birth-date.ts';
import { nationalNumberOf, NATIONAL_NUMBER_RULES, numberAgreement } from './national-number.ts';

/** A number by the rule itself, with the birth date it stands for. */
const numbers = fc
  .record({
    day: fc.date({ min: new Date('1905-01-01T12:00Z'), max: new Date('2049-12-31T12:00Z'), noInvalidDate: true }),
    serial: fc.integer({ min: 1, max: 998 }),
    added: fc.constantFrom(0, 20, 40),
  })
  .map(({ day, serial, added }) => {
    const date = day.toISOString().slice(0, 10);
    const month = String(Number(date.slice(5, 7)) + added).padStart(2, '0');
    const nine = date.slice(2, 4) + month + date.slice(8, 10) + String(serial).padStart(3, '0');
    const base = Number(date.slice(0, 4)) >= 2000 ? 2_000_000_000 + Number(nine) : Number(nine);
    return { digits: nine + String(97 - (base % 97)).padStart(2, '0'), date, serial, added };
  });

describe('national numbers', () => {
  it('made by the rule are read back with their date, kind and parity', () => {
    fc.assert(
      fc.property(numbers, ({ digits, date, serial, added }) => {
        const number = parseBelgianNationalNumber(digits, { birthDate: date });
        if (!number.valid) throw new Error(number.problem);
        expect(formatBirthDate(number.birthDate!)).toBe(date);
        expect(number.kind).toBe(added === 0 ? 'national' : 'bis');
        expect(number.sexParity).toBe(added === 20 ? undefined : serial % 2 === 1 ? 'M' : 'F');
      }),
    );
  });

  it('never survive a single wrong digit when the birth date is known', () => {
    fc.assert(
      fc.property(numbers, fc.nat(10), fc.integer({ min: 1, max: 9 }), ({ digits, date }, position, shift) => {
        const wrong = (Number(digits[position]) + shift) % 10;
        const mistyped = digits.slice(0, position) + String(wrong) + digits.slice(position + 1);
        expect(parseBelgianNationalNumber(mistyped, { birthDate: date }).valid).toBe(false);
      }),
    );
  });

  it('are read from any text without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\d.\- /]{0,20}$/)), (text) => {
        for (const rules of Object.values(NATIONAL_NUMBER_RULES)) {
          const number = rules.parse(text);
          expect(number.valid ? number.digits : 'NONE').toMatch(/^[0-9A-Z]+$/);
        }
      }),
    );
  });
});

describe('believing a number', () => {
  const be = NATIONAL_NUMBER_RULES.be;
  const parsed = (text: string) => {
    const number = be.parse(text);
    if (!number.valid) throw new Error(number.problem);
    return number;
  };

  it('asks birth date and sex', () => {
    const number = parsed('85073003328');
    expect(numberAgreement(number, { birthDate: '1985-07-30', sex: 'M' })).toBe('agrees');
    expect(numberAgreement(number, { birthDate: '1985-07-30' })).toBe('agrees');
    expect(numberAgreement(number, { birthDate: '1985-07-30', sex: 'F' })).toBe('contradicts');
    expect(numberAgreement(number, { birthDate: '1985-07-31', sex: 'M' })).toBe('contradicts');
    expect(numberAgreement(number, { sex: 'M' })).toBe('silent');
    expect(numberAgreement(number, { birthDate: '1985-00-00', sex: 'O' })).toBe('agrees');
    expect(numberAgreement(parsed('88222999936'), { birthDate: '1988-02-29', sex: 'F' })).toBe('agrees');
  });

  it('compares the year alone when the number knows no month', () => {
    const number = parsed(`640000001${String(97 - (640000001 % 97)).padStart(2, '0')}`);
    expect(numberAgreement(number, { birthDate: '1964-07-01' })).toBe('agrees');
    expect(numberAgreement(number, { birthDate: '1965-07-01' })).toBe('contradicts');
  });

  it('takes a Patient ID for a number only when birth date and sex confirm it', () => {
    const confirmed = { patientId: { id: '85.07.30-033.28' }, birthDate: '1985-07-30', sex: 'M' as const };
    expect(nationalNumberOf(confirmed, be)?.digits).toBe('85073003328');
    expect(nationalNumberOf({ ...confirmed, birthDate: '1985-07-29' }, be)).toBeUndefined();
    expect(nationalNumberOf({ patientId: confirmed.patientId }, be)).toBeUndefined();
    expect(nationalNumberOf({ otherIds: [{ id: 'A' }, confirmed.patientId], birthDate: '1985-07-30' }, be)?.kind).toBe(
      'national',
    );
    expect(nationalNumberOf(confirmed, NATIONAL_NUMBER_RULES.unchecked)).toBeUndefined();
  });

  it('prefers the field, and passes on when the field holds none', () => {
    const patient = { nationalNumber: '42012205181', patientId: { id: '85073003328' }, birthDate: '1985-07-30' };
    expect(nationalNumberOf(patient, be)?.digits).toBe('42012205181');
    expect(nationalNumberOf({ ...patient, nationalNumber: '00000000000' }, be)?.digits).toBe('85073003328');
  });

  it.each(['0000000', '9999999', '1234', 'a'.repeat(33), '12 34!56'])('an unchecked number cannot be %j', (text) => {
    expect(NATIONAL_NUMBER_RULES.unchecked.parse(text).valid).toBe(false);
  });

  it('an unchecked number is compared without separators and case', () => {
    expect(NATIONAL_NUMBER_RULES.unchecked.parse('ab-12.345')).toEqual({
      valid: true,
      digits: 'AB12345',
      kind: 'unchecked',
    });
  });
});
