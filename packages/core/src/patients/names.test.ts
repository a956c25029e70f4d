import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldedTokens, foldText, repairMojibake } from './fold-text.ts';
import { nameForms, nameReadings, registeredName } from './name-forms.ts';
import { phoneticKey } from './phonetic-key.ts';

const name = (family: string, given = '', middle = '') => ({ family, given, middle, prefix: '', suffix: '' });

describe('folding', () => {
  it.each([
    ['MICHAËL', 'michael'],
    ['Şerıyıldız', 'seriyildiz'],
    ['İnci', 'inci'],
    ['Łukasz Groß', 'lukasz gross'],
    ['Søren Ærø', 'soren aero'],
    ['Cœur', 'coeur'],
    ['Ĳsbrand', 'ijsbrand'],
    ['Ｊａｎ', 'jan'],
    ['山田', '山田'],
  ])('%s becomes %s', (text, folded) => {
    expect(foldText(text)).toBe(folded);
  });

  it.each([
    ['MichaÃ«l', 'Michaël'],
    ['HÃ©lÃ¨ne', 'Hélène'],
    ['Ã‰mile', 'Émile'],
    ['MÃ¼ller', 'Müller'],
    ['Å\u0081ukasz', 'Łukasz'],
  ])('repairs %s', (damaged, meant) => {
    expect(repairMojibake(damaged)).toBe(meant);
  });

  it.each(['Âme', 'SÃO', 'Müller', 'Ã©日', 'x'])('leaves %s alone', (text) => {
    expect(repairMojibake(text)).toBe(text);
  });

  it('cuts words at everything but letters, digits and the mark of a lost letter', () => {
    expect(foldedTokens("D'Haese-M?ller, J.P. (2)")).toEqual(['d', 'haese', 'm?ller', 'j', 'p', '2']);
    expect(foldedTokens('?? -- ')).toEqual([]);
  });

  it('never throws, is idempotent and bounded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const folded = foldText(text);
        expect(foldText(folded).length).toBeLessThanOrEqual(256 * 18);
        expect(foldedTokens(folded)).toEqual(foldedTokens(folded.normalize('NFC')));
      }),
    );
  });
});

describe('the forms of a name', () => {
  it.each([
    ['Van den Berghe', 'vandenberghe', ['vandenberghe'], ['berghe']],
    ['Vandenberghe', 'vandenberghe', ['vandenberghe'], ['vandenberghe']],
    ['Noël-Goduisart', 'noelgoduisart', ['noel', 'goduisart'], ['noel', 'goduisart']],
    [
      'De Looverdael Van den Bossche',
      'delooverdaelvandenbossche',
      ['delooverdael', 'vandenbossche'],
      ['looverdael', 'bossche'],
    ],
    ["D'Falonlini", 'dfalonlini', ['dfalonlini'], ['falonlini']],
    ['De Luterbeke ép. Brauivaux', 'deluterbekebrauivaux', ['deluterbeke', 'brauivaux'], ['luterbeke', 'brauivaux']],
    ['Da', 'da', ['da'], ['da']],
    ['Nee', 'nee', [], []],
    ['', '', [], []],
  ])('%s', (text, glued, units, cores) => {
    expect(nameForms(text)).toMatchObject({ glued, units, cores });
  });

  it.each([
    ['Müller', 'Mueller'],
    ['Claeys', 'Clais'],
    ['Dijkstra', 'Dykstra'],
    ['Becker', 'Beker'],
    ['Stephanie', 'Stefanie'],
    ['Kowalska', 'Kowalski'],
    ['Annick', 'Anik'],
  ])('%s and %s fold to one spelling', (left, right) => {
    expect(nameForms(left).folded).toBe(nameForms(right).folded);
  });

  it.each([
    ['Noa', 'Noah'],
    ['Luca', 'Lucas'],
    ['Marie', 'Maria'],
    ['Julie', 'Julia'],
  ])('%s and %s do not: they may be twins', (left, right) => {
    expect(nameForms(left).folded).not.toBe(nameForms(right).folded);
  });

  it.each([
    ['Vandenberghe', 'Van den Bergh'],
    ['Lefèvre', 'Lefewre'],
    ['Wouters', 'Vouters'],
    ['Schmidt', 'Schmit'],
  ])('%s and %s sound alike', (left, right) => {
    expect(phoneticKey(nameForms(left).glued)).toBe(phoneticKey(nameForms(right).glued));
  });

  it('a name without consonants still has a key, an empty one has none', () => {
    expect(phoneticKey('aya')).toBe('ay');
    expect(phoneticKey('')).toBe('');
  });
});

describe('the readings of an arriving name', () => {
  const read = (family: string, given = '', middle = '') =>
    nameReadings(name(family, given, middle)).map(({ family: f, given: g, reading }) => [f.glued, g.glued, reading]);

  it('are two when both parts are there', () => {
    expect(read('Doe', 'Jane')).toEqual([
      ['doe', 'jane', 'as-written'],
      ['jane', 'doe', 'swapped'],
    ]);
  });

  it('are told apart by a comma or caret left in the family name', () => {
    expect(read('DOE, JANE')[0]).toEqual(['doe', 'jane', 'as-written']);
    expect(read('DOE^JANE^MARY')[0]).toEqual(['doe', 'jane', 'as-written']);
    expect(nameReadings(name('DOE^JANE^MARY'))[0]?.middle.glued).toBe('mary');
  });

  it('are all splits of a name in one piece', () => {
    const splits = read('Van Hove Jan');
    expect(splits[0]).toEqual(['vanhovejan', '', 'as-written']);
    expect(splits).toContainEqual(['vanhove', 'jan', 'split']);
    expect(splits).toContainEqual(['hovejan', 'van', 'split']);
  });

  it('are bounded, and none for nothing', () => {
    expect(nameReadings(undefined)).toEqual([]);
    expect(read('a b c d e f g h i j k l m n o p').length).toBeLessThanOrEqual(15);
    expect(registeredName(undefined)).toBeUndefined();
  });
});
