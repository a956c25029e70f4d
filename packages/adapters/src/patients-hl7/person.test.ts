import { describe, expect, it } from 'vitest';
import type { LocalPatient } from '@interhosp/core/study';
import { adt, bytesOf, pid } from '../../test/hl7-messages.ts';
import type { IdentifierRules } from './identifiers.ts';
import { readHeader, readSegments } from './message.ts';
import { readPerson, updated } from './person.ts';
import { Refusal } from './refusal.ts';

const RULES: IdentifierRules = {
  issuer: 'URN:CHU',
  authorities: ['CHU', '1.2.3.4'],
  takesUnnamedAuthority: false,
  patientIdTypes: ['PI', 'MR', 'PT'],
  nationalIdTypes: ['NNBEL', 'NN', 'SS'],
  nationalIdAuthorities: ['RRN', '2.16.56.1'],
};
const NOBODY = { family: '', given: '', middle: '', prefix: '', suffix: '' };

type Fields = Readonly<Record<number, string>>;

function read(fields: Fields, rules: Partial<IdentifierRules> = {}) {
  const message = bytesOf(adt({ segments: [pid({ 3: '4711^^^CHU^PI', ...fields })] }));
  const [segment] = readSegments(message, readHeader(message), { names: new Set(['PID']), defaultCharset: 'latin-1' });
  return readPerson(segment!, { ...RULES, ...rules });
}

function patientOf(fields: Fields, held?: LocalPatient, keepsEmpty = true): LocalPatient {
  return updated(held, read(fields), { issuer: RULES.issuer, keepsEmpty });
}

function reasonOf(fields: Fields, rules?: Partial<IdentifierRules>): string {
  try {
    read(fields, rules);
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
  return 'none';
}

const held: LocalPatient = {
  patientId: { id: '4711', issuer: 'URN:CHU' },
  name: { alphabetic: { ...NOBODY, family: 'Claes', given: 'Anna' } },
  birthName: { alphabetic: { ...NOBODY, family: 'Wuyts' } },
  birthDate: '1970-01-05',
  sex: 'F',
  nationalNumber: '70010500231',
  otherIds: [
    { id: 'x9', issuer: 'OTHER' },
    { id: 'y1', issuer: 'THIRD' },
  ],
  street: 'Kerkstraat 1',
  postcode: '9000',
  city: 'Gent',
  phone: '0475',
};

describe('identifiers', () => {
  it('are told apart by authority and type', () => {
    const list =
      '99^^^OTHER^PI~85.07.30-033.28^^^RN^NNBEL~4711^^^CHU^PI~V12^^^CHU^VN~77^^^EYE&1.9&ISO^MR~A1^^^BILL^AN~12';
    expect(patientOf({ 3: list })).toEqual({
      patientId: { id: '4711', issuer: 'URN:CHU' },
      nationalNumber: '85073003328',
      otherIds: [
        { id: '99', issuer: 'OTHER' },
        { id: '77', issuer: '1.9' },
      ],
    });
  });

  it.each([
    ['a namespace', '4711^^^CHU^PI'],
    ['an OID', '4711^^^&1.2.3.4&ISO^MR'],
    ['both', '4711^^^HOSP&1.2.3.4&ISO'],
    ['no type', '4711^^^CHU'],
    ['the most wanted type', '1^^^CHU~4711^^^CHU^PI~2^^^CHU^MR'],
    ['twice the same', '4711^^^CHU^PI~4711^^^1.2.3.4^PI'],
    ['a visit beside it', 'V1^^^CHU^VN~4711^^^CHU'],
    ['an empty one before it', '^^^CHU^PI~4711^^^CHU^PI'],
    ['an escaped authority', '4711^^^C\\X48\\U^PI'],
  ])('are ours by %s', (_what, list) => {
    expect(read({ 3: list }).patientId).toBe('4711');
  });

  it.each([
    ['4711^^^THERE^PI', 'no-patient-id'],
    ['4711', 'no-patient-id'],
    ['V1^^^CHU^VN', 'no-patient-id'],
    ['""', 'no-patient-id'],
    ['""^^^CHU^PI', 'no-patient-id'],
    ['', 'no-patient-id'],
    ['4711^^^CHU^NNBEL', 'no-patient-id'],
    ['1^^^CHU^PI~2^^^CHU^PI', 'patient-ids'],
    [`${'1'.repeat(65)}^^^CHU^PI`, 'patient-id'],
    ['47\\E\\11^^^CHU^PI', 'patient-id'],
  ])('%j are refused: %s', (list, reason) => {
    expect(reasonOf({ 3: list })).toBe(reason);
  });

  it('may be ours without an authority, where the site says so', () => {
    expect(read({ 3: '4711' }, { takesUnnamedAuthority: true }).patientId).toBe('4711');
    expect(reasonOf({ 3: '1~2' }, { takesUnnamedAuthority: true })).toBe('patient-ids');
  });

  it('hold a national number by type or by authority, or in PID-19', () => {
    for (const type of ['NNBEL', 'NN', 'SS']) {
      expect(patientOf({ 3: `4711^^^CHU^PI~85073003328^^^x^${type}` }).nationalNumber).toBe('85073003328');
    }
    expect(patientOf({ 3: '4711^^^CHU^PI~850730 033-28^^^RRN' }).nationalNumber).toBe('85073003328');
    expect(patientOf({ 3: '4711^^^CHU^PI~85073003328^^^&2.16.56.1&ISO^XX' }).nationalNumber).toBe('85073003328');
    expect(patientOf({ 19: '85.07.30-033.28' }).nationalNumber).toBe('85073003328');
    expect(patientOf({ 3: '4711^^^CHU^PI~85073003328^^^x^NN', 19: '1' }).nationalNumber).toBe('85073003328');
  });

  it('believe no national number where there are two', () => {
    const twice = { 3: '4711^^^CHU^PI~85073003328^^^x^NN~42012205181^^^x^NN' };
    expect(patientOf(twice, held).nationalNumber).toBeUndefined();
    expect(patientOf({ 3: '4711^^^CHU^PI~85073003328^^^x^NN~85.07.30-033.28^^^x^NNBEL' }).nationalNumber).toBe(
      '85073003328',
    );
  });

  it('of other issuers replace those of the same issuer, and leave the rest', () => {
    expect(patientOf({ 3: '4711^^^CHU^PI~x10^^^OTHER' }, held).otherIds).toEqual([
      { id: 'x10', issuer: 'OTHER' },
      { id: 'y1', issuer: 'THIRD' },
    ]);
    expect(patientOf({ 3: '4711^^^CHU^PI~""^^^OTHER' }, held).otherIds).toEqual([{ id: 'y1', issuer: 'THIRD' }]);
    expect(patientOf({ 3: '4711^^^CHU^PI~""^^^x^NN' }, held)).toEqual(
      Object.fromEntries(Object.entries(held).filter(([trait]) => trait !== 'nationalNumber')),
    );
  });
});

describe('names', () => {
  const nameOf = (text: string) => patientOf({ 5: text }).name;

  it('are taken in parts', () => {
    expect(nameOf('Van den Berghe^Jan^Piet^Jr^Dr^^L')).toEqual({
      alphabetic: { family: 'Van den Berghe', given: 'Jan', middle: 'Piet', prefix: 'Dr', suffix: 'Jr' },
    });
    expect(nameOf('Claes&&x^Anna')?.alphabetic.family).toBe('Claes');
    expect(nameOf('&van&Goethem&-&Claes^Anna')?.alphabetic.family).toBe('van Goethem - Claes');
  });

  it('are chosen by their type', () => {
    expect(nameOf('Alias^A^^^^^A~Legal^L^^^^^L~Shown^D^^^^^D')?.alphabetic.family).toBe('Legal');
    expect(nameOf('Shown^D^^^^^D~Plain^P')?.alphabetic.family).toBe('Plain');
    expect(nameOf('Shown^D^^^^^D')?.alphabetic.family).toBe('Shown');
    expect(nameOf('Alias^A^^^^^A')).toBeUndefined();
    const both = patientOf({ 5: 'Claes^Anna^^^^^L~Wuyts^Anna^^^^^M' });
    expect([both.name?.alphabetic.family, both.birthName?.alphabetic.family]).toEqual(['Claes', 'Wuyts']);
    expect(patientOf({ 5: 'Wuyts^^^^^^B' })).toMatchObject({ birthName: { alphabetic: { family: 'Wuyts' } } });
  });

  it('may be in three scripts', () => {
    expect(nameOf('Yamada^Taro^^^^^L^A~YI^TI^^^^^L^I~YP^TP^^^^^L^P')).toEqual({
      alphabetic: { ...NOBODY, family: 'Yamada', given: 'Taro' },
      ideographic: { ...NOBODY, family: 'YI', given: 'TI' },
      phonetic: { ...NOBODY, family: 'YP', given: 'TP' },
    });
  });

  it('hold nothing that divides names in DICOM', () => {
    expect(nameOf('A\\S\\B=C\\E\\D^X')?.alphabetic.family).toBe('A B C D');
  });

  it('are replaced as a whole, kept or deleted', () => {
    expect(patientOf({ 5: 'Willems' }, held).name).toEqual({ alphabetic: { ...NOBODY, family: 'Willems' } });
    expect(patientOf({ 5: 'Willems' }, held).birthName).toEqual(held.birthName);
    expect(patientOf({ 5: '""' }, held)).not.toHaveProperty('name');
    expect(patientOf({ 5: '""' }, held)).not.toHaveProperty('birthName');
    expect(patientOf({ 5: 'Claes^Anna~""^^^^^^M' }, held)).not.toHaveProperty('birthName');
    expect(patientOf({ 5: '""^^^^^^L' }, held)).not.toHaveProperty('name');
  });
});

describe('a birth date', () => {
  it.each([
    ['19850730', '1985-07-30'],
    ['198507', '1985-07-00'],
    ['1985', '1985-00-00'],
    ['19850730101530', '1985-07-30'],
    ['19850730101530.1234+0100', '1985-07-30'],
    ['19850700', '1985-07-00'],
  ])('%s is %s', (text, expected) => {
    expect(patientOf({ 7: text }).birthDate).toBe(expected);
  });

  it.each([
    '1985-07-30',
    '30071985',
    '19850230',
    '198',
    '19857',
    '1985073',
    '18500101',
    '00000000',
    'unknown',
    '1985073000000000000',
  ])('%s is none, and the one that is held stays', (text) => {
    expect(patientOf({ 7: text }, held).birthDate).toBe('1970-01-05');
    expect(read({ 7: text }).ignored).toEqual(['PID-7']);
  });
});

describe('other traits', () => {
  it.each([
    ['M', 'M'],
    ['f', 'F'],
    ['O', 'O'],
    ['A', 'O'],
    ['U', undefined],
    ['?', 'F'],
    ['', 'F'],
    ['""', undefined],
  ])('sex %j is %j', (text, expected) => {
    expect(patientOf({ 8: text }, held).sex).toBe(expected);
  });

  it('have the address where somebody lives', () => {
    const home = { street: 'Rue Haute 3', city: 'Liège', postcode: '4000' };
    expect(patientOf({ 11: 'Work 1^^Hasselt^^3500^BE^B~Rue Haute 3^^Li\xe8ge^^4000^BE^H' })).toMatchObject(home);
    expect(patientOf({ 11: 'Rue Haute 3&Rue Haute&3^^Li\xe8ge^^4000' })).toMatchObject(home);
    expect(patientOf({ 11: '&Rue Haute&3^^Li\xe8ge^^4000' })).toMatchObject(home);
    expect(patientOf({ 11: 'Work 1^^Hasselt^^3500^BE^B' }, held)).toMatchObject({ street: 'Kerkstraat 1' });
    const moved = patientOf({ 11: '^^Aalst' }, held);
    expect([moved.street, moved.postcode, moved.city]).toEqual([undefined, undefined, 'Aalst']);
  });

  it.each<[string, Fields, string | undefined]>([
    ['the first telephone', { 13: '^NET^Internet^a@b.example~^PRN^FX^^^^111~0475/123456^PRN^PH' }, '0475/123456'],
    ['its parts', { 13: '^PRN^CP^^32^475^123456' }, '32 475 123456'],
    ['an unformatted one', { 13: '^PRN^CP^^^^^^^^^+32475123456' }, '+32475123456'],
    ['PID-40 where PID-13 is empty', { 40: '0476' }, '0476'],
    ['what is held where nothing is sent', {}, '0475'],
    ['none where it was deleted', { 13: '""' }, undefined],
    ['PID-40 where PID-13 was deleted', { 13: '""', 40: '0476' }, '0476'],
  ])('have %s', (_what, fields, expected) => {
    expect(patientOf(fields, held).phone).toBe(expected);
  });
});

describe('what is held', () => {
  it('stays where nothing is sent', () => {
    expect(patientOf({}, held)).toEqual(held);
  });

  it('goes where nothing is sent, if the site says so', () => {
    expect(patientOf({ 5: 'Claes' }, held, false)).toEqual({
      patientId: held.patientId,
      name: { alphabetic: { ...NOBODY, family: 'Claes' } },
    });
  });

  it('goes with a null, field by field', () => {
    const emptied = patientOf({ 5: '""', 7: '""', 8: '""', 11: '""', 13: '""', 19: '""' }, held);
    expect(emptied).toEqual({ patientId: held.patientId, otherIds: held.otherIds });
  });

  it('is nothing but the ID of a person whom nobody knows', () => {
    expect(patientOf({ 5: 'X^Trauma 12', 7: '19000101', 31: 'Y' }, held)).toEqual({ patientId: held.patientId });
    expect(patientOf({ 31: 'N' }, held)).toEqual(held);
  });
});
