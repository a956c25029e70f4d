import { memoryPacs, type MemoryPacs } from '@interhosp/adapters/memory';
import { generateStudy, type SampleStudyOptions } from '@interhosp/core/conformance';
import type { Uid } from '@interhosp/core/dicom';
import { DicomError, PacsError } from '@interhosp/core/errors';
import type { StudySummary } from '@interhosp/core/pacs';
import { afterEach, describe, expect, it } from 'vitest';
import { storable } from '../../test/journey/exchanges.ts';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { keptLog } from '../../test/storage/worlds.ts';
import { discover, type CompleteStudy, type DiscoveryPorts, type DiscoverySettings } from './discovery.ts';
import { headerOf, instancesOf } from './first-header.ts';

const MINUTE_MS = 60_000;
const SETTINGS: DiscoverySettings = {
  nationalNumberIssuers: [],
  orderOpenMs: 24 * 60 * MINUTE_MS,
  overlapMs: 24 * 60 * MINUTE_MS,
  pollMs: MINUTE_MS,
  quiet: { byModalityMs: {}, otherMs: 10 * MINUTE_MS },
  sweepHour: 2,
  sweepsUndated: false,
  windowDays: 'all',
};

let stop = new AbortController();
afterEach(() => stop.abort());

interface World {
  readonly clock: ManualClock;
  readonly complete: CompleteStudy[];
  readonly log: ReturnType<typeof keptLog>;
  readonly pacs: MemoryPacs;
}

function start(changes: Partial<DiscoveryPorts> = {}, pacs = memoryPacs()): World {
  stop = new AbortController();
  const clock = new ManualClock();
  const log = keptLog();
  const complete: CompleteStudy[] = [];
  const onComplete = (study: CompleteStudy) => {
    complete.push(study);
    return Promise.resolve(true);
  };
  const ports: DiscoveryPorts = {
    clock,
    isSettled: () => false,
    log,
    onComplete,
    settings: SETTINGS,
    source: pacs,
    utcOffsetMinutes: () => 0,
    ...changes,
  };
  void discover(ports, stop.signal);
  return { clock, complete, log, pacs };
}

async function put(pacs: MemoryPacs, options: SampleStudyOptions): Promise<Uid> {
  const study = generateStudy({ pixels: 8, ...options });
  await pacs.seed(storable(study));
  return study.studyInstanceUid;
}

/** A PACS of which a few instances cannot be read, and that may tell no count. */
function failing(
  pacs: MemoryPacs,
  options: { readonly code?: 'DICOM_NOT_PART10' | 'PACS_REFUSED'; readonly first: number },
) {
  const asked: number[] = [];
  const source = Object.assign(Object.create(pacs) as MemoryPacs, {
    findInstances: pacs.findInstances.bind(pacs),
    async *findStudies(...args: Parameters<MemoryPacs['findStudies']>) {
      for await (const { instances: _, ...summary } of pacs.findStudies(...args)) yield summary;
    },
    retrieve: (...args: Parameters<MemoryPacs['retrieve']>) => {
      asked.push(args[1]?.instances?.length ?? 0);
      if (asked.length > options.first) return pacs.retrieve(...args);
      throw options.code === 'PACS_REFUSED' ? new PacsError('PACS_REFUSED') : new DicomError('DICOM_NOT_PART10');
    },
  });
  return { asked, source };
}

async function summaryIn(source: MemoryPacs): Promise<StudySummary> {
  for await (const summary of source.findStudies({})) return summary;
  throw new Error('a study was put there');
}

const seen = ({ complete }: World) => complete.map(({ instances }) => instances);
/** Time for what one look at a PACS in memory takes. */
async function minutes(clock: ManualClock, count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    await clock.advance(MINUTE_MS);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('discovery', () => {
  it('takes a study once, when it was quiet for long enough, with the header of one instance', async () => {
    const world = start();
    const uid = await put(world.pacs, { instances: 3 });
    await minutes(world.clock, 10);
    expect(seen(world)).toEqual([]);
    await minutes(world.clock, 2);
    expect(seen(world)).toEqual([3]);
    expect(world.complete[0]?.header).toMatchObject({
      modalities: ['CT'],
      patient: { patientId: { id: 'A-104233' } },
      studyInstanceUid: uid,
    });
    await minutes(world.clock, 20);
    expect(seen(world)).toEqual([3]);
  });

  it('waits anew while a study grows', async () => {
    const world = start();
    await put(world.pacs, { instances: 2 });
    await minutes(world.clock, 8);
    await put(world.pacs, { instances: 3 });
    await minutes(world.clock, 8);
    expect(seen(world)).toEqual([]);
    await minutes(world.clock, 4);
    expect(seen(world)).toEqual([3]);
  });

  it('takes a study again that grew after it was taken', async () => {
    const world = start();
    await put(world.pacs, { instances: 2 });
    await minutes(world.clock, 12);
    await put(world.pacs, { instances: 4 });
    await minutes(world.clock, 12);
    expect(seen(world)).toEqual([2, 4]);
  });

  it('asks the rules again later when they say so', async () => {
    let asked = 0;
    const { clock, pacs } = start({ onComplete: () => Promise.resolve(++asked === 3) });
    await put(pacs, { instances: 1 });
    await minutes(clock, 30);
    expect(asked).toBe(3);
  });

  it('leaves a study alone that was dealt with before', async () => {
    const world = start({ isSettled: (_uid, instances) => instances === 2 });
    await put(world.pacs, { instances: 2 });
    await minutes(world.clock, 20);
    expect(seen(world)).toEqual([]);
  });

  it('does not keep the others at home for one study that cannot be read', async () => {
    const pacs = memoryPacs();
    const bad = await put(pacs, { instances: 1, seed: 'bad' });
    const good = await put(pacs, { instances: 1, seed: 'good' });
    const source = Object.assign(Object.create(pacs) as MemoryPacs, {
      findInstances: pacs.findInstances.bind(pacs),
      findStudies: pacs.findStudies.bind(pacs),
      retrieve: (uid: Uid, options: Parameters<MemoryPacs['retrieve']>[1]) => {
        if (uid === bad) throw new DicomError('DICOM_MALFORMED');
        return pacs.retrieve(uid, options);
      },
    });
    const world = start({ source });
    await minutes(world.clock, 14);
    expect(world.complete.map(({ header }) => header.studyInstanceUid)).toEqual([good]);
    expect(world.log.lines).toContainEqual({
      event: 'discovery.study.failed',
      fields: { code: 'DICOM_MALFORMED', studyInstanceUid: bad },
    });
  });

  it('passes over a study that the PACS holds under two patients, and says so once', async () => {
    const world = start({}, memoryPacs({ duplicateBy: 'patient' }));
    await put(world.pacs, { instances: 1 });
    const uid = await put(world.pacs, { instances: 1, patient: { patientId: { id: 'B-9' } } });
    await minutes(world.clock, 30);
    expect(seen(world)).toEqual([]);
    expect(world.log.lines).toEqual([
      { event: 'discovery.study.under-two-patients', fields: { studyInstanceUid: uid } },
    ]);
  });

  it('asks a PACS that is down again, and forgets nothing meanwhile', async () => {
    const world = start();
    await put(world.pacs, { instances: 1 });
    await minutes(world.clock, 4);
    world.pacs.faults = { isDown: true };
    await minutes(world.clock, 4);
    world.pacs.faults = {};
    await minutes(world.clock, 4);
    expect(seen(world)).toEqual([1]);
    expect(world.log.lines.map(({ event }) => event)).toContain('discovery.failed');
  });

  it('leaves studies alone that are older than its window', async () => {
    const recent = new Date(0).toISOString().slice(0, 10);
    const world = start({ settings: { ...SETTINGS, windowDays: 31 } });
    await put(world.pacs, { instances: 1, seed: 'old', studyDate: '1969-11-01' });
    const uid = await put(world.pacs, { instances: 2, seed: 'new', studyDate: recent });
    await minutes(world.clock, 14);
    expect(world.complete.map(({ header }) => header.studyInstanceUid)).toEqual([uid]);
  });

  it('ends when it is told to, and leaves no timer', async () => {
    const { clock } = start();
    await clock.advance(0);
    expect(clock.sleeping).toBeGreaterThan(0);
    stop.abort();
    await clock.advance(0);
    expect(clock.sleeping).toBe(0);
  });
});

describe('the header of a study', () => {
  const { signal } = new AbortController();

  it('is of the next instance when the first cannot be read', async () => {
    const pacs = memoryPacs();
    const { asked, source } = failing(pacs, { first: 4 });
    const world = start({ source });
    await put(pacs, { instances: 7 });
    await minutes(world.clock, 12);
    expect([seen(world), asked]).toEqual([[7], [1, 1, 1, 1, 1]]);
    expect(world.complete[0]?.header.patient.patientId).toMatchObject({ id: 'A-104233' });
  });

  it.each([
    ['a few that cannot be read', 'DICOM_NOT_PART10', 5],
    ['a PACS that refuses', 'PACS_REFUSED', 1],
  ] as const)('is given up after %s', async (_, code, times) => {
    const pacs = memoryPacs();
    const { asked, source } = failing(pacs, { code, first: 9 });
    await put(pacs, { instances: 7 });
    const header = headerOf({ settings: SETTINGS, source }, await summaryIn(source), signal);
    await expect(header).rejects.toMatchObject({ code });
    expect(asked).toHaveLength(times);
  });

  it('goes with a count also where the PACS tells none', async () => {
    const pacs = memoryPacs();
    const { source } = failing(pacs, { first: 0 });
    await put(pacs, { instances: 3 });
    const summary = await summaryIn(source);
    expect([summary.instances, await instancesOf({ source }, summary, signal)]).toEqual([undefined, 3]);
  });
});
