/**
 * Which local patient an arrival is: Fellegi-Sunter weights, a posterior over all candidates and nobody, and guards that
 * no score overrules. Pure: the same input gives the same decision, in any order of the candidates.
 */
import { isFullBirthDate, parseBirthDate, type NameCounts } from '../patients/index.ts';
import type { ArrivingPatient, LocalPatient } from '../study/index.ts';
import {
  bearsLocalId,
  compareCandidate,
  prepareArrival,
  withEvidence,
  type Comparison,
  type PreparedArrival,
} from './comparison.ts';
import { MOST_RUNNERS_UP, type Decision, type RunnerUp } from './decision.ts';
import {
  factsOf,
  isDateEqual,
  isFamilyGood,
  isGivenSame,
  isNear,
  isPlaceholderDate,
  isPlaceholderName,
} from './facts.ts';
import type { GuardReason } from './guard-reasons.ts';
import { guardsAgainst, guardsOfArrival, isOnePerson } from './guards.ts';
import { FIELDS } from './levels.ts';
import { frequencyOf, namesakeWeight, relativeWeightOf, weightOf, type ReconciliationModel } from './model.ts';
import type { ReconciliationPolicy } from './policy.ts';
import type { ReconciliationProfile } from './profile.ts';

/** Options of {@link reconcile}; all of them are recorded with the decision by name. */
export interface ReconcileOptions {
  readonly model: ReconciliationModel;
  readonly profile: ReconciliationProfile;
  readonly policy: ReconciliationPolicy;
  /** Persons in the registry: the prior of each candidate. */
  readonly registrySize: number;
  /** How often names are borne in the registry; without it, as often as the model assumes. */
  readonly names?: NameCounts | undefined;
  /** Wall time, for the age of newborns. */
  readonly nowMs: number;
}

/** Candidates compared; directories return far fewer. More than this is no answer but a fault, and goes to a person. */
export const MOST_CANDIDATES = 2_000;

/**
 * Decides whose study this is.
 *
 * `candidates` must hold everybody near (PatientDirectory.candidates): who is missing there cannot be found here, and the
 * posterior would be too sure of the others. A patient listed twice counts once.
 */
export function reconcile(
  arriving: ArrivingPatient,
  candidates: readonly LocalPatient[],
  options: ReconcileOptions,
): Decision {
  const arrival = prepareArrival(arriving, options.profile);
  const compared = compareAll(arrival, distinct(candidates), options);
  const { posterior, relatives } = posteriorsOf(compared, options);
  const best = compared.find((comparison) => isNear(arrival, comparison)) ?? likely(compared, posterior, options);
  if (best === undefined) {
    return { ...nobodyNear(arrival, posterior, candidates.length, options), relativeProbability: relatives };
  }

  const others = compared.filter((other) => other !== best);
  const facts = factsOf(arrival, best, others, options);
  const guards = [...guardsAgainst(facts, options), ...tooMany(candidates.length)];
  const person = [best, ...facts.cluster, ...facts.doubles.filter((other) => isOnePerson(other, best, options))];
  const probability = Math.min(
    1,
    person.reduce((sum, { local }) => sum + (posterior.get(local) ?? 0), 0),
  );
  const fields = {
    ...recorded(options),
    probability,
    relativeProbability: relatives,
    score: best.score,
    evidence: best.evidence,
    runnersUp: runnersUp(
      arrival,
      others.filter((other) => !facts.cluster.includes(other)),
      posterior,
    ),
    sameNumberAs: facts.cluster.map(({ local }) => local),
  };
  if (guards.length === 0 && probability >= options.policy.linkProbability) {
    return { zone: 'link', patient: best.local, guards, ...fields };
  }
  return { zone: 'review', nearest: best.local, guards, ...fields };
}

/** Compares all, weighs what can be weighed only together, and sorts: best first, then by ID. */
function compareAll(
  arrival: PreparedArrival,
  candidates: readonly LocalPatient[],
  options: ReconcileOptions,
): readonly Comparison[] {
  const compared = candidates.slice(0, MOST_CANDIDATES).map((local) => compareCandidate(arrival, local, options));
  const own = withOwnIds(arrival, compared);
  const shared = withoutSharedNumbers(arrival, own, options);
  const weighed = withNamesakes(shared, options);
  return [...weighed].sort((a, b) => b.score - a.score || order(a.local, b.local));
}

/** Our own Patient ID counts only where name and birth date agree: a peer can write any ID it likes. */
function withOwnIds(arrival: PreparedArrival, compared: readonly Comparison[]): readonly Comparison[] {
  return compared.map((comparison) => {
    const { levels, local } = comparison;
    if (!bearsLocalId(arrival.patient, local)) return comparison;
    const agrees = isFamilyGood(levels) && isGivenSame(levels) && isDateEqual(levels);
    return agrees ? comparison : withEvidence(comparison, 'localId', 'ignored', 0);
  });
}

/** A number on two persons of the registry says nothing about either. */
function withoutSharedNumbers(
  arrival: PreparedArrival,
  compared: readonly Comparison[],
  options: ReconcileOptions,
): readonly Comparison[] {
  const holders = compared.filter(({ levels }) => levels.number === 'equal' || levels.number === 'doubted');
  const [first, ...rest] = holders;
  if (first === undefined || rest.length === 0) return compared;
  const { cluster } = factsOf(arrival, first, rest, options);
  if (cluster.length === rest.length) return compared;
  return compared.map((comparison) => {
    if (!holders.includes(comparison)) return comparison;
    return withEvidence(comparison, 'number', 'shared', weightOf(options.model, 'number', 'shared'));
  });
}

function withNamesakes(compared: readonly Comparison[], options: ReconcileOptions): readonly Comparison[] {
  const bearers = compared.filter(({ levels }) => levels.family === 'exact' && levels.given === 'exact');
  const weight = namesakeWeight(options.model, bearers.length - 1, options.registrySize, assumedOf(bearers, options));
  if (weight === 0) return compared;
  return compared.map((comparison) =>
    bearers.includes(comparison) ? withEvidence(comparison, 'namesakes', 'some', weight) : comparison,
  );
}

/** How often the weights have the full name that these candidates bear; of several forms the commonest. */
function assumedOf(bearers: readonly Comparison[], { model, names }: ReconcileOptions): number | undefined {
  if (names === undefined) return undefined;
  const frequencies = bearers.flatMap(({ localName }) => {
    if (localName === undefined) return [];
    const { family, given } = localName;
    return [frequencyOf(model, 'family', family.glued, names) * frequencyOf(model, 'given', given.glued, names)];
  });
  return frequencies.length === 0 ? undefined : Math.max(...frequencies);
}

/**
 * Posterior of each candidate against all others, against relatives of theirs who are not registered, and against any other
 * person who is not; sums to less than 1.
 */
function posteriorsOf(
  compared: readonly Comparison[],
  options: ReconcileOptions,
): { readonly posterior: ReadonlyMap<LocalPatient, number>; readonly relatives: number } {
  const prior = priorWeightOf(options);
  const weights = compared.map(({ score }) => score + prior);
  const relatives = withRelatives(compared).map(
    ({ levels, score }) => score + prior + relativeWeight(levels, options.model),
  );
  // Relative to a stranger, whose weight is 0; scaled by the largest, so that no power overflows.
  const largest = [...weights, ...relatives].reduce((most, weight) => Math.max(most, weight), 0);
  const odds = (weight: number): number => 2 ** (weight - largest);
  const total = [...weights, ...relatives].reduce((sum, weight) => sum + odds(weight), odds(0));
  return {
    posterior: new Map(compared.map(({ local }, index) => [local, odds(weights[index] ?? -Infinity) / total])),
    relatives: relatives.reduce((sum, weight) => sum + odds(weight), 0) / total,
  };
}

/**
 * Whose relatives the arrival may be. Where somebody of its name and birth date is registered, only that person's own: of
 * another relative in the registry they both are, and share the home with.
 */
function withRelatives(compared: readonly Comparison[]): readonly Comparison[] {
  const named = compared.filter(({ levels }) => isFamilyGood(levels) && isGivenSame(levels) && isDateEqual(levels));
  return named.length > 0 ? named : compared;
}

/** Bits by which the arrival is a relative of the candidate, who is not registered, rather than the candidate. */
function relativeWeight(levels: Comparison['levels'], model: ReconciliationModel): number {
  return FIELDS.reduce(
    (sum, field) => sum + relativeWeightOf(model, field, levels[field]),
    Math.log2(model.relativeShare),
  );
}

/** Bits by which one given patient of the registry starts behind nobody. */
function priorWeightOf({ model, registrySize }: ReconcileOptions): number {
  return Math.log2(model.knownShare / Math.max(1, registrySize) / (1 - model.knownShare));
}

function nobodyNear(
  arrival: PreparedArrival,
  posterior: ReadonlyMap<LocalPatient, number>,
  candidates: number,
  options: ReconcileOptions,
): Decision {
  const guards: GuardReason[] = [...guardsOfArrival(arrival, options), ...tooMany(candidates)];
  if (!isEnoughKnown(arrival, options)) guards.push('too-little-known');
  return {
    ...recorded(options),
    zone: guards.length === 0 ? 'new' : 'review',
    guards,
    probability: 1 - sumOf(posterior),
    score: 0,
    evidence: [],
    runnersUp: [],
    sameNumberAs: [],
  };
}

/** The first candidate when all of them together are too probable to be nobody, though none is near by any one trait. */
function likely(
  compared: readonly Comparison[],
  posterior: ReadonlyMap<LocalPatient, number>,
  { policy }: ReconcileOptions,
): Comparison | undefined {
  return sumOf(posterior) > policy.newProbability ? compared[0] : undefined;
}

function sumOf(posterior: ReadonlyMap<LocalPatient, number>): number {
  return [...posterior.values()].reduce((sum, probability) => sum + probability, 0);
}

/** Two of national number, name and birth date, each sound. */
function isEnoughKnown(arrival: PreparedArrival, { policy, profile }: ReconcileOptions): boolean {
  const { patient, readings, number, numberDoubted } = arrival;
  const hasName =
    readings.some(({ family, given }) => family.glued.length > 1 && given.glued.length > 1) &&
    !isPlaceholderName(patient, profile);
  const hasDate = isFullBirthDate(parseBirthDate(patient.birthDate)) && !isPlaceholderDate(patient, profile);
  const hasNumber = number !== undefined && (number.kind !== 'unchecked' || profile.numberOutweighs);
  // A number at odds with the birth date makes both unsound, unless nobody near by either is answer enough.
  if (numberDoubted) return policy.believesScore && hasName && hasDate;
  return [hasName, hasDate, hasNumber].filter(Boolean).length >= 2;
}

function runnersUp(
  arrival: PreparedArrival,
  others: readonly Comparison[],
  posterior: ReadonlyMap<LocalPatient, number>,
): readonly RunnerUp[] {
  return others
    .filter((other) => isNear(arrival, other))
    .slice(0, MOST_RUNNERS_UP)
    .map(({ local, score }) => ({ patient: local, probability: posterior.get(local) ?? 0, score }));
}

function recorded(options: ReconcileOptions) {
  return {
    priorWeight: priorWeightOf(options),
    modelVersion: options.model.version,
    profile: options.profile.name,
    policy: options.policy.name,
    registrySize: options.registrySize,
  };
}

function tooMany(candidates: number): readonly GuardReason[] {
  return candidates > MOST_CANDIDATES ? ['too-many-candidates'] : [];
}

function distinct(candidates: readonly LocalPatient[]): readonly LocalPatient[] {
  const byId = new Map<string, LocalPatient>();
  for (const local of candidates) byId.set(`${local.patientId.issuer ?? ''}\n${local.patientId.id}`, local);
  return [...byId.values()];
}

function order(left: LocalPatient, right: LocalPatient): number {
  return left.patientId.id < right.patientId.id ? -1 : 1;
}
