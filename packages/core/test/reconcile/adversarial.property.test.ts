/**
 * Pairs of persons who are easily taken for one another are never linked, whatever else is missing or agrees, under
 * either policy (threats: a peer that lies about a patient). About 30,000 decisions here, ten times as many at night.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/reconciliation/index.ts';
import { birthDate, decideAll, givenPair, numberFor, partly, person, registered, type Person } from './people.ts';

const numRuns = process.env['INTERHOSP_DOSE'] === 'long' ? 20_000 : 1_500;

/** No decision links, or only to the patients allowed. */
function expectNoLink(decisions: readonly Decision[], allowed: readonly string[] = []): void {
  for (const decision of decisions) {
    if (decision.zone !== 'link' || allowed.includes(decision.patient.patientId.id)) continue;
    throw new Error(
      `linked to ${decision.patient.patientId.id} under ${decision.policy}: ${JSON.stringify(decision.evidence)}`,
    );
  }
}

describe('never linked', () => {
  it('a twin who is not registered, with the same home, without a number or with the number of the other', () => {
    const copied = fc.constantFrom('none', 'own', 'copied');
    fc.assert(
      fc.property(
        person,
        givenPair,
        fc.boolean(),
        copied,
        fc.nat(498),
        partly([]),
        partly([]),
        (base, [one, two], sameSex, number, serial, local, arriving) => {
          const first = { ...base, given: one };
          const sex = sameSex ? base.sex : base.sex === 'M' ? 'F' : 'M';
          const own = numberFor(base.birthDate, sex, serial);
          const second: Person = {
            ...base,
            given: two,
            sex,
            nationalNumber: { none: '', own, copied: base.nationalNumber }[number],
          };
          if (number === 'own' && own === first.nationalNumber) return;
          // One letter is a typing error where the number says so: Tim under Tom's own number cannot be told from Tom.
          if (number === 'copied' && nearlySame(one, two)) return;
          expectNoLink(decideAll(arriving(second), [registered('first', local(first))]));
        },
      ),
      { numRuns },
    );
  });

  it('a twin to the other twin, when both are registered', () => {
    fc.assert(
      fc.property(
        person,
        givenPair,
        fc.nat(498),
        partly([]),
        partly([]),
        partly([]),
        (base, [one, two], serial, localOne, localTwo, arriving) => {
          const first = { ...base, given: one };
          const second = { ...base, given: two, nationalNumber: numberFor(base.birthDate, base.sex, serial) };
          if (second.nationalNumber === first.nationalNumber) return;
          const registry = [registered('first', localOne(first)), registered('second', localTwo(second))];
          expectNoLink(decideAll(arriving(second), registry), ['second']);
        },
      ),
      { numRuns },
    );
  });

  it('a relative who carries the number, the home and the family name', () => {
    fc.assert(
      fc.property(
        person,
        givenPair,
        birthDate,
        partly([]),
        partly(['nationalNumber', 'birthDate']),
        (base, [one, two], born, local, arriving) => {
          if (isNearDate(born, base.birthDate)) return;
          const parent = { ...base, given: one };
          expectNoLink(
            decideAll(arriving({ ...base, given: two, birthDate: born }), [registered('parent', local(parent))]),
          );
        },
      ),
      { numRuns },
    );
  });

  it('father and son of one name, at one address, whatever number is shown', () => {
    const shown = fc.constantFrom('none', 'own', 'of the other');
    fc.assert(
      fc.property(
        person,
        birthDate,
        fc.nat(498),
        shown,
        partly([]),
        partly(['birthDate']),
        (father, born, serial, number, local, arriving) => {
          if (isNearDate(born, father.birthDate)) return;
          const own = numberFor(born, father.sex, serial);
          const son = {
            ...father,
            birthDate: born,
            nationalNumber: { none: '', own, 'of the other': father.nationalNumber }[number],
          };
          const decisions = decideAll(arriving(son), [registered('father', local(father))]);
          expectNoLink(decisions);
        },
      ),
      { numRuns },
    );
  });

  it('homonyms born on one day, each with a number of their own', () => {
    fc.assert(
      fc.property(
        person,
        fc.nat(498),
        partly(['nationalNumber']),
        partly(['nationalNumber']),
        (base, serial, local, arriving) => {
          const other = { ...base, nationalNumber: numberFor(base.birthDate, base.sex, serial) };
          if (other.nationalNumber === base.nationalNumber) return;
          expectNoLink(decideAll(arriving(other), [registered('base', local(base))]));
        },
      ),
      { numRuns },
    );
  });

  it('homonyms born on one day and both registered, when the arrival has no number', () => {
    fc.assert(
      fc.property(person, person, fc.nat(498), partly([]), (base, stranger, serial, arriving) => {
        const other = {
          ...stranger,
          family: base.family,
          given: base.given,
          birthDate: base.birthDate,
          sex: base.sex,
          nationalNumber: numberFor(base.birthDate, base.sex, serial),
        };
        if (other.nationalNumber === base.nationalNumber) return;
        const registry = [base, other].map((one, at) => registered(String(at), partlyAll(one)));
        expectNoLink(decideAll(arriving({ ...base, nationalNumber: '' }), registry));
      }),
      { numRuns },
    );
  });

  it('somebody of whom every other trait was copied, but not given name and birth date', () => {
    const traits = ['family', 'middle', 'sex', 'nationalNumber', 'street', 'postcode', 'phone'] as const;
    fc.assert(
      fc.property(
        person,
        person,
        givenPair,
        fc.subarray([...traits]),
        partly([]),
        partly(['birthDate']),
        (victim, liar, [one, two], copied, local, arriving) => {
          if (isNearDate(victim.birthDate, liar.birthDate)) return;
          const mixed = { ...liar, given: two, ...Object.fromEntries(copied.map((trait) => [trait, victim[trait]])) };
          expectNoLink(decideAll(arriving(mixed), [registered('victim', local({ ...victim, given: one }))]));
        },
      ),
      { numRuns },
    );
  });

  it('whoever carries our own Patient ID of somebody else', () => {
    fc.assert(
      fc.property(person, person, givenPair, partly([]), partly([]), (victim, liar, [one, two], local, arriving) => {
        const patientId = { id: 'victim', issuer: 'HERE' };
        const decisions = decideAll({ ...arriving({ ...liar, given: two }), patientId }, [
          registered('victim', local({ ...victim, given: one })),
        ]);
        if (isNearDate(victim.birthDate, liar.birthDate)) return;
        expectNoLink(decisions);
      }),
      { numRuns },
    );
  });

  it('two persons of whom name and birth date are swapped with each other', () => {
    fc.assert(
      fc.property(person, person, partly([]), partly(['birthDate']), (one, two, local, arriving) => {
        if (isNearDate(one.birthDate, two.birthDate)) return;
        const crossed = { ...one, birthDate: two.birthDate };
        const registry = [
          registered('one', local(one)),
          registered('two', local({ ...two, given: 'Zoltan', family: 'Ferrari' })),
        ];
        expectNoLink(decideAll(arriving(crossed), registry));
      }),
      { numRuns },
    );
  });
});

describe('the persons themselves', () => {
  it('are linked, or the properties above would say nothing', () => {
    let linked = 0;
    fc.assert(
      fc.property(person, (somebody) => {
        const decisions = decideAll(partlyAll(somebody), [registered('self', partlyAll(somebody))]);
        linked += decisions.filter(({ zone }) => zone === 'link').length;
        expect(decisions.every(({ zone }) => zone !== 'new')).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(linked).toBe(2_000);
  });
});

/** All traits. */
function partlyAll(of: Person) {
  return fc.sample(partly(['nationalNumber', 'birthDate', 'sex', 'street', 'postcode', 'phone', 'middle']), 1)[0]!(of);
}

/** Dates that a slip could turn into one another: such a pair is one person with a typing error as easily as two. */
function isNearDate(left: string, right: string): boolean {
  const [leftYear, rightYear] = [left.slice(0, 4), right.slice(0, 4)];
  return leftYear === rightYear || left.slice(5) === right.slice(5);
}

/** Names of which one could be the other mistyped. */
function nearlySame(left: string, right: string): boolean {
  return Math.abs(left.length - right.length) <= 1 && left[0] === right[0];
}
