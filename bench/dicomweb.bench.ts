/**
 * STOW-RS to and WADO-RS from a real Orthanc: our client, and curl with the same requests in the same run, by turns. curl is
 * handed the bodies ready made on disk and throws away what it gets; ours makes its bodies, reads answers and parts, and
 * accounts for every instance. Both keep their connections.
 *
 *   pnpm bench dicomweb [--case TINY|CT|LARGE] [--quick] [--runs N] [--json]
 *
 * Our process has started, and retrieved the study once, before the clock does, as a member is at work for days; curl's
 * start is within its time, and takes 10 ms.
 */
import { fork } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchFile, BenchOrder, BenchResult } from '../packages/adapters/bench/dicomweb-client.ts';
import type { InstanceIdentity } from '../packages/core/src/study/index.ts';
import { buildProgram, startOrthanc, usageOf } from '../packages/testing/src/index.ts';
import { bytesOf, makeInstances, writeFiles, type SampleSize } from './samples.ts';
import { ask, benchOptions, byTurns, reportRuns, speedOf, watched, type Run } from './sides.ts';

interface Case extends SampleSize {
  readonly name: string;
  /** How a study of this size comes by default: whole when it is small. */
  readonly by: 'study' | 'instance';
}

interface Prepared {
  readonly study: InstanceIdentity['studyInstanceUid'];
  readonly series: string;
  readonly files: readonly BenchFile[];
  /** Bodies of the requests in which our client stores the same. */
  readonly bodies: readonly string[];
  readonly bytes: number;
}

const casesOf = (quick: boolean): readonly Case[] => [
  { name: 'TINY', by: 'study', instances: quick ? 200 : 1_000, pixels: 96 },
  { name: 'CT', by: 'instance', instances: quick ? 40 : 500, pixels: 512 },
  // Orthanc 1.10 holds a request in memory several times over; a gigabyte is too much for it.
  { name: 'LARGE', by: 'instance', largeBytes: quick ? 64_000_000 : 256_000_000 },
];
const options = benchOptions((quick) => casesOf(quick).map(({ name }) => name));
/** As our client has them by default. */
const BATCH_INSTANCES = 50;
const BATCH_BYTES = 16_777_216;
const BOUNDARY = 'bench-0123456789abcdef0123456789abcdef';
const ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*';

const orthanc = await startOrthanc();
await using program = await buildProgram(
  fileURLToPath(new URL('../packages/adapters/bench/dicomweb-client.ts', import.meta.url)),
);
try {
  for (const each of casesOf(options.quick)) if (options.isChosen(each.name)) await measure(each);
} finally {
  await orthanc.stop();
}

async function measure(each: Case): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-bench-'));
  try {
    const prepared = await prepare(each, folder);
    options.note(`${each.name}: ${prepared.files.length} instances, ${(prepared.bytes / 1e6).toFixed(0)} MB`);
    const stored: Record<'ours' | 'peer', Run[]> = { ours: [], peer: [] };
    const retrieved = await byTurns(options, 'curl', async (side) => {
      const isOurs = side === 'ours';
      await orthanc.clear();
      const store = isOurs ? await storeOurs(prepared) : await storeCurl(prepared, folder);
      stored[side].push(store);
      await mustHold(prepared.files.length);
      options.note(`${isOurs ? 'ours' : 'curl'} stored: ${speedOf(store)}`);
      return isOurs ? await retrieveOurs(each, prepared) : await retrieveCurl(each, prepared, folder);
    });
    const name = `${each.name}${options.quick ? '-quick' : ''}`;
    reportRuns('dicomweb', `STOW-${name}`, stored, 'curl, same requests');
    reportRuns('dicomweb', `WADO-${name}`, retrieved, 'curl, same requests');
  } finally {
    await rm(folder, { force: true, recursive: true });
  }
}

async function prepare(each: Case, folder: string): Promise<Prepared> {
  const instances = makeInstances(each, each.name);
  const paths = await writeFiles(instances, join(folder, 'files'));
  const files = instances.map(({ header, identity, lengthBytes }, index): BenchFile => {
    return { path: paths[index] ?? '', identity, headerBytes: header.length, lengthBytes };
  });
  const [first] = files;
  if (first === undefined) throw new Error('a study without instances');
  const { seriesInstanceUid: series, studyInstanceUid: study } = first.identity;
  return { study, series, files, bodies: await bodiesOf(files, folder), bytes: bytesOf(instances) };
}

/** The requests of our client, with other boundaries. */
async function bodiesOf(files: readonly BenchFile[], folder: string): Promise<readonly string[]> {
  const bodies: string[] = [];
  let count = 0;
  let bytes = 0;
  const end = async (): Promise<void> => {
    if (count > 0) await appendFile(bodies.at(-1) ?? '', `\r\n--${BOUNDARY}--\r\n`);
    [count, bytes] = [0, 0];
  };
  for (const { path, lengthBytes, headerBytes } of files) {
    if (count === BATCH_INSTANCES || (count > 0 && bytes + lengthBytes > BATCH_BYTES)) await end();
    if (count === 0) bodies.push(join(folder, `body-${bodies.length}`));
    const body = bodies.at(-1) ?? '';
    const length = headerBytes + lengthBytes;
    await appendFile(body, `\r\n--${BOUNDARY}\r\nContent-Type: application/dicom\r\nContent-Length: ${length}\r\n\r\n`);
    await appendFile(body, await readFile(path));
    count++;
    bytes += lengthBytes;
  }
  await end();
  return bodies;
}

/** A new process for each run, so that its peak belongs to it alone. */
async function ours(order: BenchOrder): Promise<Run> {
  const child = fork(program.file, { execArgv: ['--max-semi-space-size=1'] });
  const { bytes, cpuSeconds, instances, seconds } = await ask<BenchResult>(child, order);
  const { peakRssMb } = await usageOf(child.pid ?? 0);
  child.disconnect();
  return { seconds, bytes, instances, usage: { cpuSeconds, peakRssMb } };
}

function storeOurs({ files }: Prepared): Promise<Run> {
  return ours({ kind: 'store', baseUrl: orthanc.dicomwebUrl, files });
}

async function retrieveOurs({ by }: Case, { study, files, bytes }: Prepared): Promise<Run> {
  const instances = files.map(({ identity }) => identity);
  const order = {
    kind: 'retrieve',
    baseUrl: orthanc.dicomwebUrl,
    study,
    ...(by === 'instance' && { instances }),
  } as const;
  const run = await ours(order);
  if (run.instances !== files.length || run.bytes !== bytes)
    throw new Error(`we got ${run.instances}, ${run.bytes} bytes`);
  return run;
}

async function storeCurl({ bodies, bytes, files }: Prepared, folder: string): Promise<Run> {
  const type = `Content-Type: multipart/related; type=\\"application/dicom\\"; boundary=${BOUNDARY}`;
  const requests = bodies.map((body) =>
    [
      `url = "${orthanc.dicomwebUrl}/studies"`,
      'request = POST',
      `upload-file = "${body}"`,
      `header = "${type}"`,
      'header = "Accept: application/dicom+json"',
      'header = "Expect:"',
      'output = /dev/null',
      'fail',
    ].join('\n'),
  );
  return await curl(requests, { bytes, instances: files.length }, folder);
}

async function retrieveCurl({ by }: Case, prepared: Prepared, folder: string): Promise<Run> {
  const { study, series, files, bytes } = prepared;
  const whole = `${orthanc.dicomwebUrl}/studies/${study}`;
  // Of a whole study we ask first how many instances it has, and go on until a page is empty.
  const search = `${orthanc.dicomwebUrl}/studies?StudyInstanceUID=${study}&includefield=00201208&limit=200&offset=`;
  const urls =
    by === 'study'
      ? [`${search}0`, `${search}1`, whole]
      : files.map(({ identity }) => `${whole}/series/${series}/instances/${identity.sopInstanceUid}`);
  const accept = ACCEPT.replaceAll('"', '\\"');
  const requests = urls.map((url) =>
    [
      `url = "${url}"`,
      `header = "Accept: ${url.includes('?') ? 'application/dicom+json' : accept}"`,
      'output = /dev/null',
      'fail',
    ].join('\n'),
  );
  return await curl(requests, { bytes, instances: files.length }, folder);
}

/** All requests in one process, one after the other on one connection. */
async function curl(
  requests: readonly string[],
  moved: { readonly bytes: number; readonly instances: number },
  folder: string,
): Promise<Run> {
  const config = join(folder, 'curl.conf');
  await writeFile(config, requests.join('\nnext\n'));
  return { ...moved, ...(await watched('curl', ['--silent', '--show-error', '--config', config])) };
}

async function mustHold(count: number): Promise<void> {
  const held = ((await (await fetch(`${orthanc.url}/instances`)).json()) as readonly string[]).length;
  if (held !== count) throw new Error(`Orthanc holds ${held} of ${count}`);
}
