/**
 * `interhosp coerce` as built, on one instance of many frames that lies in the page cache: read, planned, written anew and
 * synced. Beside it, in the same run, DCMTK's dcmodify, which sets one element, and cp, the floor of any copy.
 *
 *   pnpm bench coerce [--case MF1G|MF5G] [--quick] [--runs N] [--json]
 *
 * What the command takes to start, measured on an instance of a few kilobytes, is told apart and left out of the speed.
 */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { generateLargeInstance, generateStudy, type SampleInstance } from '../packages/core/src/conformance/index.ts';
import { part10Header, type Uid } from '../packages/core/src/dicom/index.ts';
import { report } from './report.ts';
import { benchOptions, watched } from './sides.ts';

const casesOf = (quick: boolean) => [
  { name: 'MF1G', lengthBytes: quick ? 100_000_000 : 1_000_000_000 },
  { name: 'MF5G', lengthBytes: quick ? 500_000_000 : 5_000_000_000 },
];
const { isChosen, quick, runs } = benchOptions((isQuick) => casesOf(isQuick).map(({ name }) => name));

const INTERHOSP = fileURLToPath(new URL('../packages/node/bin/interhosp.js', import.meta.url));
const SMALL_BYTES = 100_000;
const FRAGMENT_BYTES = quick ? 100_000_000 : 1_000_000_000;
const JPEG_2000 = '1.2.840.10008.1.2.4.90' as Uid;

/** One program, from its start to its end. */
interface Usage {
  readonly seconds: number;
  readonly peakRssMb: number;
}

const folder = await mkdtemp(join(tmpdir(), 'interhosp-bench-'));
try {
  await writeFile(join(folder, 'patient.json'), '{"patientId":"P1","issuer":"LOCAL","name":"Local^Ann"}');
  await makeFile('small.dcm', SMALL_BYTES);
  for (const { lengthBytes, name } of casesOf(quick)) if (isChosen(name)) await measure(name, lengthBytes);
} finally {
  await rm(folder, { recursive: true });
}

async function measure(name: string, lengthBytes: number): Promise<void> {
  await makeFile('in.dcm', lengthBytes);
  const [starts, ours, modified, copies]: Usage[][] = [[], [], [], []];
  for (let run = 0; run < runs; run++) {
    await readThrough(join(folder, 'in.dcm'));
    starts?.push(await coerced('small.dcm'));
    ours?.push(await coerced('in.dcm'));
    await copyFile(join(folder, 'in.dcm'), join(folder, 'modified.dcm'));
    modified?.push(await used('dcmodify', ['-nb', '-m', '0010,0010=Local^Ann', join(folder, 'modified.dcm')]));
    await rm(join(folder, 'modified.dcm'));
    copies?.push(await used('cp', [join(folder, 'in.dcm'), join(folder, 'copy.dcm')]));
    await rm(join(folder, 'copy.dcm'));
  }
  const start = Math.min(...(starts ?? []).map(({ seconds }) => seconds));
  const speed = (usage: Usage): number => lengthBytes / 1e6 / usage.seconds;
  const common = { bench: 'coerce', case: name } as const;
  const speeds = (ours ?? []).map(({ seconds }) => lengthBytes / 1e6 / (seconds - start));
  for (const [peer, values] of [
    ['dcmodify', modified ?? []],
    ['cp', copies ?? []],
  ] as const) {
    const metric = { metric: 'throughput', unit: 'MB/s', better: 'higher' } as const;
    report({ ...common, ...metric, ours: speeds, peer: { name: peer, values: values.map(speed) } });
  }
  const rss = (usages: readonly Usage[] = []): number[] => usages.map(({ peakRssMb }) => peakRssMb);
  const memory = { metric: 'rssMb', unit: 'MB', better: 'lower' } as const;
  report({ ...common, ...memory, ours: rss(ours), peer: { name: 'dcmodify', values: rss(modified) } });
  const starting = { metric: 'start', unit: 's', better: 'lower' } as const;
  report({ ...common, ...starting, ours: (starts ?? []).map(({ seconds }) => seconds) });
}

/** What is longer than a value of defined length may be is encapsulated (PS3.5 A.4), in fragments of a gigabyte. */
async function makeFile(name: string, lengthBytes: number): Promise<void> {
  const file = createWriteStream(join(folder, name));
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (!file.write(bytes)) await once(file, 'drain');
  };
  const instance = generateLargeInstance({ lengthBytes: Math.min(lengthBytes, FRAGMENT_BYTES) });
  const isEncapsulated = lengthBytes > FRAGMENT_BYTES;
  await write(part10Header({ ...instance, ...(isEncapsulated && { transferSyntaxUid: JPEG_2000 }) }));
  if (isEncapsulated) await writeFragments(lengthBytes, write);
  else for await (const chunk of instance.dataSet()) await write(chunk);
  file.end();
  await finished(file);
}

async function writeFragments(lengthBytes: number, write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  const [{ dataSet }] = generateStudy({ instances: 1, pixels: 1 }).instances as [SampleInstance];
  // Pixel Data of one pixel comes last: 12 bytes of header and its value.
  await write(dataSet.subarray(0, dataSet.length - 14));
  await write(
    Uint8Array.of(0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0),
  );
  const piece = new Uint8Array(1_000_000).fill(7);
  for (let done = 0; done < lengthBytes; done += FRAGMENT_BYTES) {
    const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    header.writeUInt32LE(FRAGMENT_BYTES, 4);
    await write(header);
    for (let part = 0; part < FRAGMENT_BYTES; part += piece.length) await write(piece);
  }
  await write(Uint8Array.of(0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0));
}

/** Into the page cache. */
async function readThrough(path: string): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) void chunk;
}

async function coerced(name: string): Promise<Usage> {
  const out = join(folder, 'out.dcm');
  const words = ['coerce', join(folder, name), out, '--patient', join(folder, 'patient.json'), '--json'];
  const usage = await used(process.execPath, [INTERHOSP, ...words]);
  await rm(out);
  return usage;
}

async function used(program: string, words: readonly string[]): Promise<Usage> {
  const { seconds, usage } = await watched(program, words);
  return { peakRssMb: usage.peakRssMb, seconds };
}
