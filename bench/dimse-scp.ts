/**
 * C-STORE as SCP from DCMTK's storescu: our inbox, which syncs each instance before it answers, and DCMTK's storescp, which
 * syncs nothing; by turns, in the same run, over TCP and over TLS, with the same sender. `TCP_NODELAY=1` for DCMTK. Where a
 * C compiler is at hand, also a storescp that is made to sync (sync-on-close.c): what the same promise costs it.
 *
 * A member has run since this morning: ours takes some small instances before the clock starts, and so does storescp.
 */
import { execFileSync, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ScpOrder, ScpState } from '../packages/adapters/bench/dimse-scp-server.ts';
import { buildProgram, startStorescp, usageOf } from '../packages/testing/src/index.ts';
import { bytesOf, makeInstances, writeFiles, writePki, type BenchPki, type SampleSize } from './samples.ts';
import { ask, byTurns, reportRuns, watched, type BenchOptions, type Run } from './sides.ts';

interface Case extends SampleSize {
  readonly name: string;
  readonly isTls?: boolean;
}

interface Files {
  readonly folder: string;
  readonly bytes: number;
  readonly instances: number;
}

const WARM_INSTANCES = 2_000;
const PEER = 'DCMTK storescp without sync, TCP_NODELAY=1';
const SYNCED_PEER = 'DCMTK storescp made to sync, TCP_NODELAY=1';

/** The cases, by name. */
export function scpCases(quick: boolean): readonly Case[] {
  const largeBytes = quick ? 128_000_000 : 1_000_000_000;
  const ct = { instances: quick ? 40 : 2_000, pixels: 512 };
  return [
    { name: 'SCP-TINY', instances: quick ? 200 : 10_000, pixels: 96 },
    { name: 'SCP-CT', ...ct },
    { name: 'SCP-MF1G', largeBytes },
    { name: 'SCP-TLS-CT', ...ct, isTls: true },
    { name: 'SCP-TLS-MF1G', largeBytes, isTls: true },
  ];
}

/** Runs the cases and prints their lines. */
export async function measureScp(options: BenchOptions): Promise<void> {
  const source = new URL('../packages/adapters/bench/dimse-scp-server.ts', import.meta.url);
  await using program = await buildProgram(fileURLToPath(source));
  for (const each of scpCases(options.quick).filter(({ name }) => options.isChosen(name))) {
    const folder = await mkdtemp(join(tmpdir(), 'interhosp-bench-'));
    try {
      await measure(each, folder, program.file, options);
    } finally {
      await rm(folder, { force: true, recursive: true });
    }
  }
}

async function measure(each: Case, folder: string, program: string, options: BenchOptions): Promise<void> {
  const files = await prepare(each, each.name, join(folder, 'files'));
  const warm = await prepare({ instances: WARM_INSTANCES, pixels: 96 }, 'warm', join(folder, 'warm'));
  const pki = each.isTls === true ? await writePki(folder) : undefined;
  options.note(`${each.name}: ${files.instances} instances, ${(files.bytes / 1e6).toFixed(0)} MB`);
  const preload = compiled(join(folder, 'sync-on-close.so'), options);
  const synced: Run[] = [];
  const sides = await byTurns(options, 'storescp', async (side, run) => {
    // What the run before left to be written or discarded is its own.
    execFileSync('sync');
    if (side === 'peer') {
      if (preload !== undefined) synced.push(await takeDcmtk(files, warm, { ...(pki && { pki }), preload }));
      execFileSync('sync');
      return await takeDcmtk(files, warm, { ...(pki && { pki }) });
    }
    const inbox = join(folder, `inbox-${run}`);
    const done = await takeOurs(program, inbox, files, warm, pki);
    await rm(inbox, { force: true, recursive: true });
    return done;
  });
  const name = `${each.name}${options.quick ? '-quick' : ''}`;
  reportRuns('dimse', name, sides, PEER);
  if (preload !== undefined) reportRuns('dimse', `${name}-synced`, { ours: sides.ours, peer: synced }, SYNCED_PEER);
}

/** The library that makes storescp sync; undefined without a compiler. */
function compiled(library: string, { note }: BenchOptions): string | undefined {
  const source = fileURLToPath(new URL('sync-on-close.c', import.meta.url));
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'], { stdio: 'ignore' });
    return library;
  } catch {
    note('no C compiler: not measured against a storescp that syncs');
    return undefined;
  }
}

async function prepare(size: SampleSize, seed: string, folder: string): Promise<Files> {
  const instances = makeInstances(size, seed);
  await writeFiles(instances, folder);
  return { folder, bytes: bytesOf(instances), instances: instances.length };
}

/** A new process for each run, so that its peak belongs to it alone. */
async function takeOurs(program: string, folder: string, files: Files, warm: Files, pki?: BenchPki): Promise<Run> {
  const child = fork(program, { execArgv: ['--max-semi-space-size=1'] });
  const told = (order: ScpOrder | 'usage') => ask<ScpState>(child, order);
  try {
    const { port } = await told({ folder, ...(pki !== undefined && { tls: pki.tls }) });
    await send(port, warm, pki);
    const before = await told('usage');
    const seconds = await send(port, files, pki);
    const after = await told('usage');
    const stored = after.instances - before.instances;
    if (stored !== files.instances) throw new Error(`${stored} of ${files.instances} were stored`);
    const { peakRssMb } = await usageOf(child.pid ?? 0);
    return { ...files, seconds, usage: { cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakRssMb } };
  } finally {
    child.disconnect();
  }
}

async function takeDcmtk(
  files: Files,
  warm: Files,
  { pki, preload }: { readonly pki?: BenchPki; readonly preload?: string },
): Promise<Run> {
  const server = await startStorescp({
    args: ['-pdu', '131072', ...(pki?.words ?? [])],
    ...(preload !== undefined && { preload }),
  });
  try {
    await send(server.port, warm, pki);
    const before = await usageOf(server.pid);
    const seconds = await send(server.port, files, pki);
    const { cpuSeconds, peakRssMb } = await usageOf(server.pid);
    const stored = (await server.files()).length - warm.instances;
    if (stored !== files.instances) throw new Error(`storescp holds ${stored} of ${files.instances}`);
    return { ...files, seconds, usage: { cpuSeconds: cpuSeconds - before.cpuSeconds, peakRssMb } };
  } finally {
    await server.stop();
  }
}

async function send(port: number, { folder }: Files, pki?: BenchPki): Promise<number> {
  const words = [...(pki?.words ?? []), '-pdu', '131072', '-aec', 'STORESCP', '+sd', '127.0.0.1', String(port), folder];
  return (await watched('storescu', words)).seconds;
}
