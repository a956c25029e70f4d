// Queries and retrievals against a real Orthanc, into which files went by its REST API: what comes back is compared with
// bytes that no DIMSE service has touched.
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { generateStudy } from '@interhosp/core/conformance';
import {
  createHeaderScanner,
  part10Header,
  readPart10,
  TRANSFER_SYNTAXES,
  vrFormOf,
  type Uid,
} from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import { debianIsMissing, startOrthanc, type Orthanc } from '@interhosp/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { dimsePacs } from '../src/dimse/index.ts';
import { findInstances, findPatients, findStudies } from '../src/dimse/query/find-studies.ts';
import { getInstances } from '../src/dimse/retrieve/get-scu.ts';
import { moveInstances } from '../src/dimse/retrieve/move-scu.ts';
import type { PeerAddress } from '../src/dimse/association/request-association.ts';
import type { RetrieveRequest } from '../src/dimse/retrieve/retrieve-request.ts';
import { openQuery, OURS, peerAt, readAll, startLanding, wholeStudy, type Landing } from './dimse-archive.ts';
import { sampleInstance } from './dimse-samples.ts';
import { all } from './streams.ts';

const CORPUS = new URL('../../core/test/corpus/', import.meta.url);

/** Files in the syntaxes that archives hold, one each. */
const BY_SYNTAX = {
  'Implicit VR Little Endian': 'pydicom/MR_small_implicit.dcm',
  'Explicit VR Little Endian': 'pydicom/CT_small.dcm',
  'Explicit VR Big Endian': 'pydicom/MR_small_bigendian.dcm',
  Deflated: 'pydicom/image_dfl.dcm',
  'RLE Lossless': 'pydicom/MR_small_RLE.dcm',
  'JPEG Baseline': 'pydicom/SC_rgb_jpeg_dcmtk.dcm',
  'JPEG Extended': 'pydicom/JPGExtended.dcm',
  'JPEG Lossless': 'dicomparser/CT0012.fragmented_no_bot_jpeg_lossless.70.dcm',
  'JPEG-LS Lossless': 'pydicom/MR_small_jpeg_ls_lossless.dcm',
  'JPEG 2000 Lossless': 'pydicom/MR_small_jp2klossless.dcm',
  'JPEG 2000': 'pydicom/JPEG2000.dcm',
} as const;

interface File {
  readonly bytes: Buffer;
  readonly dataSet: Buffer;
  readonly transferSyntaxUid: Uid;
}

async function fileOf(bytes: Buffer): Promise<File> {
  const { dataSet, transferSyntaxUid } = await readPart10(once(bytes));
  return { bytes, dataSet: Buffer.concat(await all(dataSet)), transferSyntaxUid };
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The value of Pixel Data, which must never change; headers Orthanc writes anew, without group lengths and the like. */
function pixelsOf(dataSet: Buffer, transferSyntaxUid: Uid): Buffer {
  // All of a big endian data set, whose header has nothing that Orthanc would write otherwise but its end.
  if (transferSyntaxUid === BIG_ENDIAN) return dataSet.subarray(dataSet.length - BIG_ENDIAN_PIXEL_BYTES);
  const isDeflated = transferSyntaxUid === DEFLATED;
  const elements = isDeflated ? inflateRawSync(dataSet) : dataSet;
  const form = isDeflated ? 'explicit' : vrFormOf(transferSyntaxUid);
  const scanner = createHeaderScanner({ form, wanted: new Set() });
  scanner.push(elements);
  scanner.end();
  if (scanner.pixelStart === undefined || scanner.pixelEnd === undefined) throw new Error('no pixels');
  return Buffer.from(elements.subarray(scanner.pixelStart, scanner.pixelEnd));
}

const { DeflatedExplicitVRLittleEndian: DEFLATED, ExplicitVRBigEndian: BIG_ENDIAN } = TRANSFER_SYNTAXES;
/** 64 rows and columns of two bytes, at the end of the file. */
const BIG_ENDIAN_PIXEL_BYTES = 8_192;

function filesOf(study: ReturnType<typeof generateStudy>): readonly Buffer[] {
  return study.instances.map((each) => Buffer.concat([part10Header(each), each.dataSet]));
}

describe.skipIf(debianIsMissing())('against Orthanc', () => {
  let orthanc: Orthanc;
  let landing: Landing;
  let peer: PeerAddress;

  beforeAll(async () => {
    landing = await startLanding();
    orthanc = await startOrthanc({ modalities: { ours: [OURS, '127.0.0.1', landing.port] } });
    peer = peerAt(orthanc.dicomPort, orthanc.aeTitle);
  });

  beforeEach(() => orthanc.clear());

  afterAll(async () => {
    await orthanc?.stop();
    await landing?.[Symbol.asyncDispose]();
  });

  async function put(...files: readonly Buffer[]): Promise<void> {
    for (const body of files) {
      const answer = await fetch(`${orthanc.url}/instances`, { method: 'POST', body: new Uint8Array(body) });
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    }
  }

  const retrievals = {
    'C-GET': (request: RetrieveRequest) => getInstances(peer, request),
    'C-MOVE': (request: RetrieveRequest) => moveInstances(peer, request, { desk: landing.desk }),
  };
  const HOW = Object.keys(retrievals) as (keyof typeof retrievals)[];

  it('finds a study with what it knows, and not what was not asked for', async () => {
    const study = generateStudy({ instances: 3 });
    await put(...filesOf(study), ...filesOf(generateStudy({ seed: 2, instances: 1, accessionNumber: 'OTHER' })));
    const association = await openQuery(peer);
    const found = await all(findStudies(association, { accessionNumber: 'ACC-2026-0815' }));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      studyInstanceUid: study.studyInstanceUid,
      patient: {
        patientId: { id: 'A-104233', issuer: 'HOSPITAL-A' },
        name: { alphabetic: { family: 'Vérité', given: 'Anne-Hélène' } },
        birthDate: '1961-04-23',
        sex: 'F',
      },
      header: {
        studyDate: '2026-03-14',
        studyTime: '09:26:53',
        studyId: '4711',
        description: 'Thorax sans contraste',
        modalities: ['CT'],
        institution: 'Hôpital Exemple',
      },
      instances: 3,
      sopClasses: ['1.2.840.10008.5.1.4.1.1.2'],
    });
    expect(await all(findStudies(association, { patientId: 'a-104233' }))).toEqual([]);
    expect(await all(findStudies(association, { studyDateTo: '2026-03-13' }))).toEqual([]);
    expect(await all(findPatients(association, { patientId: 'A-104233' }))).toMatchObject([{ sex: 'F' }]);
    const instances = await all(findInstances(association, study.studyInstanceUid));
    expect(instances.map((each) => each.sopInstanceUid).toSorted()).toEqual(
      study.instances.map((each) => each.sopInstanceUid).toSorted(),
    );
    expect(instances[0]).toMatchObject({ sopClassUid: '1.2.840.10008.5.1.4.1.1.2', modality: 'CT' });
    await association.release();
  });

  it.each(HOW)('brings generated studies byte for byte by %s', async (how) => {
    for (const kind of ['CT', 'SR', 'PDF'] as const) {
      const study = generateStudy({ instances: 3, kind });
      await orthanc.clear();
      await put(...filesOf(study));
      const got = await readAll(retrievals[how](await wholeStudy(peer, study.studyInstanceUid)));
      expect(got).toHaveLength(3);
      for (const each of study.instances) {
        const copy = got.find(({ sopInstanceUid }) => sopInstanceUid === each.sopInstanceUid);
        expect(copy?.transferSyntaxUid).toBe(each.transferSyntaxUid);
        expect(copy?.bytes.equals(each.dataSet)).toBe(true);
      }
    }
  });

  it.each(HOW)('brings every syntax by %s as Orthanc holds it, with its pixels bit for bit', async (how) => {
    for (const [name, path] of Object.entries(BY_SYNTAX)) {
      const file = await fileOf(readFileSync(new URL(path, CORPUS)));
      // Several of them are the same image under one UID.
      await orthanc.clear();
      await put(file.bytes);
      const association = await openQuery(peer);
      const [study] = await all(findStudies(association, {}));
      await association.release();
      if (study === undefined) throw new Error('it was put there');
      const [copy, ...more] = await readAll(retrievals[how](await wholeStudy(peer, study.studyInstanceUid)));
      expect(more).toEqual([]);
      expect(copy?.transferSyntaxUid, name).toBe(file.transferSyntaxUid);
      const [own, other] = [file.dataSet, copy?.bytes ?? Buffer.alloc(0)].map((each) =>
        pixelsOf(each, file.transferSyntaxUid),
      );
      expect(own?.equals(other ?? Buffer.alloc(0)), name).toBe(true);
    }
  });

  it.each(HOW)('brings the named instances alone by %s', async (how) => {
    const study = generateStudy({ instances: 6 });
    await put(...filesOf(study));
    const whole = await wholeStudy(peer, study.studyInstanceUid);
    const request = { ...whole, instances: whole.instances.slice(1, 4), isWholeStudy: false };
    const got = await readAll(retrievals[how](request));
    expect(got.map((each) => each.sopInstanceUid).toSorted(byText)).toEqual(
      request.instances.map((each) => each.sopInstanceUid).toSorted(),
    );
  });

  it.each(HOW)('ends %s when its reader does, and begins anew', async (how) => {
    const study = generateStudy({ instances: 12, pixels: 512 });
    await put(...filesOf(study));
    const request = await wholeStudy(peer, study.studyInstanceUid);
    for (const isRead of [true, false]) {
      for await (const { dataSet } of retrievals[how](request)) {
        for await (const _ of dataSet) if (!isRead) break;
        break;
      }
    }
    expect(await readAll(retrievals[how](request))).toHaveLength(12);
    expect(landing.strays).toEqual([]);
  });

  it('says that Orthanc does not know where to move to', async () => {
    const study = generateStudy({ instances: 1 });
    await put(...filesOf(study));
    const request = await wholeStudy(peer, study.studyInstanceUid);
    const moving = moveInstances(peer, request, { desk: landing.desk, destinationAe: parseAeTitle('NOBODY') });
    await expect(readAll(moving)).rejects.toSatisfy((error) =>
      /^PACS_(?:DESTINATION|REFUSED)/.test(`${errorCodeOf(error)}`),
    );
  });

  it('says what broke when Orthanc is killed in the middle, and how much came', async () => {
    const study = generateStudy({ instances: 10, pixels: 512 });
    const mortal = await startOrthanc();
    try {
      for (const body of filesOf(study)) {
        await (await fetch(`${mortal.url}/instances`, { method: 'POST', body: new Uint8Array(body) })).arrayBuffer();
      }
      const victim = peerAt(mortal.dicomPort, mortal.aeTitle);
      const request = await wholeStudy(victim, study.studyInstanceUid);
      let count = 0;
      const retrieving = async () => {
        for await (const { dataSet } of getInstances(victim, request)) {
          await all(dataSet);
          if (++count === 3) process.kill(mortal.pid, 'SIGKILL');
        }
      };
      await expect(retrieving()).rejects.toMatchObject({ retry: 'later' });
      expect(count).toBeGreaterThanOrEqual(3);
      expect(count).toBeLessThan(10);
    } finally {
      await mortal.stop();
    }
  });
});

function byText(one: string | undefined, other: string | undefined): number {
  return (one ?? '') < (other ?? '') ? -1 : 1;
}

describe.skipIf(debianIsMissing())('an Orthanc that cuts its answers off', () => {
  let orthanc: Orthanc;
  beforeAll(async () => {
    orthanc = await startOrthanc({ configuration: { LimitFindResults: 20 } });
  });
  afterAll(async () => {
    await orthanc?.stop();
  });

  it('is asked until all studies are found', async () => {
    const samples = Array.from({ length: 70 }, (_, index) => {
      const studyTime = `${String(index % 24).padStart(2, '0')}${String(index % 60).padStart(2, '0')}00`;
      return sampleInstance({ study: index, studyDate: `2024030${1 + (index % 3)}`, studyTime, pixelBytes: 2 });
    });
    for (const sample of samples) {
      const body = Buffer.concat([part10Header(sample), ...(await all(sample.dataSet()))]);
      const answer = await fetch(`${orthanc.url}/instances`, { method: 'POST', body });
      await answer.arrayBuffer();
    }
    const pacs = dimsePacs({ peer: peerAt(orthanc.dicomPort, orthanc.aeTitle) });
    const ranges = [
      { studyDateFrom: '2024-03-02', studyDateTo: '2024-03-02' },
      { studyDateFrom: '2024-02-01', studyDateTo: '2024-03-31' },
      { studyDateFrom: '2024-03-02' },
    ];
    const counts: number[] = [];
    for (const range of ranges) counts.push((await all(pacs.findStudies(range))).length);
    expect(counts).toEqual([23, 70, 46]);
    await pacs.stop();
  });
});
