// A PACS with an inbox beside it: what was pushed to us is a source with it, and never what the PACS is said to hold.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourceOf, type PacsSource, type StorableInstance } from '@interhosp/core/pacs';
import { memoryPacs, type MemoryPacs } from '@interhosp/adapters/memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { dimsePacs, type DimsePacs } from '../src/dimse/dimse-pacs.ts';
import { dimseServer, type DimseServer } from '../src/dimse/server/dimse-server.ts';
import { storeInstances } from '../src/dimse/store/store-scu.ts';
import { bytesOf, OURS, peerAt, readAll } from './dimse-archive.ts';
import { sampleInstance, sampleStudyUid } from './dimse-samples.ts';
import { all } from './streams.ts';

const MODALITY = parseAeTitle('CT1');
const uid = sampleStudyUid(1);
const [one, two, three, four] = [1, 2, 3, 4].map((instance) => sampleInstance({ study: 1, instance })) as [
  StorableInstance,
  StorableInstance,
  StorableInstance,
  StorableInstance,
];

let folder: string;
let archive: MemoryPacs;
let server: DimseServer;
let pacs: DimsePacs;
let source: PacsSource;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-pushed-'));
  archive = memoryPacs();
  server = dimseServer({
    pacs: archive,
    aeTitle: 'ARCHIVE',
    destinations: {
      get [OURS]() {
        return { host: '127.0.0.1', port: pacs.listensAt ?? 0 };
      },
    },
  });
  await server.start();
  pacs = dimsePacs({
    peer: peerAt(server.port),
    retrieve: 'move',
    listen: {
      port: 0,
      callers: [MODALITY, parseAeTitle('ARCHIVE')].map((aeTitle) => ({ aeTitle, addresses: ['127.0.0.1'] })),
    },
    inbox: { folder, minFreeBytes: 0 },
  });
  await pacs.start();
  source = sourceOf(pacs);
});

afterEach(async () => {
  await pacs.stop();
  await server.stop();
  await rm(folder, { recursive: true });
});

async function push(...instances: readonly StorableInstance[]): Promise<void> {
  const ours = { host: '127.0.0.1', port: pacs.listensAt ?? 0, calledAe: parseAeTitle(OURS), callingAe: MODALITY };
  const outcomes = await all(storeInstances(ours, instances));
  expect(outcomes.map(({ status }) => status)).toEqual(instances.map(() => 'stored'));
}

async function uidsIn(from: PacsSource): Promise<readonly string[]> {
  return (await all(from.findInstances(uid))).map(({ sopInstanceUid }) => sopInstanceUid).toSorted();
}

const uidsOf = (...instances: readonly StorableInstance[]) => instances.map(({ sopInstanceUid }) => sopInstanceUid);

describe('what was pushed to us', () => {
  it('is a source, and nothing that the PACS holds', async () => {
    await push(one, two);
    expect(await all(source.findStudies({ studyInstanceUid: uid }))).toMatchObject([{ instances: 2 }]);
    expect(await uidsIn(source)).toEqual(uidsOf(one, two));
    expect(await readAll(source.retrieve(uid))).toHaveLength(2);
    expect(await all(pacs.findStudies({ studyInstanceUid: uid }))).toEqual([]);
    expect(await uidsIn(pacs)).toEqual([]);
    for (const options of [{}, { instances: [one] }]) {
      await expect(all(pacs.retrieve(uid, options))).rejects.toMatchObject({ code: 'PACS_STUDY_UNKNOWN' });
    }
  });

  it('is read from the inbox, and the rest of its study from the PACS, each instance once', async () => {
    await archive.seed([one, two, three]);
    await push(three, four);
    expect(await uidsIn(source)).toEqual(uidsOf(one, two, three, four));
    const got = await readAll(source.retrieve(uid));
    expect(got).toHaveLength(4);
    expect(new Set(got.map(({ sopInstanceUid }) => sopInstanceUid))).toEqual(new Set(uidsOf(one, two, three, four)));
    const named = await readAll(source.retrieve(uid, { instances: [two, four] }));
    expect(new Map(named.map(({ bytes, sopInstanceUid }) => [sopInstanceUid, bytes]))).toEqual(
      new Map([
        [two.sopInstanceUid, await bytesOf(two)],
        [four.sopInstanceUid, await bytesOf(four)],
      ]),
    );
    expect(await uidsIn(pacs)).toEqual(uidsOf(one, two, three));
    expect(await readAll(pacs.retrieve(uid))).toHaveLength(3);
    await expect(all(pacs.retrieve(uid, { instances: [four] }))).rejects.toMatchObject({ code: 'PACS_INCOMPLETE' });
  });

  it('is one study with what the PACS holds of it, whoever tells the issuer, and counted as a whole', async () => {
    await archive.seed([one, two]);
    const hides = archive.findStudies.bind(archive);
    archive.findStudies = async function* (query) {
      for await (const { patient, ...study } of hides(query)) {
        yield { ...study, patient: { ...patient, patientId: { id: patient.patientId.id } } };
      }
    };
    await push(three, four);
    const [study, ...others] = await all(source.findStudies({}));
    expect(others).toEqual([]);
    expect(study).toMatchObject({ patient: { patientId: { id: 'PAT-1', issuer: 'SAMPLE-HOSPITAL' } } });
    // Two here and two there: only each listed once tells.
    expect(study?.instances).toBeUndefined();
    expect(await uidsIn(source)).toHaveLength(4);
  });

  it('is kept also while its study is being moved to us, listed there or not', async () => {
    await archive.seed([one, two, three]);
    const moved: (string | undefined)[] = [];
    for await (const { dataSet, sopInstanceUid } of pacs.retrieve(uid)) {
      // The move is under way, and ends when this is read.
      if (moved.length === 0) await push(three, four);
      await all(dataSet);
      moved.push(sopInstanceUid);
    }
    expect(new Set(moved)).toEqual(new Set(uidsOf(one, two, three)));
    expect(moved).toHaveLength(3);
    await server.stop();
    expect(await readAll(source.retrieve(uid, { instances: [three, four] }))).toHaveLength(2);
  });

  it('is read without the PACS when nothing else was asked for', async () => {
    await push(one, two);
    await server.stop();
    expect(await readAll(source.retrieve(uid, { instances: [one, two] }))).toHaveLength(2);
  });

  it('is not all when more was asked for', async () => {
    await push(one);
    const asked = () => readAll(source.retrieve(uid, { instances: [one, two] }));
    await expect(asked()).rejects.toMatchObject({ code: 'PACS_INCOMPLETE' });
    await archive.seed([three]);
    await expect(asked()).rejects.toMatchObject({ code: 'PACS_INCOMPLETE' });
  });

  it('ends with the adapter', async () => {
    await push(one);
    const reading = source.retrieve(uid, { instances: [one] })[Symbol.asyncIterator]();
    const first = await reading.next();
    await pacs.stop();
    const rest = all((first.value as { dataSet: AsyncIterable<Uint8Array> }).dataSet);
    await expect(rest).rejects.toMatchObject({ code: 'PACS_UNREACHABLE' });
    await expect(all(source.findStudies({}))).rejects.toMatchObject({ code: 'PACS_UNREACHABLE' });
  });
});
