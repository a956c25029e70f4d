/** What reconciliation answers. Patient data: it goes to the worklist and, sealed, to the journal; never to a log. */
import type { LocalPatient } from '../study/index.ts';
import type { Evidence } from './comparison.ts';
import type { GuardReason } from './guard-reasons.ts';

/** `link`: this local patient; `review`: a person decides; `new`: nobody here, wait until the patient is registered. */
export type Zone = 'link' | 'review' | 'new';

/** Another candidate, with its share of the probability. */
export interface RunnerUp {
  readonly patient: LocalPatient;
  readonly probability: number;
  /** Bits; the sum of its evidence. */
  readonly score: number;
}

interface DecisionFields {
  /** Posterior probability that the arrival is the candidate shown; with `new`, that it is nobody of the candidates. */
  readonly probability: number;
  /** Posterior probability of a relative of the candidates who is not registered; absent in decisions of models without. */
  readonly relativeProbability?: number;
  /** Bits before any evidence: the odds of one given registered patient against nobody. */
  readonly priorWeight: number;
  /** Bits; the sum of the weights of `evidence`. */
  readonly score: number;
  /** For the candidate shown; empty when there is none. */
  readonly evidence: readonly Evidence[];
  /** Empty with `link` and `new`. */
  readonly guards: readonly GuardReason[];
  /** The next candidates that are near, likeliest first, at most {@link MOST_RUNNERS_UP}. */
  readonly runnersUp: readonly RunnerUp[];
  /** Other records of the person shown, by an equal valid number: to be merged by the hospital, never by us. */
  readonly sameNumberAs: readonly LocalPatient[];
  readonly modelVersion: string;
  /** Name of the profile. */
  readonly profile: string;
  /** Name of the policy. */
  readonly policy: string;
  readonly registrySize: number;
}

/** The study belongs to `patient`. Only this kind has the field, so that nothing else can be filed by mistake. */
export interface LinkDecision extends DecisionFields {
  readonly zone: 'link';
  readonly patient: LocalPatient;
}

/** A person decides; `nearest` is the likeliest candidate, where anybody is near. */
export interface ReviewDecision extends DecisionFields {
  readonly zone: 'review';
  readonly nearest?: LocalPatient;
}

/** Nobody here is near, and enough is known to say so. No local ID is ever made: the arrival waits for one. */
export interface NewDecision extends DecisionFields {
  readonly zone: 'new';
}

/** One decision about one arrival. */
export type Decision = LinkDecision | ReviewDecision | NewDecision;

/** Runners-up kept with a decision. */
export const MOST_RUNNERS_UP = 10;
