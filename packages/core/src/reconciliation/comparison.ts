/** One arrival against one local patient: levels of agreement, their weights, and the values they were found in. */
import {
  isFullBirthDate,
  nameForms,
  nameReadings,
  nationalNumberOf,
  numberAgreement,
  parseBirthDate,
  registeredName,
  type NameCounts,
  type NameForms,
  type NameReading,
  type NationalNumber,
} from '../patients/index.ts';
import type { ArrivingPatient, IssuedId, LocalPatient, PatientTraits } from '../study/index.ts';
import { compareFamily, compareGiven, compareMiddle } from './compare-names.ts';
import { compareAddress, compareBirthDate, comparePhone, compareSex } from './compare-traits.ts';
import { swapAwareDistance } from './distance.ts';
import { FIELDS, type Field, type FieldLevels, type Level, type LevelOf } from './levels.ts';
import { nameWeightOf, weightOf, type ReconciliationModel } from './model.ts';
import { isOwnGivenName } from './own-given-names.ts';
import type { ReconciliationProfile } from './profile.ts';

/** What one field says for or against. JSON-safe. */
export interface Evidence {
  readonly field: Field;
  readonly level: Level;
  /** Bits: log2(m/u). */
  readonly weight: number;
  /** As written; empty when absent. */
  readonly arrivalValue: string;
  readonly localValue: string;
}

/** A candidate with everything that was compared. `score` is the sum of the evidence's weights. */
export interface Comparison {
  readonly local: LocalPatient;
  readonly levels: FieldLevels;
  readonly evidence: readonly Evidence[];
  readonly score: number;
  readonly number: NationalNumber | undefined;
  /** The registered name as it was compared; absent where there is none. */
  readonly localName: NameReading | undefined;
  /** The local number contradicts the local birth date or sex. */
  readonly localNumberDoubted: boolean;
  /** The registered family name is that of a few here. False as long as nobody has counted. */
  readonly isRareFamily: boolean;
}

/** An arrival, read once for all candidates. */
export interface PreparedArrival {
  readonly patient: ArrivingPatient;
  readonly readings: readonly NameReading[];
  readonly birthName: NameForms | undefined;
  readonly number: NationalNumber | undefined;
  /** The number contradicts the arrival's own birth date or sex. */
  readonly numberDoubted: boolean;
}

/** Reads an arrival once. */
export function prepareArrival(patient: ArrivingPatient, profile: ReconciliationProfile): PreparedArrival {
  const number = nationalNumberOf(patient, profile.numberRules);
  return {
    patient,
    readings: nameReadings(patient.name?.alphabetic),
    birthName: patient.birthName === undefined ? undefined : nameForms(patient.birthName.alphabetic.family),
    number,
    numberDoubted: number !== undefined && numberAgreement(number, patient) === 'contradicts',
  };
}

/** What candidates are compared with. */
export interface CompareContext {
  readonly model: ReconciliationModel;
  readonly profile: ReconciliationProfile;
  /** Of the registry; without it every name is as rare as the model has it. */
  readonly names?: NameCounts | undefined;
}

/** Compares one candidate. */
export function compareCandidate(
  arrival: PreparedArrival,
  local: LocalPatient,
  { model, names: counts, profile }: CompareContext,
): Comparison {
  const number = nationalNumberOf(local, profile.numberRules);
  const localNumberDoubted = number !== undefined && numberAgreement(number, local) === 'contradicts';
  const names = compareNames(arrival, local, model, counts);
  const levels: FieldLevels = {
    ...names.levels,
    number: compareNumbers(arrival, number, localNumberDoubted, local.birthDate),
    localId: bearsLocalId(arrival.patient, local) ? 'equal' : 'missing',
    birthDate: birthDateLevel(arrival, local, localNumberDoubted ? number : undefined),
    sex: compareSex(arrival.patient.sex, local.sex),
    address: compareAddress(arrival.patient, local),
    phone: comparePhone(arrival.patient.phone, local.phone),
    namesakes: 'missing',
  };
  const values = valuesOf(arrival, local, names.reading, number);
  const evidence = FIELDS.filter((field) => field !== 'namesakes').map((field) => {
    const [arrivalValue, localValue] = values[field];
    const level = levels[field];
    const weight =
      field === 'family' || field === 'given'
        ? nameWeightOf(
            model,
            field,
            level,
            [names.reading?.[field].glued ?? '', names.registered?.[field].glued ?? ''],
            counts,
          )
        : weightOf(model, field, level);
    return { field, level, weight, arrivalValue, localValue };
  });
  return {
    local,
    levels,
    evidence,
    score: sumOf(evidence),
    number,
    localName: names.registered,
    localNumberDoubted,
    isRareFamily: isRare(names.registered?.family, counts),
  };
}

/** The comparison with one level replaced and its weight with it. */
export function withEvidence(comparison: Comparison, field: Field, level: Level, weight: number): Comparison {
  const { arrivalValue = '', localValue = '' } = comparison.evidence.find((item) => item.field === field) ?? {};
  const evidence = [
    ...comparison.evidence.filter((item) => item.field !== field),
    { field, level, weight, arrivalValue, localValue },
  ].sort((a, b) => FIELDS.indexOf(a.field) - FIELDS.indexOf(b.field));
  return { ...comparison, levels: { ...comparison.levels, [field]: level }, evidence, score: sumOf(evidence) };
}

/** Whether the arrival carries this patient's own ID, issued here: an ID without an issuer, or of another, is a chance. */
export function bearsLocalId(arrival: ArrivingPatient, local: LocalPatient): boolean {
  const own = local.patientId;
  if (own.issuer === undefined || own.issuer === '' || own.id === '') return false;
  const isOwn = (id: IssuedId | undefined): boolean => id?.issuer === own.issuer && id?.id === own.id;
  return isOwn(arrival.patientId) || (arrival.otherIds ?? []).some(isOwn);
}

function compareNumbers(
  arrival: PreparedArrival,
  local: NationalNumber | undefined,
  localDoubted: boolean,
  localBirthDate: string | undefined,
): LevelOf<'number'> {
  if (arrival.number === undefined || local === undefined) return 'missing';
  const doubted = arrival.numberDoubted || localDoubted;
  if (arrival.number.digits === local.digits) return doubted ? 'doubted' : 'equal';
  // Somebody else's number says nothing about whose record this is; one whose date is the registered one is no such.
  if (doubted) return isBornAs(arrival.number, localBirthDate) ? 'differ' : 'ignored';
  if (isSlip(arrival.number, local)) return 'slip';
  return mayHaveChanged(arrival.number, local) ? 'bis-same-date' : 'differ';
}

/** Numbers of persons who were registered one after the other, as twins are. */
const NEIGHBOURS = 3;

/** A typing error shows by itself where there are check digits; without them it makes a number one slip away. */
function isSlip(left: NationalNumber, right: NationalNumber): boolean {
  if (left.kind !== 'unchecked' || right.kind !== 'unchecked') return false;
  const apart = Math.abs(Number(left.digits) - Number(right.digits));
  // With letters in it nobody knows which numbers are neighbours.
  return apart > NEIGHBOURS && swapAwareDistance(left.digits, right.digits) === 1;
}

/** A BIS number is replaced by a national one at registration; both carry the same day of birth. */
function mayHaveChanged(left: NationalNumber, right: NationalNumber): boolean {
  if (left.kind !== 'bis' && right.kind !== 'bis') return false;
  const [a, b] = [left.birthDate, right.birthDate];
  return a !== undefined && a.year === b?.year && a.month === b.month && a.day === b.day;
}

/**
 * Compares birth dates. Where a number contradicts the date beside it, and has the other's date in it, the date was
 * mistyped rather than the number, whose check digits hold.
 */
function birthDateLevel(
  { number, numberDoubted, patient }: PreparedArrival,
  local: LocalPatient,
  doubtedLocal: NationalNumber | undefined,
): LevelOf<'birthDate'> {
  const level = compareBirthDate(patient.birthDate, local.birthDate);
  // Far apart it is a relative's number, whatever date is in it.
  if (level === 'exact' || level === 'exact-first' || level === 'differ') return level;
  const isSaidByNumber =
    (numberDoubted && isBornAs(number, local.birthDate)) || isBornAs(doubtedLocal, patient.birthDate);
  return isSaidByNumber ? 'by-number' : level;
}

function isBornAs(number: NationalNumber | undefined, birthDate: string | undefined): boolean {
  const [said, written] = [number?.birthDate, parseBirthDate(birthDate)];
  if (number?.kind === 'unchecked' || !isFullBirthDate(said) || !isFullBirthDate(written)) return false;
  return said.year === written.year && said.month === written.month && said.day === written.day;
}

interface NameComparison {
  readonly reading: NameReading | undefined;
  readonly registered: NameReading | undefined;
  readonly levels: Pick<FieldLevels, 'family' | 'given' | 'middle' | 'nameOrder'>;
  readonly weight: number;
}

const NO_NAME: NameComparison = {
  reading: undefined,
  registered: undefined,
  levels: { family: 'missing', given: 'missing', middle: 'missing', nameOrder: 'missing' },
  weight: 0,
};

/** The reading of the arrival's name that fits this candidate best; a later one must be strictly better. */
function compareNames(
  arrival: PreparedArrival,
  local: LocalPatient,
  model: ReconciliationModel,
  counts: NameCounts | undefined,
): NameComparison {
  const registered = registeredName(local.name?.alphabetic);
  if (registered === undefined) return NO_NAME;
  const localBirthName = registeredName(local.birthName?.alphabetic)?.family;
  let best: NameComparison | undefined;
  for (const reading of arrival.readings) {
    const families: readonly LevelOf<'family'>[] = [
      compareFamily(reading.family, registered.family),
      ...(localBirthName === undefined ? [] : [compareFamily(reading.family, localBirthName)]),
      ...(arrival.birthName === undefined ? [] : [compareFamily(arrival.birthName, registered.family)]),
    ];
    const given = givenLevel(reading, registered, counts);
    const levels: NameComparison['levels'] = {
      family: strongest(families, 'family', model),
      given,
      middle: given === 'exchanged' ? 'missing' : compareMiddle(reading.middle, registered.middle),
      nameOrder: reading.reading === 'swapped' ? 'swapped' : 'missing',
    };
    const weight =
      nameWeightOf(model, 'family', levels.family, [reading.family.glued, registered.family.glued], counts) +
      nameWeightOf(model, 'given', levels.given, [reading.given.glued, registered.given.glued], counts) +
      weightOf(model, 'middle', levels.middle) +
      weightOf(model, 'nameOrder', levels.nameOrder);
    if (best === undefined || weight > best.weight) best = { reading, registered, levels, weight };
  }
  return best ?? { ...NO_NAME, registered };
}

/** Fewer patients than this do not show which names there are. */
const NAMES_SHOWN_BY = 15_000;

/** Bearers of a family name that one family may have. */
const RARE_FAMILY = 3;

function isRare(family: NameForms | undefined, counts: NameCounts | undefined): boolean {
  if (family === undefined || counts === undefined || counts.total < NAMES_SHOWN_BY) return false;
  return counts.family(family.glued) <= RARE_FAMILY;
}

/** A name one typing error away from another is mistyped where nobody here bears it, and others bear the other. */
function givenLevel(
  { given, middle }: NameReading,
  registered: NameReading,
  counts: NameCounts | undefined,
): LevelOf<'given'> {
  const level = compareGiven(given, registered.given, [middle, registered.middle]);
  if (level !== 'near' || counts === undefined || counts.total < NAMES_SHOWN_BY) return level;
  const [arriving, local] = [given.glued, registered.given.glued];
  const [rarer = '', commoner = ''] = [arriving, local].toSorted(
    (one, other) => counts.given(one) - counts.given(other),
  );
  // The registered patient is one of those who bear the local form.
  const isBorneByNobody = counts.given(rarer) <= (rarer === local ? 1 : 0);
  return isBorneByNobody && counts.given(commoner) > 1 && !isOwnGivenName(rarer) ? 'mistyped' : level;
}

function strongest(
  levels: readonly LevelOf<'family'>[],
  field: 'family',
  model: ReconciliationModel,
): LevelOf<'family'> {
  return levels.reduce((best, level) => {
    if (best === 'missing') return level;
    return level !== 'missing' && weightOf(model, field, level) > weightOf(model, field, best) ? level : best;
  });
}

function valuesOf(
  arrival: PreparedArrival,
  local: LocalPatient,
  reading: NameReading | undefined,
  number: NationalNumber | undefined,
): Readonly<Record<Field, readonly [string, string]>> {
  const [arriving, registered] = [arrival.patient, local.name?.alphabetic];
  return {
    number: [arrival.number?.digits ?? arriving.nationalNumber ?? '', number?.digits ?? local.nationalNumber ?? ''],
    localId: [arriving.patientId?.id ?? '', local.patientId.id],
    family: [reading?.family.text ?? arriving.name?.alphabetic.family ?? '', registered?.family ?? ''],
    given: [reading?.given.text ?? arriving.name?.alphabetic.given ?? '', registered?.given ?? ''],
    nameOrder: ['', ''],
    middle: [reading?.middle.text ?? '', registered?.middle ?? ''],
    birthDate: [arriving.birthDate ?? '', local.birthDate ?? ''],
    sex: [arriving.sex ?? '', local.sex ?? ''],
    address: [addressOf(arriving), addressOf(local)],
    phone: [arriving.phone ?? '', local.phone ?? ''],
    namesakes: ['', ''],
  };
}

function addressOf({ street, postcode, city }: PatientTraits): string {
  return [street, postcode, city].filter((part) => part !== undefined && part !== '').join(', ');
}

function sumOf(evidence: readonly Evidence[]): number {
  return evidence.reduce((sum, { weight }) => sum + weight, 0);
}
