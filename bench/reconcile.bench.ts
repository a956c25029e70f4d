/**
 * Reconciliation on labelled data: known arrivals linked without a person, false matches and what they may be at most,
 * review, false new, and the time of a whole decision, beside the exact rule that many hospitals follow.
 *
 *   INTERHOSP_RECONCILE=FOLDER pnpm bench reconcile [--case NAME] [--quick] [--runs N] [--json]
 *
 * FOLDER holds a folder for each sample, with `registry.csv`, `incoming.csv` and `truth.csv` (DESIGN.md 9). Without it, the
 * reduced Belgian sample of the tests is taken, half of whose arrivals are traps. Generated populations follow. One line of
 * JSON for each sample and policy.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSample, SAMPLE_DAY_MS, type Sample } from '../packages/core/test/reconcile/sample.ts';
import { generatePopulation, type PopulationOptions } from '../packages/testing/src/population/index.ts';
import type { PatientTraits } from '../packages/core/src/study/index.ts';
import { benchSample, type SampleOptions } from './reconcile-line.ts';
import { benchOptions } from './sides.ts';

/** One case; its sample is made or read when its turn comes. */
interface Case extends Pick<SampleOptions, 'name' | 'profile'> {
  readonly sample: () => Sample;
  /** Default: that of the samples. */
  readonly nowMs?: number;
  /** Too long to be passed over more than once. */
  readonly isLong?: boolean;
}

const GENERATED_DAY_MS = Date.UTC(2025, 11, 31);
const REDUCED = fileURLToPath(new URL('../packages/core/test/reconcile/be-sample', import.meta.url));
const named = process.env['INTERHOSP_RECONCILE'] ?? '';
const folder = named === '' ? undefined : resolve(process.env['INIT_CWD'] ?? process.cwd(), named);

const cases: readonly Case[] = [...(folder === undefined ? reducedCases() : folderCases(folder)), ...generatedCases()];
const { isChosen, note, quick, runs } = benchOptions(() => cases.map(({ name }) => name));

if (folder === undefined)
  note('INTERHOSP_RECONCILE names no folder of samples: the reduced sample of the tests is taken');
for (const { isLong = false, name, nowMs = SAMPLE_DAY_MS, profile, sample } of cases) {
  if (isChosen(name)) benchSample(sample(), { name, nowMs, profile, runs: quick || isLong ? 1 : runs });
}

function reducedCases(): readonly Case[] {
  return [{ name: 'be-reduced', profile: 'be', sample: () => readSample(REDUCED) }];
}

/** The samples that are there, and the Belgian one once more without its numbers. */
function folderCases(samples: string): readonly Case[] {
  const belgian = () => readSample(join(samples, 'be-sample'));
  const all: readonly (Case & { readonly from: string })[] = [
    { name: 'be-sample', from: 'be-sample', profile: 'be', sample: belgian },
    { name: 'be-sample-no-numbers', from: 'be-sample', profile: 'be', sample: () => withoutNumbers(belgian()) },
    ...['febrl1', 'febrl2', 'febrl3', 'febrl4', 'fake1000'].map((name) => ({
      name,
      from: name,
      profile: 'generic' as const,
      sample: () => readSample(join(samples, name)),
    })),
  ];
  const found = all.filter(({ from }) => existsSync(join(samples, from, 'truth.csv')));
  if (found.length === 0)
    throw new Error(`INTERHOSP_RECONCILE: no sample in ${samples}; name the folder that holds be-sample`);
  return found;
}

/**
 * Populations of our own making: 300,000 arrivals over three seeds; one of them with ten times as many twins, homonyms,
 * newborns and borrowed numbers, without numbers, and with numbers in a tenth of the arrivals.
 */
function generatedCases(): readonly Case[] {
  const variants: Readonly<Record<string, Partial<PopulationOptions>>> = {
    'generated-1': {},
    'generated-2': { seed: 2 },
    'generated-3': { seed: 3 },
    'generated-stress': { stress: 10 },
    'generated-no-numbers': { numberInArrivals: 0, numberInRegistry: 0 },
    'generated-few-numbers': { numberInArrivals: 0.1 },
  };
  return Object.entries(variants).map(([name, options]) => ({
    name,
    profile: 'be',
    nowMs: GENERATED_DAY_MS,
    isLong: true,
    sample: () => {
      const size = quick ? 10_000 : 100_000;
      return generatePopulation({ seed: 1, registry: size, arrivals: size, nowMs: GENERATED_DAY_MS, ...options });
    },
  }));
}

function withoutNumbers({ arrivals, registry }: Sample): Sample {
  return {
    arrivals: arrivals.map((arrival) => ({ ...arrival, patient: withoutNumber(arrival.patient) })),
    registry: registry.map(withoutNumber),
  };
}

function withoutNumber<T extends PatientTraits>(patient: T): Omit<T, 'nationalNumber'> {
  const { nationalNumber: _, ...rest } = patient;
  return rest;
}
