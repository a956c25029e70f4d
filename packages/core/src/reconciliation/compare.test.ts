import { describe, expect, it } from 'vitest';
import { nameForms } from '../patients/index.ts';
import { compareFamily, compareGiven, compareMiddle } from './compare-names.ts';
import {
  compareAddress,
  compareBirthDate,
  comparePhone,
  comparePlace,
  compareSex,
  compareStreet,
} from './compare-traits.ts';
import { areGivenNameVariants } from './given-name-variants.ts';

describe('family names', () => {
  it.each([
    ['Van den Berghe', 'VANDENBERGHE', 'exact'],
    ["D'Haese", 'D HAESE', 'exact'],
    ['Müller', 'MUELLER', 'near'],
    ['De Smet', 'Smet', 'near'],
    ['Lefèvre', 'Lefrevre', 'near'],
    ['Vandermeulen', 'Vndermeuleen', 'near'],
    ['Smets', 'Smits', 'near'],
    ['L?ufer', 'Läufer', 'near'],
    ['Noël-Goduisart', 'NOEL', 'token'],
    ['De Looverdael Van den Bossche', 'Van den Bossche-De Looverdael', 'token'],
    ['Capelle-Falonlini', "D'Falonlini", 'token'],
    ['Vanderheelenmeersch', 'VANDERHEELENMEE', 'token'],
    ['Dupont-Martin', 'Dupont-Simon', 'similar'],
    ['Vermeulen', 'Vermeylen', 'near'],
    ['Janssens', 'Jansen', 'similar'],
    ['Tim', 'Tom', 'differ'],
    ['Peeters', 'Claes', 'differ'],
    ['', 'Claes', 'missing'],
    ['--', 'Claes', 'missing'],
  ])('%s, %s: %s, both ways', (left, right, level) => {
    expect(compareFamily(nameForms(left), nameForms(right))).toBe(level);
    expect(compareFamily(nameForms(right), nameForms(left))).toBe(level);
  });
});

it('finds a particle that was glued to a family name', () => {
  expect(compareFamily(nameForms('LaFiitano'), nameForms('Fiitano'))).toBe('near');
  expect(compareFamily(nameForms('Fiitano'), nameForms('Vandefiitano'))).toBe('near');
  expect(compareFamily(nameForms('Xafiitano'), nameForms('Fiitano'))).not.toBe('near');
});

describe('given names', () => {
  it.each([
    ['Jean-Pierre', 'JEAN PIERRE', 'exact'],
    ['Béatrice', 'BEATTRICE', 'spelling'],
    ['Stéphanie', 'Stefanie', 'spelling'],
    ['Nicolas', 'Nciolas', 'spelling'],
    ['Véronique', 'VERNIQUE', 'spelling'],
    ['Frédéric', 'Fred', 'variant'],
    ['Mohamed', 'Mehmet', 'variant'],
    ['Jean-Pierre', 'Jean', 'part'],
    ['Anne-Marie', 'Marie', 'part'],
    ['S.', 'Sabrina', 'initial'],
    ['JC', 'Jean Claude', 'initial'],
    ['Luca', 'Lucas', 'near'],
    ['Noa', 'Noah', 'near'],
    ['Julie', 'Julia', 'near'],
    ['Valérie', 'Valéria', 'near'],
    ['Francis', 'Frances', 'near'],
    ['Tim', 'Tom', 'near'],
    ['Jean-Paul', 'Jean-Pierre', 'differ'],
    ['Christophe', 'Christelle', 'similar'],
    ['Emma', 'Lucas', 'differ'],
    ['Jo', 'Al', 'differ'],
    ['', 'Emma', 'missing'],
  ])('%s, %s: %s, both ways', (left, right, level) => {
    const none = nameForms('');
    expect(compareGiven(nameForms(left), nameForms(right), [none, none])).toBe(level);
    expect(compareGiven(nameForms(right), nameForms(left), [none, none])).toBe(level);
  });

  it('may be the middle name of the other', () => {
    expect(compareGiven(nameForms('Cédric'), nameForms('Tom'), [nameForms('Tom Ethan'), nameForms('Cédric')])).toBe(
      'middle',
    );
  });

  it('have variants that are forms of one name, never the same form', () => {
    expect(areGivenNameVariants('jan', 'jean')).toBe(true);
    expect(areGivenNameVariants('jan', 'jan')).toBe(false);
    expect(areGivenNameVariants('jan', 'hans')).toBe(false);
    expect(areGivenNameVariants('__proto__', 'constructor')).toBe(false);
  });
});

describe('middle names', () => {
  it.each([
    ['Marie', 'MARIE', 'exact'],
    ['Marie Anne', 'Anne', 'part'],
    ['M', 'Marie', 'initial'],
    ['M', 'M', 'initial'],
    ['Marie', 'Anne', 'differ'],
    ['M', 'Anne', 'differ'],
    ['', 'Anne', 'missing'],
  ])('%s, %s: %s', (left, right, level) => {
    expect(compareMiddle(nameForms(left), nameForms(right))).toBe(level);
    expect(compareMiddle(nameForms(right), nameForms(left))).toBe(level);
  });
});

describe('birth dates', () => {
  it.each([
    ['1985-07-30', '1985-07-30', 'exact'],
    ['1985-01-01', '1985-01-01', 'exact-first'],
    ['1985-07-01', '1985-07-01', 'exact-first'],
    ['1985-07-30', '1985-07-20', 'digit'],
    ['1985-07-12', '1985-07-21', 'digit'],
    ['1985-07-30', '1985-08-30', 'digit'],
    ['1985-03-11', '1985-11-03', 'swap'],
    ['1985-07-30', '1975-07-30', 'year-digit'],
    ['1985-07-30', '1958-07-30', 'year-digit'],
    ['1985-01-01', '1985-09-23', 'first-of-year'],
    ['1985-07-00', '1985-07-30', 'partial'],
    ['1985-00-00', '1985-07-30', 'partial'],
    ['1985-06-00', '1985-07-30', 'differ'],
    ['1985-00-00', '1986-07-30', 'differ'],
    ['1985-07-30', '1985-08-29', 'differ'],
    ['1985-07-30', '1967-07-30', 'differ'],
    ['1985-03-11', '1986-11-03', 'differ'],
    ['1985-02-31', '1985-02-28', 'missing'],
    ['', '1985-02-28', 'missing'],
  ])('%s, %s: %s, both ways', (left, right, level) => {
    expect(compareBirthDate(left, right)).toBe(level);
    expect(compareBirthDate(right, left)).toBe(level);
  });
});

describe('sex, telephone, address', () => {
  it('other and unknown sexes say nothing', () => {
    expect(compareSex('M', 'M')).toBe('same');
    expect(compareSex('M', 'F')).toBe('differ');
    expect(compareSex('O', 'F')).toBe('missing');
    expect(compareSex(undefined, 'F')).toBe('missing');
  });

  it('telephone numbers are compared behind their prefixes', () => {
    expect(comparePhone('0475 12 34 56', '+32475123456')).toBe('same');
    expect(comparePhone('0475 12 34 56', '0475 12 34 57')).toBe('differ');
    expect(comparePhone('12', '12')).toBe('missing');
  });

  it.each([
    ['Rue de la Station 4', 'R. DE LA STATION 4 BTE 2', 'same'],
    ['Beekstraat 144 b 3', 'BEEKSTR. 144', 'same'],
    ['Bahnhofstraße 12', 'Bahnhofstrasse 12', 'same'],
    ['Av. Reine Astrid 68', 'Avenue Reine Astrid 68', 'same'],
    ['Rue Grétry 1', 'Rue Gretri 1', 'near'],
    ['Rue Grétry 1', 'Rue Grétry 11', 'differ'],
    ['Rue Grétry', 'Rue Grétry', 'differ'],
    ['Rue Grétry 1', 'Rue Neuve 1', 'differ'],
    ['12', 'Rue Neuve 1', 'differ'],
    ['', 'Rue Neuve 1', 'missing'],
  ])('streets %s, %s: %s', (left, right, level) => {
    expect(compareStreet(left, right)).toBe(level);
  });

  it('postcodes decide, towns only say yes', () => {
    expect(comparePlace({ postcode: '4000', city: 'Luik' }, { postcode: '4000', city: 'Liège' })).toBe('same');
    expect(comparePlace({ postcode: '4000', city: 'Liège' }, { postcode: '4040', city: 'Herstal' })).toBe('differ');
    expect(comparePlace({ postcode: 'B-4000' }, { postcode: '4000' })).toBe('same');
    // Two parts of one town; a town of the same name elsewhere.
    expect(comparePlace({ postcode: '4000', city: 'Liège' }, { postcode: '4020', city: 'LIEGE' })).toBe('missing');
    expect(comparePlace({ postcode: '4420', city: 'Saint-Nicolas' }, { postcode: '9100', city: 'Saint-Nicolas' })).toBe(
      'differ',
    );
    expect(comparePlace({ city: 'LIEGE' }, { city: 'Liège' })).toBe('same');
    expect(comparePlace({ city: 'Luik' }, { city: 'Liège' })).toBe('missing');
  });

  it('a street counts only within its town', () => {
    const here = { street: 'Kerkstraat 1', postcode: '9000' };
    expect(compareAddress(here, here)).toBe('street');
    expect(compareAddress(here, { ...here, postcode: '3000' })).toBe('differ');
    expect(compareAddress(here, { street: 'Kerkstraat 1' })).toBe('street-near');
    expect(compareAddress(here, { street: 'Kerkstrat 1', postcode: '9000' })).toBe('street-near');
    expect(compareAddress(here, { street: 'Nieuwstraat 1', postcode: '9000' })).toBe('town');
    expect(compareAddress(here, {})).toBe('missing');
  });
});
