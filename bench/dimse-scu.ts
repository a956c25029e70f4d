/**
 * C-STORE as SCU to DCMTK's storescp: ours, which replaces the patient's identity in each instance as it goes, and DCMTK's
 * storescu, which sends what it reads; by turns, in the same run, over TCP and over TLS. `TCP_NODELAY=1` for DCMTK, whose
 * storescp forks for each association and takes PDUs of 128 kB from both.
 *
 * Ours reads from one file that holds all data sets, as the spool of a member does; storescu reads the files it knows. Our
 * process has started before the clock does, as a member has; storescu's start is within its time, and takes 20 ms.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ScuInstance, ScuOrder, ScuResult } from '../packages/adapters/bench/dimse-scu-client.ts';
import { generateLargeInstance, generateStudy } from '../packages/core/src/conformance/index.ts';
import { part10Header } from '../packages/core/src/dicom/index.ts';
import {
  buildProgram,
  createCertificateAuthority,
  startStorescp,
  usageOf,
  type DcmtkServer,
  type ProcessUsage,
} from '../packages/testing/src/index.ts';
import { report } from './report.ts';

/** How the cases are run. */
export interface ScuBenchOptions {
  /** One of them alone, by name. */
  readonly only?: string | undefined;
  readonly quick: boolean;
  readonly runs: number;
  /** Told how it goes on. */
  readonly note: (text: string) => void;
}

interface Case {
  readonly name: string;
  readonly instances?: number;
  readonly pixels?: number;
  readonly largeBytes?: number;
  readonly isTls?: boolean;
  /** One that DCMTK is not measured with. */
  readonly isOursAlone?: boolean;
}

interface Run {
  readonly seconds: number;
  readonly bytes: number;
  readonly instances: number;
  readonly usage: ProcessUsage;
}

interface Prepared {
  /** Files for DCMTK, and all data sets in one file for ours. */
  readonly folder: string;
  readonly pack: string;
  readonly instances: readonly ScuInstance[];
  readonly bytes: number;
}

/** Files of a certificate authority and of one certificate, for both sides. */
interface Pki {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly folder: string;
}

const ASSOCIATIONS = 3;
const SAMPLE_MS = 10;

/** The cases, by name. */
export function scuCases(quick: boolean): readonly Case[] {
  return [
    { name: 'SCU-TINY', instances: quick ? 200 : 1_000, pixels: 96 },
    { name: 'SCU-CT', instances: quick ? 40 : 500, pixels: 512 },
    { name: 'SCU-MF1G', largeBytes: quick ? 128_000_000 : 1_000_000_000 },
    { name: 'SCU-TLS-CT', instances: quick ? 40 : 500, pixels: 512, isTls: true },
    { name: 'SCU-TLS-MF1G', largeBytes: quick ? 128_000_000 : 1_000_000_000, isTls: true },
    // Beyond what a 32-bit length holds DCMTK sends nothing.
    ...(quick ? [] : [{ name: 'SCU-MF4G', largeBytes: 4_200_000_000, isOursAlone: true }]),
  ];
}

/** Runs the cases and prints their lines. */
export async function measureScu({ note, only, quick, runs }: ScuBenchOptions): Promise<void> {
  await using program = await buildProgram(
    fileURLToPath(new URL('../packages/adapters/bench/dimse-scu-client.ts', import.meta.url)),
  );
  for (const each of scuCases(quick)) {
    if (only !== undefined && only !== each.name) continue;
    const folder = await mkdtemp(join(tmpdir(), 'interhosp-bench-'));
    try {
      await measure(each, { folder, note, program: program.file, quick, runs });
    } finally {
      await rm(folder, { force: true, recursive: true });
    }
  }
}

interface Setting extends Omit<ScuBenchOptions, 'only'> {
  readonly folder: string;
  readonly program: string;
}

async function measure(each: Case, { folder, note, program, quick, runs }: Setting): Promise<void> {
  const prepared = await prepare(each, join(folder, 'files'));
  const pki = each.isTls === true ? await writePki(folder) : undefined;
  note(`${each.name}: ${prepared.instances.length} instances, ${(prepared.bytes / 1e6).toFixed(0)} MB`);
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let run = 0; run < runs; run++) {
    // By turns, and each first as often as second: what has run once has warmed caches.
    for (const side of run % 2 === 0 ? (['ours', 'storescu'] as const) : (['storescu', 'ours'] as const)) {
      if (side === 'storescu' && each.isOursAlone === true) continue;
      const server = await startStorescp({
        args: ['--fork', '-pdu', '131072', ...(pki === undefined ? [] : serverWords(pki))],
      });
      try {
        const done =
          side === 'ours' ? await sendOurs(program, server, prepared, pki) : await sendDcmtk(server, prepared, pki);
        const held = (await server.files()).length;
        if (held !== prepared.instances.length)
          throw new Error(`storescp holds ${held} of ${prepared.instances.length}`);
        (side === 'ours' ? ours : theirs).push(done);
        note(`run ${run + 1} of ${runs}, ${side}: ${(done.bytes / 1e6 / done.seconds).toFixed(0)} MB/s`);
      } finally {
        await server.stop();
      }
    }
  }
  show(`${each.name}${quick ? '-quick' : ''}`, ours, theirs);
}

async function prepare({ instances = 1, largeBytes, name, pixels = 64 }: Case, folder: string): Promise<Prepared> {
  await mkdir(folder);
  const made =
    largeBytes === undefined
      ? generateStudy({ instances, pixels, seed: name }).instances.map(({ dataSet, ...one }) => ({
          ...one,
          lengthBytes: dataSet.length,
          dataSet: () => [dataSet],
        }))
      : [generateLargeInstance({ lengthBytes: largeBytes, seed: name })];
  const pack = `${folder}.pack`;
  await using packed = await open(pack, 'w');
  const placed: ScuInstance[] = [];
  let offset = 0;
  for (const [index, one] of made.entries()) {
    const { lengthBytes } = one;
    await using file = await open(join(folder, `${String(index).padStart(5, '0')}.dcm`), 'w');
    await file.write(part10Header(one));
    for await (const piece of one.dataSet()) for (const out of [file, packed]) await out.write(piece);
    const { seriesInstanceUid, sopClassUid, sopInstanceUid, studyInstanceUid, transferSyntaxUid } = one;
    const identity = { seriesInstanceUid, sopClassUid, sopInstanceUid, studyInstanceUid, transferSyntaxUid };
    placed.push({ identity, offset, lengthBytes });
    offset += lengthBytes;
  }
  return { folder, pack, instances: placed, bytes: offset };
}

async function writePki(folder: string): Promise<Pki> {
  const authority = createCertificateAuthority('bench');
  const { cert, key } = authority.issue({ name: 'bench', hosts: ['127.0.0.1'] });
  const pki = { ca: authority.cert, cert, key, folder };
  await Promise.all(
    (['ca', 'cert', 'key'] as const).map((name) => writeFile(join(folder, `${name}.pem`), pki[name], { mode: 0o600 })),
  );
  return pki;
}

function serverWords({ folder }: Pki): readonly string[] {
  const at = (name: string): string => join(folder, `${name}.pem`);
  return ['+tls', at('key'), at('cert'), '+cf', at('ca')];
}

/** A new process for each run, so that its peak belongs to it alone. */
async function sendOurs(
  program: string,
  { port }: DcmtkServer,
  { instances, pack }: Prepared,
  pki?: Pki,
): Promise<Run> {
  const child = fork(program);
  const answered = Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`our process ended with ${code}`))),
  ]);
  const tls = pki === undefined ? undefined : { ca: pki.ca, cert: pki.cert, key: pki.key };
  const order: ScuOrder = { port, pack, instances, associations: ASSOCIATIONS, ...(tls !== undefined && { tls }) };
  child.send(order);
  const [result] = (await answered) as [ScuResult & { readonly error?: string }];
  if (result.error !== undefined) throw new Error(result.error);
  const { peakRssMb } = await usageOf(child.pid ?? 0);
  child.disconnect();
  const { bytes, cpuSeconds, seconds } = result;
  if (result.instances !== instances.length) throw new Error(`${result.instances} of ${instances.length} were stored`);
  return { seconds, bytes, instances: instances.length, usage: { cpuSeconds, peakRssMb } };
}

async function sendDcmtk({ port }: DcmtkServer, { bytes, folder, instances }: Prepared, pki?: Pki): Promise<Run> {
  const tls = pki === undefined ? [] : serverWords(pki);
  const words = [...tls, '-pdu', '131072', '+sd', '127.0.0.1', String(port), folder];
  const env = { ...process.env, TCP_NODELAY: '1' };
  const startedMs = performance.now();
  const child = spawn('storescu', words, { env, stdio: 'ignore' });
  let usage: ProcessUsage = { cpuSeconds: Number.NaN, peakRssMb: Number.NaN };
  const timer = setInterval(() => {
    usageOf(child.pid ?? 0).then(
      (now) => (usage = now),
      () => clearInterval(timer),
    );
  }, SAMPLE_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`storescu ended with ${code}`);
  return { seconds: (performance.now() - startedMs) / 1000, bytes, instances: instances.length, usage };
}

function show(name: string, ours: readonly Run[], theirs: readonly Run[]): void {
  const metrics = [
    ['throughput', 'MB/s', 'higher', ({ bytes, seconds }: Run) => bytes / 1e6 / seconds],
    ['instances', 'instances/s', 'higher', ({ instances, seconds }: Run) => instances / seconds],
    ['cpuSecondsPerGb', 's/GB', 'lower', ({ bytes, usage }: Run) => (usage.cpuSeconds / bytes) * 1e9],
    ['rssMb', 'MB', 'lower', ({ usage }: Run) => usage.peakRssMb],
  ] as const;
  for (const [metric, unit, better, pick] of metrics) {
    report({
      bench: 'dimse',
      case: name,
      metric,
      unit,
      better,
      ours: ours.map(pick),
      ...(theirs.length > 0 && { peer: { name: 'DCMTK storescu, TCP_NODELAY=1', values: theirs.map(pick) } }),
    });
  }
}
