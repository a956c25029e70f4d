/**
 * One side of the benchmark of patient indexes, in a process of its own so that its memory is its own:
 * `patients-side.ts make|import|ask|peer FOLDER PATIENTS`. Prints one line of JSON.
 */
import { closeSync, createReadStream, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import {
  createPatientIndex,
  type NameCounts,
  type PatientDirectory,
  type PatientIndex,
} from '../packages/core/src/patients/index.ts';
import { MODELS, POLICIES, PROFILES, reconcile } from '../packages/core/src/reconciliation/index.ts';
import type { ArrivingPatient, LocalPatient } from '../packages/core/src/study/index.ts';
import { silentLog } from '../packages/core/src/world/index.ts';
import { createDiskRegistry } from '../packages/node/src/store/patients/index.ts';
import { nodeCrypto, nodeRandom } from '../packages/node/src/world/index.ts';
import { generatePopulation } from '../packages/testing/src/index.ts';

/** What a side came to. Times of questions are in milliseconds. */
export interface PatientsSide {
  readonly importedPerSecond: number;
  readonly unchangedPerSecond: number | null;
  readonly openedSeconds: number | null;
  readonly candidatesP50: number;
  readonly candidatesP99: number;
  readonly decisionP50: number;
  readonly decisionP99: number;
  /** At its highest, sampled, in megabytes; while answering, of which pages of files that the system may take back. */
  readonly importPeakMb: number;
  readonly answerMb: number;
  readonly answerFileMb: number;
}

const ARRIVALS = 5_000;
const WARM_UP = 500;
const SAMPLE_MS = 100;
/** The last day of the population, on which newborns depend. */
const NOW_MS = Date.UTC(2025, 11, 31);

const [role = '', folder = '', count = '0'] = process.argv.slice(2);
const registryFile = join(folder, `registry-${count}.jsonl`);
const arrivalsFile = join(folder, `arrivals-${count}.jsonl`);

if (role === 'make') make();
if (role === 'import') console.log(JSON.stringify(await importOurs()));
if (role === 'ask') console.log(JSON.stringify(await askOurs()));
if (role === 'peer') console.log(JSON.stringify(await peer()));

function make(): void {
  const { registry, arrivals } = generatePopulation({ seed: 1, registry: Number(count), arrivals: ARRIVALS });
  writeLines(registryFile, registry);
  writeLines(
    arrivalsFile,
    arrivals.map(({ patient }) => patient),
  );
}

function ourRegistry() {
  return createDiskRegistry({
    folder: join(folder, `index-${count}`),
    name: 'patients',
    recordsKey: new Uint8Array(32).fill(7),
    crypto: nodeCrypto(),
    random: nodeRandom(),
    log: silentLog,
  });
}

async function importOurs(): Promise<Partial<PatientsSide>> {
  const registry = ourRegistry();
  await registry.start();
  const memory = watchMemory();
  const importedPerSecond = await perSecond(() => registry.replaceAll(patients()));
  const importPeakMb = await memory.stop();
  const unchangedPerSecond = await perSecond(() => registry.replaceAll(patients()));
  await registry.stop();
  return { importedPerSecond, unchangedPerSecond, importPeakMb };
}

async function askOurs(): Promise<Partial<PatientsSide>> {
  const registry = ourRegistry();
  const openedSeconds = await seconds(() => registry.start());
  const answers = await ask(registry, await registry.names(), await registry.size());
  const used = usedMb();
  await registry.stop();
  return { openedSeconds, ...answers, ...used };
}

async function peer(): Promise<PatientsSide> {
  const index: PatientIndex = createPatientIndex();
  const memory = watchMemory();
  const imported = await perSecond(async () => {
    for await (const patient of patients()) index.upsert(patient);
  });
  const importPeakMb = await memory.stop();
  const answers = await ask({ candidates: async (arrival) => index.candidates(arrival) }, index.names, index.size);
  const side = { importedPerSecond: imported, unchangedPerSecond: null, openedSeconds: null, importPeakMb };
  return { ...side, ...answers, ...usedMb() };
}

async function ask(directory: Pick<PatientDirectory, 'candidates'>, names: NameCounts, registrySize: number) {
  const arrivals = readFileSync(arrivalsFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ArrivingPatient);
  const options = {
    model: MODELS.be,
    names,
    nowMs: NOW_MS,
    policy: POLICIES.strict,
    profile: PROFILES.be,
    registrySize,
  };
  const candidates: number[] = [];
  const decisions: number[] = [];
  for (const [index, arrival] of arrivals.entries()) {
    const startMs = performance.now();
    const found = await directory.candidates(arrival);
    const foundMs = performance.now();
    reconcile(arrival, found, options);
    if (index < WARM_UP) continue;
    candidates.push(foundMs - startMs);
    decisions.push(performance.now() - startMs);
  }
  return {
    candidatesP50: percentile(candidates, 0.5),
    candidatesP99: percentile(candidates, 0.99),
    decisionP50: percentile(decisions, 0.5),
    decisionP99: percentile(decisions, 0.99),
  };
}

/** The registry line by line, as a file of the hospital would come. */
async function* patients(): AsyncGenerator<LocalPatient, void, undefined> {
  let rest = '';
  for await (const text of createReadStream(registryFile, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const lines = (rest + (text as string)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as LocalPatient;
  }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

async function perSecond(work: () => Promise<void>): Promise<number> {
  return Number(count) / (await seconds(work));
}

function watchMemory() {
  let peak = 0;
  const abort = new AbortController();
  const watching = (async () => {
    while (!abort.signal.aborted) {
      peak = Math.max(peak, usedMb().answerMb);
      await pause(SAMPLE_MS, undefined, { signal: abort.signal }).catch(() => {});
    }
  })();
  return {
    stop: async () => {
      abort.abort();
      await watching;
      return peak;
    },
  };
}

function usedMb() {
  const status = readFileSync('/proc/self/status', 'utf8');
  const megabytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
  return { answerMb: megabytes('VmRSS'), answerFileMb: megabytes('RssFile') };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function writeLines(file: string, items: readonly unknown[]): void {
  const handle = openSync(file, 'w');
  for (let from = 0; from < items.length; from += 1_000) {
    const lines = items.slice(from, from + 1_000).map((item) => `${JSON.stringify(item)}\n`);
    writeSync(handle, lines.join(''));
  }
  closeSync(handle);
}
