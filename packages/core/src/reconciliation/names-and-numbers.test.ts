// What the registry says of names, and what numbers may carry, beyond the guards themselves.
import { describe, expect, it } from 'vitest';
import { arrival, home, jan, JAN, name, noNumber, number, options, other, without } from '../../test/reconcile/jan.ts';
import { createPatientIndex, type NameCounts } from '../patients/index.ts';
import type { ArrivingPatient, LocalPatient } from '../study/index.ts';
import { MODELS } from './model.ts';
import { POLICIES } from './policy.ts';
import { PROFILES } from './profile.ts';
import { reconcile, type ReconcileOptions } from './reconcile.ts';

/** 100,000 patients; what is not named here nobody bears. */
function counts(bearers: Readonly<Record<string, number>>): NameCounts {
  const of = (glued: string): number => bearers[glued] ?? 0;
  return { total: 100_000, family: of, given: of };
}

const RARE = counts({ vandenberghe: 1, jan: 900 });
const COMMON = counts({ vandenberghe: 900, jan: 3_000 });

function decide(patient: ArrivingPatient, registry: readonly LocalPatient[], more: Partial<ReconcileOptions> = {}) {
  return reconcile(patient, registry, { ...options, ...more });
}

describe('the frequency of names', () => {
  it('makes agreement in a rare name weigh more than in a common one, and the weights still add up', () => {
    const [rare, common, assumed] = [RARE, COMMON, undefined].map((names) => decide(noNumber, [jan], { names }));
    const weight = (decision: typeof rare) => decision?.evidence.find(({ field }) => field === 'family')?.weight ?? 0;
    expect(weight(rare)).toBeGreaterThan(weight(assumed) + 4);
    expect(weight(common)).toBeLessThan(weight(assumed) - 2);
    for (const decision of [rare, common, assumed]) {
      expect(decision?.evidence.reduce((sum, each) => sum + each.weight, 0)).toBeCloseTo(decision?.score ?? 0, 9);
    }
  });

  it('follows the registry as it changes', () => {
    const index = createPatientIndex([jan, other('L2', { name: name('Claes', 'Jan') })]);
    const seen = () => [index.names.total, index.names.family('vandenberghe'), index.names.given('jan')];
    expect(seen()).toEqual([2, 1, 2]);
    index.upsert(other('L2', { name: name('Van den Berghe', 'Piet') }));
    expect(seen()).toEqual([2, 2, 1]);
    index.remove('L1');
    expect(seen()).toEqual([1, 1, 0]);
    index.upsert(without(other('L2', {}), 'name'));
    expect(seen()).toEqual([0, 0, 0]);
  });

  it('is that of the commoner form where only a birth name agrees', () => {
    const birthName = { alphabetic: { ...name('Peeters', '').alphabetic } };
    const married = other('L1', { name: name('Vandenbulcke', 'Jan'), birthName });
    const weightWith = (names: NameCounts) =>
      decide({ ...noNumber, name: name('Peeters', 'Jan') }, [married], { names }).evidence.find(
        ({ field }) => field === 'family',
      )?.weight ?? 0;
    expect(weightWith(counts({ peeters: 900, vandenbulcke: 1 }))).toBeLessThan(weightWith(RARE) - 4);
  });

  it.each([
    ['a neighbouring name that hardly anybody bears', 'Kayden'],
    ['an initial', 'J.'],
  ])('lets no twin who is not registered pass for the other: %s', (_, given) => {
    const twin = { ...noNumber, ...home, phone: '0475 12 34 56', name: name('Van den Berghe', given) };
    const jayden = other('L1', { name: name('Van den Berghe', 'Jayden') });
    const names = counts({ vandenberghe: 1, jayden: 40 });
    for (const policy of Object.values(POLICIES)) {
      expect(decide(twin, [jayden], { names, policy }).guards).toContain('given-name-near');
    }
  });

  it('lets no two persons of a first of January, or of one house, pass for one', () => {
    const names = counts({ hosseini: 10, ahmad: 60, rahimi: 5, hassan: 9, fatima: 300 });
    const born = { birthDate: '1990-01-01' };
    const ahmad = { name: name('Hosseini', 'Ahmad'), ...born };
    expect(decide(ahmad, [without(other('L1', ahmad), 'nationalNumber')], { names }).guards).toContain('homonym');
    const hassan = { ...home, phone: jan.phone!, ...born, sex: 'F' as const, name: name('Hassan', 'Fatima') };
    const rahimi = without(other('L1', { ...hassan, name: name('Rahimi', 'Fatima') }), 'nationalNumber');
    expect(decide(hassan, [rahimi], { names }).guards).toContain('family-names-differ');
  });
});

describe('a national number', () => {
  it('says which of two records is meant where only one of them bears it', () => {
    const double = without(other('L2', {}), 'nationalNumber');
    expect(decide({ ...arrival, ...home }, [double, jan])).toMatchObject({ zone: 'link', patient: jan });
  });

  it('outweighs a slip in the birth date beside it, and no other birth date', () => {
    expect(decide({ ...arrival, birthDate: '1985-07-31' }, [jan])).toMatchObject({ zone: 'link', patient: jan });
    expect(decide({ ...arrival, birthDate: '1953-02-11' }, [jan]).zone).toBe('review');
  });

  it('lends its date to a mistyped one, where the registry has no number', () => {
    const registry = [without(jan, 'nationalNumber')];
    const slip = { ...arrival, ...home, birthDate: '1985-07-31', nationalNumber: JAN };
    const decision = decide(slip, registry);
    expect(decision.evidence.find(({ field }) => field === 'birthDate')?.level).toBe('by-number');
    expect(decision.zone).toBe('link');
    // Where the number is believed, another one here is another person's.
    const second = other('L1', { nationalNumber: number('850730007') });
    expect(decide(slip, [second]).guards).toContain('numbers-differ');
    // The father's number on the son's study.
    expect(decide({ ...slip, birthDate: '2012-02-11' }, registry).zone).toBe('review');
  });

  describe('without check digits', () => {
    const generic = { model: MODELS.generic, profile: PROFILES.generic };
    const local = other('L1', { nationalNumber: '4815162' });
    const said = { ...arrival, nationalNumber: '4815162' };

    it('carries a link with the given name and one more', () => {
      expect(decide({ ...said, birthDate: '1985-07-31' }, [local], generic).zone).toBe('link');
      // Father and son.
      expect(decide({ ...said, birthDate: '1953-02-11' }, [local], generic).zone).toBe('review');
      expect(decide({ ...said, name: name('Okonkwo', 'Jan') }, [local], generic).zone).toBe('link');
      expect(decide({ ...said, name: name('Okonkwo', 'Jan'), birthDate: '1953-02-11' }, [local], generic).zone).toBe(
        'review',
      );
    });

    it('carries none to a relative who has it too', () => {
      const atHome = { ...said, ...home, phone: jan.phone! };
      const relatives = [
        { ...atHome, name: name('Van den Berghe', 'Emma'), sex: 'F' as const, birthDate: '2015-04-02' },
        { ...atHome, name: name('Van den Berghe', 'Emma'), sex: 'F' as const },
        { ...atHome, name: name('Van den Berghe', 'Emma'), nationalNumber: '4825162' },
      ];
      for (const relative of relatives) expect(decide(relative, [local], generic).zone).toBe('review');
    });

    it('may have a slip, which two numbers given out one after the other are not', () => {
      const level = (nationalNumber: string) =>
        decide({ ...said, nationalNumber }, [local], generic).evidence.find(({ field }) => field === 'number')?.level;
      expect(level('4825162')).toBe('slip');
      expect(level('4185162')).toBe('slip');
      expect(level('4815163')).toBe('differ');
      expect(level('9915162')).toBe('differ');
      expect(level('481516B')).toBe('differ');
    });
  });
});
