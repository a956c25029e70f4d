/**
 * Orthancs that answer Success and do not keep what they were given, or run full: what is filed into them by the member's
 * own steps is never called confirmed before it can be seen there, whole and under its patient.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dicomwebPacs } from '@interhosp/adapters/dicomweb';
import { dimsePacs, parseAeTitle } from '@interhosp/adapters/dimse';
import { generateStudy } from '@interhosp/core/conformance';
import { PacsError } from '@interhosp/core/errors';
import type { Pacs, StoreOutcome } from '@interhosp/core/pacs';
import type { LocalPatient } from '@interhosp/core/study';
import { silentLog, type Clock } from '@interhosp/core/world';
import { debianIsMissing, mountSmallDisk, startOrthanc, type Orthanc } from '@interhosp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { fileStudy } from '../../src/journey/filing.ts';
import { nodeClock } from '../../src/world/index.ts';
import { codeOf, crypto, random } from '../storage/worlds.ts';
import { received, SOUTH, storable, typesOf, type Received } from './exchanges.ts';

const patient: LocalPatient = {
  birthDate: '1961-04-23',
  name: { alphabetic: { family: 'Peeters', given: 'Anna', middle: '', prefix: '', suffix: '' } },
  patientId: { id: 'P1', issuer: 'SOUTH' },
  sex: 'F',
};
/** Eight instances of 132 kB: more than a megabyte. */
const SIZE = { instances: 8, pixels: 256 } as const;

const stopping: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stopping.splice(0).toReversed()) await stop();
});

interface Site {
  readonly orthanc: Orthanc;
  readonly pacs: Pacs;
  /** What the PACS said of each instance, in every store of the last filing. */
  readonly told: StoreOutcome[];
  /** What is to happen once everything was stored. */
  afterStore: () => Promise<void>;
}

type Protocol = 'DICOMweb' | 'DIMSE';

function pacsOver(protocol: Protocol, { aeTitle, dicomPort, dicomwebUrl }: Orthanc): Pacs {
  if (protocol === 'DICOMweb') return dicomwebPacs({ baseUrl: dicomwebUrl, batchInstances: 3 });
  const [calledAe, callingAe] = [parseAeTitle(aeTitle), parseAeTitle('MEMBER')];
  // By C-GET: what is read back needs no listener of ours.
  return dimsePacs({ peer: { host: '127.0.0.1', port: dicomPort, calledAe, callingAe } });
}

async function orthancWith(protocol: Protocol, configuration: Readonly<Record<string, unknown>>): Promise<Site> {
  const orthanc = await startOrthanc({ configuration });
  const pacs = pacsOver(protocol, orthanc);
  stopping.push(
    () => killed(orthanc),
    () => pacs.stop(),
  );
  const site: Site = { orthanc, pacs: watched(pacs, () => site), told: [], afterStore: () => Promise.resolve() };
  return site;
}

/** Nothing of it is wanted any more, and an orderly end takes seconds. */
async function killed({ pid, stop }: Orthanc): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
  await stop();
}

/** The adapter itself; what it tells of stores is noted on the way. */
function watched(pacs: Pacs, site: () => Site): Pacs {
  return {
    capabilities: pacs.capabilities,
    start: () => pacs.start(),
    stop: () => pacs.stop(),
    echo: pacs.echo.bind(pacs),
    findStudies: pacs.findStudies.bind(pacs),
    findInstances: pacs.findInstances.bind(pacs),
    retrieve: pacs.retrieve.bind(pacs),
    async *store(instances, options) {
      for await (const outcome of pacs.store(instances, options)) {
        site().told.push(outcome);
        yield outcome;
      }
      await site().afterStore();
    },
  };
}

/** Waits between looks are short: Orthanc lists at once what it keeps. */
const clock: Clock = { ...nodeClock(), sleep: (_ms, options) => nodeClock().sleep(20, options) };

function file({ pack, x }: Received, { pacs, told }: Site): Promise<void> {
  told.length = 0;
  const settings = { coercion: {}, self: SOUTH, utcOffsetMinutes: 60 };
  return fileStudy(x, pack, { clock, crypto, log: silentLog, pacs, random, settings }, new AbortController().signal);
}

async function held({ orthanc }: Site): Promise<number> {
  return ((await (await fetch(`${orthanc.url}/instances`)).json()) as readonly string[]).length;
}

function uidsOf(told: readonly StoreOutcome[]): ReadonlySet<string> {
  return new Set(told.map(({ sopInstanceUid }) => sopInstanceUid));
}

function statuses({ told }: Site): readonly string[] {
  return [...new Set(told.map(({ status }) => status))].toSorted();
}

/** What it says of an instance for which it has no room: over DICOMweb nothing at all, over DIMSE that it failed. */
const NO_ROOM = { DICOMweb: 'unknown', DIMSE: 'refused' } as const;

describe.skipIf(debianIsMissing()).each<Protocol>(['DICOMweb', 'DIMSE'])(
  'an Orthanc that keeps less than it is given, over %s',
  (protocol) => {
    it('on a full disk confirms nothing, and everything once there is room', async () => {
      await using disk = await mountSmallDisk(600_000);
      const site = await orthancWith(protocol, { StorageDirectory: disk.folder });
      const arrived = await received(patient, SIZE);
      expect(await codeOf(file(arrived, site))).toBe('PACS_BUSY');
      expect(statuses(site)).toEqual([NO_ROOM[protocol], 'stored'].toSorted());
      expect(uidsOf(site.told).size).toBe(8);
      const some = await held(site);
      expect(some).toBeGreaterThan(0);
      expect(some).toBeLessThan(8);
      expect(await codeOf(file(arrived, site))).toBe('PACS_BUSY');
      expect(arrived.x.state.has('STORED')).toBe(false);
      await disk.resize(20_000_000);
      await file(arrived, site);
      // Only what was missing went there once more.
      expect(uidsOf(site.told).size).toBe(8 - some);
      expect(await held(site)).toBe(8);
      expect(typesOf(arrived.written).slice(-2)).toEqual(['STORED', 'CONFIRMED']);
      await killed(site.orthanc);
    });

    it('on a full disk confirms nothing of a study of which nothing fits', async () => {
      await using disk = await mountSmallDisk(100_000);
      const site = await orthancWith(protocol, { StorageDirectory: disk.folder });
      const arrived = await received(patient, SIZE);
      for (let attempt = 0; attempt < 3; attempt++) expect(await codeOf(file(arrived, site))).toBe('PACS_BUSY');
      expect([statuses(site), await held(site)]).toEqual([[NO_ROOM[protocol]], 0]);
      expect(arrived.x.state.has('STORED')).toBe(false);
      await killed(site.orthanc);
    });

    it('with MaximumStorageSize confirms nothing of a study that is larger', async () => {
      const site = await orthancWith(protocol, { MaximumStorageSize: 1 });
      const arrived = await received(patient, SIZE);
      for (let attempt = 0; attempt < 2; attempt++) expect(await codeOf(file(arrived, site))).toBe('PACS_BUSY');
      expect(statuses(site)).toContain(NO_ROOM[protocol]);
      expect(await held(site)).toBeLessThan(8);
      expect(arrived.x.state.has('CONFIRMED')).toBe(false);
    });

    it('with MaximumStorageSize does not confirm a study that made room for another, though each store was a success', async () => {
      const site = await orthancWith(protocol, { MaximumStorageSize: 1 });
      const arrived = await received(patient, { ...SIZE, instances: 6 });
      site.afterStore = async () => {
        const other = generateStudy({ ...SIZE, instances: 6, patient: { patientId: { id: 'P2' } }, seed: 2 });
        const direct = pacsOver(protocol, site.orthanc);
        for await (const { status } of direct.store(storable(other))) expect(status).toBe('stored');
        await direct.stop();
      };
      expect(await codeOf(file(arrived, site))).toBe('TRANSFER_NOT_CONFIRMED');
      expect(statuses(site)).toEqual(['stored']);
      expect([...(await uidsIn(site))].filter((uid) => isOf(arrived, uid))).toEqual([]);
      expect(await codeOf(file(arrived, site))).toBe('TRANSFER_NOT_CONFIRMED');
      expect(arrived.x.state.stage).toBe('STORED');
    });

    it.each([
      ['everything', 'return false', 0],
      ['one instance of eight', 'return dicom.InstanceNumber ~= "5"', 7],
    ])('with a filter that drops %s confirms nothing, though each store was a success', async (_what, body, kept) => {
      const folder = await mkdtemp(join(tmpdir(), 'interhosp-lua-'));
      stopping.push(() => rm(folder, { recursive: true, force: true }));
      const script = join(folder, 'filter.lua');
      await writeFile(script, `function ReceivedInstanceFilter(dicom, origin, info)\n  ${body}\nend\n`);
      const site = await orthancWith(protocol, { LuaScripts: [script] });
      const arrived = await received(patient, SIZE);
      expect(await codeOf(file(arrived, site))).toBe('TRANSFER_NOT_CONFIRMED');
      expect([statuses(site), site.told.length, await held(site)]).toEqual([['stored'], 8, kept]);
      expect(await codeOf(file(arrived, site))).toBe('TRANSFER_NOT_CONFIRMED');
      expect(arrived.x.state.stage).toBe('STORED');
    });

    it('that is killed in the middle of filing confirms nothing until it is back, and then holds each instance once', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'interhosp-kept-'));
      stopping.push(() => rm(folder, { recursive: true, force: true }));
      const kept = { StorageDirectory: join(folder, 'storage'), IndexDirectory: join(folder, 'index') };
      const site = await orthancWith(protocol, kept);
      const arrived = await received(patient, SIZE);
      const store = site.pacs.store.bind(site.pacs);
      const dying: Site = {
        ...site,
        pacs: {
          ...site.pacs,
          async *store(instances, options) {
            let count = 0;
            for await (const outcome of store(instances, options)) {
              yield outcome;
              if (++count === 4) process.kill(site.orthanc.pid, 'SIGKILL');
            }
          },
        },
      };
      const failure = await file(arrived, dying).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(PacsError);
      expect(failure).toMatchObject({ retry: 'later' });
      expect(arrived.x.state.has('STORED')).toBe(false);
      await killed(site.orthanc);
      const back = await orthancWith(protocol, kept);
      await file(arrived, back);
      const uids = await uidsIn(back);
      expect([uids.length, new Set(uids).size]).toEqual([8, 8]);
      expect(typesOf(arrived.written).at(-1)).toBe('CONFIRMED');
    });
  },
);

/** SOP Instance UIDs of everything that an Orthanc holds. */
async function uidsIn({ orthanc }: Site): Promise<readonly string[]> {
  const instances = (await (await fetch(`${orthanc.url}/instances?expand`)).json()) as ReadonlyArray<{
    readonly MainDicomTags: { readonly SOPInstanceUID: string };
  }>;
  return instances.map(({ MainDicomTags }) => MainDicomTags.SOPInstanceUID);
}

function isOf({ study }: Received, uid: string): boolean {
  return study.instances.some(({ sopInstanceUid }) => sopInstanceUid === uid);
}
