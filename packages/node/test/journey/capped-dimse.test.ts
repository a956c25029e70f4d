/** Discovery's listing over DIMSE, of a PACS that refuses a search with too many answers as out of resources (A700). */
import { dimsePacs, dimseServer, parseAeTitle, type DimseOddities } from '@interhosp/adapters/dimse';
import { memoryPacs } from '@interhosp/adapters/memory';
import { generateStudy } from '@interhosp/core/conformance';
import { describe, expect, it } from 'vitest';
import { createStudyListing } from '../../src/journey/study-listing.ts';
import { ManualClock } from '../peer/manual-clock.ts';
import { keptLog } from '../storage/worlds.ts';
import { storable } from './exchanges.ts';

const DAY_MS = 86_400_000;
const MOST_ANSWERS = 20;

/** Counts by day, from today back. */
async function listedOf(aDay: readonly number[], oddities: DimseOddities) {
  const held = memoryPacs();
  for (const [day, count] of aDay.entries()) {
    const studyDate = new Date(-day * DAY_MS).toISOString().slice(0, 10);
    for (let each = 0; each < count; each++) {
      const study = generateStudy({ instances: 1, pixels: 4, seed: `${day}-${each}`, studyDate });
      await held.seed(storable(study));
    }
  }
  const server = dimseServer({ aeTitle: 'ARCHIVE', oddities, pacs: held });
  await server.start();
  const { port } = server;
  const ae = parseAeTitle;
  const peer = { calledAe: ae('ARCHIVE'), callingAe: ae('MEMBER'), host: '127.0.0.1', port };
  const source = dimsePacs({ peer });
  const log = keptLog();
  const listing = createStudyListing({ clock: new ManualClock(), log, source, utcOffsetMinutes: () => 0 });
  const listed: number[] = [];
  try {
    const days = listing.ofDays({ from: '1969-12-30' }, new AbortController().signal);
    for await (const { studies } of days) listed.push(studies.size);
  } finally {
    await source.stop();
    await server.stop();
  }
  return { events: log.lines.map(({ event }) => event), listed };
}

describe('a PACS over DIMSE that is set to answer so many and no more', () => {
  it('is asked in halves, and all of it is listed', async () => {
    const { events, listed } = await listedOf([15, 15], { mostAnswers: MOST_ANSWERS });
    // In how many pieces is the adapter's affair, which can halve a day too.
    expect(listed.reduce((sum, count) => sum + count, 0)).toBe(30);
    expect(events).toEqual([]);
  });

  it('keeps no other day waiting for one that is too many', async () => {
    const { events, listed } = await listedOf([15, 25, 15], { mostAnswers: MOST_ANSWERS });
    expect(listed.filter((count) => count > 0)).toEqual([15, 15]);
    expect(events).toEqual(['discovery.day.too-many']);
  });

  it('is left alone when it has nothing left for anybody', async () => {
    await expect(listedOf([15, 15], { finalStatus: 0xa700 })).rejects.toMatchObject({ code: 'PACS_BUSY' });
  });
});
