/**
 * What guards and zones are judged on: the best candidate, what is like it in the registry, and what the arrival itself
 * lacks. Everything here follows from the arrival and the candidates alone.
 */
import { ageDays, foldedTokens, isFullBirthDate, parseBirthDate } from '../patients/index.ts';
import type { PatientTraits } from '../study/index.ts';
import {
  bearsLocalId,
  compareCandidate,
  prepareArrival,
  type CompareContext,
  type Comparison,
  type PreparedArrival,
} from './comparison.ts';
import type { FieldLevels } from './levels.ts';
import type { ReconciliationProfile } from './profile.ts';

/** A person this young has a provisional name, a mother's number and perhaps a twin. */
export const NEWBORN_DAYS = 60;
/** Local patients compared with the best one; the likeliest ones, and everybody who bears the arrival's number. */
const MOST_RELATIVES = 50;

/** What may be judged about one best candidate. */
export interface Facts {
  readonly arrival: PreparedArrival;
  readonly best: Comparison;
  /** Other records of the best candidate's person, by an equal valid number. */
  readonly cluster: readonly Comparison[];
  /** Other records of that person, it seems: by name, birth date, sex, and address or telephone number. */
  readonly doubles: readonly Comparison[];
  /** Others that look like the best candidate's person, and nothing proves it. */
  readonly duplicates: readonly Comparison[];
  /** Others of the same name and birth date with another valid number. */
  readonly homonyms: readonly Comparison[];
  /** Others of the same family name and birth date with another given name. */
  readonly siblings: readonly Comparison[];
  /** Persons besides the best one with the arrival's number. */
  readonly numberElsewhere: readonly Comparison[];
  /** Persons besides the best one whose Patient ID, issued here, the arrival carries. */
  readonly localIdElsewhere: readonly Comparison[];
  /** The arrival carries the best candidate's ID, but name or birth date do not agree. */
  readonly localIdContradicted: boolean;
  /** Others of the same full name, whatever their birth date. */
  readonly namesakes: number;
}

/** Collects the facts about `best` among `others`, which are sorted by falling score. */
export function factsOf(
  arrival: PreparedArrival,
  best: Comparison,
  others: readonly Comparison[],
  context: CompareContext,
): Facts {
  const asArrival = prepareArrival(best.local, context.profile);
  const cluster: Comparison[] = [];
  const doubles: Comparison[] = [];
  const duplicates: Comparison[] = [];
  const homonyms: Comparison[] = [];
  const siblings: Comparison[] = [];
  for (const [rank, other] of others.entries()) {
    if (rank >= MOST_RELATIVES && !numberAgrees(other.levels)) continue;
    const relation = compareCandidate(asArrival, other.local, context).levels;
    const looksAlike = isFamilyGood(relation) && isGivenCompatible(relation) && isSameOrNearDate(relation);
    if (looksAlike && relation.number === 'equal' && isDateEqual(relation)) cluster.push(other);
    else if (looksAlike && relation.number === 'differ') homonyms.push(other);
    else if (isDouble(relation)) doubles.push(other);
    else if (looksAlike) duplicates.push(other);
    else if (isSibling(relation) || isSibling(other.levels)) siblings.push(other);
  }
  const strangers = others.filter((other) => !cluster.includes(other));
  return {
    arrival,
    best,
    cluster,
    doubles,
    duplicates,
    homonyms,
    siblings,
    numberElsewhere: strangers.filter(({ levels }) => numberAgrees(levels)),
    localIdElsewhere: strangers.filter(({ local }) => bearsLocalId(arrival.patient, local)),
    localIdContradicted: bearsLocalId(arrival.patient, best.local) && best.levels.localId !== 'equal',
    namesakes: strangers.filter(({ levels }) => levels.family === 'exact' && levels.given === 'exact').length,
  };
}

/** The numbers are the same, whether or not they count. */
export function numberAgrees({ number }: FieldLevels): boolean {
  return number === 'equal' || number === 'doubted' || number === 'shared';
}

/** An identifier says so: the national number, or our own Patient ID. */
export function isIdentified({ number, localId }: FieldLevels): boolean {
  return number === 'equal' || localId === 'equal';
}

/** One family name, perhaps with a typing error or half of it. */
export function isFamilyGood({ family }: FieldLevels): boolean {
  return family === 'exact' || family === 'near' || family === 'token';
}

/** One given name, perhaps in another spelling. */
export function isGivenSame({ given }: FieldLevels): boolean {
  return given === 'exact' || given === 'spelling';
}

/** Given names that one person may have in two records. */
export function isGivenCompatible({ given }: FieldLevels): boolean {
  return given !== 'differ' && given !== 'similar' && given !== 'missing';
}

/** Two full birth dates, equal. */
export function isDateEqual({ birthDate }: FieldLevels): boolean {
  return birthDate === 'exact' || birthDate === 'exact-first';
}

/** Birth dates that may be one, with a slip or an unknown part. */
export function isDateNear(levels: FieldLevels): boolean {
  return levels.birthDate !== 'differ' && levels.birthDate !== 'missing';
}

/** How many traits beside name, number and birth date agree. Relatives share address and telephone, not middle names. */
export function furtherAgreement({ address, phone, middle }: FieldLevels): number {
  return [address === 'street', phone === 'same', middle === 'exact' || middle === 'part'].filter(Boolean).length;
}

/** Whether the candidate could be the arrival at all: by an identifier, by name and birth date, or by where they live. */
export function isNear(arrival: PreparedArrival, { levels, local }: Comparison): boolean {
  if (numberAgrees(levels) || bearsLocalId(arrival.patient, local)) return true;
  const familyNear = isFamilyGood(levels) || levels.family === 'similar';
  if (familyNear && isDateNear(levels)) return true;
  if (isGivenCompatible(levels) && isDateEqual(levels)) return true;
  if (isFamilyGood(levels) && isGivenCompatible(levels) && levels.birthDate === 'missing') return true;
  const sameHome = levels.phone === 'same' || levels.address === 'street' || levels.address === 'street-near';
  return sameHome && (isDateEqual(levels) || isGivenCompatible(levels) || (isFamilyGood(levels) && isDateNear(levels)));
}

/** Whether the name is no name: Baby, NN, inconnu. A missing name is not a placeholder. */
export function isPlaceholderName({ name }: PatientTraits, profile: ReconciliationProfile): boolean {
  if (name === undefined) return false;
  const { family, given } = name.alphabetic;
  const givenWords = placeholderWords(given);
  const familyWords = placeholderWords(family);
  // Without a given name the whole name stands in the family name.
  const inGiven = givenWords.length > 0 ? givenWords : familyWords.slice(1);
  return (
    inGiven.some((word) => profile.placeholderGiven.has(word)) ||
    familyWords.some((word) => profile.placeholderFamily.has(word)) ||
    givenWords.some((word) => profile.placeholderFamily.has(word))
  );
}

/** Baby1 and Jumeau2 are Baby and Jumeau. */
function placeholderWords(text: string): readonly string[] {
  return foldedTokens(text).flatMap((word) => {
    const bare = word.replace(/\d+$/, '');
    return bare === word || bare === '' ? [word] : [word, bare];
  });
}

/** Whether the birth date stands for an unknown one. */
export function isPlaceholderDate({ birthDate }: PatientTraits, profile: ReconciliationProfile): boolean {
  return birthDate !== undefined && profile.placeholderBirthDates.has(birthDate.trim());
}

/** Born less than {@link NEWBORN_DAYS} ago; a date that lies ahead counts, as a due date does. */
export function isNewborn(patient: PatientTraits, nowMs: number): boolean {
  return isYoungerThan(patient, NEWBORN_DAYS, nowMs);
}

/** Born less than so many days ago; false where the birth date is not known. */
export function isYoungerThan({ birthDate }: PatientTraits, days: number, nowMs: number): boolean {
  const date = parseBirthDate(birthDate);
  return isFullBirthDate(date) && ageDays(date, nowMs) < days;
}

function isSibling(levels: FieldLevels): boolean {
  return isFamilyGood(levels) && isDateEqual(levels) && !isGivenSame(levels);
}

/** Two persons of one full name and birth date do not share a home as well; of a first of January they may. */
function isDouble(relation: FieldLevels): boolean {
  const isNamed = isFamilyGood(relation) && isGivenSame(relation) && relation.birthDate === 'exact';
  const isHome = relation.address === 'street' || (relation.phone === 'same' && relation.address !== 'differ');
  return isNamed && relation.sex === 'same' && isHome;
}

/** Records of one person may differ in the birth date by a slip; two such persons seldom live at one address. */
function isSameOrNearDate(relation: FieldLevels): boolean {
  if (isDateEqual(relation) || relation.birthDate === 'missing' || relation.birthDate === 'partial') return true;
  return isDateNear(relation) && furtherAgreement(relation) > 0;
}
