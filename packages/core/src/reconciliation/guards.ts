/**
 * The guards: what sends an arrival to a person whatever the score (reconciliation.md 5), but for what a policy believes the
 * score of. They are worth more than the score, since a twin, a newborn or a relative's number agrees in almost everything.
 *
 * Each guard is one predicate over the facts; the profile says which apply.
 */
import {
  furtherAgreement,
  isDateEqual,
  isDateNear,
  isFamilyGood,
  isGivenCompatible,
  isGivenSame,
  isIdentified,
  isNewborn,
  isPlaceholderDate,
  isPlaceholderName,
  isYoungerThan,
  numberAgrees,
  type Facts,
} from './facts.ts';
import type { GuardReason } from './guard-reasons.ts';
import type { ReconciliationPolicy } from './policy.ts';
import type { ReconciliationProfile } from './profile.ts';

/** What a guard may look at beside the facts. */
export interface GuardContext {
  readonly profile: ReconciliationProfile;
  readonly policy: ReconciliationPolicy;
  readonly nowMs: number;
}

/** Guards about a candidate; those about the arrival alone or the number of candidates are judged where zones are. */
type CandidateGuard = Exclude<GuardReason, 'too-many-candidates' | 'too-little-known'>;
type Guard = (facts: Facts, context: GuardContext) => boolean;

/** The guards of the profile that hold against linking to the best candidate, in the order of the catalogue. */
export function guardsAgainst(facts: Facts, context: GuardContext): readonly GuardReason[] {
  const isOutweighed = context.profile.numberOutweighs && isCarriedByNumber(facts.best.levels);
  return context.profile.guards.filter(
    (reason) => isCandidateGuard(reason) && GUARDS[reason](facts, context) && !(isOutweighed && OUTWEIGHED.has(reason)),
  );
}

/** Guards that speak of the arrival alone, shown when nobody is near. */
export function guardsOfArrival(arrival: Facts['arrival'], { profile, nowMs }: GuardContext): readonly GuardReason[] {
  const reasons: GuardReason[] = [];
  if (isPlaceholderName(arrival.patient, profile)) reasons.push('placeholder-name');
  if (isPlaceholderDate(arrival.patient, profile)) reasons.push('placeholder-birth-date');
  if (isNewborn(arrival.patient, nowMs)) reasons.push('newborn');
  return reasons.filter((reason) => profile.guards.includes(reason));
}

/** What an equal number may outweigh; see `ReconciliationProfile.numberOutweighs`. */
const OUTWEIGHED: ReadonlySet<GuardReason> = new Set([
  'number-of-another',
  'family-names-differ',
  'birth-date-missing',
  'birth-date-differs',
]);

/**
 * Relatives share family name and home, and where the number is a family's, that too: the given name is the person's own and
 * must be compatible, and the birth date may have a slip or be missing, but not be another.
 */
function isCarriedByNumber(levels: Facts['best']['levels']): boolean {
  if (levels.sex === 'differ' || levels.birthDate === 'differ' || !isGivenCompatible(levels)) return false;
  const isHome = levels.address === 'street' || levels.address === 'street-near';
  const others = [isDateNear(levels), isFamilyGood(levels), isHome].filter(Boolean).length;
  return (levels.number === 'equal' && others >= 1) || (levels.number === 'slip' && others >= 2);
}

const GUARDS: Readonly<Record<CandidateGuard, Guard>> = {
  'numbers-differ': ({ best }, { profile }) =>
    best.levels.number === 'differ' &&
    !(profile.differentNumbers === 'unless-corroborated' && isCorroborated(best.levels)),

  // The person was registered since: everything else must say so.
  'number-changed': ({ best }) => best.levels.number === 'bis-same-date' && !isCorroborated(best.levels),

  // A relative's number, the mother's, or a slip in the birth date: name, the registry's number and one more must agree.
  'number-doubted': ({ arrival, best }, { policy }) => {
    const isDoubted = arrival.numberDoubted || (best.localNumberDoubted && arrival.number !== undefined);
    const { levels } = best;
    if (!isDoubted) return false;
    if (!isFamilyGood(levels) || !(isGivenSame(levels) || levels.given === 'variant')) return true;
    if (policy.believesScore && isOwnNumberHere(best)) return false;
    if (levels.number === 'doubted') return !isDateNear(levels) && furtherAgreement(levels) === 0;
    // The number knows the registered date: the one beside it was mistyped.
    return levels.birthDate !== 'by-number' || !isGivenSame(levels);
  },

  'number-of-another': ({ best: { levels } }) => {
    if (!numberAgrees(levels)) return false;
    // A married name: the rest must agree.
    const nameChanged = !isFamilyGood(levels) && levels.family !== 'missing';
    const givenHolds = isGivenSame(levels) || levels.given === 'variant';
    return levels.birthDate === 'differ' || (nameChanged && !(givenHolds && isDateEqual(levels)));
  },

  'number-elsewhere': ({ best, numberElsewhere }, { policy }) => {
    if (numberAgrees(best.levels) || numberElsewhere.length === 0) return false;
    // The relative is known, and is somebody else.
    const isRelatives = numberElsewhere.every(
      ({ levels }) => !isGivenCompatible(levels) && levels.birthDate === 'differ',
    );
    return !(policy.believesScore && isRelatives && isGivenSame(best.levels) && isOwnNumberHere(best));
  },
  'number-shared': ({ best }) => best.levels.number === 'shared',
  'local-id-contradicted': ({ localIdContradicted, localIdElsewhere }) =>
    localIdContradicted || localIdElsewhere.length > 0,

  // Also with an equal number: a twin's number is copied as easily as a twin's name.
  'given-names-differ': ({ best: { levels } }) => {
    if (levels.given !== 'missing' && !isGivenCompatible(levels)) return true;
    // A brother and a sister: what passes for a form of one name may be two.
    const isWeak = levels.given === 'middle' || (levels.sex === 'differ' && !isGivenSame(levels));
    return isWeak && levels.given !== 'missing' && !isIdentified(levels);
  },
  'given-name-near': ({ best: { levels } }, { policy }) => {
    // That nobody here bears a name does not prove that nobody does.
    const isNear = levels.given === 'near' || levels.given === 'initial';
    return !isIdentified(levels) && (isNear || (levels.given === 'mistyped' && !policy.believesScore));
  },
  'family-names-differ': ({ best: { levels } }, { policy }) => {
    // Of a first of January there may be several in one house.
    const isAtHome = isGivenSame(levels) && levels.birthDate === 'exact' && levels.address === 'street';
    const isBelieved = policy.believesScore && isAtHome && levels.sex !== 'differ';
    return !isIdentified(levels) && !isFamilyGood(levels) && levels.family !== 'missing' && !isBelieved;
  },
  'name-incomplete': ({ best: { levels } }) => {
    const isIncomplete = levels.family === 'missing' || levels.given === 'missing';
    const restAgrees = isIdentified(levels) && isDateEqual(levels) && (isFamilyGood(levels) || isGivenSame(levels));
    return isIncomplete && !restAgrees;
  },

  sibling: ({ best: { levels }, homonyms, siblings }) => {
    if (levels.given === 'exact') return false;
    // The number is one twin's, and the name the other's.
    const isOthersName = [...siblings, ...homonyms].some(
      (other) => isGivenSame(other.levels) && isDateEqual(other.levels) && !isGivenSame(levels),
    );
    return isOthersName || (siblings.length > 0 && levels.number !== 'equal');
  },
  'placeholder-name': ({ arrival, best }, { profile }) =>
    (isPlaceholderName(arrival.patient, profile) || isPlaceholderName(best.local, profile)) &&
    !(best.levels.number === 'equal' && isDateEqual(best.levels)),
  'placeholder-birth-date': ({ arrival, best }, { profile }) =>
    isPlaceholderDate(arrival.patient, profile) || isPlaceholderDate(best.local, profile),
  newborn: ({ arrival, best, doubles, duplicates, homonyms, siblings }, { nowMs, policy, profile }) => {
    // A single one that has its own name on both sides is no longer mistaken for a twin or the mother.
    const isAlone = [doubles, duplicates, homonyms, siblings].every((others) => others.length === 0);
    const isNamed = best.levels.given === 'exact' && isFamilyGood(best.levels);
    const isNameless = isPlaceholderName(arrival.patient, profile) || isPlaceholderName(best.local, profile);
    const isBelieved = policy.believesScore && isAlone && isNamed && !isNameless && !arrival.numberDoubted;
    return (isNewborn(arrival.patient, nowMs) || isNewborn(best.local, nowMs)) && !isBelieved;
  },

  'birth-date-missing': ({ best: { levels } }) =>
    (levels.birthDate === 'missing' || levels.birthDate === 'partial') && !isIdentified(levels),
  'birth-date-differs': ({ best: { levels } }, { policy }) => {
    switch (levels.birthDate) {
      case 'differ':
        return true;
      // Father and son of one name at one address would have to share the birthday too.
      case 'year-digit':
      case 'digit':
      case 'swap':
      case 'first-of-year': {
        const isBelieved = policy.believesScore && levels.sex !== 'differ';
        const hasOneMore = isBelieved || furtherAgreement(levels) > 0 || levels.number === 'doubted';
        const restAgrees = isFamilyGood(levels) && isGivenSame(levels) && hasOneMore;
        return !isIdentified(levels) && !restAgrees;
      }
      default:
        return false;
    }
  },

  homonym: ({ best: { isRareFamily, levels }, homonyms, namesakes }, { policy }) => {
    if (isIdentified(levels)) return false;
    // A first of January with a common name is many persons.
    const isOneFamily =
      isRareFamily && levels.family === 'exact' && levels.given === 'exact' && levels.address !== 'differ';
    const isFirst = levels.birthDate === 'exact-first' && !(policy.believesScore && isOneFamily);
    // A centre for refugees is one address of many.
    if (isFirst && levels.phone !== 'same' && levels.middle !== 'exact' && levels.middle !== 'part') return true;
    const isCommon = namesakes > policy.namesakesAllowed;
    // A brother of a name like his is another, where the arrival bears this one's.
    const same = policy.believesScore ? homonyms.filter((other) => isGivenSame(other.levels)) : homonyms;
    // Who has moved since, and whose telephone number is another too, may be another.
    const isElsewhere = !policy.believesScore && levels.address === 'differ' && levels.phone === 'differ';
    return same.length > 0 || ((isCommon || isElsewhere) && furtherAgreement(levels) === 0);
  },
  // Which of the two is meant, the number says where only one of them bears it.
  'duplicate-record': ({ best, doubles, duplicates }, { nowMs, policy }) => {
    const { levels } = best;
    const isMeant =
      levels.number === 'equal' &&
      isDateEqual(levels) &&
      ((isFamilyGood(levels) && isGivenCompatible(levels)) || isGivenSame(levels));
    const unproved = [...duplicates, ...doubles.filter((other) => !isOnePerson(other, best, { nowMs, policy }))];
    return unproved.length > 0 && !isMeant;
  },
};

/** Name, birth date and one more trait agree. */
function isCorroborated(levels: Facts['best']['levels']): boolean {
  return isFamilyGood(levels) && isGivenSame(levels) && isDateEqual(levels) && furtherAgreement(levels) > 0;
}

/** A relative's number on the arrival, while name, birth date, the registry's own number and one more trait agree. */
function isOwnNumberHere({ levels, localNumberDoubted, number }: Facts['best']): boolean {
  const isKnownHere = number !== undefined && !localNumberDoubted && levels.number === 'ignored';
  return isKnownHere && isDateEqual(levels) && levels.sex === 'same' && furtherAgreement(levels) > 0;
}

/** Twins under the mother's name are two records alike, and no longer so when they have had names for long. */
const INFANT_DAYS = 730;

/** Whether a double of the best candidate may be taken for the same person, so that the arrival is whichever is likelier. */
export function isOnePerson(
  { local }: Facts['best'],
  best: Facts['best'],
  { nowMs, policy }: Pick<GuardContext, 'nowMs' | 'policy'>,
): boolean {
  const suffix = ({ name }: Facts['best']['local']): string => (name?.alphabetic.suffix ?? '').trim().toLowerCase();
  return policy.believesScore && !isYoungerThan(best.local, INFANT_DAYS, nowMs) && suffix(local) === suffix(best.local);
}

function isCandidateGuard(reason: GuardReason): reason is CandidateGuard {
  return reason in GUARDS;
}
