/**
 * C-STORE as SCU to DCMTK's storescp: ours, which replaces the patient's identity in each instance as it goes, and DCMTK's
 * storescu, which sends what it reads; by turns, in the same run, over TCP and over TLS. `TCP_NODELAY=1` for DCMTK, whose
 * storescp forks for each association and takes PDUs of 128 kB from both.
 *
 * Ours reads from one file that holds all data sets, as the spool of a member does; storescu reads the files it knows. Our
 * process has started before the clock does, as a member has; storescu's start is within its time, and takes 20 ms.
 */
import { execFileSync, fork } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ScuInstance, ScuOrder, ScuResult } from '../packages/adapters/bench/dimse-scu-client.ts';
import { buildProgram, startStorescp, usageOf, type DcmtkServer } from '../packages/testing/src/index.ts';
import { bytesOf, makeInstances, writeFiles, writePki, type BenchInstance, type BenchPki } from './samples.ts';
import type { SampleSize } from './samples.ts';
import { ask, byTurns, reportRuns, watched, type BenchOptions, type Run } from './sides.ts';

interface Case extends SampleSize {
  readonly name: string;
  readonly isTls?: boolean;
  /** One that DCMTK is not measured with. */
  readonly isOursAlone?: boolean;
}

interface Prepared {
  /** Files for DCMTK, and all data sets in one file for ours. */
  readonly folder: string;
  readonly pack: string;
  readonly instances: readonly ScuInstance[];
  readonly bytes: number;
}

const ASSOCIATIONS = 3;
const PEER = 'DCMTK storescu, TCP_NODELAY=1';

/** The cases, by name. */
export function scuCases(quick: boolean): readonly Case[] {
  return [
    { name: 'SCU-TINY', instances: quick ? 200 : 10_000, pixels: 96 },
    { name: 'SCU-CT', instances: quick ? 40 : 2_000, pixels: 512 },
    { name: 'SCU-MF1G', largeBytes: quick ? 128_000_000 : 1_000_000_000 },
    { name: 'SCU-TLS-CT', instances: quick ? 40 : 2_000, pixels: 512, isTls: true },
    { name: 'SCU-TLS-MF1G', largeBytes: quick ? 128_000_000 : 1_000_000_000, isTls: true },
    // Beyond what a 32-bit length holds DCMTK sends nothing.
    ...(quick ? [] : [{ name: 'SCU-MF4G', largeBytes: 4_200_000_000, isOursAlone: true }]),
  ];
}

/** Runs the cases and prints their lines. */
export async function measureScu(options: BenchOptions): Promise<void> {
  const source = new URL('../packages/adapters/bench/dimse-scu-client.ts', import.meta.url);
  await using program = await buildProgram(fileURLToPath(source));
  for (const each of scuCases(options.quick).filter(({ name }) => options.isChosen(name))) {
    const folder = await mkdtemp(join(tmpdir(), 'interhosp-bench-'));
    try {
      await measure(each, folder, program.file, options);
    } finally {
      await rm(folder, { force: true, recursive: true });
    }
  }
}

async function measure(each: Case, folder: string, program: string, options: BenchOptions): Promise<void> {
  const prepared = await prepare(each, join(folder, 'files'));
  const pki = each.isTls === true ? await writePki(folder) : undefined;
  options.note(`${each.name}: ${prepared.instances.length} instances, ${(prepared.bytes / 1e6).toFixed(0)} MB`);
  const send = async (side: 'ours' | 'peer'): Promise<Run> => {
    // What storescp left to be written in the run before is not to be written in this one.
    execFileSync('sync');
    const server = await startStorescp({ args: ['--fork', '-pdu', '131072', ...(pki?.words ?? [])] });
    try {
      const done =
        side === 'ours' ? await sendOurs(program, server, prepared, pki) : await sendDcmtk(server, prepared, pki);
      const held = (await server.files()).length;
      if (held !== prepared.instances.length) throw new Error(`storescp holds ${held} of ${prepared.instances.length}`);
      return done;
    } finally {
      await server.stop();
    }
  };
  const sides =
    each.isOursAlone === true
      ? { ours: [await send('ours'), await send('ours'), await send('ours')], peer: [] }
      : await byTurns(options, 'storescu', send);
  reportRuns('dimse', `${each.name}${options.quick ? '-quick' : ''}`, sides, PEER);
}

async function prepare(each: Case, folder: string): Promise<Prepared> {
  const made = makeInstances(each, each.name);
  await writeFiles(made, folder);
  const pack = `${folder}.pack`;
  return { folder, pack, instances: await writePack(made, pack), bytes: bytesOf(made) };
}

async function writePack(made: readonly BenchInstance[], path: string): Promise<readonly ScuInstance[]> {
  await using packed = await open(path, 'w');
  const placed: ScuInstance[] = [];
  let offset = 0;
  for (const { dataSet, identity, lengthBytes } of made) {
    for await (const piece of dataSet()) await packed.write(piece);
    placed.push({ identity, offset, lengthBytes });
    offset += lengthBytes;
  }
  return placed;
}

/** A new process for each run, so that its peak belongs to it alone. */
async function sendOurs(
  program: string,
  { port }: DcmtkServer,
  { instances, pack }: Prepared,
  pki?: BenchPki,
): Promise<Run> {
  const child = fork(program);
  const tls = pki === undefined ? {} : { tls: pki.tls };
  const order: ScuOrder = { port, pack, instances, associations: ASSOCIATIONS, ...tls };
  const { bytes, cpuSeconds, instances: stored, seconds } = await ask<ScuResult>(child, order);
  const { peakRssMb } = await usageOf(child.pid ?? 0);
  child.disconnect();
  if (stored !== instances.length) throw new Error(`${stored} of ${instances.length} were stored`);
  return { seconds, bytes, instances: stored, usage: { cpuSeconds, peakRssMb } };
}

async function sendDcmtk({ port }: DcmtkServer, { bytes, folder, instances }: Prepared, pki?: BenchPki): Promise<Run> {
  const words = [...(pki?.words ?? []), '-pdu', '131072', '+sd', '127.0.0.1', String(port), folder];
  return { ...(await watched('storescu', words)), bytes, instances: instances.length };
}
