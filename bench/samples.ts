/** The studies that benchmarks send, and certificates to send them under. */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateLargeInstance, generateStudy } from '../packages/core/src/conformance/index.ts';
import { part10Header } from '../packages/core/src/dicom/index.ts';
import type { InstanceIdentity } from '../packages/core/src/study/index.ts';
import { createCertificateAuthority } from '../packages/testing/src/index.ts';

/** What is sent: one instance of so many bytes, or so many single images of so many rows and columns. */
export interface SampleSize {
  readonly largeBytes?: number;
  readonly instances?: number;
  readonly pixels?: number;
}

/** An instance, to be written wherever it is needed. */
export interface BenchInstance {
  readonly identity: InstanceIdentity;
  /** Of the data set. */
  readonly lengthBytes: number;
  /** The file meta information, preamble included. */
  readonly header: Uint8Array;
  readonly dataSet: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Makes a study. */
export function makeInstances({ instances = 1, largeBytes, pixels = 64 }: SampleSize, seed: string) {
  const made =
    largeBytes === undefined
      ? generateStudy({ instances, pixels, seed }).instances.map(({ dataSet, ...one }) => ({
          ...one,
          lengthBytes: dataSet.length,
          dataSet: () => [dataSet],
        }))
      : [generateLargeInstance({ lengthBytes: largeBytes, seed })];
  return made.map((one): BenchInstance => {
    const { lengthBytes, seriesInstanceUid, sopClassUid, sopInstanceUid, studyInstanceUid, transferSyntaxUid } = one;
    const identity = { seriesInstanceUid, sopClassUid, sopInstanceUid, studyInstanceUid, transferSyntaxUid };
    return { identity, lengthBytes, header: part10Header(one), dataSet: () => one.dataSet() };
  });
}

/** Writes a file for each instance into a new folder, and gives their paths, in order. */
export async function writeFiles(instances: readonly BenchInstance[], folder: string): Promise<readonly string[]> {
  await mkdir(folder);
  const paths: string[] = [];
  for (const [index, { dataSet, header }] of instances.entries()) {
    const path = join(folder, `${String(index).padStart(5, '0')}.dcm`);
    await using file = await open(path, 'w');
    await file.write(header);
    for await (const piece of dataSet()) await file.write(piece);
    paths.push(path);
  }
  return paths;
}

/** Bytes of all data sets. */
export function bytesOf(instances: readonly BenchInstance[]): number {
  return instances.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
}

/** One certificate for both sides: in PEM for ours, and as files for DCMTK. */
export interface BenchPki {
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Options of `storescu` and `storescp`. */
  readonly words: readonly string[];
}

/** Makes one. */
export async function writePki(folder: string): Promise<BenchPki> {
  const authority = createCertificateAuthority('bench');
  const tls = { ca: authority.cert, ...authority.issue({ name: 'bench', hosts: ['127.0.0.1'] }) };
  const at = (name: string): string => join(folder, `${name}.pem`);
  for (const name of ['ca', 'cert', 'key'] as const) await writeFile(at(name), tls[name], { mode: 0o600 });
  return { tls, words: ['+tls', at('key'), at('cert'), '+cf', at('ca')] };
}
