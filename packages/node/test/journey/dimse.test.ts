/**
 * Real PACS at both ends, spoken to over DIMSE: Orthanc and DCMTK's dcmqrscp, each once as the source and once as the
 * destination, by C-MOVE and by C-GET. What comes out of the second is compared, on bytes, with what the first holds; for
 * Orthanc, whose DIMSE side writes lengths of sequences anew, with what a third has when the first sends to it by itself.
 */
import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { generateStudy } from '@interhosp/core/conformance';
import { part10Header } from '@interhosp/core/dicom';
import { dimsePacs, parseAeTitle } from '@interhosp/adapters/dimse';
import {
  debianIsMissing,
  freePorts,
  startDcmqrscp,
  startOrthanc,
  type DcmtkServer,
  type Orthanc,
} from '@interhosp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { corpusFiles, journeyOf } from './corpus.ts';
import { dataSetFile, differences, pixelsOf, textOf, type DataSetFile } from './delivered.ts';
import { Federation, pause, TEST_WITHIN_MS, type Hospital, type HospitalConfig } from './hospitals.ts';
import { expectCopies, filesOf, upload } from './orthanc-files.ts';
import { expectReceipts } from './studies.ts';

const isLong = process.env['INTERHOSP_DOSE'] === 'long';
const MEMBER = parseAeTitle('MEMBER');

const stopping: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stopping.splice(0).toReversed()) await stop();
});

/** A PACS, as far as a member's configuration speaks of it. */
interface Known {
  readonly port: number;
  readonly aeTitle: string;
  /** Where the member listens. */
  readonly ourPort: number;
  readonly retrieve: 'move' | 'get';
  readonly associations?: number;
}

function over({ aeTitle, associations, ourPort, port, retrieve }: Known): HospitalConfig {
  const main = {
    use: '@interhosp/adapters/dimse',
    host: '127.0.0.1',
    port,
    calledAe: aeTitle,
    callingAe: MEMBER,
    folder: './pacs',
    listen: { port: ourPort, peers: [{ ae: aeTitle, addresses: ['127.0.0.1'] }] },
    retrieve,
    ...(associations !== undefined && { associations }),
  };
  return { pacs: { main } };
}

async function twoOrthancs(ways: readonly ['move' | 'get', 'move' | 'get'], third?: Orthanc) {
  const [portA = 0, portB = 0] = await freePorts(2);
  const known = third === undefined ? {} : { third: [third.aeTitle, '127.0.0.1', third.dicomPort] as const };
  const [one, other] = await Promise.all(
    [portA, portB].map((port) => startOrthanc({ modalities: { member: [MEMBER, '127.0.0.1', port], ...known } })),
  );
  const [orthancA, orthancB] = [one as Orthanc, other as Orthanc];
  stopping.push(
    () => orthancA.stop(),
    () => orthancB.stop(),
  );
  const { a, b, federation } = await Federation.ofTwo([
    over({ aeTitle: orthancA.aeTitle, ourPort: portA, port: orthancA.dicomPort, retrieve: ways[0] }),
    over({ aeTitle: orthancB.aeTitle, ourPort: portB, port: orthancB.dicomPort, retrieve: ways[1] }),
  ]);
  stopping.push(() => federation[Symbol.asyncDispose]());
  return { a, b, federation, orthancA, orthancB };
}

describe.skipIf(debianIsMissing())('Orthanc to Orthanc over DIMSE', () => {
  it(
    'carries real files both ways, unaltered: there by C-MOVE, and back by C-GET',
    { timeout: TEST_WITHIN_MS * 2 },
    async () => {
      const third = await startOrthanc({ aeTitle: 'THIRD' });
      stopping.push(() => third.stop());
      const { a, b, orthancA, orthancB } = await twoOrthancs(['move', 'get'], third);
      // A third of them in the gate, which carries all of them over DICOMweb.
      const files = corpusFiles().filter((_, index) => isLong || index % 3 === 0);
      for (const [index, { bytes }] of files.entries()) await upload(index % 2 === 0 ? orthancA : orthancB, bytes);
      const [heldA, heldB] = [await filesOf(orthancA), await filesOf(orthancB)];
      // A study of which both hold files goes nowhere.
      const both = new Set(heldA.map(uidOf).filter((uid) => heldB.some((each) => uidOf(each) === uid)));
      await Promise.all([a.start(), b.start()]);
      for (const [held, source, target, sender, receiver] of [
        [heldA, orthancA, orthancB, a, b],
        [heldB, orthancB, orthancA, b, a],
      ] as const) {
        await sendAll(source, 'third');
        const direct = new Map((await filesOf(third)).map((file) => [file.sopInstanceUid, file]));
        await third.clear();
        const sent = held
          .filter((file) => !both.has(uidOf(file)))
          .map((file) => direct.get(file.sopInstanceUid) ?? file);
        expect(sent.length).toBeGreaterThan(3);
        const fates = await journeys(sent, sender, receiver);
        const arrived = (await filesOf(target)).filter((file) => sent.some((each) => uidOf(each) === uidOf(file)));
        expectCopies(sent, arrived, fates);
        console.log(`${sent.length} held, ${arrived.length} arrived, in ${fates.size} studies`);
        expect(arrived.length).toBeGreaterThan(sent.length / 2);
      }
    },
  );
});

/** Has an Orthanc send everything it holds to a modality of its own, one by one: what cannot be sent stops nothing. */
async function sendAll({ url }: Orthanc, modality: string): Promise<void> {
  const ids = (await (await fetch(`${url}/instances`)).json()) as readonly string[];
  for (const id of ids) {
    await (await fetch(`${url}/modalities/${modality}/store`, { body: id, method: 'POST' })).arrayBuffer();
  }
}

function uidOf({ studyInstanceUid }: DataSetFile): string {
  return studyInstanceUid;
}

async function journeys(
  held: readonly DataSetFile[],
  from: Hospital,
  to: Hospital,
): Promise<ReadonlyMap<string, string>> {
  const fates = new Map<string, string>();
  for (const study of new Set(held.map(uidOf).filter((uid) => uid !== ''))) {
    fates.set(study, await journeyOf(study, from, to));
  }
  return fates;
}

describe.skipIf(debianIsMissing())('dcmqrscp to dcmqrscp over DIMSE', () => {
  it(
    'carries studies both ways, unaltered: there by C-MOVE, and back by C-GET',
    { timeout: TEST_WITHIN_MS },
    async () => {
      const [portA = 0, portB = 0] = await freePorts(2);
      const [archiveA, archiveB] = await Promise.all([archive(portA), archive(portB)]);
      const { a, b, federation } = await Federation.ofTwo([
        over({ ...archiveA, ourPort: portA, retrieve: 'move', associations: 1 }),
        over({ ...archiveB, ourPort: portB, retrieve: 'get', associations: 1 }),
      ]);
      stopping.push(() => federation[Symbol.asyncDispose]());
      const [there, back] = [await putInto(archiveA, 'there'), await putInto(archiveB, 'back')];
      await Promise.all([a.start(), b.start()]);
      for (const [study, sender, receiver, target] of [
        [there, a, b, archiveB],
        [back, b, a, archiveA],
      ] as const) {
        const exchangeId = await sender.send(study.studyInstanceUid, receiver);
        for (const hospital of [sender, receiver]) await hospital.reaches(exchangeId, 'CLOSED');
        const files = (await filesIn(target)).filter((file) => uidOf(file) === study.studyInstanceUid);
        expectSame(study.files, files);
        await expectReceipts(federation, exchangeId, { receiver, sender }, study);
      }
    },
  );
});

async function archive(ourPort: number): Promise<DcmtkServer> {
  const server = await startDcmqrscp({ args: ['+B'], peers: [[MEMBER, '127.0.0.1', ourPort]] });
  stopping.push(() => server.stop());
  return server;
}

interface Put {
  readonly studyInstanceUid: string;
  readonly files: readonly DataSetFile[];
}

/** Stores a study of the patient whom both hospitals know; what lies in the archive's folder is what it was made of. */
async function putInto({ aeTitle, port }: DcmtkServer, seed: string): Promise<Put> {
  const study = generateStudy({ instances: 12, pixels: 128, seed });
  const callingAe = parseAeTitle('MODALITY');
  const pacs = dimsePacs({
    peer: { host: '127.0.0.1', port, calledAe: parseAeTitle(aeTitle), callingAe },
    associations: 1,
  });
  const instances = study.instances.map(({ dataSet, ...each }) => ({
    ...each,
    lengthBytes: dataSet.length,
    async *dataSet() {
      await Promise.resolve();
      yield dataSet;
    },
  }));
  for await (const { status } of pacs.store(instances)) expect(status).toBe('stored');
  await pacs.stop();
  const files = study.instances.map((each) => dataSetFile(Buffer.concat([part10Header(each), each.dataSet])));
  return { files, studyInstanceUid: study.studyInstanceUid };
}

async function filesIn(server: DcmtkServer): Promise<readonly DataSetFile[]> {
  return await Promise.all((await server.files()).map(async (path) => dataSetFile(await readFile(path))));
}

/** Each source as one copy under the local patient, with nothing else changed. */
function expectSame(sources: readonly DataSetFile[], copies: readonly DataSetFile[]): void {
  const uids = (files: readonly DataSetFile[]) => files.map(({ sopInstanceUid }) => sopInstanceUid).toSorted();
  expect(uids(copies)).toEqual(uids(sources));
  for (const source of sources) {
    const copy = copies.find(({ sopInstanceUid }) => sopInstanceUid === source.sopInstanceUid) as DataSetFile;
    expect(Buffer.compare(pixelsOf(copy), pixelsOf(source))).toBe(0);
    expect(differences(source, copy)).toEqual([]);
    expect(textOf(copy, 0x00100020)).toBe('P1');
  }
}

const KILLS = isLong ? 60 : 8;
const KILL_WITHIN_MS = 30_000;
const KILLS_OF_ONE_STUDY = 5;
const MOST_MS = 1_200;

const seed = process.env['INTERHOSP_SEED'] ?? String(Date.now());
let drawn = 0;
/** Below 1; the same seed gives the same numbers. */
function draw(): number {
  return createHash('sha256').update(`${seed} ${drawn++}`).digest().readUInt32BE(0) / 2 ** 32;
}

describe.skipIf(debianIsMissing())('PACS and members killed at random moments, over DIMSE', () => {
  it(
    `deliver each study once and complete (${KILLS} kills, seed ${seed})`,
    { timeout: KILLS * KILL_WITHIN_MS },
    async () => {
      console.log(`INTERHOSP_SEED=${seed}`);
      const { a, b, federation, orthancA, orthancB } = await twoOrthancs(['move', 'get']);
      await Promise.all([a.start(), b.start()]);
      const victims = [
        { name: 'PACS a', kill: () => orthancA.kill(), start: () => orthancA.restart() },
        { name: 'PACS b', kill: () => orthancB.kill(), start: () => orthancB.restart() },
        { name: 'member a', kill: () => a.kill(), start: () => a.start() },
        { name: 'member b', kill: () => b.kill(), start: () => b.start() },
      ];
      let kills = 0;
      for (let round = 1; kills < KILLS; round++) {
        // There by C-MOVE, back by C-GET.
        const [sender, receiver, source, target] =
          round % 2 === 1 ? ([a, b, orthancA, orthancB] as const) : ([b, a, orthancB, orthancA] as const);
        const study = await putStudyInto(source, `kill ${round}`);
        const exchangeId = await sender.send(study.studyInstanceUid, receiver);
        for (let ofThis = 0; ofThis < KILLS_OF_ONE_STUDY && kills < KILLS; ofThis++) {
          await pause(draw() * MOST_MS);
          if (await isClosed(exchangeId, [a, b])) break;
          const victim = victims[Math.floor(draw() * victims.length)] ?? victims[0];
          await victim?.kill();
          kills++;
          console.log(`kill ${kills}: ${victim?.name}`);
          await pause(draw() * MOST_MS * 0.5);
          await victim?.start();
        }
        for (const hospital of [sender, receiver]) await hospital.reaches(exchangeId, 'CLOSED');
        const files = (await filesOf(target)).filter((file) => uidOf(file) === study.studyInstanceUid);
        expectSame(study.files, files);
        await expectReceipts(federation, exchangeId, { receiver, sender }, study);
      }
      expect(kills).toBe(KILLS);
    },
  );
});

async function putStudyInto(orthanc: Orthanc, name: string): Promise<Put> {
  const study = generateStudy({ instances: 30, pixels: 512, seed: name });
  const files = study.instances.map((each) => Buffer.concat([part10Header(each), each.dataSet]));
  for (const bytes of files) await upload(orthanc, bytes);
  return { files: files.map((bytes) => dataSetFile(bytes)), studyInstanceUid: study.studyInstanceUid };
}

async function isClosed(exchangeId: string, hospitals: readonly Hospital[]): Promise<boolean> {
  const jobs = await Promise.all(hospitals.map((hospital) => hospital.find(exchangeId)));
  return jobs.every((job) => job?.state === 'CLOSED');
}
