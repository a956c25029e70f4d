/**
 * Reconciliation on labelled data: known arrivals linked without a person, false matches and what they may be at most,
 * review, false new, and the time of a whole decision, beside the exact rule that many hospitals follow.
 *
 *   INTERHOSP_RECONCILE=FOLDER pnpm bench reconcile [--case NAME] [--quick] [--runs N] [--json]
 *
 * FOLDER holds a folder for each sample, with `registry.csv`, `incoming.csv` and `truth.csv` (DESIGN.md 9). Without it, the
 * reduced Belgian sample of the tests is taken, half of whose arrivals are traps. One line of JSON a sample and policy.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSample, SAMPLE_DAY_MS, type Sample } from '../packages/core/test/reconcile/sample.ts';
import type { PatientTraits } from '../packages/core/src/study/index.ts';
import { benchSample, type SampleOptions } from './reconcile-line.ts';
import { benchOptions } from './sides.ts';

/** One case; its sample is made or read when its turn comes. */
interface Case extends Pick<SampleOptions, 'name' | 'profile'> {
  readonly sample: () => Sample;
}

const REDUCED = fileURLToPath(new URL('../packages/core/test/reconcile/be-sample', import.meta.url));
const named = process.env['INTERHOSP_RECONCILE'] ?? '';
const folder = named === '' ? undefined : resolve(process.env['INIT_CWD'] ?? process.cwd(), named);

// Generated populations are further cases here.
const cases: readonly Case[] = folder === undefined ? reducedCases() : folderCases(folder);
const { isChosen, note, quick, runs } = benchOptions(() => cases.map(({ name }) => name));

if (folder === undefined)
  note('INTERHOSP_RECONCILE names no folder of samples: the reduced sample of the tests is taken');
for (const { name, profile, sample } of cases) {
  if (isChosen(name)) benchSample(sample(), { name, nowMs: SAMPLE_DAY_MS, profile, runs: quick ? 1 : runs });
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
