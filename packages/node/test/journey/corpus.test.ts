/**
 * Real files from folder to folder: each is delivered with identical pixels and nothing changed that a coercion may not
 * change, or it is refused with a code. None is lost silently.
 */
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderPacs } from '@interhosp/adapters/folder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeClock } from '../../src/world/index.ts';
import { silentLog } from '@interhosp/core/world';
import { corpusFiles, journeyOf, type CorpusFile } from './corpus.ts';
import { dataSetFile, differences, filesIn, pixelsOf, textOf, type DataSetFile } from './delivered.ts';
import { Federation, TEST_WITHIN_MS, type Hospital } from './hospitals.ts';

let federation: Federation;
let a: Hospital;
let b: Hospital;
beforeAll(async () => {
  ({ a, b, federation } = await Federation.ofTwo());
}, TEST_WITHIN_MS);
afterAll(() => federation[Symbol.asyncDispose]());

/** A file of the corpus, and its data set where this test's own reader can take it apart. */
interface Source extends CorpusFile {
  readonly file?: DataSetFile;
}

describe('the files of the corpus', () => {
  it('arrive unaltered, or are refused with a code', { timeout: TEST_WITHIN_MS * 2 }, async () => {
    const sources = distinct(corpusFiles()).map(parsed);
    await put(a, sources);
    const listed = await listedIn(a.out);
    await Promise.all([a.start(), b.start()]);
    const fates = new Map<string, string>();
    for (const study of new Set(listed.values())) fates.set(study, await journeyOf(study, a, b));
    const left = await leftBehind(a);

    const arrived = await filesIn(b.in);
    let unlisted = 0;
    for (const { file, name } of sources) {
      const sop = file?.sopInstanceUid ?? '';
      const copies = arrived.filter(({ sopInstanceUid }) => sopInstanceUid === sop);
      if (copies.length === 0) {
        const fate = fates.get(listed.get(sop) ?? '') ?? 'not listed';
        console.log(`${name}: ${left.get(sop) ?? fate}`);
        if (fate === 'not listed') unlisted++;
        else expect(left.get(sop) ?? fate, name).toMatch(/^(?:DICOM|PACS|TRANSFER)_[A-Z_0-9:]+$/);
        continue;
      }
      expect(copies, name).toHaveLength(1);
      const twins = sources.filter((source) => source.file?.sopInstanceUid === sop);
      const matches = twins.map((twin) => sameBut(twin.file, copies[0]));
      // Where two files of the corpus hold the same instance, one of them is what arrived.
      expect(matches.some((found) => found.length === 0) ? [] : matches, name).toEqual([]);
      expect(textOf(copies[0] as DataSetFile, 0x00100020), name).toBe('P2');
    }
    // What the PACS listed and this test's own reader cannot take apart. Each was refused by its code.
    const known = new Set(sources.map(({ file }) => file?.sopInstanceUid));
    const unread = [...listed].filter(([sop]) => !known.has(sop));
    for (const [sop, study] of unread)
      expect(left.get(sop) ?? fates.get(study)).toMatch(/^(?:DICOM|PACS|TRANSFER)_[A-Z_0-9:]+$/);
    // What the PACS did not list it counted, under the code for which a file cannot be read.
    const counted = new Map(a.logged('folder.unreadable').map(({ code, count }) => [String(code), Number(count)]));
    for (const code of counted.keys()) expect(code).toMatch(/^DICOM_[A-Z_0-9]+$/);
    const refused = [...counted.values()].reduce((sum, count) => sum + count, 0);
    console.log(`${sources.length} files, ${arrived.length} instances arrived, ${refused} files refused`, counted);
    // A refused file whose twin arrived is among the refused and not among the unlisted.
    expect(unlisted).toBeLessThanOrEqual(refused + unread.length);
    expect(arrived.length).toBeGreaterThan(sources.length / 2);
  });
});

/** Copies of one file count once. */
function distinct(files: readonly CorpusFile[]): readonly CorpusFile[] {
  return files.filter(({ bytes }, index) => files.findIndex((other) => other.bytes.equals(bytes)) === index);
}

/** What the folder lists, as a member would see it: SOP Instance UID to Study Instance UID. */
async function listedIn(watch: string): Promise<ReadonlyMap<string, string>> {
  const pacs = folderPacs({ clock: nodeClock(), log: silentLog, watch });
  const listed = new Map<string, string>();
  await pacs.start();
  for await (const { studyInstanceUid } of pacs.findStudies({})) {
    for await (const { sopInstanceUid } of pacs.findInstances(studyInstanceUid))
      listed.set(sopInstanceUid, studyInstanceUid);
  }
  await pacs.stop();
  return listed;
}

/** Instances that a sent study left behind, with the code. */
async function leftBehind(sender: Hospital): Promise<ReadonlyMap<string, string>> {
  const api = await sender.api;
  const left = new Map<string, string>();
  for (const { exchangeId } of await api.jobs()) {
    for (const { code, sopInstanceUid } of (await api.job(exchangeId)).quarantined) left.set(sopInstanceUid, code);
  }
  return left;
}

function sameBut(source: DataSetFile | undefined, arrived: DataSetFile | undefined): readonly string[] {
  if (source === undefined || arrived === undefined) return ['cannot be read'];
  const isSame = Buffer.compare(pixelsOf(source), pixelsOf(arrived)) === 0;
  return [...(isSame ? [] : ['pixels']), ...differences(source, arrived)];
}

function parsed(file: CorpusFile): Source {
  try {
    return { ...file, file: dataSetFile(file.bytes) };
  } catch {
    return file;
  }
}

async function put(at: Hospital, sources: readonly CorpusFile[]): Promise<void> {
  for (const { bytes, name } of sources) {
    const path = join(at.out, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, bytes);
    await utimes(path, 1_700_000_000, 1_700_000_000);
  }
}
