/**
 * The whole way of a study, folder to folder between two member processes as `interhosp start` runs them: retrieved, sealed
 * into the spool, sent, verified, signed for, reconciled, filed, read back and confirmed. Beside it, in the same run, DCMTK's
 * storescu to storescp, which only moves and stores, over plain TCP; and cp with a sync, the floor of any copy.
 *
 *   pnpm bench journey [--case MF1G|CT|TINY] [--quick] [--runs N] [--json]
 *
 * A run of ours begins with `interhosp send --wait`, its start as a process included, and ends with the receipt of filing.
 */
import { openSync, fsyncSync, closeSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStorescp, startTwoHospitals, usageOf, type ProcessUsage } from '../packages/testing/src/index.ts';
import { report } from './report.ts';
import { bytesOf, makeInstances, writeFiles, type SampleSize } from './samples.ts';
import { benchOptions, watched } from './sides.ts';

/** What is sent in one run. */
interface Case extends SampleSize {
  readonly name: string;
}

interface Study {
  readonly uid: string;
  readonly files: readonly string[];
  readonly bytes: number;
}

interface Run {
  readonly seconds: number;
  readonly study: Study;
  readonly sender?: ProcessUsage;
  readonly receiver?: ProcessUsage;
}

const casesOf = (isQuick: boolean): readonly Case[] => [
  { name: 'MF1G', largeBytes: isQuick ? 128_000_000 : 1_000_000_000 },
  { name: 'CT', instances: isQuick ? 40 : 200, pixels: 512 },
  { name: 'TINY', instances: isQuick ? 200 : 1_000, pixels: 96 },
];
const { isChosen, note, quick, runs } = benchOptions((isQuick) => casesOf(isQuick).map(({ name }) => name));
/** The patient of the generated studies, as both hospitals know her: filed without a person. */
const PATIENTS = ['P1,,Vérité,Anne-Hélène,,1961-04-23,F,,,,'];
/** A file that nobody has changed for an hour is listed at once. */
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000);
/** The folder adapter looks again at most every two seconds; a study is there before the clock starts. */
const RESCAN_MS = 2_500;
const WITHIN_MS = 900_000;

for (const each of casesOf(quick)) if (isChosen(each.name)) await measure(each);

async function measure(each: Case): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-bench-'));
  try {
    const ours: Run[] = [];
    const dcmtk: Run[] = [];
    const copies: Run[] = [];
    for (let run = 0; run < runs; run++) {
      const study = await makeStudy(each, join(folder, `study-${run}`), `${each.name}-${run}`);
      note(`${each.name} run ${run + 1} of ${runs}: ${study.files.length} files, ${(study.bytes / 1e6).toFixed(0)} MB`);
      ours.push(await sendOurs(study));
      dcmtk.push(await sendDcmtk(study));
      copies.push(await copyFloor(study, join(folder, `copy-${run}`)));
      await rm(join(folder, `study-${run}`), { recursive: true });
    }
    show(each.name, ours, dcmtk, copies);
  } finally {
    await rm(folder, { force: true, recursive: true });
  }
}

async function makeStudy(each: Case, folder: string, seed: string): Promise<Study> {
  const instances = makeInstances(each, seed);
  const files = await writeFiles(instances, folder);
  return { bytes: bytesOf(instances), files, uid: instances[0]?.identity.studyInstanceUid ?? '' };
}

/** Two new members for each run, so that a peak belongs to it alone. */
async function sendOurs(study: Study): Promise<Run> {
  const hospitals = await startTwoHospitals({ patients: PATIENTS });
  try {
    const { a, b } = hospitals;
    for (const [index, file] of study.files.entries()) {
      const path = join(a.outFolder, `${index}.dcm`);
      await copyFile(file, path);
      await utimes(path, AN_HOUR_AGO, AN_HOUR_AGO);
    }
    await pause(RESCAN_MS);
    const before = [await a.usage(), await b.usage()] as const;
    const startedMs = performance.now();
    await hospitals.send(study.uid, { withinMs: WITHIN_MS });
    const seconds = (performance.now() - startedMs) / 1_000;
    return { receiver: since(before[1], await b.usage()), seconds, sender: since(before[0], await a.usage()), study };
  } finally {
    await hospitals.stop();
  }
}

function since(before: ProcessUsage, after: ProcessUsage): ProcessUsage {
  return { cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakRssMb: after.peakRssMb };
}

/** One association, one after the other; without Nagle's delay, which as installed costs it nine tenths of its speed. */
async function sendDcmtk(study: Study): Promise<Run> {
  const server = await startStorescp();
  try {
    const words = ['+sd', '127.0.0.1', String(server.port), join(study.files[0] ?? '', '..')];
    const { seconds, usage } = await watched('storescu', words);
    const stored = (await server.files()).length;
    if (stored !== study.files.length) throw new Error(`storescp holds ${stored} of ${study.files.length}`);
    return { receiver: await usageOf(server.pid), seconds, sender: usage, study };
  } finally {
    await server.stop();
  }
}

/** cp, and a sync of each file. */
async function copyFloor(study: Study, folder: string): Promise<Run> {
  await mkdir(folder);
  const startedMs = performance.now();
  await watched('cp', ['--reflink=never', ...study.files, folder]);
  for (const name of await readdir(folder)) {
    const file = openSync(join(folder, name), 'r');
    fsyncSync(file);
    closeSync(file);
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  await rm(folder, { recursive: true });
  return { seconds, study };
}

function show(name: string, ours: readonly Run[], dcmtk: readonly Run[], copies: readonly Run[]): void {
  const speed = ({ seconds, study }: Run) => study.bytes / 1e6 / seconds;
  const rate = ({ seconds, study }: Run) => study.files.length / seconds;
  const plain = { name: 'DCMTK storescu -> storescp, plain TCP, TCP_NODELAY=1', runs: dcmtk };
  const print = (
    [metric, unit, better]: readonly [string, string, 'higher' | 'lower'],
    pick: (run: Run) => number,
    peer = plain,
  ): void => {
    const values = { ours: ours.map(pick), peer: { name: peer.name, values: peer.runs.map(pick) } };
    report({ bench: 'journey', case: quick ? `${name}-quick` : name, metric, unit, better, ...values });
  };
  print(['throughput', 'MB/s', 'higher'], speed);
  print(['throughputAgainstCopy', 'MB/s', 'higher'], speed, { name: 'cp + fsync', runs: copies });
  if (name !== 'MF1G') print(['instances', 'instances/s', 'higher'], rate);
  for (const side of ['sender', 'receiver'] as const) {
    print(
      [`cpuSecondsPerGb.${side}`, 's/GB', 'lower'],
      (run) => ((run[side]?.cpuSeconds ?? NaN) / run.study.bytes) * 1e9,
    );
    print([`rssMb.${side}`, 'MB', 'lower'], (run) => run[side]?.peakRssMb ?? NaN);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
