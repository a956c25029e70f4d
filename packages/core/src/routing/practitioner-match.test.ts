import { describe, expect, it } from 'vitest';
import { anna, directories, physician, ROUTE_NOW_MS, south, west } from '../../test/routing.ts';
import type { PractitionerMention } from '../study/index.ts';
import { numberKey, practisesAt, type PractitionerQuestion } from './practitioner-match.ts';

const both = directories({
  'be-south': [anna, { number: '2-00002-06-001', family: 'van der Meulen', given: 'Léa Marie' }],
  'be-west': [{ number: '3-00003-09-580', family: 'Dubois', given: 'Jean' }],
});
const find = (mention: PractitionerMention | undefined, changes: Partial<PractitionerQuestion> = {}) =>
  practisesAt({ mention, member: south, directories: both, scheme: 'exact', nowMs: ROUTE_NOW_MS, ...changes });
const truth = (...args: Parameters<typeof find>) => find(...args).truth;

describe('a physician practises at a member', () => {
  it('when the number is in its directory, however it is written', () => {
    expect(truth(physician('Canarydoc', 'Anna', '10000103580'))).toBe('yes');
    expect(truth(physician('CANARYDOC', 'A', '1/00001/03/580'))).toBe('yes');
    expect(truth({ number: '1 00001 03 580' })).toBe('yes');
  });

  it('by number also under a married or incomplete name, but not under another one', () => {
    expect(truth(physician('Canarydoc-Peeters', '', '10000103580'))).toBe('yes');
    expect(truth(physician('Anna', 'Canarydoc', '10000103580'))).toBe('yes');
    expect(find(physician('Dubois', 'Jean', '10000103580'))).toEqual({
      truth: 'unknown',
      because: 'the number is in the directory of be-south, but under another name',
    });
  });

  it('not surely when the directory has expired', () => {
    const old = directories({ 'be-south': [anna] }, ROUTE_NOW_MS);
    const mention = physician('Canarydoc', 'Anna', '10000103580');
    expect(truth(mention, { directories: old })).toBe('unknown');
    expect(truth(mention, { directories: old, nowMs: ROUTE_NOW_MS - 1 })).toBe('yes');
  });

  it('never surely by name alone', () => {
    expect(find(physician('Canarydoc', 'Anna'))).toEqual({
      truth: 'unknown',
      because: 'only the name is in the directory of be-south',
    });
    expect(truth(physician('CANARYDOC', 'A.'))).toBe('unknown');
    expect(truth(physician('Canarydoc', ''))).toBe('unknown');
    expect(truth(physician('VAN DER MEULEN', 'Lea'))).toBe('unknown');
    expect(truth(physician('Canarydoc', 'Bert'))).toBe('no');
    expect(truth(physician('Canarydo', 'Anna'))).toBe('no');
    expect(truth(physician('van der', ''))).toBe('unknown');
  });

  it('perhaps by name when the number is one that nobody lists', () => {
    expect(truth(physician('Canarydoc', 'Anna', 'DR-17'))).toBe('unknown');
    expect(truth(physician('Nobody', 'Known', 'DR-17'))).toBe('no');
  });

  it('not when the number is another member’s, whatever the name', () => {
    expect(find(physician('Canarydoc', 'Anna', '30000309580')).because).toBe(
      "the number is in another member's directory and not in that of be-south",
    );
    expect(truth(physician('Canarydoc', 'Anna', '30000309580'))).toBe('no');
    expect(truth(physician('Dubois', 'Jean', '30000309580'), { member: west })).toBe('yes');
  });

  it('not when there is no physician, no number and name, or no directory', () => {
    expect(truth(undefined)).toBe('no');
    expect(truth({ number: ' - ' })).toBe('no');
    expect(truth(physician('^', ''))).toBe('no');
    expect(truth({ number: '10000103580' }, { directories: new Map() })).toBe('no');
  });

  it('in Belgium also when only the competence differs or is left out', () => {
    const nihdi = { scheme: 'nihdi' } as const;
    expect(truth({ number: '10000103' }, nihdi)).toBe('yes');
    expect(truth({ number: '1-00001-03-001' }, nihdi)).toBe('yes');
    expect(truth({ number: '1-00001-03-001' })).toBe('no');
    expect(truth({ number: '1-00001-04-580' }, nihdi)).toBe('no');
  });
});

describe('a professional number', () => {
  it.each([
    ['1-00001-03-580', 'exact', '10000103580'],
    ['1-00001-03-580', 'nihdi', '10000103'],
    ['10000103', 'nihdi', '10000103'],
    ['ab 12', 'nihdi', 'AB12'],
    ['123456789012', 'nihdi', '123456789012'],
    ['--', 'exact', ''],
  ] as const)('%s is compared by %s as %s', (number, scheme, key) => {
    expect(numberKey(number, scheme)).toBe(key);
  });
});
