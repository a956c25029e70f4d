/** Files in an Orthanc, put there and looked at behind the back of any adapter, and the proof that copies are copies. */
import type { Orthanc } from '@interhosp/testing';
import { expect } from 'vitest';
import { dataSetFile, differences, pixelsOf, textOf, type DataSetFile } from './delivered.ts';

/**
 * Expects each source file of an exchange that closed as one copy under the patient `P2`, with its own pixels and nothing else
 * changed; and of the others nothing. What stayed behind is told.
 *
 * @param fates - How the exchange of each study ended, as `journeyOf` says.
 */
export function expectCopies(
  held: readonly DataSetFile[],
  arrived: readonly DataSetFile[],
  fates: ReadonlyMap<string, string>,
): void {
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
}

/** Puts a file into an Orthanc by its REST API. */
export async function upload({ url }: Orthanc, bytes: Buffer): Promise<void> {
  // What Orthanc does not take is no part of this test.
  await (await fetch(`${url}/instances`, { body: new Uint8Array(bytes), method: 'POST' })).arrayBuffer();
}

/** Every file that an Orthanc holds, as it stored it. */
export async function filesOf({ url }: Orthanc): Promise<readonly DataSetFile[]> {
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
