import { parseBelgianNationalNumber } from '@interhosp/core/patients';
import { expect, it } from 'vitest';
import { generatePopulation, type PopulationArrival, type PopulationSample } from './index.ts';

const SIZE = { registry: 10_000, arrivals: 10_000, far: 0.4 };
const sample = generatePopulation({ seed: 1, ...SIZE });

/** Arrivals with this tag. */
function tagged(tag: string, { arrivals }: PopulationSample = sample): readonly PopulationArrival[] {
  return arrivals.filter(({ tags }) => tags.includes(tag));
}

function isValid(number: string, birthDate?: string): boolean {
  return parseBelgianNationalNumber(number, { birthDate }).valid;
}

it('gives the same sample for the same seed, and another for another', () => {
  const size = { registry: 300, arrivals: 300 };
  const first = generatePopulation({ seed: 'liège', ...size });
  expect(generatePopulation({ seed: 'liège', ...size })).toEqual(first);
  const other = generatePopulation({ seed: 'luik', ...size });
  expect(other.registry).not.toEqual(first.registry);
  expect(other.arrivals).not.toEqual(first.arrivals);
});

it('leaves the registry as it is when only the arrivals are others', () => {
  const size = { seed: 5, registry: 300 };
  const few = generatePopulation({ ...size, arrivals: 10 });
  expect(generatePopulation({ ...size, arrivals: 500, numberInArrivals: 0.2 }).registry).toEqual(few.registry);
});

it('has as many records and arrivals as asked for, each ID once', () => {
  expect(new Set(sample.registry.map(({ patientId }) => patientId.id)).size).toBe(SIZE.registry);
  expect(new Set(sample.arrivals.map(({ id }) => id)).size).toBe(SIZE.arrivals);
  expect(generatePopulation({ seed: 1, registry: 40, arrivals: 400 }).arrivals).toHaveLength(400);
});

it('issues numbers that pass the rules; what does not pass is tagged, or one of the few errors of the registry', () => {
  const wrong = ['niss-typo', 'niss-placeholder', 'dob-year', 'dob-digit', 'relatives-niss', 'mothers-niss'];
  const sound = sample.arrivals.filter(({ tags }) => !tags.some((tag) => wrong.includes(tag)));
  const numbers = sound.filter(({ patient }) => patient.nationalNumber !== undefined);
  expect(numbers.length).toBeGreaterThan(5_000);
  expect(numbers.filter(({ patient }) => !isValid(patient.nationalNumber ?? '', patient.birthDate))).toEqual([]);

  const local = sample.registry.flatMap(({ nationalNumber }) => nationalNumber ?? []);
  expect(local.filter((number) => !isValid(number)).length).toBeLessThan(30);
});

it('says the sex in the parity of the number', () => {
  const wrong = ['sex-flip', 'sex-O', 'niss-typo', 'niss-placeholder', 'relatives-niss', 'mothers-niss'];
  const contradictions = sample.arrivals.filter(({ patient, tags }) => {
    const parsed = parseBelgianNationalNumber(patient.nationalNumber ?? '');
    const parity = parsed.valid ? parsed.sexParity : undefined;
    if (parity === undefined || patient.sex === undefined) return false;
    return parity !== patient.sex && !tags.some((tag) => wrong.includes(tag));
  });
  expect(contradictions).toEqual([]);
});

it('gives BIS numbers to some, and numbers without a day to those whose birthday is not known', () => {
  const kinds = tagged('bis').map(({ patient }) => parseBelgianNationalNumber(patient.nationalNumber ?? ''));
  expect(kinds.filter((parsed) => parsed.valid && parsed.kind === 'bis').length).toBeGreaterThan(3);
  const unknown = tagged('unk-dob').map(({ patient }) => patient.nationalNumber?.replaceAll('.', ''));
  expect(unknown.filter((number) => number?.slice(2, 6) === '0000').length).toBeGreaterThan(1);
});

it('names as truth only IDs of the registry: one, two for who is registered twice, none for who is unknown', () => {
  const ids = new Set(sample.registry.map(({ patientId }) => patientId.id));
  for (const { truth, tags } of sample.arrivals) {
    expect(truth.every((id) => ids.has(id))).toBe(true);
    expect(truth.length > 0).toBe(tags.includes('known'));
    expect(truth.length > 1).toBe(tags.includes('registered-twice'));
  }
  expect(tagged('unknown')).toHaveLength(0.15 * SIZE.arrivals);
  expect(tagged('registered-twice').length).toBeGreaterThan(50);
});

it('registers nobody who is truly unknown', () => {
  const numbers = new Set(sample.registry.flatMap(({ nationalNumber }) => nationalNumber ?? []));
  const borrowed = ['relatives-niss', 'mothers-niss', 'niss-typo', 'niss-placeholder'];
  const own = tagged('unknown').filter(({ tags }) => !tags.some((tag) => borrowed.includes(tag)));
  const bare = own.flatMap(({ patient }) => patient.nationalNumber?.replaceAll(/\D/g, '') ?? []);
  expect(bare.length).toBeGreaterThan(500);
  expect(bare.filter((number) => numbers.has(number))).toEqual([]);
});

it('sends the number of who is known with the true record, unless it is tagged otherwise', () => {
  const records = new Map(sample.registry.map((record) => [record.patientId.id, record]));
  const other = ['relatives-niss', 'mothers-niss', 'niss-typo', 'niss-placeholder', 'bis'];
  const pairs = tagged('known').filter(({ tags }) => !tags.some((tag) => other.includes(tag)));
  const differing = pairs.filter(({ patient, truth }) => {
    const local = truth.flatMap((id) => records.get(id)?.nationalNumber ?? []);
    const arriving = patient.nationalNumber?.replaceAll(/\D/g, '');
    return arriving !== undefined && local.length > 0 && !local.includes(arriving);
  });
  // The registry has a few wrong numbers.
  expect(differing.length).toBeLessThan(20);
});

/** Arrivals in 10,000, about as in other samples of this country; the tolerance is wide for rare ones. */
const RATES: readonly (readonly [tag: string, expected: number])[] = [
  ['niss-missing', 3930],
  ['addr-missing', 2780],
  ['moved', 660],
  ['relative-in-registry', 435],
  ['glued', 320],
  ['giv-typo', 320],
  ['foreign', 375],
  ['no-niss', 310],
  ['bad-record', 265],
  ['fam-typo', 220],
  ['pn-no-caret', 130],
  ['dob-digit', 115],
  ['twin-in-registry', 100],
  ['sex-missing', 95],
  ['sex-flip', 80],
  ['married-name', 75],
  ['mojibake', 70],
  ['newborn', 65],
  ['half-surname', 65],
  ['married+maiden', 50],
  ['middle-as-given', 50],
  ['niss-placeholder', 50],
  ['split-particle', 50],
  ['half-given', 50],
  ['hyphenated', 50],
  ['nickname', 45],
  ['swapped', 45],
  ['apostrophe', 45],
  ['hyphen', 40],
  ['newborn-placeholder', 35],
  ['dob-0101', 35],
  ['niss-typo', 35],
  ['sex-O', 35],
  ['particle-lost', 30],
];

it.each(RATES)('does %s to %i arrivals in 10,000', (tag, expected) => {
  const count = tagged(tag).length;
  expect(count).toBeGreaterThan(0.6 * expected - 10);
  expect(count).toBeLessThan(1.5 * expected + 20);
});

it.each([
  'maiden+married maiden-ep-married cut bis initial dob-missing dob-year dob-dm-swap unidentified relatives-niss',
  'mothers-niss twin unk-dob homonym bad-local-record',
])('does each of %s to some', (tags) => {
  for (const tag of tags.split(' ')) expect([tag, tagged(tag).length > 0]).toEqual([tag, true]);
});

it('makes more twins, newborns, homonyms and borrowed numbers under stress', () => {
  const stressed = generatePopulation({ seed: 1, ...SIZE, stress: 10 });
  for (const tag of ['twin-in-registry', 'newborn', 'homonym', 'relatives-niss']) {
    expect(tagged(tag, stressed).length).toBeGreaterThan(2 * tagged(tag).length);
  }
});

it('makes typing errors as often as told', () => {
  const clean = generatePopulation({ seed: 1, ...SIZE, errors: 0 });
  const dirty = generatePopulation({ seed: 1, ...SIZE, errors: 4 });
  for (const tag of ['fam-typo', 'giv-typo', 'dob-digit', 'niss-typo', 'bad-record']) {
    expect(tagged(tag, clean)).toEqual([]);
    expect(tagged(tag, dirty).length).toBeGreaterThan(1.8 * tagged(tag).length);
  }
});

it('follows the shares of numbers, unknown persons and far families', () => {
  const arriving = (options: object): PopulationSample => generatePopulation({ seed: 2, ...SIZE, ...options });
  const bearing = ({ arrivals }: PopulationSample): number =>
    arrivals.filter(({ patient }) => patient.nationalNumber !== undefined).length;
  expect(bearing(arriving({ numberInArrivals: 0 }))).toBe(0);
  expect(bearing(arriving({ numberInArrivals: 1 }))).toBeGreaterThan(9_300);
  expect(tagged('unknown', arriving({ unknownShare: 0.5 }))).toHaveLength(5_000);
  expect(tagged('foreign', arriving({ far: 0 }))).toEqual([]);
  const bare = arriving({ numberInRegistry: 0 }).registry;
  expect(bare.filter(({ nationalNumber }) => nationalNumber !== undefined)).toEqual([]);
});

it('gives half of all families a name that few others bear, and some names to many', () => {
  const counts = new Map<string, number>();
  for (const { name } of sample.registry) {
    const family = name?.alphabetic.family ?? '';
    counts.set(family, (counts.get(family) ?? 0) + 1);
  }
  const rare = [...counts.values()].filter((count) => count <= 3).reduce((sum, count) => sum + count, 0);
  expect(rare / SIZE.registry).toBeGreaterThan(0.45);
  expect(rare / SIZE.registry).toBeLessThan(0.75);
  expect(Math.max(...counts.values())).toBeGreaterThan(40);
});
