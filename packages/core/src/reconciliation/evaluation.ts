/**
 * How well decisions agree with the truth: what a hospital looks at before it lets links be made without a person.
 *
 * Decisions are judged one by one and none is kept but the ten most surprising, so that any number of arrivals takes the
 * same memory. The words: known, an arrival whose patient is registered; false match, an arrival linked to somebody else;
 * false new, a known arrival declared new.
 */
import type { Decision, Zone } from './decision.ts';

/** Judges decisions; see {@link createEvaluation}. */
export interface Evaluation {
  /**
   * Judges one decision.
   *
   * @param truth - Local IDs of the person, several when registered more than once; empty when not registered.
   */
  add(arrivalId: string, decision: Decision, truth: readonly string[]): void;
  /** The figures of all decisions so far. */
  figures(): EvaluationFigures;
}

/** Figures over a number of arrivals. Counts are of arrivals; shares are from 0 to 1, and 0 of nothing. */
export interface EvaluationFigures {
  readonly arrivals: number;
  readonly known: number;
  readonly linkedRight: number;
  readonly falseMatches: number;
  readonly reviewed: number;
  readonly declaredNew: number;
  /** Known arrivals declared new. */
  readonly falseNew: number;
  /** Share of known arrivals linked to the right patient without a person. */
  readonly autoLinkShare: number;
  readonly falseMatchesPer100000: number;
  /** False matches per 100,000 arrivals that are exceeded with a probability of 5 % at most; {@link upperBound95}. */
  readonly falseMatchesPer100000Most: number;
  /** Share of all arrivals that a person decides. */
  readonly reviewShare: number;
  /** Share of known arrivals declared new. */
  readonly falseNewShare: number;
  /** One row for each range of {@link CALIBRATION_EDGES} in which there are decisions, lowest first. */
  readonly calibration: readonly CalibrationRow[];
  /** At most {@link MOST_SURPRISES}, the most surprising first. */
  readonly surprises: readonly Surprise[];
}

/** Decisions that gave their best candidate about the same probability, and how many of them had the right one. */
export interface CalibrationRow {
  /** The range of the probability: from here on. */
  readonly from: number;
  /** The end of the range, which belongs to the next one; 1 belongs to the last. */
  readonly to: number;
  readonly count: number;
  readonly meanProbability: number;
  /** Decisions whose best candidate is the person, linked or not. */
  readonly confirmed: number;
  /** What the mean probability should be equal to. */
  readonly confirmedShare: number;
}

/** A decision whose outcome was thought unlikely. IDs and probabilities only. */
export interface Surprise {
  readonly arrivalId: string;
  readonly zone: Zone;
  /** The best candidate; absent when nobody was near. */
  readonly candidateId?: string;
  /** The probability of the decision: of the candidate, or of nobody. */
  readonly probability: number;
  /** Local IDs that are true; empty when the person is not registered. */
  readonly truth: readonly string[];
  /** The probability that the decision left for what is true, at most. */
  readonly outcomeProbability: number;
}

/** Where ranges of probability begin: narrow towards 1, where the thresholds of policies are. */
export const CALIBRATION_EDGES = [0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99995, 0.99999] as const;
/** Decisions that are told one by one: as many as a person looks up. */
export const MOST_SURPRISES = 10;

/** Begins an evaluation, without any decision. */
export function createEvaluation(): Evaluation {
  const counts = { arrivals: 0, known: 0, linkedRight: 0, falseMatches: 0, reviewed: 0, declaredNew: 0, falseNew: 0 };
  const bins = CALIBRATION_EDGES.map(() => ({ count: 0, confirmed: 0, probabilities: 0 }));
  let surprises: readonly Surprise[] = [];
  return {
    add: (arrivalId, decision, truth) => {
      count(counts, decision, truth);
      calibrate(bins, decision, truth);
      surprises = withSurprise(surprises, surpriseOf(arrivalId, decision, truth));
    },
    figures: () => ({
      ...counts,
      autoLinkShare: share(counts.linkedRight, counts.known),
      falseMatchesPer100000: 1e5 * share(counts.falseMatches, counts.arrivals),
      falseMatchesPer100000Most: 1e5 * upperBound95(counts.falseMatches, counts.arrivals),
      reviewShare: share(counts.reviewed, counts.arrivals),
      falseNewShare: share(counts.falseNew, counts.known),
      calibration: bins.flatMap((bin, index) => (bin.count === 0 ? [] : rowOf(bin, index))),
      surprises,
    }),
  };
}

/**
 * The share that is exceeded with a probability of 5 % at most, when `events` were seen in `trials`: the exact one-sided
 * upper bound of Clopper and Pearson (Biometrika 1934). None in 300,000 is at most 1.0 in 100,000. Without trials, 1.
 */
export function upperBound95(events: number, trials: number): number {
  if (events >= trials) return 1;
  let [low, high] = [events / trials, 1];
  // Each step halves the range: after 60 it is as narrow as numbers are.
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (atMost(events, trials, middle) > 0.05) low = middle;
    else high = middle;
  }
  return high;
}

/** Probability of at most `events` in `trials` (binomial). In logarithms: the terms of many trials are far below any number. */
function atMost(events: number, trials: number, probability: number): number {
  const odds = Math.log(probability) - Math.log1p(-probability);
  let term = trials * Math.log1p(-probability);
  let sum = term;
  for (let event = 1; event <= events; event++) {
    term += Math.log((trials - event + 1) / event) + odds;
    const [less, more] = term < sum ? [term, sum] : [sum, term];
    sum = more + Math.log1p(Math.exp(less - more));
  }
  return Math.exp(sum);
}

type Counts = Record<
  'arrivals' | 'known' | 'linkedRight' | 'falseMatches' | 'reviewed' | 'declaredNew' | 'falseNew',
  number
>;

function count(counts: Counts, decision: Decision, truth: readonly string[]): void {
  const isKnown = truth.length > 0;
  counts.arrivals++;
  if (isKnown) counts.known++;
  switch (decision.zone) {
    case 'link':
      // Only the record that the study is filed under counts, whatever other records are thought to be the same person.
      counts[truth.includes(decision.patient.patientId.id) ? 'linkedRight' : 'falseMatches']++;
      break;
    case 'review':
      counts.reviewed++;
      break;
    case 'new':
      counts.declaredNew++;
      if (isKnown) counts.falseNew++;
      break;
    default:
      decision satisfies never;
  }
}

interface Bin {
  count: number;
  confirmed: number;
  /** Sum of the probabilities. */
  probabilities: number;
}

/** Where nobody was near there is no candidate to be confirmed. */
function calibrate(bins: readonly Bin[], decision: Decision, truth: readonly string[]): void {
  const [best] = claimsOf(decision);
  const bin = bins[CALIBRATION_EDGES.findLastIndex((edge) => decision.probability >= edge)];
  if (best === undefined || bin === undefined) return;
  bin.count++;
  bin.probabilities += best.probability;
  if (isOneOf(best.ids, truth)) bin.confirmed++;
}

function rowOf({ confirmed, count: all, probabilities }: Bin, index: number): CalibrationRow {
  return {
    from: CALIBRATION_EDGES[index] ?? 0,
    to: CALIBRATION_EDGES[index + 1] ?? 1,
    count: all,
    meanProbability: probabilities / all,
    confirmed,
    confirmedShare: confirmed / all,
  };
}

/** One person who the arrival may be, by the IDs of all records of that person, with the probability given. */
interface Claim {
  readonly ids: readonly string[];
  readonly probability: number;
}

/** The best candidate first; empty where nobody was near. */
function claimsOf(decision: Decision): readonly Claim[] {
  const best = candidateOf(decision);
  if (best === undefined) return [];
  const ids = [best, ...decision.sameNumberAs.map(({ patientId }) => patientId.id)];
  return [
    { ids, probability: decision.probability },
    ...decision.runnersUp.map(({ patient, probability }) => ({ ids: [patient.patientId.id], probability })),
  ];
}

function candidateOf(decision: Decision): string | undefined {
  if (decision.zone === 'link') return decision.patient.patientId.id;
  return decision.zone === 'review' ? decision.nearest?.patientId.id : undefined;
}

function surpriseOf(arrivalId: string, decision: Decision, truth: readonly string[]): Surprise {
  const { probability, zone } = decision;
  const candidateId = candidateOf(decision);
  return {
    arrivalId,
    zone,
    ...(candidateId === undefined ? {} : { candidateId }),
    probability,
    truth,
    outcomeProbability: outcomeProbabilityOf(decision, truth),
  };
}

/** What was given to those who are true; for nobody, and for who was not shown, no more than what was given to no one. */
function outcomeProbabilityOf(decision: Decision, truth: readonly string[]): number {
  const claims = claimsOf(decision);
  const right = claims.filter(({ ids }) => isOneOf(ids, truth));
  if (right.length > 0) return Math.min(1, sumOf(right));
  if (claims.length > 0) return Math.max(0, 1 - sumOf(claims));
  return truth.length === 0 ? decision.probability : 1 - decision.probability;
}

/** Of two that are equally surprising, the one that came first stays. */
function withSurprise(surprises: readonly Surprise[], next: Surprise): readonly Surprise[] {
  const last = surprises.at(-1);
  const isFull = surprises.length === MOST_SURPRISES;
  if (isFull && last !== undefined && next.outcomeProbability >= last.outcomeProbability) return surprises;
  const after = surprises.findIndex(({ outcomeProbability }) => outcomeProbability > next.outcomeProbability);
  return surprises.toSpliced(after < 0 ? surprises.length : after, 0, next).slice(0, MOST_SURPRISES);
}

function isOneOf(ids: readonly string[], truth: readonly string[]): boolean {
  return ids.some((id) => truth.includes(id));
}

function sumOf(claims: readonly Claim[]): number {
  return claims.reduce((sum, { probability }) => sum + probability, 0);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
