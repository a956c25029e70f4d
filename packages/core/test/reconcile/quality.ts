/**
 * The figures of reconciliation.md 1 over a sample: known arrivals linked without a person, wrong links, review, and
 * known arrivals declared new. `withheld` asks the harder question: each known arrival again, with its own records taken
 * out of the registry, so that every link is a wrong one.
 */
import { createPatientIndex } from '../../src/patients/index.ts';
import {
  createEvaluation,
  MODELS,
  POLICIES,
  PROFILES,
  reconcile,
  type Decision,
  type EvaluationFigures,
  type ReconcileOptions,
} from '../../src/reconciliation/index.ts';
import type { Arrival, Sample } from './sample.ts';

/** Figures over one sample. */
export interface Quality extends EvaluationFigures {
  /** Arrivals asked again without their own records, and how many were linked all the same. */
  readonly withheld: number;
  readonly withheldLinked: number;
}

/** Options of {@link measure}. */
export interface MeasureOptions {
  readonly profile: keyof typeof PROFILES;
  readonly policy: keyof typeof POLICIES;
  /** The day of the sample; newborns depend on it. */
  readonly nowMs: number;
  readonly onDecision?: (arrival: Arrival, decision: Decision, question: 'asked' | 'withheld') => void;
}

/** Decides every arrival of the sample, with and without its own records. */
export function measure(sample: Sample, options: MeasureOptions): Quality {
  const profile = PROFILES[options.profile];
  const index = createPatientIndex(sample.registry, { rules: profile.numberRules });
  const settings: ReconcileOptions = {
    model: MODELS[options.profile],
    profile,
    policy: POLICIES[options.policy],
    registrySize: index.size,
    names: index.names,
    nowMs: options.nowMs,
  };
  const evaluation = createEvaluation();
  let [withheld, withheldLinked] = [0, 0];
  for (const arrival of sample.arrivals) {
    const candidates = index.candidates(arrival.patient);
    const decision = reconcile(arrival.patient, candidates, settings);
    options.onDecision?.(arrival, decision, 'asked');
    evaluation.add(arrival.id, decision, arrival.truth);
    if (arrival.truth.length === 0) continue;
    const strangers = candidates.filter(({ patientId }) => !arrival.truth.includes(patientId.id));
    const without = reconcile(arrival.patient, strangers, settings);
    options.onDecision?.(arrival, without, 'withheld');
    withheld++;
    if (without.zone === 'link') withheldLinked++;
  }
  return { ...evaluation.figures(), withheld, withheldLinked };
}

/** One line for people. */
export function describeQuality(quality: Quality): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  return [
    `auto-link ${percent(quality.autoLinkShare)}`,
    `wrong links ${quality.falseMatches} (${quality.falseMatchesPer100000.toFixed(0)} per 100,000, at most ${quality.falseMatchesPer100000Most.toFixed(1)})`,
    `review ${percent(quality.reviewShare)}`,
    `new ${percent(quality.declaredNew / Math.max(1, quality.arrivals))}`,
    `false-new ${percent(quality.falseNewShare)}`,
    `withheld and linked ${quality.withheldLinked} of ${quality.withheld}`,
  ].join(', ');
}
