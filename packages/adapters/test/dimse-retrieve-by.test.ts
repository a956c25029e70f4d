// Which way a study is retrieved, and under which patient: what a PACS offers, what it refuses, and what is remembered of it.
import { errorCodeOf } from '@interhosp/core/errors';
import type { Log } from '@interhosp/core/world';
import { describe, expect, it } from 'vitest';
import { parseAeTitle } from '../src/dimse/ae-title.ts';
import { dimsePacs } from '../src/dimse/dimse-pacs.ts';
import { retrieveBy, type RetrieveMethod } from '../src/dimse/retrieve-by.ts';
import { listed, peerAt, readAll, startArchive, startLanding } from './dimse-archive.ts';
import { sampleInstance, sampleStudyUid } from './dimse-samples.ts';
import { testClock } from './clock.ts';

const STUDY = sampleStudyUid(1);
const study = [1, 2].map((instance) => sampleInstance({ study: 1, instance, pixelBytes: 2 }));
const DAY_MS = 86_400_000;

/** Keeps the events that are written. */
function eventLog(): { readonly log: Log; readonly events: string[] } {
  const events: string[] = [];
  const log: Log = { forComponent: () => log, write: (_, event) => void events.push(event) };
  return { log, events };
}

describe('a way of retrieval', () => {
  it.each<[number, readonly RetrieveMethod[]]>([
    [0xc000, []],
    [0x0110, []],
    [0xa900, []],
    [0xa702, []],
    [0xa801, ['move']],
    [0x0122, ['move']],
    [0x0124, ['move']],
    [0x0211, ['move']],
  ])('that a PACS ends with status %i turned out to be none: %o', async (finalStatus, expected) => {
    await using landing = await startLanding();
    await using archive = await startArchive(study);
    const instances = await listed(archive.peer, STUDY);
    archive.server.oddities = { finalStatus };
    const unfit: RetrieveMethod[] = [];
    const retrieving = retrieveBy(
      { studyInstanceUid: STUDY, instances, isWholeStudy: true, patientIds: ['PAT-1'], sopClasses: [] },
      {
        peer: archive.peer,
        profile: { move: ['study'], get: ['study'] },
        desk: landing.desk,
        methods: ['move', 'get'],
        onUnfit: (way) => unfit.push(way),
      },
    );
    expect(errorCodeOf(await readAll(retrieving).catch((error: unknown) => error))).toMatch(/^PACS_/);
    expect(unfit).toEqual(expected);
  });

  it('that was none is tried again when the PACS is asked anew', async () => {
    await using archive = await startArchive(study);
    const { events, log } = eventLog();
    let aheadMs = 0;
    const clock = { ...testClock(), now: () => Date.now() + aheadMs };
    const callers = [{ aeTitle: parseAeTitle('ARCHIVE'), addresses: ['127.0.0.1'] }];
    const pacs = dimsePacs({ peer: peerAt(archive.server.port), clock, log, listen: { port: 0, callers } });
    await pacs.start();
    const seen: number[] = [];
    for (aheadMs of [0, 0, DAY_MS]) {
      expect(await readAll(pacs.retrieve(STUDY))).toHaveLength(2);
      seen.push(events.filter((event) => event === 'dimse.retrieval.unfit').length);
    }
    await pacs.stop();
    expect(seen).toEqual([1, 1, 2]);
  });
});
