/**
 * C-STORE as SCP from DCMTK's storescu: our inbox, which syncs each instance before it answers, and DCMTK's storescp, which
 * syncs nothing; by turns, in the same run, over TCP and over TLS, with the same sender. `TCP_NODELAY=1` for DCMTK.
 *
 * A member has run since this morning: ours takes some small instances before the clock starts, and so does storescp.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ScpOrder, ScpState } from '../packages/adapters/bench/dimse-scp-server.ts';
import { generateLargeInstance, generateStudy } from '../packages/core/src/conformance/index.ts';
import { part10Header } from '../packages/core/src/dicom/index.ts';
import { buildProgram, createCertificateAuthority, startStorescp, usageOf } from '../packages/testing/src/index.ts';
import { report } from './report.ts';

/** How the cases are run. */
export interface ScpBenchOptions {
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
}

interface Run {
  readonly seconds: number;
  readonly bytes: number;
  readonly instances: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

interface Files {
  readonly folder: string;
  readonly bytes: number;
  readonly instances: number;
}

/** Certificates as ours takes them, and as files for DCMTK. */
interface Pki {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly words: readonly string[];
}

interface Setting extends Omit<ScpBenchOptions, 'only'> {
  readonly folder: string;
  readonly program: string;
}

const WARM_INSTANCES = 400;

/** The cases, by name. */
export function scpCases(quick: boolean): readonly Case[] {
  const largeBytes = quick ? 128_000_000 : 1_000_000_000;
  const ct = { instances: quick ? 40 : 500, pixels: 512 };
  return [
    { name: 'SCP-TINY', instances: quick ? 200 : 1_000, pixels: 96 },
    { name: 'SCP-CT', ...ct },
    { name: 'SCP-MF1G', largeBytes },
    { name: 'SCP-TLS-CT', ...ct, isTls: true },
    { name: 'SCP-TLS-MF1G', largeBytes, isTls: true },
  ];
}

/** Runs the cases and prints their lines. */
export async function measureScp({ note, only, quick, runs }: ScpBenchOptions): Promise<void> {
  const source = new URL('../packages/adapters/bench/dimse-scp-server.ts', import.meta.url);
  await using program = await buildProgram(fileURLToPath(source));
  for (const each of scpCases(quick)) {
    if (only !== undefined && only !== each.name) continue;
    const folder = await mkdtemp(join(tmpdir(), 'interhosp-bench-'));
    try {
      await measure(each, { folder, note, program: program.file, quick, runs });
    } finally {
      await rm(folder, { force: true, recursive: true });
    }
  }
}

async function measure(each: Case, { folder, note, program, quick, runs }: Setting): Promise<void> {
  const files = await prepare(each, join(folder, 'files'));
  const warm = await prepare({ name: 'warm', instances: WARM_INSTANCES, pixels: 96 }, join(folder, 'warm'));
  const pki = each.isTls === true ? await writePki(folder) : undefined;
  note(`${each.name}: ${files.instances} instances, ${(files.bytes / 1e6).toFixed(0)} MB`);
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let run = 0; run < runs; run++) {
    // By turns, and each first as often as second: what has run once has warmed caches.
    for (const side of run % 2 === 0 ? (['ours', 'storescp'] as const) : (['storescp', 'ours'] as const)) {
      const inbox = join(folder, `inbox-${run}`);
      const done =
        side === 'ours' ? await takeOurs(program, inbox, files, warm, pki) : await takeDcmtk(files, warm, pki);
      await rm(inbox, { force: true, recursive: true });
      (side === 'ours' ? ours : theirs).push(done);
      const speed = `${(done.bytes / 1e6 / done.seconds).toFixed(0)} MB/s, ${(done.instances / done.seconds).toFixed(0)}/s`;
      note(`run ${run + 1} of ${runs}, ${side}: ${speed}`);
    }
  }
  show(`${each.name}${quick ? '-quick' : ''}`, ours, theirs);
}

async function prepare({ instances = 1, largeBytes, name, pixels = 64 }: Case, folder: string): Promise<Files> {
  await mkdir(folder);
  const made =
    largeBytes === undefined
      ? generateStudy({ instances, pixels, seed: name }).instances.map((one) => ({
          ...one,
          lengthBytes: one.dataSet.length,
          dataSet: () => [one.dataSet],
        }))
      : [generateLargeInstance({ lengthBytes: largeBytes, seed: name })];
  for (const [index, one] of made.entries()) {
    await using file = await open(join(folder, `${String(index).padStart(5, '0')}.dcm`), 'w');
    await file.write(part10Header(one));
    for await (const piece of one.dataSet()) await file.write(piece);
  }
  return { folder, bytes: made.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0), instances: made.length };
}

async function writePki(folder: string): Promise<Pki> {
  const authority = createCertificateAuthority('bench');
  const pki = { ca: authority.cert, ...authority.issue({ name: 'bench', hosts: ['127.0.0.1'] }) };
  const at = (name: string): string => join(folder, `${name}.pem`);
  for (const name of ['ca', 'cert', 'key'] as const) await writeFile(at(name), pki[name], { mode: 0o600 });
  return { ...pki, words: ['+tls', at('key'), at('cert'), '+cf', at('ca')] };
}

/** A new process for each run, so that its peak belongs to it alone. */
async function takeOurs(program: string, folder: string, files: Files, warm: Files, pki?: Pki): Promise<Run> {
  const child = fork(program, { execArgv: ['--max-semi-space-size=1'] });
  try {
    const tls = pki === undefined ? undefined : { ca: pki.ca, cert: pki.cert, key: pki.key };
    const { port } = await told(child, { folder, ...(tls !== undefined && { tls }) } satisfies ScpOrder);
    await send(port, warm, pki);
    const before = await told(child, 'usage');
    const seconds = await send(port, files, pki);
    const after = await told(child, 'usage');
    const stored = after.instances - before.instances;
    if (stored !== files.instances) throw new Error(`${stored} of ${files.instances} were stored`);
    const { peakRssMb } = await usageOf(child.pid ?? 0);
    return { ...files, seconds, cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakRssMb };
  } finally {
    child.disconnect();
  }
}

async function told(child: ChildProcess, order: ScpOrder | 'usage'): Promise<ScpState> {
  const answered = Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`our process ended with ${code}`))),
  ]);
  child.send(order);
  const [state] = (await answered) as [ScpState & { readonly error?: string }];
  if (state.error !== undefined) throw new Error(state.error);
  return state;
}

async function takeDcmtk(files: Files, warm: Files, pki?: Pki): Promise<Run> {
  const server = await startStorescp({ args: ['-pdu', '131072', ...(pki?.words ?? [])] });
  try {
    await send(server.port, warm, pki);
    const before = await usageOf(server.pid);
    const seconds = await send(server.port, files, pki);
    const after = await usageOf(server.pid);
    const stored = (await server.files()).length - warm.instances;
    if (stored !== files.instances) throw new Error(`storescp holds ${stored} of ${files.instances}`);
    return { ...files, seconds, cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakRssMb: after.peakRssMb };
  } finally {
    await server.stop();
  }
}

async function send(port: number, { folder }: Files, pki?: Pki): Promise<number> {
  const words = [...(pki?.words ?? []), '-pdu', '131072', '-aec', 'STORESCP', '+sd', '127.0.0.1', String(port), folder];
  const startedMs = performance.now();
  const child = spawn('storescu', words, { env: { ...process.env, TCP_NODELAY: '1' }, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`storescu ended with ${code}`);
  return (performance.now() - startedMs) / 1_000;
}

function show(name: string, ours: readonly Run[], theirs: readonly Run[]): void {
  const metrics = [
    ['throughput', 'MB/s', 'higher', ({ bytes, seconds }: Run) => bytes / 1e6 / seconds],
    ['instances', 'instances/s', 'higher', ({ instances, seconds }: Run) => instances / seconds],
    ['cpuSecondsPerGb', 's/GB', 'lower', ({ bytes, cpuSeconds }: Run) => (cpuSeconds / bytes) * 1e9],
    ['rssMb', 'MB', 'lower', ({ peakRssMb }: Run) => peakRssMb],
  ] as const;
  for (const [metric, unit, better, pick] of metrics) {
    const peer = { name: 'DCMTK storescp without sync, TCP_NODELAY=1', values: theirs.map(pick) };
    report({ bench: 'dimse', case: name, metric, unit, better, ours: ours.map(pick), peer });
  }
}
