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
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { generateLargeInstance, generateStudy } from '../packages/core/src/conformance/index.ts';
import type { InstanceIdentity } from '../packages/core/src/study/index.ts';
import { part10Header } from '../packages/core/src/dicom/index.ts';
import { buildProgram, startOrthanc, usageOf, type ProcessUsage } from '../packages/testing/src/index.ts';
import type { BenchFile, BenchOrder, BenchResult } from '../packages/adapters/bench/dicomweb-client.ts';
import { report } from './report.ts';

interface Case {
  readonly name: string;
  /** How a study of this size comes by default: whole when it is small. */
  readonly by: 'study' | 'instance';
  readonly instances: number;
  readonly pixels?: number;
  readonly largeBytes?: number;
}

/** One run of one side. */
interface Run {
  readonly seconds: number;
  readonly bytes: number;
  readonly instances: number;
  readonly usage: ProcessUsage;
}

interface Prepared {
  readonly study: InstanceIdentity['studyInstanceUid'];
  readonly series: string;
  readonly files: readonly BenchFile[];
  /** Bodies of the requests in which our client stores the same. */
  readonly bodies: readonly string[];
  readonly bytes: number;
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
  { name: 'TINY', by: 'study', instances: quick ? 200 : 1_000, pixels: 96 },
  { name: 'CT', by: 'instance', instances: quick ? 40 : 500, pixels: 512 },
  // Orthanc 1.10 holds a request in memory several times over; a gigabyte is too much for it.
  { name: 'LARGE', by: 'instance', instances: 1, largeBytes: quick ? 64_000_000 : 256_000_000 },
];
/** As our client has them by default. */
const BATCH_INSTANCES = 50;
const BATCH_BYTES = 16_777_216;
const BOUNDARY = 'bench-0123456789abcdef0123456789abcdef';
const ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const SAMPLE_MS = 10;

const chosen = cases.filter(({ name }) => options.case === undefined || name === options.case);
if (chosen.length === 0) throw new Error(`--case is one of: ${cases.map(({ name }) => name).join(', ')}`);
const orthanc = await startOrthanc();
await using program = await buildProgram(
  fileURLToPath(new URL('../packages/adapters/bench/dicomweb-client.ts', import.meta.url)),
);
try {
  for (const each of chosen) await measure(each);
} finally {
  await orthanc.stop();
}

async function measure(each: Case): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-bench-'));
  const [stow, wado] = [sides(), sides()];
  try {
    const prepared = await prepare(each, folder);
    note(`${each.name}: ${prepared.files.length} instances, ${(prepared.bytes / 1e6).toFixed(0)} MB`);
    for (let run = 0; run < runs; run++) {
      // By turns, and each first as often as second: what has run once has warmed caches.
      for (const side of run % 2 === 0 ? (['ours', 'curl'] as const) : (['curl', 'ours'] as const)) {
        await orthanc.clear();
        stow[side].push(side === 'ours' ? await storeOurs(prepared) : await storeCurl(prepared, folder));
        await mustHold(prepared.files.length);
        wado[side].push(
          side === 'ours' ? await retrieveOurs(each, prepared) : await retrieveCurl(each, prepared, folder),
        );
        note(`run ${run + 1} of ${runs}, ${side}: ${speed(stow[side])} and ${speed(wado[side])}`);
      }
    }
    show(each, 'STOW', stow);
    show(each, 'WADO', wado);
  } finally {
    await rm(folder, { force: true, recursive: true });
  }
}

function sides(): { readonly ours: Run[]; readonly curl: Run[] } {
  return { ours: [], curl: [] };
}

async function prepare(each: Case, folder: string): Promise<Prepared> {
  const files: BenchFile[] = [];
  const large = each.largeBytes === undefined ? undefined : generateLargeInstance({ lengthBytes: each.largeBytes });
  const study = large ?? generateStudy({ instances: each.instances, pixels: each.pixels ?? 64 });
  const instances =
    'instances' in study
      ? study.instances.map((one) => ({ ...one, lengthBytes: one.dataSet.length, stream: () => [one.dataSet] }))
      : [{ ...study, stream: () => study.dataSet() }];
  await mkdir(join(folder, 'files'));
  for (const [index, instance] of instances.entries()) {
    const path = join(folder, 'files', `${index}.dcm`);
    const header = part10Header(instance);
    const out = createWriteStream(path);
    out.write(header);
    for await (const piece of instance.stream()) if (!out.write(piece)) await once(out, 'drain');
    out.end();
    await finished(out);
    const { seriesInstanceUid, sopClassUid, sopInstanceUid, studyInstanceUid, transferSyntaxUid, lengthBytes } =
      instance;
    const identity = { seriesInstanceUid, sopClassUid, sopInstanceUid, studyInstanceUid, transferSyntaxUid };
    files.push({ path, identity, headerBytes: header.length, lengthBytes });
  }
  const bytes = files.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const bodies = await bodiesOf(files, folder);
  return { study: study.studyInstanceUid, series: files[0]?.identity.seriesInstanceUid ?? '', files, bodies, bytes };
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
  const answered = Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`our process ended with ${code}`))),
  ]);
  child.send(order);
  const [result] = (await answered) as [BenchResult & { readonly error?: string }];
  if (result.error !== undefined) throw new Error(result.error);
  const { peakRssMb } = await usageOf(child.pid ?? 0);
  child.disconnect();
  const { seconds, bytes, instances, cpuSeconds } = result;
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
  const startedMs = performance.now();
  const child = spawn('curl', ['--silent', '--show-error', '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let usage: ProcessUsage = { cpuSeconds: Number.NaN, peakRssMb: Number.NaN };
  const timer = setInterval(() => {
    usageOf(child.pid ?? 0).then(
      (now) => (usage = now),
      () => clearInterval(timer),
    );
  }, SAMPLE_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`curl ended with ${code}`);
  return { seconds: (performance.now() - startedMs) / 1000, ...moved, usage };
}

async function mustHold(count: number): Promise<void> {
  const held = ((await (await fetch(`${orthanc.url}/instances`)).json()) as readonly string[]).length;
  if (held !== count) throw new Error(`Orthanc holds ${held} of ${count}`);
}

function show({ name }: Case, service: 'STOW' | 'WADO', { ours: mine, curl: theirs }: ReturnType<typeof sides>): void {
  const metrics = [
    ['throughput', 'MB/s', 'higher', ({ bytes, seconds }: Run) => bytes / 1e6 / seconds],
    ['instances', 'instances/s', 'higher', ({ instances, seconds }: Run) => instances / seconds],
    ['cpuSecondsPerGb', 's/GB', 'lower', ({ bytes, usage }: Run) => (usage.cpuSeconds / bytes) * 1e9],
    ['rssMb', 'MB', 'lower', ({ usage }: Run) => usage.peakRssMb],
  ] as const;
  for (const [metric, unit, better, pick] of metrics) {
    report({
      bench: 'dicomweb',
      case: `${service}-${name}${quick ? '-quick' : ''}`,
      metric,
      unit,
      better,
      ours: mine.map(pick),
      peer: { name: 'curl, same requests', values: theirs.map(pick) },
    });
  }
}

function speed(list: readonly Run[]): string {
  const last = list.at(-1);
  return last === undefined ? '' : `${(last.bytes / 1e6 / last.seconds).toFixed(1)} MB/s`;
}

/** Progress goes to standard error: standard output is lines of JSON alone. */
function note(text: string): void {
  if (options.json !== true) console.error(text);
}
