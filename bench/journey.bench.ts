/**
 * The whole way of a study, folder to folder between two member processes as `interhosp start` runs them: retrieved, sealed
 * into the spool, sent, verified, signed for, reconciled, filed, read back and confirmed. Beside it, in the same run, DCMTK's
 * storescu to storescp, which only moves and stores, over plain TCP; and cp with a sync, the floor of any copy.
 *
 *   pnpm bench journey [--case MF1G|CT|TINY] [--quick] [--runs N] [--json]
 *
 * A run of ours begins with `interhosp send --wait`, its start as a process included, and ends with the receipt of filing.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, openSync, fsyncSync, closeSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { generateLargeInstance, generateStudy } from '../packages/core/src/conformance/index.ts';
import { part10Header } from '../packages/core/src/dicom/index.ts';
import { freePorts, startTwoHospitals, usageOf, type ProcessUsage } from '../packages/testing/src/index.ts';

/** What is sent in one run. */
interface Case {
  readonly name: string;
  /** One instance of many frames, of this many bytes. */
  readonly largeBytes?: number;
  /** Or so many single images of so many rows and columns. */
  readonly instances?: number;
  readonly pixels?: number;
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

const { values: options } = parseArgs({
  options: {
    case: { type: 'string' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    runs: { type: 'string', default: '3' },
  },
});
const runs = Math.max(3, Number(options.runs));
const quick = options.quick === true;
const cases: readonly Case[] = [
  { name: 'MF1G', largeBytes: quick ? 128_000_000 : 1_000_000_000 },
  { name: 'CT', instances: quick ? 40 : 200, pixels: 512 },
  { name: 'TINY', instances: quick ? 200 : 1_000, pixels: 96 },
];
/** The patient of the generated studies, as both hospitals know her: filed without a person. */
const PATIENTS = ['P1,,Vérité,Anne-Hélène,,1961-04-23,F,,,,'];
/** A file that nobody has changed for an hour is listed at once. */
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000);
/** The folder adapter looks again at most every two seconds; a study is there before the clock starts. */
const RESCAN_MS = 2_500;
const READY_WITHIN_MS = 10_000;
const WITHIN_MS = 900_000;

const chosen = cases.filter(({ name }) => options.case === undefined || name === options.case);
if (chosen.length === 0) throw new Error(`--case is one of: ${cases.map(({ name }) => name).join(', ')}`);
for (const each of chosen) await measure(each);

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
      dcmtk.push(await sendDcmtk(study, join(folder, `storescp-${run}`)));
      copies.push(await copyFloor(study, join(folder, `copy-${run}`)));
      await rm(join(folder, `study-${run}`), { recursive: true });
    }
    report(each.name, ours, dcmtk, copies);
  } finally {
    await rm(folder, { force: true, recursive: true });
  }
}

async function makeStudy(
  { instances = 1, largeBytes, pixels = 64 }: Case,
  folder: string,
  seed: string,
): Promise<Study> {
  await mkdir(folder);
  if (largeBytes !== undefined) {
    const instance = generateLargeInstance({ lengthBytes: largeBytes, seed });
    const path = join(folder, 'large.dcm');
    const file = createWriteStream(path);
    file.write(part10Header(instance));
    for await (const chunk of instance.dataSet()) if (!file.write(chunk)) await once(file, 'drain');
    file.end();
    await finished(file);
    return { bytes: instance.lengthBytes, files: [path], uid: instance.studyInstanceUid };
  }
  const study = generateStudy({ instances, pixels, seed });
  const files: string[] = [];
  let bytes = 0;
  for (const [index, instance] of study.instances.entries()) {
    const path = join(folder, `${String(index).padStart(5, '0')}.dcm`);
    await writeFile(path, Buffer.concat([part10Header(instance), instance.dataSet]));
    files.push(path);
    bytes += instance.dataSet.length;
  }
  return { bytes, files, uid: study.studyInstanceUid };
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
async function sendDcmtk(study: Study, folder: string): Promise<Run> {
  await mkdir(folder);
  const [port = 0] = await freePorts(1);
  const env = { ...process.env, TCP_NODELAY: '1' };
  const storescp = spawn('storescp', ['+B', '-od', folder, String(port)], { env, stdio: 'ignore' });
  try {
    await listening(port);
    const startedMs = performance.now();
    const words = ['+sd', '127.0.0.1', String(port), join(study.files[0] ?? '', '..')];
    const storescu = spawn('storescu', words, { env, stdio: 'ignore' });
    const sender = sampled(storescu);
    await ended(storescu);
    const seconds = (performance.now() - startedMs) / 1_000;
    const stored = (await readdir(folder)).length;
    if (stored !== study.files.length) throw new Error(`storescp holds ${stored} of ${study.files.length}`);
    const receiver = await usageOf(storescp.pid ?? 0);
    const last = sender();
    return { receiver, seconds, study, ...(last && { sender: last }) };
  } finally {
    storescp.kill();
    await rm(folder, { force: true, recursive: true });
  }
}

/** A process that ends by itself is looked at while it runs. */
function sampled(child: ChildProcess): () => ProcessUsage | undefined {
  let last: ProcessUsage | undefined;
  const timer = setInterval(() => {
    usageOf(child.pid ?? 0).then(
      (usage) => (last = usage),
      () => clearInterval(timer),
    );
  }, 20);
  return () => {
    clearInterval(timer);
    return last;
  };
}

/** cp, and a sync of each file. */
async function copyFloor(study: Study, folder: string): Promise<Run> {
  await mkdir(folder);
  const startedMs = performance.now();
  await ended(spawn('cp', ['--reflink=never', ...study.files, folder], { stdio: 'ignore' }));
  for (const name of await readdir(folder)) {
    const file = openSync(join(folder, name), 'r');
    fsyncSync(file);
    closeSync(file);
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  await rm(folder, { recursive: true });
  return { seconds, study };
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${child.spawnfile} ended with ${code}`);
}

async function listening(port: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += 50) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isUp) return;
    await pause(50);
  }
  throw new Error('storescp does not listen');
}

function report(name: string, ours: readonly Run[], dcmtk: readonly Run[], copies: readonly Run[]): void {
  const speed = ({ seconds, study }: Run) => study.bytes / 1e6 / seconds;
  const rate = ({ seconds, study }: Run) => study.files.length / seconds;
  const plain = 'DCMTK storescu -> storescp, plain TCP, TCP_NODELAY=1';
  line(name, 'throughput', 'MB/s', 'higher', ours, speed, dcmtk, plain);
  line(name, 'throughputAgainstCopy', 'MB/s', 'higher', ours, speed, copies, 'cp + fsync');
  if (name !== 'MF1G') line(name, 'instances', 'instances/s', 'higher', ours, rate, dcmtk, plain);
  for (const side of ['sender', 'receiver'] as const) {
    const cpu = (run: Run) => ((run[side]?.cpuSeconds ?? NaN) / run.study.bytes) * 1e9;
    const memory = (run: Run) => run[side]?.peakRssMb ?? NaN;
    line(name, `cpuSecondsPerGb.${side}`, 's/GB', 'lower', ours, cpu, dcmtk, plain);
    line(name, `rssMb.${side}`, 'MB', 'lower', ours, memory, dcmtk, plain);
  }
}

function line(
  name: string,
  metric: string,
  unit: string,
  better: 'higher' | 'lower',
  ours: readonly Run[],
  pick: (run: Run) => number,
  peers: readonly Run[],
  peerName: string,
): void {
  const values = ours.map(pick).toSorted((one, other) => one - other);
  const mine = median(values);
  const theirs = median(peers.map(pick).filter((value) => !Number.isNaN(value)));
  const record = {
    bench: 'journey',
    case: quick ? `${name}-quick` : name,
    metric,
    unit,
    ours: round(mine),
    peer: theirs === undefined ? null : round(theirs),
    peerName: theirs === undefined ? null : peerName,
    ratio: theirs === undefined || mine === undefined ? null : round(mine / theirs),
    better,
    spread: [round(values[0]), round(values.at(-1))],
    runs,
  };
  console.log(JSON.stringify(record));
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  return sorted.length % 2 === 1
    ? upper
    : upper === undefined
      ? undefined
      : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function round(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Number(value.toPrecision(3));
}

/** Progress goes to standard error: standard output is lines of JSON alone. */
function note(text: string): void {
  if (options.json !== true) console.error(text);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
