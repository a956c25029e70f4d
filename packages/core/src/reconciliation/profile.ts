/**
 * What is peculiar to a country, as data: the rules of its national number, the words that stand for a missing name, and
 * which guards apply. `generic` has nothing of Belgium.
 */
import { BELGIAN_NUMBER_RULES, UNCHECKED_NUMBER_RULES, type NationalNumberRules } from '../patients/index.ts';
import { GUARD_REASONS, type GuardReason } from './guard-reasons.ts';

/** A profile; a site names one. */
export interface ReconciliationProfile {
  readonly name: string;
  readonly numberRules: NationalNumberRules;
  /** Guards that apply; every one that fires sends the arrival to a person. */
  readonly guards: readonly GuardReason[];
  /** Words that, alone or among others, make a given name no name. Folded. */
  readonly placeholderGiven: ReadonlySet<string>;
  /** The same for family names, where some of those words are real. */
  readonly placeholderFamily: ReadonlySet<string>;
  /** `YYYY-MM-DD` dates that stand for an unknown one. */
  readonly placeholderBirthDates: ReadonlySet<string>;
  /**
   * Two different numbers forbid a link: always, where check digits make a typing error visible; or unless name, birth
   * date and one more trait agree, where they cannot.
   */
  readonly differentNumbers: 'forbid' | 'unless-corroborated';
  /**
   * Whether the number is one person's for life, so that with the given name, and one more of birth date, family name and
   * street, it may stand against another family name or a slip in the birth date. Not for an insurance's, which relatives share; nor where a number has
   * its own guards, by which a relative's, or a twin's, is known for what it is.
   */
  readonly numberOutweighs: boolean;
}

const ANY_GIVEN =
  'baby babyboy babygirl bb boy girl newborn infant unknown unnamed nn anonymous anonym test x xx xxx patient twin male female';
const ANY_FAMILY = 'unknown unnamed nn anonymous anonym test x xx xxx unidentified';
const BELGIAN_GIVEN =
  'bebe garcon fille jongen meisje inconnu inconnue onbekend onbekende unbekannt nouveau nouveaune ne nee naissance jumeau ' +
  'jumelle zoon dochter fils enfant kindje tweeling zwilling pasgeborene zuigeling boreling kind neugeborenes knabe madchen homme femme man vrouw sans zonder';
const BELGIAN_FAMILY = 'inconnu inconnue onbekend onbekende unbekannt anonyme';
const PLACEHOLDER_DATES = ['1900-01-01', '1901-01-01', '1800-01-01', '1899-12-30', '1899-12-31'];

/** Belgium. */
export const BELGIAN_PROFILE: ReconciliationProfile = {
  name: 'be',
  numberRules: BELGIAN_NUMBER_RULES,
  guards: GUARD_REASONS,
  placeholderGiven: words(ANY_GIVEN, BELGIAN_GIVEN),
  placeholderFamily: words(ANY_FAMILY, BELGIAN_FAMILY),
  placeholderBirthDates: new Set(PLACEHOLDER_DATES),
  differentNumbers: 'forbid',
  numberOutweighs: false,
};

/** Anywhere: a number without rules, placeholder words in English. */
export const GENERIC_PROFILE: ReconciliationProfile = {
  name: 'generic',
  numberRules: UNCHECKED_NUMBER_RULES,
  guards: GUARD_REASONS.filter((reason) => reason !== 'number-changed' && reason !== 'number-doubted'),
  placeholderGiven: words(ANY_GIVEN),
  placeholderFamily: words(ANY_FAMILY),
  placeholderBirthDates: new Set(PLACEHOLDER_DATES),
  differentNumbers: 'unless-corroborated',
  numberOutweighs: true,
};

/** Profiles by the name a configuration uses. */
export const PROFILES = { be: BELGIAN_PROFILE, generic: GENERIC_PROFILE } as const;

function words(...lists: readonly string[]): ReadonlySet<string> {
  return new Set(lists.flatMap((list) => list.split(' ')));
}
