import { describe, expect, it } from 'vitest';
import {
  arrival,
  home,
  jan,
  JAN,
  MARIA,
  name,
  noNumber,
  number,
  options,
  other,
  without,
} from '../../test/reconcile/jan.ts';
import type { ArrivingPatient, LocalPatient } from '../study/index.ts';
import { explain } from './explain.ts';
import { DEFAULT_MODEL, relativeWeightOf } from './model.ts';
import { POLICIES } from './policy.ts';
import { reconcile } from './reconcile.ts';

describe('a link', () => {
  it('needs the number, the name and the birth date', () => {
    const decision = reconcile(arrival, [jan], options);
    expect(decision).toMatchObject({ zone: 'link', patient: jan, guards: [], sameNumberAs: [], runnersUp: [] });
    expect(decision.probability).toBeGreaterThan(0.99999);
  });

  it.each<[string, ArrivingPatient]>([
    ['name and birth date, when nobody else bears the name', noNumber],
    ['the number, with a married name', { ...arrival, name: name('Peeters', 'Jan') }],
    ['the number as Patient ID', { ...noNumber, patientId: { id: JAN } }],
    ['a name in one piece', { ...arrival, name: name('VANDENBERGHE JAN', '') }],
    ['names exchanged', { ...arrival, name: name('JAN', 'VAN DEN BERGHE') }],
    ['a slip in the birth date, with the number and the address', { ...arrival, ...home, birthDate: '1985-07-31' }],
    ['another sex, with number, name and birth date', { ...arrival, sex: 'F' }],
    ['a dummy number, name, birth date and address', { ...noNumber, nationalNumber: '00000000000', ...home }],
    ['a shifted day and the address, without a number', { ...noNumber, ...home, birthDate: '1985-07-20' }],
    ['our own Patient ID, name and birth date', { ...noNumber, patientId: jan.patientId }],
    ['the number and a given name with a typing error', { ...arrival, name: name('VANDENBERGHE', 'JQN') }],
    ['the number and no birth date', without(arrival, 'birthDate')],
  ])('may rest on %s', (_what, arriving) => {
    expect(reconcile(arriving, [jan], options)).toMatchObject({ zone: 'link', patient: jan });
  });

  it('does not depend on the order of candidates, or on one being listed twice', () => {
    const crowd = [
      jan,
      other('L2', { name: name('Peeters', 'Piet'), nationalNumber: MARIA }),
      other('L3', { birthDate: '1961-03-04', nationalNumber: number('610304005') }),
    ];
    const decision = reconcile(arrival, crowd, options);
    expect(reconcile(arrival, crowd.toReversed(), options)).toEqual(decision);
    expect(reconcile(arrival, [...crowd, jan], options)).toEqual(decision);
  });

  it('names the other record of a person with the same valid number, and lets either be linked', () => {
    const twice = other('L0', { phone: '0499 11 22 33' });
    const decision = reconcile(arrival, [jan, twice], options);
    expect(decision).toMatchObject({ zone: 'link', patient: { patientId: { id: 'L0' } }, sameNumberAs: [jan] });
    expect(decision.probability).toBeGreaterThan(0.99999);
  });

  it('is harder in a larger registry, and by a stricter policy', () => {
    const bare = { ...noNumber, phone: '0499 12 98 76' };
    expect(reconcile(bare, [jan], { ...options, registrySize: 2_000 }).zone).toBe('link');
    expect(reconcile(bare, [jan], { ...options, registrySize: 2_000_000 }).zone).toBe('review');
    expect(reconcile(bare, [jan], { ...options, registrySize: 2_000_000, policy: POLICIES.standard }).zone).toBe(
      'link',
    );
  });
});

describe('new', () => {
  it.each<[string, ArrivingPatient]>([
    ['name and birth date', { name: name('Okonkwo', 'Xiomara'), birthDate: '1971-09-27' }],
    ['name and number', { name: name('Okonkwo', 'Xiomara'), nationalNumber: number('710927004') }],
    ['number and birth date', { birthDate: '1971-09-27', nationalNumber: number('710927004') }],
  ])('needs %s, and nobody near', (_what, arriving) => {
    for (const candidates of [[], [jan]]) {
      expect(reconcile(arriving, candidates, options)).toMatchObject({ zone: 'new', guards: [], evidence: [] });
    }
  });

  it.each<[string, ArrivingPatient]>([
    ['a name alone', { name: name('Okonkwo', 'Xiomara') }],
    ['a placeholder and a date', { name: name('Okonkwo', 'BB'), birthDate: '1971-09-27' }],
    ['a name and a placeholder date', { name: name('Okonkwo', 'Xiomara'), birthDate: '1900-01-01' }],
    ['a name and half a date', { name: name('Okonkwo', 'Xiomara'), birthDate: '1971-00-00' }],
    ['a family name and a date', { name: name('Okonkwo', ''), birthDate: '1971-09-27' }],
    ['an initial and a date', { name: name('Okonkwo', 'X'), birthDate: '1971-09-27' }],
    [
      'a number at odds with the date',
      { birthDate: '1971-09-28', nationalNumber: number('710927004'), name: name('Okonkwo', 'Xiomara') },
    ],
    ['a newborn', { name: name('Okonkwo', 'Xiomara'), birthDate: '2025-12-24' }],
  ])('is never said of %s', (_what, arriving) => {
    expect(reconcile(arriving, [], options).zone).toBe('review');
  });

  it.each<[string, ArrivingPatient]>([
    ['the number', { ...arrival, name: name('Okonkwo', 'Xiomara') }],
    ['family name and birth date', { name: name('Van den Berghe', 'Xiomara'), birthDate: '1985-07-30', sex: 'F' }],
    ['given name and birth date', { name: name('Okonkwo', 'Jan'), birthDate: '1985-07-30' }],
    ['name and a slip in the birth date', { name: name('Vandenberghe', 'Jan'), birthDate: '1985-06-30', sex: 'M' }],
    ['telephone and given name', { name: name('Okonkwo', 'Jan'), birthDate: '1971-09-27', phone: jan.phone! }],
  ])('is never said while somebody is near by %s', (_what, arriving) => {
    const decision = reconcile(arriving, [jan], options);
    expect(decision).toMatchObject({ zone: 'review', nearest: jan });
  });

  it('carries no local patient: none is ever made', () => {
    const decision = reconcile({ name: name('Okonkwo', 'Xiomara'), birthDate: '1971-09-27' }, [jan], options);
    expect(Object.keys(decision)).not.toContain('patient');
    expect(decision.probability).toBeGreaterThan(0.999);
  });
});

describe('our own Patient ID', () => {
  it.each<[string, ArrivingPatient['patientId']]>([
    ['of another issuer', { id: 'L1', issuer: 'THERE' }],
    ['without an issuer', { id: 'L1' }],
  ])('%s is a coincidence', (_what, patientId) => {
    const decision = reconcile({ ...noNumber, patientId: patientId! }, [jan], options);
    expect(decision.evidence.find(({ field }) => field === 'localId')).toMatchObject({ level: 'missing', weight: 0 });
  });

  it('without an issuer on either side is one too', () => {
    const nowhere = { ...jan, patientId: { id: 'L1' } };
    expect(
      reconcile({ ...noNumber, patientId: { id: 'L1' } }, [nowhere], options).evidence.find(
        ({ field }) => field === 'localId',
      )?.level,
    ).toBe('missing');
  });
});

describe('the score', () => {
  it('is the sum of the weights shown', () => {
    for (const arriving of [arrival, noNumber, { ...arrival, ...home, name: name('JAN', 'VANDENBERGHE', 'P') }]) {
      const decision = reconcile(arriving, [jan, other('L2', { birthDate: '1961-03-04' })], options);
      expect(decision.evidence.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(decision.score, 9);
    }
  });

  it('gives the posterior with the prior, when there is one candidate', () => {
    const { evidence, score, priorWeight, probability, relativeProbability } = reconcile(
      { ...noNumber, name: name('Vandenberghe', 'Piet') },
      [jan],
      options,
    );
    const odds = 2 ** (score + priorWeight);
    // The arrival, a relative of the candidate who is not registered, or anybody else.
    const relative = evidence.reduce((sum, { field, level }) => sum + relativeWeightOf(DEFAULT_MODEL, field, level), 0);
    const relativeOdds = odds * DEFAULT_MODEL.relativeShare * 2 ** relative;
    expect(relativeOdds).toBeGreaterThan(0.01);
    expect(probability).toBeCloseTo(odds / (odds + relativeOdds + 1), 9);
    expect(relativeProbability).toBeCloseTo(relativeOdds / (odds + relativeOdds + 1), 9);
    expect(priorWeight).toBeCloseTo(Math.log2(0.85 / 20_000 / 0.15), 9);
  });

  it('shares the probability among all candidates and nobody', () => {
    const decision = reconcile(
      noNumber,
      [without(jan, 'nationalNumber'), without(other('L2', {}), 'nationalNumber')],
      options,
    );
    const total = decision.probability + decision.runnersUp.reduce((sum, { probability }) => sum + probability, 0);
    expect(decision.probability).toBeCloseTo(0.5, 3);
    expect(total).toBeLessThanOrEqual(1);
    expect(total).toBeGreaterThan(0.99);
  });

  it('counts namesakes against', () => {
    const namesakes = Array.from({ length: 40 }, (_, at) =>
      other(`N${at}`, { birthDate: `19${40 + at}-03-04`, nationalNumber: number(`${40 + at}0304005`) }),
    );
    const decision = reconcile(noNumber, [jan, ...namesakes], options);
    expect(decision.evidence.find(({ field }) => field === 'namesakes')?.weight).toBeLessThan(-5);
    expect(decision.runnersUp.length).toBeLessThanOrEqual(10);
  });

  it('does not count a number that contradicts its bearer, nor one that others share', () => {
    const numberEvidence = (arriving: ArrivingPatient, candidates: readonly LocalPatient[]) =>
      reconcile(arriving, candidates, options).evidence.find(({ field }) => field === 'number');
    expect(numberEvidence({ ...arrival, nationalNumber: MARIA }, [jan])).toMatchObject({ level: 'ignored', weight: 0 });
    const sharer = other('L9', { name: name('Claes', 'Piet') });
    expect(numberEvidence(arrival, [jan, sharer])).toMatchObject({ level: 'shared', weight: 0 });
  });

  it('never overflows', () => {
    const extreme = {
      ...DEFAULT_MODEL,
      fields: { ...DEFAULT_MODEL.fields, number: { ...DEFAULT_MODEL.fields.number, equal: { m: 0.99, u: 1e-300 } } },
    };
    const { probability } = reconcile(arrival, [jan], { ...options, model: extreme, registrySize: 0 });
    expect(probability).toBeGreaterThan(0.99999);
    expect(probability).toBeLessThanOrEqual(1);
  });

  it('bears traits that are no text of their kind', () => {
    const odd = { name: name('\ud800\0', '?'), birthDate: 'yesterday', phone: '☎', street: '\n', nationalNumber: '٣' };
    expect(reconcile(odd, [jan, { ...odd, patientId: { id: 'L7', issuer: 'HERE' } }], options).zone).toBe('review');
  });
});

describe('an explanation', () => {
  it('says what was decided, then the guards, then the evidence from the prior to the posterior', () => {
    const lines = explain(reconcile({ ...noNumber, ...home, name: name('Van den Berghe', 'Piet') }, [jan], options));
    expect(lines[0]).toBe('A person decides.');
    expect(lines[1]).toBe('Other given name: may be a twin or another relative.');
    expect(lines[2]).toMatch(/^Before any evidence/);
    expect(lines).toContain('Given name Piet, here Jan: different (−5.8 bits)');
    expect(lines.at(-2)).toMatch(/^After all evidence: [\d.]+ % probable$/);
    expect(lines.at(-1)).toMatch(/^Or a relative who is not registered here: [\d.]+ % probable$/);
  });

  it('never claims certainty', () => {
    expect(explain(reconcile({ ...arrival, ...home }, [jan], options)).at(-1)).toBe(
      'After all evidence: > 99.9999 % probable',
    );
  });

  it('says why a doubt without a guard is a doubt', () => {
    const decision = reconcile({ ...noNumber, phone: '0499 12 98 76' }, [jan], { ...options, registrySize: 2_000_000 });
    expect(explain(decision)[1]).toBe('The probability is below what this hospital asks for.');
  });

  it('shows a name as it is, also one that looks like a placeholder of ours', () => {
    const lines = explain(reconcile({ ...arrival, name: name('{local} {bits} $&', 'Jan') }, [jan], options));
    expect(lines.some((line) => line.includes('Family name {local} {bits} $&, here Van den Berghe'))).toBe(true);
  });
});
