/** Documents, pictures, videos and sounds from a folder to a folder, over two members: each with its content untouched inside. */
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderPacs } from '@interhosp/adapters/folder';
import { parseUid, part10Header, type Uid } from '@interhosp/core/dicom';
import { sampleCda, sampleJpeg, sampleMp4, samplePdf, sampleWav } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { dataSetFile, filesIn, type DataSetFile } from './delivered.ts';
import { Federation, TEST_WITHIN_MS, type Hospital } from './hospitals.ts';
import { expectDelivered, expectReceipts, putStudy } from './studies.ts';

const region = { CodeValue: '69536005', CodingSchemeDesignator: 'SCT', CodeMeaning: 'Head' };
const MEDIA: Readonly<
  Record<string, { readonly content: Uint8Array; readonly inside?: Uint8Array; readonly said?: object }>
> = {
  'report.pdf': { content: samplePdf() },
  'report.xml': { content: sampleCda() },
  'skin.jpg': { content: sampleJpeg() },
  'scope.mp4': { content: sampleMp4({ sound: {} }), said: { Modality: 'ES', AnatomicRegionSequence: region } },
  'dictation.wav': { content: sampleWav(), inside: sampleWav().subarray(44) },
};

describe('what is not DICOM', () => {
  it('arrives as instances of its study, byte for byte inside', { timeout: TEST_WITHIN_MS }, async () => {
    const pacs = {
      main: {
        import: true,
        rescanMs: 100,
        stableMs: 200,
        use: '@interhosp/adapters/folder',
        watch: './out',
        write: './in',
      },
    };
    const { a, b, federation } = await Federation.ofTwo([{ pacs }]);
    await using _ = federation;
    const { studyInstanceUid } = await putStudy(a, { instances: 1, seed: 'with media' });
    for (const [name, { content, said }] of Object.entries(MEDIA)) {
      await putOld(a, name, content);
      await putOld(a, `${name}.json`, Buffer.from(JSON.stringify({ StudyInstanceUID: studyInstanceUid, ...said })));
    }
    const files = await listedBy(a, studyInstanceUid);
    expect(files).toHaveLength(1 + Object.keys(MEDIA).length);

    await Promise.all([a.start(), b.start()]);
    const sent = await a.send(studyInstanceUid, b);
    for (const hospital of [a, b]) await hospital.reaches(sent, 'CLOSED');

    const study = { files, studyInstanceUid };
    await expectDelivered(b, study);
    await expectReceipts(federation, sent, { receiver: b, sender: a }, study);
    const arrived = (await filesIn(b.in)).map(({ dataSet }) => Buffer.from(dataSet));
    for (const [name, { content, inside = content }] of Object.entries(MEDIA)) {
      expect(
        arrived.filter((dataSet) => dataSet.includes(Buffer.from(inside))),
        name,
      ).toHaveLength(1);
    }
    expect(await Promise.all([a.stop(), b.stop()])).toEqual([0, 0]);
  });
});

/** A file that nobody writes any more. */
async function putOld(at: Hospital, name: string, content: Uint8Array): Promise<void> {
  const path = join(at.out, name);
  await writeFile(path, content);
  await utimes(path, 1_700_000_000, 1_700_000_000);
}

/** What the folder of a hospital holds of a study, as its member sees it. */
async function listedBy(at: Hospital, study: string): Promise<readonly DataSetFile[]> {
  const pacs = folderPacs({ watch: at.out, stableMs: 0, rescanMs: 60_000, import: true });
  const files: DataSetFile[] = [];
  const uid: Uid = parseUid(study);
  const instances = [];
  for await (const instance of pacs.findInstances(uid)) instances.push(instance);
  for (const instance of instances) {
    for await (const { dataSet, transferSyntaxUid } of pacs.retrieve(uid, { instances: [instance] })) {
      const parts: Uint8Array[] = [
        part10Header({ ...instance, sopClassUid: instance.sopClassUid ?? uid, transferSyntaxUid }),
      ];
      for await (const part of dataSet) parts.push(Uint8Array.from(part));
      files.push(dataSetFile(Buffer.concat(parts)));
    }
  }
  return files;
}
