/** Decides all arrivals of a sample, under each policy, and prints a line with how well and how fast. */
import { createPatientIndex, type PatientIndex } from '../packages/core/src/patients/index.ts';
import {
  createEvaluation,
  MODELS,
  POLICIES,
  PROFILES,
  reconcile,
  type EvaluationFigures,
  type ReconcileOptions,
} from '../packages/core/src/reconciliation/index.ts';
import type { Sample } from '../packages/core/test/reconcile/sample.ts';
import { exactRule } from './exact-rule.ts';

/** How a sample is decided. */
export interface SampleOptions {
  /** Of the case, in the line. */
  readonly name: string;
  readonly profile: keyof typeof PROFILES;
  /** The day of the sample, on which newborns depend. */
  readonly nowMs: number;
  /** Passes over all arrivals; times are medians of theirs. */
  readonly runs: number;
}

/**
 * Prints one line of JSON for each policy: quality, the time of a whole decision (candidates from an index in memory, and
 * the decision), and the quality of the exact rule beside it. Shares are from 0 to 1.
 */
export function benchSample(sample: Sample, { name, nowMs, profile, runs }: SampleOptions): void {
  const index = createPatientIndex(sample.registry, { rules: PROFILES[profile].numberRules });
  const exact = exactFigures(sample);
  for (const policy of Object.values(POLICIES)) {
    const options: ReconcileOptions = {
      model: MODELS[profile],
      names: index.names,
      nowMs,
      policy,
      profile: PROFILES[profile],
      registrySize: index.size,
    };
    const passes = Array.from({ length: runs }, () => pass(sample, index, options));
    const over = (pick: (one: Pass) => number) => round(percentile(passes.map(pick).toSorted(ascending), 0.5));
    const line = {
      bench: 'reconcile',
      case: name,
      profile,
      policy: policy.name,
      registry: index.size,
      ...qualityOf(passes[0]?.figures),
      medianMs: over(({ medianMs }) => medianMs),
      p99Ms: over(({ p99Ms }) => p99Ms),
      decisionsPerSecond: over(({ decisionsPerSecond }) => decisionsPerSecond),
      peerName: 'exact rule: number, else name and birth date',
      peer: qualityOf(exact),
      runs,
    };
    console.log(JSON.stringify(line));
  }
}

/** One pass over all arrivals. */
interface Pass {
  readonly figures: EvaluationFigures;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly decisionsPerSecond: number;
}

function pass({ arrivals }: Sample, index: PatientIndex, options: ReconcileOptions): Pass {
  const evaluation = createEvaluation();
  const times = new Float64Array(arrivals.length);
  for (const [at, { id, patient, truth }] of arrivals.entries()) {
    const startedMs = performance.now();
    const decision = reconcile(patient, index.candidates(patient), options);
    times[at] = performance.now() - startedMs;
    evaluation.add(id, decision, truth);
  }
  const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1_000;
  const sorted = times.toSorted();
  return {
    figures: evaluation.figures(),
    medianMs: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    decisionsPerSecond: arrivals.length / seconds,
  };
}

function exactFigures({ arrivals, registry }: Sample): EvaluationFigures {
  const decide = exactRule(registry);
  const evaluation = createEvaluation();
  for (const { id, patient, truth } of arrivals) evaluation.add(id, decide(patient), truth);
  return evaluation.figures();
}

function qualityOf(figures: EvaluationFigures | undefined): object {
  if (figures === undefined) return {};
  return {
    arrivals: figures.arrivals,
    known: figures.known,
    autoLink: round(figures.autoLinkShare),
    falseMatches: figures.falseMatches,
    falseMatchesPer100000: round(figures.falseMatchesPer100000),
    falseMatchesPer100000Most: round(figures.falseMatchesPer100000Most),
    review: round(figures.reviewShare),
    falseNew: round(figures.falseNewShare),
  };
}

function percentile(sorted: { readonly length: number; readonly [at: number]: number }, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function ascending(one: number, other: number): number {
  return one - other;
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}
