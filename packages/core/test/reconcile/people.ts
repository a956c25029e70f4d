/** Invented people for property tests: one person, and others made to be taken for that person. */
import fc from 'fast-check';
import { createPatientIndex, type NameCounts } from '../../src/patients/index.ts';
import {
  DEFAULT_MODEL,
  POLICIES,
  PROFILES,
  reconcile,
  type Decision,
  type ReconcileOptions,
} from '../../src/reconciliation/index.ts';
import type { ArrivingPatient, LocalPatient, PatientTraits, Sex } from '../../src/study/index.ts';

/** Everything that may be known of a person. */
export interface Person {
  readonly family: string;
  readonly given: string;
  readonly middle: string;
  /** `YYYY-MM-DD` */
  readonly birthDate: string;
  readonly sex: Extract<Sex, 'M' | 'F'>;
  readonly nationalNumber: string;
  readonly street: string;
  readonly postcode: string;
  readonly city: string;
  readonly phone: string;
}

const FAMILIES = [
  'Peeters',
  'Van den Berghe',
  'Lefèvre',
  "D'Haese",
  'Noël-Goduisart',
  'El Amrani',
  'Müller',
  'Kowalski',
  'Da Silva',
];
/** Pairs that parents do give to twins stand beside each other. */
const GIVENS = [
  ['Luca', 'Lucas'],
  ['Noa', 'Noah'],
  ['Emma', 'Emmy'],
  ['Julie', 'Julia'],
  ['Tim', 'Tom'],
  ['Lena', 'Lina'],
  ['Eline', 'Elise'],
  ['Louis', 'Louise'],
  ['Jean-Paul', 'Jean-Pierre'],
  ['Marie-Claire', 'Marie-Hélène'],
  ['Yassine', 'Yassir'],
  ['Hanne', 'Hannes'],
  ['Bram', 'Femke'],
] as const;
const STREETS = ['Kerkstraat', 'Rue de la Station', 'Dorpsstraat', 'Avenue Reine Astrid'];

/** Two given names of one family, never the same. */
export const givenPair: fc.Arbitrary<readonly [string, string]> = fc
  .tuple(fc.constantFrom(...GIVENS), fc.constantFrom(...GIVENS), fc.boolean(), fc.nat(1), fc.nat(1))
  .map(([pair, second, isPair, left, right]) => {
    if (isPair || pair === second) return left === 0 ? ([pair[0], pair[1]] as const) : ([pair[1], pair[0]] as const);
    return [pair[left as 0 | 1], second[right as 0 | 1]] as const;
  });

/** A day between 1930 and 2024, never a first. */
export const birthDate: fc.Arbitrary<string> = fc
  .integer({ min: Date.UTC(1930, 0, 1) / 86_400_000, max: Date.UTC(2024, 11, 31) / 86_400_000 })
  .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10))
  .filter((date) => !date.endsWith('-01'));

/** A person with all traits, whose number is valid and agrees. */
export const person: fc.Arbitrary<Person> = fc
  .record({
    family: fc.constantFrom(...FAMILIES),
    given: givenPair.map(([given]) => given),
    middle: fc.constantFrom('', '', 'Karel', 'Anna'),
    birthDate,
    sex: fc.constantFrom('M' as const, 'F' as const),
    serial: fc.integer({ min: 0, max: 498 }),
    street: fc
      .tuple(fc.constantFrom(...STREETS), fc.integer({ min: 1, max: 200 }))
      .map(([street, house]) => `${street} ${house}`),
    postcode: fc.constantFrom('4000', '9000', '1000'),
    phone: fc.integer({ min: 10_000_000, max: 99_999_999 }).map((digits) => `04${digits}`),
  })
  .map(({ serial, ...traits }) => ({
    ...traits,
    city: '',
    nationalNumber: numberFor(traits.birthDate, traits.sex, serial),
  }));

/** Traits of which a random part is left out; what is in `keep` always stays. */
export function partly(keep: readonly (keyof Person)[]): fc.Arbitrary<(of: Person) => PatientTraits> {
  const droppable = (['nationalNumber', 'birthDate', 'sex', 'street', 'postcode', 'phone', 'middle'] as const).filter(
    (trait) => !keep.includes(trait),
  );
  return fc.subarray([...droppable]).map((dropped) => (of: Person) => traitsOf(of, dropped));
}

/** A valid number for a birth date and sex; `serial` 0 to 498. */
export function numberFor(date: string, sex: 'M' | 'F', serial: number): string {
  const nine =
    date.slice(2, 4) +
    date.slice(5, 7) +
    date.slice(8, 10) +
    String(serial * 2 + (sex === 'M' ? 1 : 2)).padStart(3, '0');
  const base = Number(date.slice(0, 4)) >= 2000 ? 2_000_000_000 + Number(nine) : Number(nine);
  return nine + String(97 - (base % 97)).padStart(2, '0');
}

/** A registered patient. */
export function registered(id: string, traits: PatientTraits): LocalPatient {
  return { ...traits, patientId: { id, issuer: 'HERE' } };
}

/** Decides under each policy, through the index as at a member. */
export function decideAll(arrival: ArrivingPatient, registry: readonly LocalPatient[]): readonly Decision[] {
  const candidates = createPatientIndex(registry).candidates(arrival);
  return Object.values(POLICIES).flatMap((policy) =>
    [undefined, COMMON_NAMES].map((names) => reconcile(arrival, candidates, { ...SETTINGS, policy, names })),
  );
}

/** A registry in which every name is one that parents choose. */
const COMMON_NAMES: NameCounts = { total: 100_000, family: () => 40, given: () => 300 };

const SETTINGS: Omit<ReconcileOptions, 'policy'> = {
  model: DEFAULT_MODEL,
  profile: PROFILES.be,
  // A small hospital: the prior is at its boldest.
  registrySize: 5_000,
  nowMs: Date.UTC(2025, 11, 31),
};

function traitsOf(of: Person, dropped: readonly (keyof Person)[]): PatientTraits {
  const has = (trait: keyof Person): boolean => !dropped.includes(trait) && of[trait] !== '';
  const alphabetic = {
    family: of.family,
    given: of.given,
    middle: has('middle') ? of.middle : '',
    prefix: '',
    suffix: '',
  };
  return {
    name: { alphabetic },
    ...(has('birthDate') ? { birthDate: of.birthDate } : {}),
    ...(has('sex') ? { sex: of.sex } : {}),
    ...(has('nationalNumber') ? { nationalNumber: of.nationalNumber } : {}),
    ...(has('street') ? { street: of.street } : {}),
    ...(has('postcode') ? { postcode: of.postcode } : {}),
    ...(has('phone') ? { phone: of.phone } : {}),
  };
}
