/** A day in a large hospital: what discovery asks of its PACS, and that nothing is passed over or taken twice. */
import { PacsError } from '@interhosp/core/errors';
import { afterEach, describe, expect, it } from 'vitest';
import { discover, type DiscoveryPorts, type DiscoverySettings } from '../../src/journey/discovery.ts';
import { ManualClock } from '../peer/manual-clock.ts';
import { dice, keptLog } from '../storage/worlds.ts';
import { Archive, uidOf } from './archive.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STUDIES_A_DAY = 1_000;
/** Against hanging, not a measure: two seconds of a processor that is shared. */
const WITHIN_MS = 300_000;
/** Of the days before: enough to tell one day from the window. */
const OLD_A_DAY = 50;
const WINDOW_DAYS = 31;
const POLL_MINUTES = 5;
const POLLS_A_DAY = (24 * 60) / POLL_MINUTES;

const SETTINGS: DiscoverySettings = {
  nationalNumberIssuers: [],
  orderOpenMs: DAY_MS,
  overlapMs: DAY_MS,
  pollMs: MINUTE_MS,
  quiet: { byModalityMs: { CT: 15 * MINUTE_MS }, otherMs: 10 * MINUTE_MS },
  sweepHour: 2,
  sweepsUndated: false,
  windowDays: WINDOW_DAYS,
};

let stop = new AbortController();
afterEach(() => stop.abort());

function start(archive: Archive, clock: ManualClock, changes: Partial<DiscoverySettings> = {}) {
  stop = new AbortController();
  const taken: string[] = [];
  const log = keptLog();
  const ports: DiscoveryPorts = {
    clock,
    isSettled: () => false,
    log,
    onComplete: async ({ header, instances }) => {
      taken.push(`${header.studyInstanceUid}#${instances}`);
      return true;
    },
    settings: { ...SETTINGS, ...changes },
    source: archive,
    utcOffsetMinutes: () => 0,
  };
  void discover(ports, stop.signal);
  return { log, taken };
}

const dateAfter = (days: number) => new Date(days * DAY_MS).toISOString().slice(0, 10);

/** Studies of the days before, with numbers from `from` on. */
function fill(archive: Archive, days: number, aDay: number): void {
  for (let day = 1; day <= days; day++) {
    for (let each = 0; each < aDay; each++)
      archive.put(day * 10_000 + each, { instances: 3, studyDate: dateAfter(-day) });
  }
}

describe('a day of 1,000 studies', { timeout: WITHIN_MS }, () => {
  it('is watched with bounded questions and answers, and each study is taken once for what it grew to', async () => {
    const archive = new Archive();
    fill(archive, WINDOW_DAYS + 400, OLD_A_DAY);
    const clock = new ManualClock();
    const { log, taken } = start(archive, clock, { pollMs: POLL_MINUTES * MINUTE_MS });
    await clock.advance(HOUR_MS);
    // The first hour deals with the window; what is older is not even listed.
    expect(taken).toHaveLength(WINDOW_DAYS * OLD_A_DAY);
    const before = { ...archive.asked };
    taken.length = 0;

    const random = dice(7);
    const arrivals = Array.from({ length: STUDIES_A_DAY }, (_, number) => ({
      atMinute: 60 + Math.floor(random() * 1_200),
      number,
      steps: 1 + Math.floor(random() * 8),
    }));
    for (let minute = 60; minute < 24 * 60; minute++) {
      for (const { atMinute, number, steps } of arrivals) {
        const step = minute - atMinute;
        if (step >= 0 && step < steps) archive.put(number, { instances: 10 * (step + 1), studyDate: dateAfter(0) });
      }
      await clock.advance(MINUTE_MS);
    }
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken).toHaveLength(STUDIES_A_DAY);

    const { asked } = archive;
    // One search for each poll, one night's sweep, and one look at each study before it is taken.
    expect(asked.byDate - before.byDate).toBeLessThanOrEqual(POLLS_A_DAY + WINDOW_DAYS + 2);
    expect(asked.byUid - before.byUid).toBeLessThanOrEqual(2 * STUDIES_A_DAY);
    expect(asked.headers - before.headers).toBe(STUDIES_A_DAY);
    // Today and yesterday for each poll, and the window once.
    const mostAnswers = POLLS_A_DAY * (STUDIES_A_DAY + OLD_A_DAY) + WINDOW_DAYS * OLD_A_DAY + STUDIES_A_DAY;
    expect(asked.answers - before.answers).toBeLessThanOrEqual(mostAnswers);
    expect(log.lines.filter(({ event }) => event === 'discovery.swept')).toHaveLength(2);
    expect(log.lines.map(({ event }) => event)).not.toContain('discovery.failed');
  });

  it('takes what is added to a study of last week at night, and at once when the PACS tells of it', async () => {
    const archive = new Archive();
    archive.put(1, { instances: 3, studyDate: dateAfter(-7) });
    archive.put(2, { instances: 3, studyDate: dateAfter(-7) });
    const clock = new ManualClock();
    const { taken } = start(archive, clock);
    await clock.advance(20 * MINUTE_MS);
    expect(taken).toHaveLength(2);
    archive.put(1, { instances: 4, studyDate: dateAfter(-7) });
    archive.put(2, { instances: 4, studyDate: dateAfter(-7) });
    archive.push(2);
    await clock.advance(18 * MINUTE_MS);
    expect(taken.slice(2)).toEqual([expect.stringMatching(/2#4$/)]);
    await clock.advance(DAY_MS);
    expect(taken.slice(3)).toEqual([expect.stringMatching(/1#4$/)]);
  });

  it('asks for the days in which the PACS was away', async () => {
    const archive = new Archive();
    const clock = new ManualClock();
    const { taken } = start(archive, clock);
    await clock.advance(3 * HOUR_MS);
    archive.isDown = true;
    archive.put(1, { instances: 3, studyDate: dateAfter(0) });
    await clock.advance(4 * DAY_MS);
    archive.isDown = false;
    const asked = archive.queries.length;
    await clock.advance(MINUTE_MS);
    // Once, and then no more: the poll came to its end.
    expect(archive.queries.slice(asked)).toContainEqual({ studyDateFrom: dateAfter(-1) });
    await clock.advance(20 * MINUTE_MS);
    expect(taken).toHaveLength(1);
    expect(archive.queries.at(-1)).toEqual({ studyDateFrom: dateAfter(3) });
  });

  it('finds a study of a date to come by the poll, and one without a date by push or where the sweep is told to', async () => {
    const archive = new Archive();
    archive.put(1, { instances: 1, studyDate: '2071-01-01' });
    archive.put(2, { instances: 1 });
    archive.put(3, { instances: 1, studyDate: dateAfter(-WINDOW_DAYS - 1) });
    const clock = new ManualClock();
    const found = start(archive, clock);
    await clock.advance(30 * MINUTE_MS);
    expect(found.taken).toEqual([expect.stringMatching(/1#1$/)]);
    archive.push(2);
    archive.push(3);
    await clock.advance(30 * MINUTE_MS);
    expect(found.taken.slice(1)).toEqual([expect.stringMatching(/2#1$/)]);
    stop.abort();
    const swept = start(archive, clock, { sweepsUndated: true });
    await clock.advance(30 * MINUTE_MS);
    expect(swept.taken.toSorted()).toEqual([expect.stringMatching(/1#1$/), expect.stringMatching(/2#1$/)]);
  });

  it('asks in smaller pieces where the PACS limits its answers, and keeps to that', async () => {
    const archive = new Archive();
    archive.limit = 150;
    for (const day of [0, 1, 2]) {
      for (let each = 0; each < 100; each++)
        archive.put(day * 1_000 + each, { instances: 1, studyDate: dateAfter(-day) });
    }
    const clock = new ManualClock();
    const { taken } = start(archive, clock, { overlapMs: 2 * DAY_MS });
    await clock.advance(30 * MINUTE_MS);
    expect(taken).toHaveLength(300);
    const asked = archive.asked.byDate;
    await clock.advance(MINUTE_MS);
    // Today and what is to come, and each of the two days before; none is asked in vain any more.
    expect(archive.asked.byDate - asked).toBe(3);
  });

  it('tries a search that was too many again after a day', async () => {
    const archive = new Archive();
    archive.limit = 1;
    archive.put(1, { instances: 1, studyDate: dateAfter(0) });
    archive.put(2, { instances: 1, studyDate: dateAfter(-1) });
    const clock = new ManualClock();
    start(archive, clock);
    await clock.advance(HOUR_MS);
    archive.limit = 100;
    const wholes = () => archive.queries.filter((query) => query.studyDateFrom === dateAfter(-1) && !query.studyDateTo);
    expect(wholes()).toHaveLength(1);
    await clock.advance(DAY_MS - 10 * MINUTE_MS);
    expect(archive.queries.at(-1)).toEqual({ studyDateFrom: dateAfter(0) });
  });

  it('goes by a day that is too many, says so once, and takes the others', async () => {
    const archive = new Archive();
    archive.limit = 50;
    for (let each = 0; each < 60; each++) archive.put(each, { instances: 1, studyDate: dateAfter(-1) });
    archive.put(1_000, { instances: 1, studyDate: dateAfter(0) });
    archive.put(1_001, { instances: 1, studyDate: dateAfter(-2) });
    const clock = new ManualClock();
    const { log, taken } = start(archive, clock);
    await clock.advance(30 * MINUTE_MS);
    expect(taken).toHaveLength(2);
    expect(log.lines.filter(({ event }) => event === 'discovery.day.too-many')).toHaveLength(1);
  });

  it('does not list the whole PACS again and again where that is too many, and says so once', async () => {
    const archive = new Archive();
    fill(archive, WINDOW_DAYS, 3);
    archive.limit = 50;
    const clock = new ManualClock();
    const { log, taken } = start(archive, clock, { sweepsUndated: true });
    await clock.advance(2 * DAY_MS);
    expect(taken).toHaveLength(WINDOW_DAYS * 3);
    // At the start, and each night.
    const undated = archive.queries.filter((query) => Object.keys(query).length === 0);
    expect(undated).toHaveLength(3);
    const events = log.lines.map(({ event }) => event);
    expect(events.filter((event) => event === 'discovery.undated.not-listed')).toHaveLength(1);
    expect(events.filter((event) => event === 'discovery.swept')).toHaveLength(3);
  });

  it.each([
    ['today', 0],
    ['of last week', -7],
  ])('takes the studies of other days where an answer about one %s cannot be understood', async (_, bad) => {
    const archive = new Archive();
    [0, -1, -3, -7, -20].forEach((day, each) => archive.put(each, { instances: 1, studyDate: dateAfter(day) }));
    const findStudies = archive.findStudies.bind(archive);
    let isBad = true;
    archive.findStudies = async function* (query) {
      for await (const summary of findStudies(query)) {
        const isOfThatDay = query.studyInstanceUid === undefined && summary.header.studyDate === dateAfter(bad);
        if (isBad && isOfThatDay) throw new PacsError('PACS_PROTOCOL');
        yield summary;
      }
    };
    const clock = new ManualClock();
    const { log, taken } = start(archive, clock);
    await clock.advance(HOUR_MS);
    expect(taken).toHaveLength(4);
    const named = log.lines.filter(({ event }) => event === 'discovery.day.failed');
    expect(named).toEqual([{ event: 'discovery.day.failed', fields: { code: 'PACS_PROTOCOL' } }]);
    // The sweep does not ask for it once a minute.
    const asked = archive.queries.filter((query) => query.studyDateTo === dateAfter(-7));
    expect(asked.length).toBeLessThanOrEqual(3);
    isBad = false;
    await clock.advance(DAY_MS + HOUR_MS);
    expect(taken).toHaveLength(5);
  });

  it('goes on with the night where it was when the PACS failed, and does not hold a day to blame for that', async () => {
    const archive = new Archive();
    archive.put(1, { instances: 1, studyDate: dateAfter(-7) });
    const findStudies = archive.findStudies.bind(archive);
    // Every association is cut off.
    archive.findStudies = () => {
      throw new PacsError('PACS_ABORTED');
    };
    const clock = new ManualClock();
    const { taken } = start(archive, clock);
    await clock.advance(HOUR_MS);
    archive.findStudies = findStudies;
    await clock.advance(20 * MINUTE_MS);
    expect(taken).toHaveLength(1);
  });

  it('looks at what is due also while the PACS is too busy for the rest of the window', async () => {
    const archive = new Archive();
    archive.put(1, { instances: 1, studyDate: dateAfter(-7) });
    const findStudies = archive.findStudies.bind(archive);
    archive.findStudies = async function* (query) {
      if (query.studyDateTo === dateAfter(-8)) throw new PacsError('PACS_BUSY');
      yield* findStudies(query);
    };
    const clock = new ManualClock();
    const { taken } = start(archive, clock);
    await clock.advance(HOUR_MS);
    expect(taken).toHaveLength(1);
  });

  it('looks at a study that is due where another one cannot be asked for', async () => {
    const archive = new Archive();
    archive.put(1, { instances: 1, studyDate: dateAfter(-7) });
    archive.put(2, { instances: 1, studyDate: dateAfter(-7) });
    const findStudies = archive.findStudies.bind(archive);
    archive.findStudies = async function* (query) {
      if (query.studyInstanceUid === uidOf(1)) throw new PacsError('PACS_PROTOCOL');
      yield* findStudies(query);
    };
    const clock = new ManualClock();
    const { log, taken } = start(archive, clock);
    await clock.advance(HOUR_MS);
    expect(taken).toEqual([`${uidOf(2)}#1`]);
    const failures = log.lines.filter(({ event }) => event === 'discovery.study.failed').length;
    expect(failures).toBeGreaterThanOrEqual(2);
    expect(failures).toBeLessThanOrEqual(6);
  });

  it('counts a study that was dealt with ever less often where the PACS tells no counts', async () => {
    const archive = new Archive();
    archive.tellsCounts = false;
    archive.put(1, { instances: 3, studyDate: dateAfter(0) });
    const clock = new ManualClock();
    const { taken } = start(archive, clock);
    await clock.advance(12 * HOUR_MS);
    expect(taken).toHaveLength(1);
    // Not once a minute: at first sight, before it is taken, for its header, and at doubling pauses.
    expect(archive.asked.counts).toBeLessThanOrEqual(12);
    archive.put(1, { instances: 4, studyDate: dateAfter(0) });
    await clock.advance(DAY_MS);
    expect(taken.map((one) => one.split('#')[1])).toEqual(['3', '4']);
  });

  it('forgets studies that have left its window', async () => {
    const archive = new Archive();
    fill(archive, 3, 50);
    const clock = new ManualClock();
    const { log } = start(archive, clock, { windowDays: 3 });
    await clock.advance(3 * DAY_MS);
    const sizes = log.lines.filter(({ event }) => event === 'discovery.swept').map(({ fields }) => fields?.count);
    expect(sizes).toEqual([150, 150, 100, 50]);
  });
});
