/** The DICOM files that tests read: those in the repository, and those of the folder that INTERHOSP_CORPUS names. */
import { globSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { readPart10, type Uid } from '../src/dicom/index.ts';
import { isDeflated } from '../src/dicom/transfer-syntax.ts';
import { chunksOf, collect } from './streams.ts';

/** One file taken apart, or why it cannot be. */
export interface CorpusFile {
  /** `pydicom/CT_small.dcm` */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Every file, in order of names. */
export function corpusFiles(): readonly CorpusFile[] {
  const own = new URL('corpus', import.meta.url).pathname;
  const folders = [own, process.env['INTERHOSP_CORPUS']].filter((folder) => folder !== undefined);
  const byName = new Map<string, CorpusFile>();
  for (const folder of folders) {
    for (const path of globSync(`${folder}/*/*`)) {
      const name = relative(folder, path).replaceAll('\\', '/');
      if (!name.endsWith('.md') && !byName.has(name))
        byName.set(name, { name, bytes: new Uint8Array(readFileSync(path)) });
    }
  }
  return [...byName.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** One file of the repository by name. */
export function corpusFile(name: string): CorpusFile {
  const found = corpusFiles().find((file) => file.name === name);
  if (found === undefined) throw new Error(`no corpus file ${name}`);
  return found;
}

/** The data set of a file, and its transfer syntax. */
export async function dataSetOf(
  file: CorpusFile,
): Promise<{ readonly transferSyntaxUid: Uid; readonly dataSet: Uint8Array }> {
  const { transferSyntaxUid, dataSet } = await readPart10(chunksOf(file.bytes, 5000));
  return { transferSyntaxUid, dataSet: await collect(dataSet) };
}

/** The elements of a data set, inflated where its transfer syntax deflates them. */
export function plainElements(dataSet: Uint8Array, transferSyntaxUid: Uid): Uint8Array {
  return isDeflated(transferSyntaxUid) ? new Uint8Array(inflateRawSync(dataSet)) : dataSet;
}
