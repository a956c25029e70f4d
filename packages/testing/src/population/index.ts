/**
 * A synthetic Belgian population, the registry of a hospital, and arrivals from another one with what is true of them.
 *
 * Nobody in it lives: names are drawn from lists and syllables, numbers are issued at random under the rules.
 */
import type { LocalPatient } from '@interhosp/core/study';
import { arrivalOf, fullNameKey, type PopulationArrival } from './arrivals.ts';
import { addFamily } from './households.ts';
import type { Person } from './person.ts';
import { createPersonMaker } from './persons.ts';
import { createRandom, shuffled, type PopulationRandom } from './random.ts';
import { writeRegistry } from './registry.ts';

export type { PopulationArrival } from './arrivals.ts';

/** What {@link generatePopulation} makes. Shares and rates are from 0 to 1. */
export interface PopulationOptions {
  readonly seed: number | string;
  /** Records in the registry. */
  readonly registry: number;
  /** Arrivals; a person may arrive several times once everybody has. */
  readonly arrivals: number;
  /** Share of arrivals whose person is not in the registry; default 0.15. */
  readonly unknownShare?: number;
  /** Share of arrivals that bear a national number, of those whose person has one; default 0.6. */
  readonly numberInArrivals?: number;
  /** Share of records likewise; default 0.95. */
  readonly numberInRegistry?: number;
  /** Share of records that are somebody's second; default 0.01. */
  readonly duplicates?: number;
  /** Multiplies the rates of twins, homonyms, newborns and borrowed numbers; default 1. */
  readonly stress?: number;
  /** Multiplies the rates of typing errors; default 1.5. */
  readonly errors?: number;
  /** Share of families of another language region or abroad, seen from a French-speaking hospital; default 0.25. */
  readonly far?: number;
  /** Day of the sample, in milliseconds since 1970; newborns were born in the weeks before. Default: end of 2025. */
  readonly nowMs?: number;
}

/** A registry and what arrives at it. */
export interface PopulationSample {
  readonly registry: readonly LocalPatient[];
  readonly arrivals: readonly PopulationArrival[];
}

/**
 * Makes a sample that follows from the options alone.
 *
 * Options of the arrivals leave the registry as it is.
 */
export function generatePopulation(options: PopulationOptions): PopulationSample {
  const { seed, duplicates = 0.01, errors = 1.5, stress = 1 } = options;
  const duplicateCount = Math.round(options.registry * duplicates);
  const { persons, registered, unregistered } = settle(options, options.registry - duplicateCount);
  const registry = writeRegistry(registered, createRandom(seed, 'registry'), {
    numberInRegistry: options.numberInRegistry ?? 0.95,
    duplicateCount,
    errors,
  });

  const context = {
    ...registry,
    persons,
    families: Map.groupBy(persons, ({ familyIndex }) => familyIndex),
    registeredByName: countBy(registered, fullNameKey),
  };
  const traitOptions = { numberInArrivals: options.numberInArrivals ?? 0.6, stress, errors };
  const random = createRandom(seed, 'arrivals');
  const arriving = whoArrives(registered, unregistered, random, options);
  return {
    registry: registry.records,
    arrivals: arriving.map((person, position) => arrivalOf(person, position, context, random, traitOptions)),
  };
}

/** End of the day for which the defaults are made. */
const DEFAULT_NOW_MS = Date.UTC(2025, 11, 31);
/** Share of families of which somebody is registered, and of their members who are. */
const FAMILY_SHARE = 0.8;
const MEMBER_SHARE = 0.84;
/** Fewest persons who are not registered. */
const FEWEST_UNREGISTERED = 20;

interface Settlement {
  readonly persons: readonly Person[];
  readonly registered: readonly Person[];
  readonly unregistered: readonly Person[];
}

/** Families until enough are registered. */
function settle(
  { seed, far = 0.25, stress = 1, nowMs = DEFAULT_NOW_MS }: PopulationOptions,
  count: number,
): Settlement {
  const random = createRandom(seed, 'families');
  const maker = createPersonMaker(random, new Date(nowMs).getUTCFullYear());
  const chosen = new Set<number>();
  while (chosen.size < count || maker.persons.length - chosen.size < FEWEST_UNREGISTERED) {
    const family = addFamily(maker, random, { nowMs, far, stress });
    const isPatient = random.chance(FAMILY_SHARE);
    for (const { index } of family) {
      if (isPatient && chosen.size < count && random.chance(MEMBER_SHARE)) chosen.add(index);
    }
  }
  const { persons } = maker;
  const isRegistered = ({ index }: Person): boolean => chosen.has(index);
  return {
    persons,
    registered: shuffled(persons.filter(isRegistered), random),
    unregistered: persons.filter((person) => !isRegistered(person)),
  };
}

/** Known and unknown persons in a random order; nobody arrives again before everybody has arrived. */
function whoArrives(
  registered: readonly Person[],
  unregistered: readonly Person[],
  random: PopulationRandom,
  { arrivals, unknownShare = 0.15 }: PopulationOptions,
): readonly Person[] {
  const unknownCount = registered.length === 0 ? arrivals : Math.round(arrivals * unknownShare);
  return shuffled(
    [...take(registered, arrivals - unknownCount, random), ...take(unregistered, unknownCount, random)],
    random,
  );
}

function take(persons: readonly Person[], count: number, random: PopulationRandom): readonly Person[] {
  const taken: Person[] = [];
  while (taken.length < count) taken.push(...shuffled(persons, random).slice(0, count - taken.length));
  return taken;
}

function countBy(persons: readonly Person[], keyOf: (person: Person) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const person of persons) counts.set(keyOf(person), (counts.get(keyOf(person)) ?? 0) + 1);
  return counts;
}
