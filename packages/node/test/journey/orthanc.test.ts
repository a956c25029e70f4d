/**
 * Real PACS at both ends: Orthanc, member, member, Orthanc, over DICOMweb on both sides, with the real files that Orthanc
 * takes. What comes out of the second is compared, on bytes, with what the first gives back.
 */
import { startOrthanc, type Orthanc } from '@interhosp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corpusFiles, journeyOf } from './corpus.ts';
import { dataSetFile, differences, pixelsOf, textOf, type DataSetFile } from './delivered.ts';
import { Federation, TEST_WITHIN_MS, type Hospital } from './hospitals.ts';

let federation: Federation;
let a: Hospital;
let b: Hospital;
let from: Orthanc;
let to: Orthanc;
beforeAll(async () => {
  [from, to] = await Promise.all([startOrthanc(), startOrthanc()]);
  const pacs = ({ dicomwebUrl }: Orthanc) => ({
    pacs: { main: { baseUrl: dicomwebUrl, use: '@interhosp/adapters/dicomweb' } },
  });
  ({ a, b, federation } = await Federation.ofTwo([pacs(from), pacs(to)]));
}, TEST_WITHIN_MS);
afterAll(async () => {
  await federation[Symbol.asyncDispose]();
  await Promise.all([from.stop(), to.stop()]);
});

describe('Orthanc to Orthanc', () => {
  it('carries each study that the first holds to the second, unaltered', { timeout: TEST_WITHIN_MS * 2 }, async () => {
    for (const { bytes } of corpusFiles()) await upload(from, bytes);
    const held = await filesOf(from);
    expect(held.length).toBeGreaterThan(10);
    await Promise.all([a.start(), b.start()]);
    const studies = [...new Set(held.map(({ studyInstanceUid }) => studyInstanceUid))].filter((uid) => uid !== '');
    const fates = new Map<string, string>();
    for (const study of studies) fates.set(study, await journeyOf(study, a, b));
    const arrived = await filesOf(to);
    for (const source of held) {
      const fate = fates.get(source.studyInstanceUid) ?? 'without a Study Instance UID';
      const copies = arrived.filter(({ sopInstanceUid }) => sopInstanceUid === source.sopInstanceUid);
      if (fate !== 'CLOSED') {
        console.log(`${source.sopInstanceUid}: ${fate}`);
        expect(copies, source.sopInstanceUid).toEqual([]);
        continue;
      }
      const [copy] = copies;
      if (copy === undefined) {
        console.log(`${source.sopInstanceUid}: stayed behind`);
        continue;
      }
      expect(copies).toHaveLength(1);
      expect(Buffer.compare(pixelsOf(source), pixelsOf(copy)), source.sopInstanceUid).toBe(0);
      expect(differences(source, copy), source.sopInstanceUid).toEqual([]);
      expect(textOf(copy, 0x00100020)).toBe('P2');
    }
    console.log(`${held.length} held, ${arrived.length} arrived, in ${studies.length} studies`);
    expect(arrived.length).toBeGreaterThan(held.length / 2);
  });
});

async function upload({ url }: Orthanc, bytes: Buffer): Promise<void> {
  // What Orthanc does not take is no part of this test.
  await (await fetch(`${url}/instances`, { body: new Uint8Array(bytes), method: 'POST' })).arrayBuffer();
}

/** Every file that an Orthanc holds, as it stored it. */
async function filesOf({ url }: Orthanc): Promise<readonly DataSetFile[]> {
  const ids = (await (await fetch(`${url}/instances`)).json()) as readonly string[];
  const files: DataSetFile[] = [];
  for (const id of ids) {
    const bytes = new Uint8Array(await (await fetch(`${url}/instances/${id}/file`)).arrayBuffer());
    try {
      files.push(dataSetFile(bytes));
    } catch (error) {
      // Orthanc also keeps what has no preamble; what this test cannot take apart it cannot compare.
      console.log(`${id}: ${String(error)}`);
    }
  }
  return files;
}
