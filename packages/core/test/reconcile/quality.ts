/**
 * The figures of reconciliation.md 1 over a sample: known arrivals linked without a person, wrong links, review, and
 * known arrivals declared new. `withheld` asks the harder question: each known arrival again, with its own records taken
 * out of the registry, so that every link is a wrong one.
 */
import { createPatientIndex } from '../../src/patients/index.ts';
import {
  DEFAULT_MODEL,
  POLICIES,
  PROFILES,
  reconcile,
  type Decision,
  type ReconcileOptions,
} from '../../src/reconciliation/index.ts';
import type { Arrival, Sample } from './sample.ts';

/** Counts over one sample. */
export interface Quality {
  readonly arrivals: number;
  readonly known: number;
  readonly linkedRight: number;
  readonly linkedWrong: number;
  readonly reviewed: number;
  readonly declaredNew: number;
  /** Known arrivals declared new. */
  readonly falseNew: number;
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
  const settings: ReconcileOptions = {
    model: DEFAULT_MODEL,
    profile: PROFILES[options.profile],
    policy: POLICIES[options.policy],
    registrySize: sample.registry.length,
    nowMs: options.nowMs,
  };
  const index = createPatientIndex(sample.registry, { rules: settings.profile.numberRules });
  const counts = {
    linkedRight: 0,
    linkedWrong: 0,
    reviewed: 0,
    declaredNew: 0,
    falseNew: 0,
    withheld: 0,
    withheldLinked: 0,
  };
  for (const arrival of sample.arrivals) {
    const candidates = index.candidates(arrival.patient);
    const decision = reconcile(arrival.patient, candidates, settings);
    options.onDecision?.(arrival, decision, 'asked');
    count(counts, arrival, decision);
    if (arrival.truth.length === 0) continue;
    const strangers = candidates.filter(({ patientId }) => !arrival.truth.includes(patientId.id));
    const withheld = reconcile(arrival.patient, strangers, settings);
    options.onDecision?.(arrival, withheld, 'withheld');
    counts.withheld++;
    if (withheld.zone === 'link') counts.withheldLinked++;
  }
  return {
    arrivals: sample.arrivals.length,
    known: sample.arrivals.filter(({ truth }) => truth.length > 0).length,
    ...counts,
  };
}

/** One line for people. */
export function describeQuality(quality: Quality): string {
  const share = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`;
  return [
    `auto-link ${share(quality.linkedRight, quality.known)}`,
    `wrong links ${quality.linkedWrong} (${Math.round((1e5 * quality.linkedWrong) / quality.arrivals)} per 100,000)`,
    `review ${share(quality.reviewed, quality.arrivals)}`,
    `new ${share(quality.declaredNew, quality.arrivals)}`,
    `false-new ${share(quality.falseNew, quality.known)}`,
    `withheld and linked ${quality.withheldLinked} of ${quality.withheld}`,
  ].join(', ');
}

function count(
  counts: Record<'linkedRight' | 'linkedWrong' | 'reviewed' | 'declaredNew' | 'falseNew', number>,
  arrival: Arrival,
  decision: Decision,
): void {
  switch (decision.zone) {
    case 'link':
      counts[arrival.truth.includes(decision.patient.patientId.id) ? 'linkedRight' : 'linkedWrong']++;
      break;
    case 'review':
      counts.reviewed++;
      break;
    case 'new':
      counts.declaredNew++;
      if (arrival.truth.length > 0) counts.falseNew++;
      break;
    default:
      decision satisfies never;
  }
}
