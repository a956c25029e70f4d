import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArrivingPatient, LocalPatient } from '../study/index.ts';
import { arrivingKeys, phoneKey, registeredKeys } from './blocking-keys.ts';
import { BELGIAN_NUMBER_RULES, UNCHECKED_NUMBER_RULES } from './national-number.ts';
import { createPatientIndex } from './patient-index.ts';

function local(
  id: string,
  family: string,
  given: string,
  birthDate?: string,
  more: Partial<LocalPatient> = {},
): LocalPatient {
  return { patientId: { id, issuer: 'HERE' }, ...arriving(family, given, birthDate), ...more };
}

function arriving(family: string, given: string, birthDate?: string): ArrivingPatient {
  const alphabetic = { family, given, middle: '', prefix: '', suffix: '' };
  return { name: { alphabetic }, ...(birthDate === undefined ? {} : { birthDate }) };
}

const ids = (patients: readonly LocalPatient[]) => patients.map(({ patientId }) => patientId.id);

describe('the index of patients', () => {
  const jan = local('1', 'Van den Berghe', 'Jan', '1985-07-30', {
    nationalNumber: '85073003328',
    phone: '0475/12.34.56',
    postcode: '9000',
  });

  it.each<[string, ArrivingPatient]>([
    ['a number that was written as the Patient ID', { patientId: { id: '85.07.30-033.28' }, birthDate: '1985-07-30' }],
    ['our own Patient ID', { patientId: { id: '1', issuer: 'HERE' } }],
    ['our own Patient ID among others', { otherIds: [{ id: 'x' }, { id: '1', issuer: 'HERE' }] }],
    ['a telephone number with another prefix', { phone: '+32 475 12 34 56' }],
    ['the given name and birth date', arriving('Claes', 'Jan', '1985-07-30')],
    ['the given name and most of the birth date', arriving('Claes', 'Jan', '1985-07-03')],
    ['the family name and most of the birth date', arriving('Berghe', 'Piet', '1985-06-30')],
    ['birth date and postcode', { ...arriving('Claes', 'Piet', '1985-07-30'), postcode: 'B-9000' }],
    ['the names alone', arriving('vandenberghe', 'jan')],
    ['the noun and given name', arriving('Berghe', 'Jan', '1950-01-01')],
    [
      'a birth name',
      { ...arriving('Claes', 'J', '1985-07-30'), birthName: { alphabetic: { ...jan.name!.alphabetic, given: '' } } },
    ],
  ])('finds by %s', (_what, arrival) => {
    expect(ids(createPatientIndex([jan]).candidates(arrival))).toEqual(['1']);
  });

  it.each<[string, ArrivingPatient]>([
    ['a Patient ID of another issuer', { patientId: { id: '1', issuer: 'THERE' } }],
    ['a Patient ID without an issuer', { patientId: { id: '1' } }],
    [
      'a number in a Patient ID that the birth date does not confirm',
      { patientId: { id: '85073003328' }, birthDate: '1985-07-29' },
    ],
    ['a given name alone', { name: { alphabetic: { family: '', given: 'Jan', middle: '', prefix: '', suffix: '' } } }],
    ['a short telephone number', { phone: '123456' }],
    ['nothing', {}],
  ])('finds nobody by %s', (_what, arrival) => {
    expect(createPatientIndex([jan]).candidates(arrival)).toEqual([]);
  });

  it('finds a registered birth name', () => {
    const married = local('2', 'Claes', 'Ann', '1970-01-05', {
      birthName: { alphabetic: { family: 'Wuyts', given: '', middle: '', prefix: '', suffix: '' } },
    });
    expect(ids(createPatientIndex([married]).candidates(arriving('Wuyts', 'X', '1970-01-05')))).toEqual(['2']);
  });

  it('puts the nearest first, and answers alike each time', () => {
    const index = createPatientIndex([
      local('far', 'Peeters', 'Maria', '1960-01-02'),
      local('date', 'Peeters', 'Maria', '1950-06-15'),
      local('number', 'Claes', 'Anna', '1931-03-04', { nationalNumber: '50061512433' }),
    ]);
    const arrival = { ...arriving('Peeters', 'Maria', '1950-06-15'), nationalNumber: '50061512433' };
    expect(ids(index.candidates(arrival))).toEqual(['number', 'date', 'far']);
    expect(ids(index.candidates(arrival, { limit: 2 }))).toEqual(['number', 'date']);
  });

  it('replaces and removes by the record it holds', () => {
    const index = createPatientIndex([jan]);
    index.upsert(local('1', 'Claes', 'Piet', '1990-02-03'));
    expect(index.size).toBe(1);
    expect(index.candidates({ nationalNumber: '85073003328' })).toEqual([]);
    expect(ids(index.candidates(arriving('Claes', 'Piet', '1990-02-03')))).toEqual(['1']);
    expect(index.remove('1')).toBe(true);
    expect(index.remove('1')).toBe(false);
    expect(index.get('1')).toBeUndefined();
    expect(index.candidates(arriving('Claes', 'Piet', '1990-02-03'))).toEqual([]);
  });

  it('does not compare the commonest name a thousand times, nor hide that it is common', () => {
    const index = createPatientIndex(
      Array.from({ length: 2_500 }, (_, at) =>
        local(`c${at}`, 'Peeters', 'Maria', new Date(Date.UTC(1930, 0, 1 + at * 11)).toISOString().slice(0, 10)),
      ),
    );
    const found = index.candidates(arriving('Peeters', 'Maria', '1950-06-15'), { limit: 5_000 });
    expect(found.length).toBeGreaterThanOrEqual(20);
    expect(found.length).toBeLessThan(500);
    const someone = index.get('c1200')!;
    expect(ids(index.candidates(arriving('Peeters', 'Maria', someone.birthDate)))[0]).toBe('c1200');
  });

  it('makes a bounded number of keys of whatever arrives', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 300 }),
        fc.string({ maxLength: 300 }),
        fc.string({ maxLength: 40 }),
        (a, b, c) => {
          const patient = { ...arriving(a, b, '1985-07-03'), nationalNumber: c, phone: c, patientId: { id: c } };
          for (const rules of [BELGIAN_NUMBER_RULES, UNCHECKED_NUMBER_RULES]) {
            expect(arrivingKeys(patient, rules).length).toBeLessThanOrEqual(160);
            expect(registeredKeys(patient, rules).length).toBeLessThanOrEqual(160);
          }
        },
      ),
    );
  });

  it('finds a record by itself, whatever it holds of name and date', () => {
    const word = fc.stringMatching(/^[A-Za-zéü' -]{2,20}$/).filter((text) => /[A-Za-z]{2}/.test(text));
    const date = fc.date({ min: new Date('1920-01-01'), max: new Date('2020-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(word, word, date, (family, given, born) => {
        const patient = local('p', family, given, born.toISOString().slice(0, 10));
        const { patientId: _, ...traits } = patient;
        expect(ids(createPatientIndex([patient]).candidates(traits))).toEqual(['p']);
      }),
    );
  });
});

describe('telephone numbers', () => {
  it.each([
    ['0475/12.34.56', '75123456'],
    ['+32475123456', '75123456'],
    ['1234567', undefined],
    ['00000000', undefined],
    [undefined, undefined],
  ])('%s has the key %s', (phone, key) => {
    expect(phoneKey(phone)).toBe(key);
  });
});
