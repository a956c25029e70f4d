// Which way a study is retrieved, and under which patient: what a PACS offers, what it refuses, and what is remembered of it.
import { errorCodeOf } from '@interhosp/core/errors';
import type { Pacs, StorableInstance } from '@interhosp/core/pacs';
import type { Log } from '@interhosp/core/world';
import { memoryPacs } from '@interhosp/adapters/memory';
import { describe, expect, it } from 'vitest';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { dimsePacs } from '../src/dimse/dimse-pacs.ts';
import { dimseServer, type DimseServerOptions } from '../src/dimse/server/dimse-server.ts';
import { retrieveBy, type RetrieveMethod } from '../src/dimse/retrieve/retrieve-by.ts';
import { SOP_CLASSES } from '../src/dimse/association/uids.ts';
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

/**
 * A PACS in which a study stands under several patients, each with a part of it, as a server asks it: for the instances of a
 * study when that was found.
 */
async function overPatients(...parts: readonly (readonly StorableInstance[])[]): Promise<Pacs> {
  const stores = await Promise.all(
    parts.map(async (part) => {
      const memory = memoryPacs();
      await memory.seed(part);
      return memory;
    }),
  );
  let [found] = stores;
  return Object.assign(memoryPacs(), {
    async *findStudies(...asked: Parameters<Pacs['findStudies']>) {
      for (const store of stores) {
        found = store;
        yield* store.findStudies(...asked);
      }
    },
    async *findInstances(...asked: Parameters<Pacs['findInstances']>) {
      if (found !== undefined) yield* found.findInstances(...asked);
    },
    async *retrieve(...asked: Parameters<Pacs['retrieve']>) {
      const named = asked[1]?.instances?.[0]?.sopInstanceUid;
      const index = parts.findIndex((part) => part.some((each) => each.sopInstanceUid === named));
      yield* stores[index]?.retrieve(...asked) ?? [];
    },
  });
}

const uids = (instances: readonly { readonly sopInstanceUid: unknown }[]) =>
  instances.map((each) => String(each.sopInstanceUid)).toSorted();

describe('a study of several patients, retrieved in the patient root', () => {
  const [mine, other] = ['A', 'B'].map((patientId, index) =>
    [1, 2].map((instance) => sampleInstance({ study: 1, series: index + 1, instance, patientId, pixelBytes: 2 })),
  ) as [StorableInstance[], StorableInstance[]];
  const { studyRootFind, studyRootGet, studyRootMove } = SOP_CLASSES;

  async function retrieved(pacs: Pacs, more: Omit<DimseServerOptions, 'pacs'>) {
    await using server = dimseServer({ ...more, pacs, aeTitle: 'ARCHIVE' });
    await server.start();
    const adapter = dimsePacs({ peer: peerAt(server.port), retrieve: 'get' });
    await adapter.start();
    try {
      return await readAll(adapter.retrieve(STUDY));
    } finally {
      await adapter.stop();
    }
  }

  it.each([
    ['where it was listed there', [studyRootFind, studyRootGet, studyRootMove]],
    ['where it was listed in the study root', [studyRootGet, studyRootMove]],
  ])('comes whole, and once, %s', async (_, refusedClasses) => {
    const got = await retrieved(await overPatients(mine, other), { oddities: { refusedClasses } });
    expect(uids(got)).toEqual(uids([...mine, ...other]));
  });

  it('that have one ID from two issuers comes once', async () => {
    const parts = ['ONE', 'TWO'].map((issuer, index) =>
      sampleInstance({ study: 1, instance: index + 1, patientId: 'P', issuer, pixelBytes: 2 }),
    );
    const memory = memoryPacs();
    await memory.seed(parts);
    const refusedClasses = [studyRootFind, studyRootGet, studyRootMove];
    expect(uids(await retrieved(memory, { oddities: { refusedClasses } }))).toEqual(uids(parts));
  });
});
