/** Damaged files of every kind: each is measured or refused with a code, whatever it claims, and little of it is read. */
import { bytesSource, type ByteSource } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import {
  fuzz,
  fuzzRuns,
  jpegWithOrientation,
  sampleCda,
  sampleJpeg,
  sampleMp4,
  samplePdf,
  sampleWav,
} from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { readCda } from './cda.ts';
import { readJpeg } from './jpeg.ts';
import { readMp4 } from './mp4.ts';
import { checkPdf } from './pdf.ts';
import { parseSidecar } from './sidecar.ts';
import { readWav } from './wav.ts';

const RUNS = fuzzRuns(20_000, 1_000_000);
/** Reads of one file; boxes, segments and chunks have limits, and each takes a few. */
const MAX_READS = 60_000;

const json = (value: object) => Uint8Array.from(Buffer.from(JSON.stringify(value)));

describe('damaged files', () => {
  it.each<[string, readonly Uint8Array[], (source: ByteSource) => Promise<unknown>]>([
    ['pdf', [samplePdf()], checkPdf],
    ['cda', [sampleCda(), sampleCda({ head: '<title>&#66;<![CDATA[x]]></title>' })], readCda],
    ['jpeg', [sampleJpeg(), sampleJpeg('grey'), sampleJpeg('progressive'), jpegWithOrientation(6)], readJpeg],
    [
      'mp4',
      [
        sampleMp4({ mediaBytes: 20 }),
        sampleMp4({ mediaBytes: 20, isFastStart: true, sound: {} }),
        sampleMp4({ mediaBytes: 20, codec: 'hvc1' }),
      ],
      readMp4,
    ],
    ['wav', [sampleWav({ samples: 9 }), sampleWav({ format: 0xfffe, samples: 9 })], readWav],
    [
      'sidecar',
      [
        json({ PatientID: 'A-1', StudyInstanceUID: '1.2.3', InstanceNumber: 2, ReferringPhysicianName: ['A^B'] }),
        json({ ConceptNameCodeSequence: [{ CodeValue: '1', CodingSchemeDesignator: 'DCM', CodeMeaning: 'x' }] }),
      ],
      async (source) => parseSidecar(await source.read(0, source.lengthBytes)),
    ],
  ])('of kind %s end in a measure or a code', async (name, corpus, read) => {
    const { outcomes } = await fuzz({
      name: `import-${name}`,
      corpus,
      runs: RUNS,
      execute: async (input) => {
        let reads = 0;
        const source = bytesSource(input);
        const counting = { ...source, read: (from: number, to: number) => (reads++, source.read(from, to)) };
        let outcome = 'read';
        try {
          await read(counting);
        } catch (error) {
          outcome = errorCodeOf(error) ?? '';
          if (!outcome.startsWith('IMPORT_')) throw error;
        }
        if (reads > MAX_READS) throw new Error(`${reads} reads`);
        return outcome;
      },
    });
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['read', expect.stringMatching(/^IMPORT_/)]));
  });
});
