/**
 * Storage commitment behind a filing, with real processes: what Orthanc promises is in the receipt, what cannot be asked is
 * not; and a member that is killed when the answer came (C20), or before it came (C21), asks or waits on and ends the same.
 */
import { watch, type FSWatcher } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dimsePacs, dimseServer, parseAeTitle, type DimsePacs, type DimseServer } from '@interhosp/adapters/dimse';
import { memoryPacs } from '@interhosp/adapters/memory';
import type { LocalPatient } from '@interhosp/core/study';
import { silentLog } from '@interhosp/core/world';
import { debianIsMissing, freePorts, startDcmqrscp, startOrthanc } from '@interhosp/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fileStudy } from '../../src/journey/filing.ts';
import { nodeClock } from '../../src/world/index.ts';
import { crypto, random } from '../storage/worlds.ts';
import { received, SOUTH } from './exchanges.ts';
import { Federation, TEST_WITHIN_MS, waitFor, type Hospital } from './hospitals.ts';
import { putStudy, type SourceStudy } from './studies.ts';

const MEMBER = parseAeTitle('MEMBER');
const patient: LocalPatient = {
  birthDate: '1961-04-23',
  name: { alphabetic: { family: 'Peeters', given: 'Anna', middle: '', prefix: '', suffix: '' } },
  patientId: { id: 'P1', issuer: 'SOUTH' },
  sex: 'F',
};

describe.skipIf(debianIsMissing())('what is filed', () => {
  let folder: string;
  const stopping: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'interhosp-commitment-'));
  });
  afterEach(async () => {
    for (const stop of stopping.splice(0).toReversed()) await stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function pacsAt(port: number, aeTitle: string, ourPort: number): Promise<DimsePacs> {
    const calledAe = parseAeTitle(aeTitle);
    const pacs = dimsePacs({
      peer: { host: '127.0.0.1', port, calledAe, callingAe: MEMBER },
      folder: join(folder, 'pacs'),
      listen: { port: ourPort, callers: [{ aeTitle: calledAe, addresses: ['127.0.0.1'] }] },
      commitment: 'when-supported',
    });
    stopping.push(() => pacs.stop());
    await pacs.start();
    return pacs;
  }

  async function evidenceOf(pacs: DimsePacs): Promise<string> {
    const { pack, x } = await received(patient);
    const settings = { coercion: {}, self: SOUTH, utcOffsetMinutes: 60 };
    const { signal } = new AbortController();
    await fileStudy(x, pack, { clock: nodeClock(), crypto, log: silentLog, pacs, random, settings }, signal);
    return x.required('CONFIRMED').evidence;
  }

  it('is promised by Orthanc, which reports on an association of its own', async () => {
    const [ourPort = 0] = await freePorts(1);
    const orthanc = await startOrthanc({ modalities: { member: [MEMBER, '127.0.0.1', ourPort] } });
    stopping.push(() => orthanc.stop());
    expect(await evidenceOf(await pacsAt(orthanc.dicomPort, orthanc.aeTitle, ourPort))).toBe('commitment');
  });

  it('is believed as far as it was seen in dcmqrscp, which promises nothing', async () => {
    const [ourPort = 0] = await freePorts(1);
    const dcmqrscp = await startDcmqrscp({ peers: [[MEMBER, '127.0.0.1', ourPort]] });
    stopping.push(() => dcmqrscp.stop());
    expect(await evidenceOf(await pacsAt(dcmqrscp.port, dcmqrscp.aeTitle, ourPort))).toBe('query');
  });
});

describe('a member that is killed over its question', () => {
  const memory = memoryPacs();
  /** Names of what the archive was asked for, each under its transaction. */
  const asked = new Set<string>();
  let requests: string;
  let watcher: FSWatcher;
  let server: DimseServer;
  let federation: Federation;
  let a: Hospital;
  let b: Hospital;
  let isReachable = true;

  beforeAll(async () => {
    const [ourPort = 0] = await freePorts(1);
    requests = await mkdtemp(join(tmpdir(), 'interhosp-commitment-'));
    watcher = watch(requests, (_event, name) => {
      if (name?.endsWith('.json') === true) asked.add(name);
    });
    server = dimseServer({
      pacs: memory,
      aeTitle: 'ARCHIVE',
      commitment: { folder: requests },
      destinations: {
        get [MEMBER]() {
          return { host: '127.0.0.1', port: isReachable ? ourPort : 1 };
        },
      },
    });
    await server.start();
    const main = {
      use: '@interhosp/adapters/dimse',
      host: '127.0.0.1',
      port: server.port,
      calledAe: 'ARCHIVE',
      callingAe: MEMBER,
      folder: './pacs',
      listen: { port: ourPort, peers: [{ ae: 'ARCHIVE', addresses: ['127.0.0.1'] }] },
      retrieve: 'get',
      commitment: 'when-supported',
    };
    ({ a, b, federation } = await Federation.ofTwo([{}, { pacs: { main } }]));
    await a.start();
  }, TEST_WITHIN_MS);
  afterAll(async () => {
    await federation[Symbol.asyncDispose]();
    await server.stop();
    watcher.close();
    await rm(requests, { recursive: true, force: true });
  });
  beforeEach(() => asked.clear());

  async function expectPromised({ files, studyInstanceUid }: SourceStudy, exchangeId: string): Promise<void> {
    const { receipts } = await a.reaches(exchangeId, 'CLOSED');
    const [, confirmed] = receipts.map(({ envelope }) => {
      const { payload } = JSON.parse(envelope) as { readonly payload: string };
      return JSON.parse(Buffer.from(payload, 'base64').toString()) as unknown;
    });
    expect(confirmed).toMatchObject({ evidence: 'commitment', filed: files.length, partial: [] });
    expect(memory.held().filter((each) => each.studyInstanceUid === studyInstanceUid)).toHaveLength(files.length);
    await expect.poll(() => readdir(requests)).toEqual([]);
    expect(await readdir(join(b.root, 'pacs', 'commitment'))).toEqual([]);
  }

  it('asks again when the answer was lost with it (C20)', { timeout: TEST_WITHIN_MS }, async () => {
    const study = await putStudy(a, { instances: 4, pixels: 16, seed: 'C20' });
    await b.start({ crashpoint: 'C20:receiver' });
    const exchangeId = await a.send(study.studyInstanceUid, b);
    await b.died();
    await b.start();
    await expectPromised(study, exchangeId);
    expect(asked.size).toBe(2);
    await b.kill();
  });

  it(
    'takes the answer that comes after its restart, on a new association (C21)',
    { timeout: TEST_WITHIN_MS },
    async () => {
      const study = await putStudy(a, { instances: 4, pixels: 16, seed: 'C21' });
      isReachable = false;
      await b.start();
      const exchangeId = await a.send(study.studyInstanceUid, b);
      await waitFor('the question to be out', () => asked.size > 0 || undefined);
      await b.kill();
      isReachable = true;
      await b.start();
      await expectPromised(study, exchangeId);
      expect(asked.size).toBe(1);
    },
  );
});
