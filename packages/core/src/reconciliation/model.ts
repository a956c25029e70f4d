/**
 * The weights of reconciliation, as data. `m` is how often a level occurs among pairs of records of one person, `u` how
 * often among records of two persons; the weight of a level is log2(m/u) bits (Fellegi and Sunter, 1969).
 */
import type { NameCounts } from '../patients/index.ts';
import { GIVEN_NAME_VARIANTS_VERSION } from './given-name-variants.ts';
import type { Field, Level, LEVELS } from './levels.ts';
import type { PROFILES } from './profile.ts';
import { OWN_GIVEN_NAMES_VERSION } from './own-given-names.ts';

/** How often a level occurs, in records of one person and of two; all between 0 and 1, exclusive. */
export interface LevelFrequencies {
  readonly m: number;
  readonly u: number;
  /** In records of two relatives of one household; absent where that is as in records of one person. */
  readonly r?: number;
}

/** A model; JSON-safe, versioned, and recorded with each decision that it made. */
export interface ReconciliationModel {
  readonly version: string;
  /** Where the figures come from. */
  readonly provenance: string;
  /** Share of arriving patients that the hospital knows already. */
  readonly knownShare: number;
  /**
   * How often an unregistered relative of a registered patient arrives, for each time that the patient does. Relatives share
   * family name, home and telephone, and twins the birth date, which unrelated persons do by chance alone.
   */
  readonly relativeShare: number;
  /** `namesakes` has no frequencies: its weight follows from the number of namesakes. */
  readonly fields: {
    readonly [F in Exclude<Field, 'namesakes'>]: { readonly [L in (typeof LEVELS)[F][number]]: LevelFrequencies };
  };
}

/**
 * The shipped model. m: published and trial figures for hospital records (see provenance); u: stated assumptions for a
 * Belgian registry, on the cautious side, until a site's own registry gives its own.
 */
export const DEFAULT_MODEL: ReconciliationModel = {
  version: `default-3+given-names-${GIVEN_NAME_VARIANTS_VERSION}+${OWN_GIVEN_NAMES_VERSION}`,
  provenance:
    'm: starting values from trials on synthetic Belgian hospital records; u: assumed (surname 1 in 800, given name 1 in ' +
    '120, birth date 1 in 25,000, street and house 1 in 3,000); r: assumed for households, twins 1 in 70 relatives; nothing ' +
    'estimated from patients of any hospital',
  knownShare: 0.85,
  relativeShare: 0.08,
  fields: {
    number: {
      equal: { m: 0.965, u: 1e-7, r: 0.001 },
      doubted: { m: 0.02, u: 2e-5, r: 0.002 },
      // A dummy, or one person's number on several records: it speaks for none of them.
      shared: { m: 0.001, u: 0.001 },
      'bis-same-date': { m: 0.002, u: 4e-5, r: 2e-4 },
      slip: { m: 0.004, u: 1e-5, r: 1e-4 },
      differ: { m: 0.008, u: 0.9999, r: 0.99 },
    },
    localId: { equal: { m: 0.9, u: 1e-6, r: 0.001 } },
    family: {
      exact: { m: 0.933, u: 0.00125, r: 0.75 },
      near: { m: 0.024, u: 0.0015, r: 0.02 },
      token: { m: 0.018, u: 0.0015, r: 0.05 },
      similar: { m: 0.002, u: 0.01, r: 0.01 },
      differ: { m: 0.023, u: 0.985, r: 0.17 },
    },
    given: {
      exact: { m: 0.93, u: 0.0085, r: 0.002 },
      spelling: { m: 0.01, u: 0.001, r: 0.0015 },
      variant: { m: 0.006, u: 0.002, r: 0.008 },
      part: { m: 0.008, u: 0.002, r: 0.004 },
      initial: { m: 0.004, u: 0.05, r: 0.05 },
      // Of typing errors nine in ten give what is no name; of the names of twins hardly one is new to a registry.
      mistyped: { m: 0.013, u: 0.0045, r: 5e-4 },
      near: { m: 0.002, u: 0.005, r: 0.003 },
      // Both names, so that middle names are not counted beside it.
      exchanged: { m: 0.003, u: 5e-5, r: 2e-4 },
      middle: { m: 0.004, u: 0.00595, r: 0.005 },
      similar: { m: 0.004, u: 0.012, r: 0.015 },
      differ: { m: 0.016, u: 0.9103, r: 0.9102 },
    },
    nameOrder: { swapped: { m: 0.006, u: 0.5 } },
    middle: {
      exact: { m: 0.5, u: 0.008, r: 0.03 },
      part: { m: 0.11, u: 0.015, r: 0.04 },
      initial: { m: 0.36, u: 0.06, r: 0.08 },
      differ: { m: 0.03, u: 0.917, r: 0.85 },
    },
    birthDate: {
      exact: { m: 0.97, u: 4e-5, r: 0.015 },
      // One person in fifty has such a date, all of them the same few: equality says less.
      'exact-first': { m: 0.97, u: 3e-4, r: 0.015 },
      digit: { m: 0.005, u: 3e-4, r: 5e-4 },
      swap: { m: 0.001, u: 3e-5, r: 2e-4 },
      'year-digit': { m: 0.002, u: 4e-4, r: 0.001 },
      'first-of-year': { m: 0.003, u: 5e-4, r: 6e-4 },
      partial: { m: 0.003, u: 5e-4, r: 0.001 },
      'by-number': { m: 0.006, u: 4e-5, r: 3e-4 },
      differ: { m: 0.003, u: 0.998, r: 0.977 },
    },
    sex: { same: { m: 0.989, u: 0.5, r: 0.5 }, differ: { m: 0.011, u: 0.5, r: 0.5 } },
    address: {
      street: { m: 0.58, u: 3e-4, r: 0.55 },
      'street-near': { m: 0.04, u: 3e-4, r: 0.03 },
      town: { m: 0.21, u: 0.03, r: 0.2 },
      differ: { m: 0.17, u: 0.97, r: 0.22 },
    },
    phone: { same: { m: 0.77, u: 2e-4, r: 0.45 }, differ: { m: 0.23, u: 0.9998, r: 0.55 } },
  },
};

/**
 * The model for numbers without check digits, which are mistyped unseen, and are one person's alone (see
 * `ReconciliationProfile.numberOutweighs`).
 */
export const GENERIC_MODEL: ReconciliationModel = {
  ...DEFAULT_MODEL,
  version: `generic-1+${DEFAULT_MODEL.version}`,
  provenance: `${DEFAULT_MODEL.provenance}; number: assumed, one in twenty mistyped`,
  fields: {
    ...DEFAULT_MODEL.fields,
    number: {
      ...DEFAULT_MODEL.fields.number,
      equal: { m: 0.927, u: 1e-7, r: 0.001 },
      slip: { m: 0.04, u: 1e-5, r: 1e-5 },
      differ: { m: 0.01, u: 0.9999, r: 0.99 },
    },
  },
};

/** Models by the name of the profile they are for. */
export const MODELS: Readonly<Record<keyof typeof PROFILES, ReconciliationModel>> = {
  be: DEFAULT_MODEL,
  generic: GENERIC_MODEL,
};

/** Weight of a level in bits: positive for, negative against; 0 when nothing was compared. */
export function weightOf(model: ReconciliationModel, field: Exclude<Field, 'namesakes'>, level: Level): number {
  const frequencies = (model.fields[field] as Readonly<Partial<Record<Level, LevelFrequencies>>>)[level];
  return frequencies === undefined ? 0 : Math.log2(frequencies.m / frequencies.u);
}

/** Bits by which a level speaks for a relative of the candidate rather than for the candidate. */
export function relativeWeightOf(model: ReconciliationModel, field: Field, level: Level): number {
  if (field === 'namesakes') return 0;
  const frequencies = (model.fields[field] as Readonly<Partial<Record<Level, LevelFrequencies>>>)[level];
  return frequencies?.r === undefined ? 0 : Math.log2(frequencies.r / frequencies.m);
}

/** Bearers that a name is taken to have beside those counted: a name that was seen once is not the rarest there is. */
const UNSEEN_BEARERS = 2;

/**
 * How often a name is borne by somebody else: its share of the registry, drawn towards the model's figure as long as the
 * registry is small.
 */
export function frequencyOf(
  model: ReconciliationModel,
  field: 'family' | 'given',
  glued: string,
  names: NameCounts,
): number {
  const { u } = model.fields[field].exact;
  return (names[field](glued) + UNSEEN_BEARERS) / (names.total + UNSEEN_BEARERS / u);
}

/** How much the rarity of a name says at a level, as a power of it: the neighbours of a rare name are rarer than others. */
const RARITY: Readonly<Record<'family' | 'given', Readonly<Partial<Record<Level, number>>>>> = {
  family: { exact: 1, near: 0.5 },
  given: { exact: 1, spelling: 0.75, mistyped: 0.5, near: 0.5 },
};

/**
 * As {@link weightOf}, for two names that agree: agreement in a rare one says more (term frequency). Of two forms the commoner
 * counts, since it may be that one, as a birth name, which both records have in common.
 */
export function nameWeightOf(
  model: ReconciliationModel,
  field: 'family' | 'given',
  level: Level,
  forms: readonly string[],
  names: NameCounts | undefined,
): number {
  const weight = weightOf(model, field, level);
  const power = RARITY[field][level];
  if (names === undefined || power === undefined || forms.includes('')) return weight;
  const { u } = model.fields[field].exact;
  const frequency = Math.max(...forms.map((glued) => frequencyOf(model, field, glued, names)));
  return weight + power * Math.log2(u / frequency);
}

/**
 * Weight against a full name that `namesakes` others of `registrySize` bear: what the model takes for one name in
 * 94,000 may be one in a thousand here. Never positive.
 *
 * @param assumed - Frequency of the full name as the weights of its parts have it.
 */
export function namesakeWeight(
  model: ReconciliationModel,
  namesakes: number,
  registrySize: number,
  assumed = model.fields.family.exact.u * model.fields.given.exact.u,
): number {
  const seen = namesakes / Math.max(registrySize, namesakes, 1);
  return seen <= assumed ? 0 : -Math.log2(seen / assumed);
}
