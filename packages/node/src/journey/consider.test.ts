import type { Uid } from '@interhosp/core/dicom';
import { DicomError, PacsError } from '@interhosp/core/errors';
import { afterEach, describe, expect, it } from 'vitest';
import { Archive, uidOf } from '../../test/journey/archive.ts';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { keptLog } from '../../test/storage/worlds.ts';
import type { CompleteStudy } from './consider.ts';
import { discover, type DiscoveryPorts, type DiscoverySettings } from './discovery.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TODAY = '1970-01-01';

const SETTINGS: DiscoverySettings = {
  nationalNumberIssuers: [],
  orderOpenMs: 5 * HOUR_MS,
  overlapMs: 24 * HOUR_MS,
  pollMs: MINUTE_MS,
  quiet: { byModalityMs: { CT: 15 * MINUTE_MS, DX: 5 * MINUTE_MS }, otherMs: 10 * MINUTE_MS },
  sweepHour: 2,
  sweepsUndated: false,
  windowDays: 31,
};

let stop = new AbortController();
afterEach(() => stop.abort());

function start(changes: Partial<DiscoveryPorts> = {}) {
  stop = new AbortController();
  const archive = new Archive();
  const clock = new ManualClock();
  const log = keptLog();
  const taken: string[] = [];
  const ports: DiscoveryPorts = {
    clock,
    isSettled: () => false,
    log,
    onComplete: async (study) => {
      taken.push(nameOf(study, clock));
      return true;
    },
    settings: SETTINGS,
    source: archive,
    utcOffsetMinutes: () => 0,
    ...changes,
  };
  void discover(ports, stop.signal);
  return { archive, clock, log, taken };
}

/** `NUMBER#COUNT@MINUTE` */
function nameOf({ header, instances }: CompleteStudy, clock: ManualClock): string {
  const number = Number(header.studyInstanceUid.slice('2.25.1'.length));
  return `${number}#${instances}@${clock.now() / MINUTE_MS}`;
}

const minutes = (clock: ManualClock, count: number) => clock.advance(count * MINUTE_MS);

describe('a study under consideration', () => {
  it('is waited for as long as its slowest modality may pause', async () => {
    const { archive, clock, taken } = start();
    archive.put(1, { instances: 2, modalities: ['DX'], studyDate: TODAY });
    archive.put(2, { instances: 2, modalities: ['US'], studyDate: TODAY });
    archive.put(3, { instances: 2, modalities: ['CT', 'DX'], studyDate: TODAY });
    archive.put(4, { instances: 2, modalities: [], studyDate: TODAY });
    await minutes(clock, 20);
    expect(taken).toEqual(['1#2@5', '2#2@10', '3#2@15', '4#2@15']);
  });

  it('waits while its order is open, and not for ever', async () => {
    const { archive, clock, log, taken } = start();
    archive.order = 'open';
    archive.put(1, { instances: 2, modalities: ['DX'], studyDate: TODAY });
    await minutes(clock, 60);
    expect(taken).toEqual([]);
    archive.order = 'complete';
    await minutes(clock, 5);
    expect(taken).toEqual(['1#2@65']);
    archive.order = 'open';
    archive.put(2, { instances: 2, modalities: ['DX'], studyDate: TODAY });
    await minutes(clock, 5 * 60 + 10);
    expect(taken.slice(1)).toEqual(['2#2@366']);
    expect(log.lines).toEqual(
      expect.arrayContaining([
        { event: 'discovery.order.never-closed', fields: { durationMs: 5 * HOUR_MS, studyInstanceUid: uidOf(2) } },
      ]),
    );
  });

  it('is asked for itself before it is taken: a second patient of another date is seen then', async () => {
    const { archive, clock, log, taken } = start();
    archive.put(1, { instances: 2, studyDate: TODAY });
    archive.put(2, { instances: 2, studyDate: TODAY });
    const findStudies = archive.findStudies.bind(archive);
    // Listed by its date, it stands under one patient; asked for by its UID, under two.
    archive.findStudies = async function* (query) {
      for await (const summary of findStudies(query)) {
        yield summary;
        if (query.studyInstanceUid === uidOf(1)) yield { ...summary, patient: { patientId: { id: 'OTHER' } } };
      }
    };
    await minutes(clock, 5 * 60);
    expect(taken).toEqual(['2#2@15']);
    const warned = { event: 'discovery.study.under-two-patients', fields: { studyInstanceUid: uidOf(1) } };
    expect(log.lines.filter(({ event }) => event === warned.event)).toEqual([warned]);
    archive.findStudies = findStudies;
    await minutes(clock, 65);
    expect(taken.map((name) => name.split('@')[0])).toEqual(['2#2', '1#2']);
  });

  it('waits anew when the look before it is taken counts more than the listing', async () => {
    const { archive, clock, taken } = start();
    archive.put(1, { instances: 2, modalities: ['DX'], studyDate: TODAY });
    const findStudies = archive.findStudies.bind(archive);
    archive.findStudies = async function* (query) {
      if (query.studyInstanceUid !== undefined) archive.put(1, { instances: 3, modalities: ['DX'], studyDate: TODAY });
      yield* findStudies(query);
    };
    await minutes(clock, 12);
    expect(taken).toEqual(['1#3@10']);
  });

  it('that fails is tried ever less often, and is taken once when it can be', async () => {
    const { archive, clock, log, taken } = start();
    archive.put(1, { instances: 2, modalities: ['DX'], studyDate: TODAY });
    const retrieve = archive.retrieve.bind(archive);
    archive.retrieve = () => {
      throw new DicomError('DICOM_MALFORMED');
    };
    await minutes(clock, 6 * 60);
    const failures = log.lines.filter(({ event }) => event === 'discovery.study.failed').length;
    expect(failures).toBeGreaterThanOrEqual(6);
    expect(failures).toBeLessThanOrEqual(9);
    archive.retrieve = retrieve;
    await minutes(clock, 65);
    expect(taken).toHaveLength(1);
  });

  it('does not take the others with it when the PACS breaks at it, nor ask all of them of a PACS that is away', async () => {
    const { archive, clock, log, taken } = start();
    for (let number = 1; number <= 5; number++) archive.put(number, { instances: 2, studyDate: TODAY });
    const retrieve = archive.retrieve.bind(archive);
    let isAway = true;
    archive.retrieve = (uid) => {
      if (isAway || uid === uidOf(1)) throw new PacsError('PACS_UNREACHABLE');
      return retrieve(uid);
    };
    await minutes(clock, 15);
    expect(log.lines.filter(({ event }) => event === 'discovery.study.failed')).toHaveLength(1);
    isAway = false;
    await minutes(clock, 2);
    expect(taken.map((name) => name.split('#')[0])).toEqual(['2', '3', '4', '5']);
  });

  it('that was taken is counted, and taken again, when more of it was pushed and nobody tells its count any more', async () => {
    const { archive, clock, taken } = start();
    archive.put(1, { instances: 5, modalities: ['DX'], studyDate: TODAY });
    await minutes(clock, 10);
    archive.tellsCounts = false;
    archive.put(1, { instances: 10, modalities: ['DX'], studyDate: TODAY });
    archive.push(1);
    await minutes(clock, 10);
    expect(taken.map((name) => name.split('@')[0])).toEqual(['1#5', '1#10']);
  });

  it('that a failing count concerns is not taken twice for one count', async () => {
    const { archive, clock, taken } = start();
    archive.tellsCounts = false;
    archive.put(1, { instances: 2, modalities: ['DX'], studyDate: TODAY });
    await minutes(clock, 10);
    const findInstances = archive.findInstances.bind(archive);
    archive.findInstances = () => {
      throw new PacsError('PACS_REFUSED');
    };
    archive.push(1);
    await minutes(clock, 60);
    archive.findInstances = findInstances;
    archive.push(1);
    await minutes(clock, 60);
    expect(taken).toHaveLength(1);
  });

  it('is read once while its rules wait for their hour', async () => {
    const asked: number[] = [];
    const { archive, clock } = start({ onComplete: async () => asked.push(clock.now() / MINUTE_MS) > 3 });
    archive.put(1, { instances: 2, studyDate: TODAY });
    await minutes(clock, 60);
    expect(asked).toEqual([15, 20, 25, 30]);
    expect(archive.asked.headers).toBe(1);
  });

  it('is not taken a second time while it is being taken, whatever tells of it meanwhile', async () => {
    const taken: number[] = [];
    const { archive, clock } = start({
      onComplete: async ({ instances }) => {
        taken.push(instances);
        await clock.sleep(10 * MINUTE_MS);
        return true;
      },
    });
    archive.put(1, { instances: 2, studyDate: TODAY });
    await minutes(clock, 16);
    for (let minute = 0; minute < 20; minute++) {
      archive.push(1);
      await minutes(clock, 1);
    }
    expect(taken).toEqual([2]);
  });

  it('is forgotten when the PACS holds it no more', async () => {
    const { archive, clock, log, taken } = start();
    archive.put(1, { instances: 2, studyDate: TODAY });
    await minutes(clock, 5);
    archive.delete(1);
    await minutes(clock, 30);
    expect([taken, log.lines.map(({ event }) => event)]).toEqual([[], ['discovery.swept']]);
    const asked = archive.asked.byUid;
    await minutes(clock, 60);
    expect(archive.asked.byUid).toBe(asked);
  });

  it('is looked at by one at a time, and what was listed earlier says nothing against a newer look', async () => {
    const { archive, clock, taken } = start();
    archive.put(1, { instances: 2, modalities: ['DX'], studyDate: TODAY });
    await minutes(clock, 3);
    const findStudies = archive.findStudies.bind(archive);
    // A poll whose answer takes two minutes: the study grew meanwhile, and a push told so.
    archive.findStudies = async function* (query) {
      const answers = [];
      for await (const summary of findStudies(query)) answers.push(summary);
      if (query.studyInstanceUid === undefined) await clock.sleep(2 * MINUTE_MS);
      yield* answers;
    };
    await minutes(clock, 1);
    archive.put(1, { instances: 3, modalities: ['DX'], studyDate: TODAY });
    archive.push(1);
    await minutes(clock, 4);
    archive.findStudies = findStudies;
    await minutes(clock, 10);
    // Five minutes after the push, not after the next poll.
    expect(taken).toEqual([expect.stringMatching(/^1#3@(?:9|10|11)$/)]);
  });
});

describe('an emergency', () => {
  function withEmergencies(isEmergency: (uid: Uid) => 'none' | 'sent' | 'later') {
    const hurried: string[] = [];
    const world = start({
      onGrowing: async (study) => {
        hurried.push(nameOf(study, world.clock));
        return isEmergency(study.header.studyInstanceUid);
      },
    });
    return { ...world, hurried };
  }

  it('goes as far as it is there when its count stands still, each time, and once more when it is whole', async () => {
    const { archive, clock, hurried, taken } = withEmergencies(() => 'sent');
    await minutes(clock, 1);
    for (const instances of [20, 60, 100, 100, 100, 160, 160]) {
      archive.put(1, { instances, studyDate: TODAY });
      await minutes(clock, 1);
    }
    await minutes(clock, 20);
    expect(hurried).toEqual(['1#100@5', '1#160@8']);
    expect(taken).toEqual(['1#160@22']);
  });

  it('goes as soon where the PACS tells no counts, and no other study is counted more often for that', async () => {
    const { archive, clock, hurried, taken } = withEmergencies((uid) => (uid === uidOf(1) ? 'sent' : 'none'));
    archive.tellsCounts = false;
    await minutes(clock, 1);
    for (const instances of [20, 60, 100, 100, 100, 160, 160]) {
      archive.put(1, { instances, studyDate: TODAY });
      await minutes(clock, 1);
    }
    await minutes(clock, 20);
    expect(hurried).toEqual(['1#100@5', '1#160@8']);
    expect(taken).toEqual(['1#160@22']);
    archive.put(2, { instances: 2, studyDate: TODAY });
    await minutes(clock, 3);
    const asked = archive.asked.counts;
    await minutes(clock, 10);
    expect(hurried.slice(2)).toEqual([expect.stringMatching(/^2#2/)]);
    // The first is done; the second is no emergency.
    expect(archive.asked.counts - asked).toBeLessThanOrEqual(1);
  });

  it('is asked about once for each study that is none, and again where a policy could not tell', async () => {
    const { archive, clock, hurried } = withEmergencies((uid) => (uid === uidOf(1) ? 'none' : 'later'));
    archive.put(1, { instances: 2, studyDate: TODAY });
    archive.put(2, { instances: 2, studyDate: TODAY });
    await minutes(clock, 4);
    archive.put(1, { instances: 3, studyDate: TODAY });
    await minutes(clock, 4);
    expect(hurried.filter((name) => name.startsWith('1'))).toEqual(['1#2@1']);
    expect(hurried.filter((name) => name.startsWith('2')).length).toBeGreaterThan(5);
  });
});
