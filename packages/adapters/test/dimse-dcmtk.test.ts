// Queries and retrievals against DCMTK: a real dcmqrscp that we ask, and findscu, getscu, movescu, echoscu that ask us.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPart10 } from '@interhosp/core/dicom';
import type { StorableInstance } from '@interhosp/core/pacs';
import { debianIsMissing, freePorts, startDcmqrscp, startStorescp, type DcmtkServer } from '@interhosp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { findPatients, findStudies } from '../src/dimse/query/find-studies.ts';
import { getInstances } from '../src/dimse/retrieve/get-scu.ts';
import { moveInstances } from '../src/dimse/retrieve/move-scu.ts';
import type { PeerAddress } from '../src/dimse/association/request-association.ts';
import type { RetrieveRequest } from '../src/dimse/retrieve/retrieve-request.ts';
import { storeInstances } from '../src/dimse/store/store-scu.ts';
import {
  bytesOf,
  openQuery,
  OURS,
  peerAt,
  readAll,
  startArchive,
  startLanding,
  wholeStudy,
  type Got,
  type Landing,
} from './dimse-archive.ts';
import { JPEG_BASELINE, sampleInstance, sampleStudyUid } from './dimse-samples.ts';
import { all } from './streams.ts';

async function store(peer: PeerAddress, instances: readonly StorableInstance[]): Promise<void> {
  for (const { status } of await all(storeInstances(peer, instances))) expect(status).toBe('stored');
}

async function expectBytes(got: readonly Pick<Got, 'bytes' | 'sopInstanceUid'>[], study: readonly StorableInstance[]) {
  expect(got).toHaveLength(study.length);
  for (const each of study) {
    const copies = got.filter(({ sopInstanceUid }) => sopInstanceUid === each.sopInstanceUid);
    expect(copies).toHaveLength(1);
    expect(copies[0]?.bytes.equals(await bytesOf(each))).toBe(true);
  }
}

describe.skipIf(debianIsMissing())('against dcmqrscp', () => {
  let qrscp: DcmtkServer;
  let landing: Landing;
  let peer: PeerAddress;

  beforeAll(async () => {
    landing = await startLanding();
    // As it comes it writes data sets anew; this is about the way out.
    qrscp = await startDcmqrscp({ peers: [[OURS, 'localhost', landing.port]], args: ['+B', '-dhl'] });
    peer = peerAt(qrscp.port, qrscp.aeTitle);
  });

  afterAll(async () => {
    await qrscp?.stop();
    await landing?.[Symbol.asyncDispose]();
  });

  const retrievals = {
    'C-GET': (request: RetrieveRequest) => getInstances(peer, request),
    'C-MOVE': (request: RetrieveRequest) => moveInstances(peer, request, { desk: landing.desk }),
  };
  const HOW = Object.keys(retrievals) as (keyof typeof retrievals)[];
  const study = [1, 2, 3, 4, 5].map((instance) =>
    sampleInstance({ study: 21, series: instance % 2, instance, pixelBytes: 40_000 }),
  );

  it('finds what it holds, though it tells little of it', async () => {
    await store(peer, [...study, sampleInstance({ study: 22, patientId: 'OTHER' })]);
    const association = await openQuery(peer);
    const [found, ...more] = await all(findStudies(association, { patientId: 'PAT-21' }));
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      studyInstanceUid: sampleStudyUid(21),
      patient: { patientId: { id: 'PAT-21' } },
      header: { accessionNumber: 'ACC-21', studyDate: '2024-02-29', modalities: ['OT'] },
    });
    expect(await all(findStudies(association, { patientId: 'NOBODY' }))).toEqual([]);
    expect(await all(findStudies(association, { studyDateFrom: '2024-03-01' }))).toEqual([]);
    expect(await all(findPatients(association, { patientId: 'OTHER' }))).toHaveLength(1);
    await association.release();
    expect((await wholeStudy(peer, sampleStudyUid(21))).instances).toHaveLength(5);
  });

  it('loses nothing of studies that are stored one after the other', async () => {
    for (let number = 41; number < 47; number++) {
      const many = [1, 2, 3, 4, 5, 6, 7, 8].map((instance) => sampleInstance({ study: number, instance }));
      await store(peer, many);
      expect((await wholeStudy(peer, sampleStudyUid(number))).instances).toHaveLength(8);
    }
  });

  it.each(HOW)('brings studies and parts of them byte for byte by %s', async (how) => {
    await store(peer, study);
    const request = await wholeStudy(peer, sampleStudyUid(21));
    await expectBytes(await readAll(retrievals[how](request)), study);
    const some = request.instances.slice(0, 2);
    const wanted = study.filter((each) => some.some(({ sopInstanceUid }) => sopInstanceUid === each.sopInstanceUid));
    await expectBytes(await readAll(retrievals[how]({ ...request, instances: some, isWholeStudy: false })), wanted);
  });

  it.each(HOW)('ends %s when its reader does, and begins anew', async (how) => {
    await store(peer, study);
    const request = await wholeStudy(peer, sampleStudyUid(21));
    for await (const { dataSet } of retrievals[how](request)) {
      await all(dataSet);
      break;
    }
    await expectBytes(await readAll(retrievals[how](request)), study);
    expect(landing.strays).toEqual([]);
  });

  it('says what to configure where it does not know us', async () => {
    await store(peer, study);
    const request = await wholeStudy(peer, sampleStudyUid(21));
    const moving = moveInstances(peer, request, { desk: landing.desk, destinationAe: parseAeTitle('NOBODY') });
    await expect(readAll(moving)).rejects.toMatchObject({ code: 'PACS_DESTINATION_UNKNOWN', retry: 'no' });
  });

  it.each(HOW)('is killed in the middle of %s: what came is kept, and the rest comes once', async (how) => {
    const big = [1, 2, 3, 4, 5, 6].map((instance) => sampleInstance({ study: 23, instance, pixelBytes: 1_500_000 }));
    await store(peer, big);
    const request = await wholeStudy(peer, sampleStudyUid(23));
    const got: Got[] = [];
    const retrieving = async () => {
      for await (const { dataSet, ...instance } of retrievals[how](request)) {
        got.push({ bytes: Buffer.concat(await all(dataSet)), sopInstanceUid: undefined, ...instance });
        if (got.length === 2) await qrscp.kill();
      }
    };
    await expect(retrieving()).rejects.toMatchObject({ name: 'PacsError', retry: 'later' });
    expect(got.length).toBeGreaterThanOrEqual(2);
    expect(got.length).toBeLessThan(6);
    await qrscp.restart();
    const { instances } = await wholeStudy(peer, sampleStudyUid(23));
    expect(instances).toHaveLength(6);
    const rest = instances.filter((each) => !got.some(({ sopInstanceUid }) => sopInstanceUid === each.sopInstanceUid));
    await readAll(retrievals[how]({ ...request, instances: rest, isWholeStudy: false }), got);
    await expectBytes(got, big);
  });
});

describe.skipIf(debianIsMissing())('the server, asked by DCMTK', () => {
  const study = [1, 2, 3].map((instance) =>
    sampleInstance({ study: 31, instance, patientName: 'Lemaitre^Zoe', pixelBytes: 60_000 }),
  );
  const others = [32, 33].map((number) => sampleInstance({ study: number }));

  /** Runs a program of DCMTK against a port and gives what it printed. */
  async function run(program: string, port: number, ...words: readonly string[]) {
    const folder = await mkdtemp(join(tmpdir(), 'interhosp-dcmtk-scu-'));
    const env = { ...process.env, TCP_NODELAY: '1' };
    const child = spawn(program, ['-aec', 'ARCHIVE', ...words, '127.0.0.1', String(port)], { cwd: folder, env });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => (printed += text));
    }
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
      return { code, printed, got: await Promise.all(files.map(instanceOf)) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async function instanceOf(file: Buffer) {
    const { dataSet, sopInstanceUid, transferSyntaxUid } = await readPart10(once(file));
    return { bytes: Buffer.concat(await all(dataSet)), sopInstanceUid, transferSyntaxUid };
  }

  it('answers echoscu', async () => {
    await using archive = await startArchive([]);
    expect((await run('echoscu', archive.server.port)).code).toBe(0);
  });

  it.each([
    ['every study', ['-S'], 3],
    ['a study by UID', ['-S', '-k', `StudyInstanceUID=${sampleStudyUid(31)}`], 1],
    ['studies by a list of UIDs', ['-S', '-k', `StudyInstanceUID=${sampleStudyUid(31)}\\${sampleStudyUid(33)}`], 2],
    ['a name with wildcards, without case', ['-S', '-k', 'PatientName=LEMAITRE*'], 1],
    ['a date in a range', ['-S', '-k', 'StudyDate=20240228-20240301'], 3],
    ['a date out of range', ['-S', '-k', 'StudyDate=-20240228'], 0],
    ['an ID that nobody has', ['-S', '-k', 'PatientID=NOBODY'], 0],
    ['patients', ['-P', '-k', 'QueryRetrieveLevel=PATIENT', '-k', 'PatientID=PAT-3?'], 3],
  ] as const)('answers findscu: %s', async (_, words, count) => {
    await using archive = await startArchive([...study, ...others]);
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', 'PatientID', '-k', 'StudyInstanceUID'];
    const { code, printed } = await run('findscu', archive.server.port, '-v', ...keys, ...words);
    expect(code).toBe(0);
    expect(printed.match(/Received Final Find Response \(Success\)/g)).toHaveLength(1);
    expect(printed.match(/Find Response: \d+ \(Pending/g) ?? []).toHaveLength(count);
  });

  it('stops findscu when it cancels', async () => {
    const many = Array.from({ length: 60 }, (_, index) => sampleInstance({ study: 100 + index, pixelBytes: 2 }));
    await using archive = await startArchive(many, { oddities: { delayMs: 5 } });
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', 'StudyInstanceUID'];
    const { printed } = await run('findscu', archive.server.port, '-S', '-v', '--cancel', '3', ...keys);
    expect(printed).toMatch(/Cancel/);
    expect((printed.match(/\(Pending/g) ?? []).length).toBeLessThan(60);
  });

  it('sends to getscu, byte for byte', async () => {
    await using archive = await startArchive([...study, ...others]);
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${sampleStudyUid(31)}`];
    const words = ['-S', '+B', ...keys];
    const { code, got } = await run('getscu', archive.server.port, ...words);
    expect(code).toBe(0);
    await expectBytes(got, study);
  });

  it('sends to movescu, which stores itself, and to a third', async () => {
    const third = await startStorescp();
    try {
      const landingPort = await freePort();
      const destinations = {
        MOVESCU: { host: '127.0.0.1', port: landingPort },
        THIRD: { host: '127.0.0.1', port: third.port },
      };
      await using archive = await startArchive([...study, ...others], { destinations });
      const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${sampleStudyUid(31)}`];
      const own = await run('movescu', archive.server.port, '-S', '-v', '+B', '+P', String(landingPort), ...keys);
      expect(own.code, own.printed).toBe(0);
      expect(own.printed).toMatch(/Final Move Response .Success/);
      await expectBytes(own.got, study);
      const toThird = await run('movescu', archive.server.port, '-S', '-aem', 'THIRD', ...keys);
      expect(toThird.code).toBe(0);
      const files = await Promise.all((await third.files()).map((path) => readFile(path)));
      await expectBytes(await Promise.all(files.map(instanceOf)), study);
      const toNobody = await run('movescu', archive.server.port, '-S', '-v', '-aem', 'NOBODY', ...keys);
      expect(toNobody.printed).toMatch(/MoveDestinationUnknown|0xa801|A801/i);
    } finally {
      await third.stop();
    }
  });

  it('never transcodes: what getscu cannot take stays, and is counted', async () => {
    const jpeg = sampleInstance({ study: 31, instance: 9, transferSyntaxUid: JPEG_BASELINE });
    await using archive = await startArchive([...study, jpeg]);
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${sampleStudyUid(31)}`];
    const { got, printed } = await run('getscu', archive.server.port, '-S', '-v', '+B', ...keys);
    await expectBytes(got, study);
    expect(printed).toMatch(/Number of Failed Suboperations\s*: 1/);
  });
});

async function freePort(): Promise<number> {
  return (await freePorts(1))[0] ?? 0;
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
