/**
 * A real Orthanc in trouble in the middle of a store or a retrieval: killed, cut off, refusing, slow, out of order. Each
 * instance is reported, and a retry of what is missing finishes, with every instance there once and byte for byte.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dicomwebPacs, type DicomwebPacs, type DicomwebPacsOptions } from '@interhosp/adapters/dicomweb';
import { generateStudy } from '@interhosp/core/conformance';
import { part10Header } from '@interhosp/core/dicom';
import { isInterhospError } from '@interhosp/core/errors';
import type { InstanceSummary, StorableInstance } from '@interhosp/core/pacs';
import { debianIsMissing, startOrthanc, type Orthanc } from '@interhosp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { openDoor, type Door } from './door.ts';
import { json, scriptedServer } from './scripted-server.ts';
import { all } from './streams.ts';

const COUNT = 12;
const study = generateStudy({ instances: COUNT, pixels: 128 });
const { studyInstanceUid, seriesInstanceUid } = study;
const instances: readonly StorableInstance[] = study.instances.map((each) => ({
  ...each,
  lengthBytes: each.dataSet.length,
  async *dataSet() {
    yield each.dataSet;
  },
}));
const STUDY_BYTES = instances.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** An Orthanc behind a door, which can be killed and started again on what it holds. */
interface Site {
  readonly door: Door;
  readonly folder: string;
  orthanc: Orthanc;
  pacs(options?: Partial<DicomwebPacsOptions>): DicomwebPacs;
  kill(): void;
  restart(): Promise<void>;
}

async function siteOf(configuration: Readonly<Record<string, unknown>> = {}): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-trouble-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const kept = { StorageDirectory: join(folder, 'storage'), IndexDirectory: join(folder, 'index'), ...configuration };
  const start = async (): Promise<Orthanc> => {
    const orthanc = await startOrthanc({ configuration: kept });
    closing.push(async () => {
      killed(orthanc);
      await orthanc.stop();
    });
    return orthanc;
  };
  const orthanc = await start();
  const door = await openDoor(portOf(orthanc));
  closing.push(async () => {
    await door[Symbol.asyncDispose]();
  });
  const site: Site = {
    door,
    folder,
    orthanc,
    pacs: (options = {}) => {
      const pacs = dicomwebPacs({
        baseUrl: `http://127.0.0.1:${door.port}/dicom-web`,
        batchInstances: 4,
        inactivityMs: 20_000,
        ...options,
      });
      closing.push(() => pacs.stop());
      return pacs;
    },
    kill: () => {
      killed(site.orthanc);
      door.slam();
    },
    restart: async () => {
      await site.orthanc.stop();
      site.orthanc = await start();
      door.rules.port = portOf(site.orthanc);
    },
  };
  return site;
}

function portOf({ url }: Orthanc): number {
  return Number(new URL(url).port);
}

function killed({ pid }: Orthanc): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

interface Told {
  /** What was said of each instance, by UID; never more than one thing. */
  readonly outcomes: ReadonlyMap<string, string>;
  readonly error: unknown;
}

async function store(pacs: DicomwebPacs, some: readonly StorableInstance[]): Promise<Told> {
  const outcomes = new Map<string, string>();
  try {
    for await (const { sopInstanceUid, status, retry } of pacs.store(some)) {
      expect(outcomes.has(sopInstanceUid)).toBe(false);
      outcomes.set(sopInstanceUid, retry === undefined ? status : `${status} ${retry}`);
    }
  } catch (error) {
    expectOurs(error);
    return { outcomes, error };
  }
  return { outcomes, error: undefined };
}

/** Stores what is not known to be there, until everything is. */
async function storeUntilDone(pacs: DicomwebPacs, first: Told): Promise<void> {
  const done = new Set([...first.outcomes].filter(([, status]) => isThere(status)).map(([uid]) => uid));
  for (let attempt = 0; done.size < COUNT; attempt++) {
    expect(attempt).toBeLessThan(5);
    const { outcomes } = await store(
      pacs,
      instances.filter(({ sopInstanceUid }) => !done.has(sopInstanceUid)),
    );
    for (const [uid, status] of outcomes) if (isThere(status)) done.add(uid);
  }
}

function isThere(status: string): boolean {
  return status === 'stored' || status === 'duplicate';
}

function expectOurs(error: unknown): void {
  expect(isInterhospError(error), String(error)).toBe(true);
}

/** Asked of Orthanc itself: each instance once, and as it was sent. */
async function expectHeldOnce({ orthanc }: Site): Promise<void> {
  const ids = (await (await fetch(`${orthanc.url}/instances`)).json()) as readonly string[];
  const files: Buffer[] = [];
  for (const id of ids)
    files.push(Buffer.from(await (await fetch(`${orthanc.url}/instances/${id}/file`)).arrayBuffer()));
  expect(files).toHaveLength(COUNT);
  for (const { dataSet } of study.instances)
    expect(files.filter((file) => file.includes(Buffer.from(dataSet)))).toHaveLength(1);
}

interface Got {
  readonly bytes: ReadonlyMap<string, Buffer>;
  readonly error: unknown;
}

async function retrieve(pacs: DicomwebPacs, some?: readonly InstanceSummary[]): Promise<Got> {
  const bytes = new Map<string, Buffer>();
  try {
    for await (const { sopInstanceUid = '', dataSet } of pacs.retrieve(
      studyInstanceUid,
      some === undefined ? {} : { instances: some },
    )) {
      expect(bytes.has(sopInstanceUid)).toBe(false);
      // Only what came to its end counts.
      bytes.set(sopInstanceUid, Buffer.concat(await all(dataSet)));
    }
  } catch (error) {
    expectOurs(error);
    return { bytes, error };
  }
  return { bytes, error: undefined };
}

/** Retrieves by name what is missing. */
async function retrieveUntilDone(pacs: DicomwebPacs, first: Got): Promise<void> {
  const got = new Map(first.bytes);
  for (let attempt = 0; got.size < COUNT; attempt++) {
    expect(attempt).toBeLessThan(5);
    const missing = instances.filter(({ sopInstanceUid }) => !got.has(sopInstanceUid));
    for (const [uid, bytes] of (await retrieve(pacs, missing)).bytes) got.set(uid, bytes);
  }
  for (const { sopInstanceUid, dataSet } of study.instances) {
    expect(got.get(sopInstanceUid)?.equals(dataSet)).toBe(true);
  }
}

describe.skipIf(debianIsMissing())('an Orthanc', () => {
  it.each([0.3, 0.9])('that is killed when %f of a store has gone out', async (share) => {
    const site = await siteOf();
    const pacs = site.pacs();
    site.door.rules.afterSent = { bytes: Math.round(STUDY_BYTES * share), act: () => site.kill() };
    const first = await store(pacs, instances);
    expect([...first.outcomes.values()].filter((status) => status === 'unknown later').length).toBeGreaterThan(0);
    await site.restart();
    await storeUntilDone(pacs, first);
    await expectHeldOnce(site);
  });

  it('that is cut off once it has taken a batch and not said so', async () => {
    const site = await siteOf();
    const pacs = site.pacs();
    // Its answer to the first batch begins, and the door shuts: Orthanc has stored.
    site.door.rules.afterAnswered = { bytes: 1, act: () => site.door.slam() };
    const first = await store(pacs, instances);
    // undici asks again on a new connection, or the search afterwards finds them: there, and once.
    expect([...first.outcomes.values()].filter((status) => !isThere(status))).toEqual([]);
    expect(first.outcomes.size).toBe(COUNT);
    await expectHeldOnce(site);
  });

  it.each(['study', 'instance'] as const)('that is killed in the middle of a retrieval, by %s', async (mode) => {
    const site = await siteOf();
    const pacs = site.pacs({ retrieve: mode });
    await store(pacs, instances);
    site.door.rules.afterAnswered = { bytes: Math.round(STUDY_BYTES / 2), act: () => site.kill() };
    const first = await retrieve(pacs);
    expect(first.error).toMatchObject({ retry: 'later' });
    expect(first.bytes.size).toBeLessThan(COUNT);
    await site.restart();
    await retrieveUntilDone(pacs, first);
  });

  it('that refuses for a while, by a filter of its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'interhosp-lua-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const [script, flag] = [join(folder, 'filter.lua'), join(folder, 'closed')];
    const look = `local file = io.open("${flag}")\n  if file == nil then return true end\n  file:close()\n  return false`;
    await writeFile(script, `function IncomingHttpRequestFilter(method, uri, ip, username, headers)\n  ${look}\nend\n`);
    const site = await siteOf({ LuaScripts: [script] });
    const pacs = site.pacs();
    await store(pacs, instances.slice(0, 5));
    await writeFile(flag, '');
    const [stored, got] = [await store(pacs, instances), await retrieve(pacs)];
    expect(stored).toMatchObject({ outcomes: new Map(), error: { code: 'PACS_REFUSED', details: { status: 403 } } });
    expect(got.error).toMatchObject({ code: 'PACS_REFUSED', retry: 'later' });
    await rm(flag);
    await storeUntilDone(pacs, stored);
    await expectHeldOnce(site);
    await retrieveUntilDone(pacs, got);
  });

  it('that answers a store too late is asked whether it holds what it took', async () => {
    const site = await siteOf();
    const pacs = site.pacs({ inactivityMs: 1_500, batchInstances: COUNT });
    // The first connection carries the store; its answer waits, those of other connections do not.
    site.door.rules.answerDelayMs = (connection) => (connection === 0 ? 4_000 : 0);
    const first = await store(pacs, instances);
    expect([...new Set(first.outcomes.values())]).toEqual(['duplicate']);
    await expectHeldOnce(site);
    await retrieveUntilDone(pacs, await retrieve(pacs));
  });

  it('that is slow all the way is waited for', async () => {
    const site = await siteOf();
    const pacs = site.pacs({ inactivityMs: 2_000, batchInstances: 2 });
    site.door.rules.answerDelayMs = () => 150;
    const stored = await store(pacs, instances);
    expect([...new Set(stored.outcomes.values())]).toEqual(['stored']);
    const got = await retrieve(pacs);
    expect(got.error).toBe(undefined);
    await retrieveUntilDone(pacs, got);
    await expectHeldOnce(site);
  });
});

describe('a server that answers out of order', () => {
  const files = study.instances.map((each) => ({
    uid: each.sopInstanceUid,
    file: Buffer.concat([part10Header(each), each.dataSet]),
  }));
  const listing = files.map(({ uid }) => ({
    '0020000E': { vr: 'UI', Value: [seriesInstanceUid] },
    '00080018': { vr: 'UI', Value: [uid] },
  }));

  it.each(['study', 'instance'] as const)('gives a study, by %s, and takes one', async (mode) => {
    let isEven = false;
    const server = await scriptedServer(async ({ method, path, parameters, body }, response) => {
      if (method === 'POST') {
        const here = files.filter(({ uid }) => body.includes(uid)).toReversed();
        json(response, {
          '00081199': { vr: 'SQ', Value: here.map(({ uid }) => ({ '00081155': { vr: 'UI', Value: [uid] } })) },
        });
      } else if (parameters.has('limit')) {
        const found = path.endsWith('/instances')
          ? listing
          : [{ '0020000D': { vr: 'UI', Value: [studyInstanceUid] }, '00201208': { vr: 'IS', Value: [COUNT] } }];
        json(response, parameters.get('offset') === '0' ? found : []);
      } else if (path.endsWith(studyInstanceUid)) {
        const parts = files
          .toReversed()
          .map(({ file }) => Buffer.concat([Buffer.from('--b\r\n\r\n'), file, Buffer.from('\r\n')]));
        response.writeHead(200, { 'content-type': 'multipart/related; boundary=b' });
        response.end(Buffer.concat([...parts, Buffer.from('--b--')]));
      } else {
        // Every other answer comes after the one that was asked for behind it.
        isEven = !isEven;
        if (isEven) await new Promise<void>((resolve) => void setTimeout(resolve, 60));
        const file = files.find(({ uid }) => path.endsWith(uid))?.file;
        response.writeHead(200, { 'content-type': 'application/dicom' }).end(file);
      }
    });
    const pacs = dicomwebPacs({ baseUrl: server.url, retrieve: mode });
    closing.push(
      () => server.close(),
      () => pacs.stop(),
    );
    const got = await retrieve(pacs);
    expect([got.error, got.bytes.size]).toEqual([undefined, COUNT]);
    await retrieveUntilDone(pacs, got);
    const { outcomes } = await store(pacs, instances);
    expect([outcomes.size, ...new Set(outcomes.values())]).toEqual([COUNT, 'stored']);
  });

  it('and mixes in what nobody asked for: the named instances are told apart by what they are', async () => {
    const stranger = generateStudy({ instances: 1, pixels: 16, seed: 'stranger' }).instances[0];
    const server = await scriptedServer(({ body }, response) => {
      const here = files.filter(({ uid }) => body.includes(uid)).slice(1);
      const uids = [stranger?.sopInstanceUid, ...here.map(({ uid }) => uid)];
      const Value = uids.map((uid) => ({ '00081155': { vr: 'UI', Value: [uid] } }));
      json(response, { '00081199': { vr: 'SQ', Value } }, 202);
    });
    const pacs = dicomwebPacs({ baseUrl: server.url, batchInstances: COUNT });
    closing.push(
      () => server.close(),
      () => pacs.stop(),
    );
    const { outcomes } = await store(pacs, instances);
    expect(outcomes.get(instances[0]?.sopInstanceUid ?? '')).toBe('unknown later');
    expect([...outcomes.values()].filter((status) => status === 'stored')).toHaveLength(COUNT - 1);
  });
});
