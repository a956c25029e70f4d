// C-GET and C-MOVE in both roles against one another, and against a PACS that is slow, silent, early, late or wrong.
import { errorCodeOf } from '@interhosp/core/errors';
import type { RetrievedInstance, StorableInstance } from '@interhosp/core/pacs';
import { memoryPacs } from '@interhosp/adapters/memory';
import { describe, expect, it } from 'vitest';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { dimseServer } from '../src/dimse/server/dimse-server.ts';
import { getInstances, type RetrieveOptions } from '../src/dimse/retrieve/get-scu.ts';
import { moveInstances, type MoveOptions } from '../src/dimse/retrieve/move-scu.ts';
import type { DimseOddities } from '../src/dimse/server/oddities.ts';
import type { RetrieveRequest } from '../src/dimse/retrieve/retrieve-request.ts';
import {
  bytesOf,
  OURS,
  peerAt,
  readAll,
  startArchive,
  startLanding,
  wholeStudy,
  type Archive,
  type Got,
  type Landing,
} from './dimse-archive.ts';
import { EXPLICIT_LITTLE, IMPLICIT_LITTLE, JPEG_BASELINE, sampleInstance, sampleStudyUid } from './dimse-samples.ts';
import { all } from './streams.ts';

const BOTH = [['C-GET'], ['C-MOVE']] as const;
type How = (typeof BOTH)[number][0];
type Ways = Omit<MoveOptions, 'desk'>;

/** An archive, and a place where its moves arrive. */
interface Pair extends AsyncDisposable {
  readonly archive: Archive;
  readonly landing: Landing;
  retrieve(how: How, request: RetrieveRequest, options?: Ways): AsyncIterable<RetrievedInstance>;
}

async function startPair(instances: readonly StorableInstance[], oddities: DimseOddities = {}): Promise<Pair> {
  const landing = await startLanding();
  const destinations = { [OURS]: { host: '127.0.0.1', port: landing.port } };
  const archive = await startArchive(instances, { destinations, oddities });
  return {
    archive,
    landing,
    retrieve: (how, request, options: RetrieveOptions & Ways = {}) =>
      how === 'C-GET'
        ? getInstances(archive.peer, request, options)
        : moveInstances(archive.peer, request, { ...options, desk: landing.desk }),
    async [Symbol.asyncDispose]() {
      await archive[Symbol.asyncDispose]();
      await landing[Symbol.asyncDispose]();
    },
  };
}

function samples(count: number, pixelBytes = 3_000): readonly StorableInstance[] {
  return Array.from({ length: count }, (_, index) =>
    sampleInstance({ study: 1, series: (index % 2) + 1, instance: index + 1, pixelBytes }),
  );
}

async function expectAll(got: readonly Got[], instances: readonly StorableInstance[]): Promise<void> {
  expect(got.map((each) => each.sopInstanceUid).toSorted(byText)).toEqual(
    instances.map((each) => each.sopInstanceUid).toSorted(byText),
  );
  for (const each of instances) {
    const copy = got.find(({ sopInstanceUid }) => sopInstanceUid === each.sopInstanceUid);
    expect(copy?.transferSyntaxUid).toBe(each.transferSyntaxUid);
    expect(copy?.bytes.equals(await bytesOf(each))).toBe(true);
  }
}

function byText(one: string | undefined, other: string | undefined): number {
  return (one ?? '') < (other ?? '') ? -1 : 1;
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => 'nothing thrown',
    (error: unknown) => errorCodeOf(error) ?? error,
  );
}

const STUDY = sampleStudyUid(1);

describe.each(BOTH)('retrieving by %s', (how) => {
  it('brings a whole study byte for byte, each instance in the syntax it is held in', async () => {
    const study = [
      sampleInstance({ study: 1, instance: 1, pixelBytes: 2_000_000, transferSyntaxUid: EXPLICIT_LITTLE }),
      sampleInstance({ study: 1, instance: 2, pixelBytes: 0 }),
      sampleInstance({ study: 1, instance: 3, transferSyntaxUid: IMPLICIT_LITTLE }),
      sampleInstance({ study: 1, series: 2, pixelBytes: 300_000, transferSyntaxUid: JPEG_BASELINE }),
    ];
    await using pair = await startPair([...study, sampleInstance({ study: 2 })]);
    const request = await wholeStudy(pair.archive.peer, STUDY);
    await expectAll(await readAll(pair.retrieve(how, request)), study);
  });

  it('brings the named instances of several series and no others, one list or several', async () => {
    const study = samples(300, 10);
    await using pair = await startPair(study);
    const { instances } = await wholeStudy(pair.archive.peer, STUDY);
    const wanted = study.filter((_, index) => index !== 5);
    const named = instances.filter(({ sopInstanceUid }) =>
      wanted.some((each) => each.sopInstanceUid === sopInstanceUid),
    );
    const request: RetrieveRequest = { studyInstanceUid: STUDY, instances: named, isWholeStudy: false };
    await expectAll(await readAll(pair.retrieve(how, request)), wanted);
  });

  it('leaves out what comes without being asked for', async () => {
    const study = samples(6);
    await using pair = await startPair(study, { sendsWholeStudies: true });
    const { instances } = await wholeStudy(pair.archive.peer, STUDY);
    const request = { studyInstanceUid: STUDY, instances: instances.slice(0, 1), isWholeStudy: false };
    const got = await readAll(pair.retrieve(how, request));
    expect(got.map((each) => each.sopInstanceUid)).toEqual([instances[0]?.sopInstanceUid]);
  });

  it('takes what was made since the study was listed', async () => {
    const study = samples(4);
    await using pair = await startPair(study);
    const request = await wholeStudy(pair.archive.peer, STUDY);
    const late = sampleInstance({ study: 1, series: 3, instance: 99 });
    await pair.archive.pacs.seed([late]);
    await expectAll(await readAll(pair.retrieve(how, request)), [...study, late]);
  });

  it.each<[string, DimseOddities]>([
    ['counts wrong', { miscounts: true }],
    ['gives no pending answers', { omitsPending: true }],
    ['is silent at first', { silentMs: 150 }],
    ['is slow', { delayMs: 5 }],
  ])('is complete by our own list when the PACS %s', async (_, oddities) => {
    const study = samples(8);
    await using pair = await startPair(study, oddities);
    const request = await wholeStudy(pair.archive.peer, STUDY);
    await expectAll(await readAll(pair.retrieve(how, request, { firstInstanceMs: 20_000 })), study);
  });

  it('asks again by name for what the PACS left out while calling it success', async () => {
    const study = samples(6);
    await using pair = await startPair(study);
    const request = await wholeStudy(pair.archive.peer, STUDY);
    pair.archive.server.oddities = { omitEvery: 3 };
    await expectAll(await readAll(pair.retrieve(how, request, { lateInstanceMs: 50 })), study);
  });

  it('is incomplete when the PACS leaves instances out again and again', async () => {
    await using pair = await startPair(samples(6));
    const request = await wholeStudy(pair.archive.peer, STUDY);
    pair.archive.server.oddities = { omitEvery: 1 };
    const retrieving = readAll(pair.retrieve(how, request, { lateInstanceMs: 20 }));
    await expect(retrieving).rejects.toMatchObject({ code: 'PACS_INCOMPLETE', retry: 'later', details: { count: 6 } });
  });

  it('goes one by one where the PACS knows no lists', async () => {
    const study = samples(5);
    await using pair = await startPair(study, { knowsNoLists: true });
    const { instances } = await wholeStudy(pair.archive.peer, STUDY);
    const request = { studyInstanceUid: STUDY, instances, isWholeStudy: false };
    await expectAll(await readAll(pair.retrieve(how, request, { lateInstanceMs: 20 })), study);
  });

  it('goes on with the next instance when one is left early', async () => {
    const study = samples(3, 2_000_000);
    await using pair = await startPair(study);
    const request = await wholeStudy(pair.archive.peer, STUDY);
    let count = 0;
    for await (const { dataSet } of pair.retrieve(how, request)) {
      count++;
      for await (const _ of dataSet) break;
    }
    expect(count).toBe(3);
  });

  it.each([['between instances'], ['in the middle of one']] as const)(
    'ends in the PACS when its reader ends %s',
    async (where) => {
      const study = samples(5, 2_000_000);
      await using pair = await startPair(study);
      const request = await wholeStudy(pair.archive.peer, STUDY);
      // A PACS that is not told, or that waits for an answer, would keep us waiting for ever.
      const options = { cancelWithinMs: 3_600_000 };
      for await (const { dataSet } of pair.retrieve(how, request, options)) {
        for await (const _ of dataSet) if (where === 'in the middle of one') break;
        break;
      }
      // Nothing is left over that would disturb the next one.
      await expectAll(await readAll(pair.retrieve(how, request)), study);
      expect(pair.landing.desk.size).toBe(0);
    },
  );

  it('stops in the middle of an instance when it is told to, with the reason', async () => {
    const study = samples(3, 2_000_000);
    await using pair = await startPair(study);
    const request = await wholeStudy(pair.archive.peer, STUDY);
    const controller = new AbortController();
    const reason = { kind: 'an emergency comes first' };
    const retrieving = async () => {
      for await (const { dataSet } of pair.retrieve(how, request, { signal: controller.signal })) {
        for await (const _ of dataSet) controller.abort(reason);
      }
    };
    expect(await codeOf(retrieving())).toBe(reason);
    await expectAll(await readAll(pair.retrieve(how, request)), study);
  });

  it('ends with the reason also where its reader swallows what the data set threw', async () => {
    await using pair = await startPair(samples(2, 2_000_000));
    const request = await wholeStudy(pair.archive.peer, STUDY);
    const controller = new AbortController();
    const reason = { kind: 'cancelled' };
    const retrieving = async () => {
      for await (const { dataSet } of pair.retrieve(how, request, { signal: controller.signal })) {
        try {
          for await (const _ of dataSet) controller.abort(reason);
        } catch {
          // On to the next one.
        }
      }
    };
    expect(await codeOf(retrieving())).toBe(reason);
  });

  it('stops while the PACS fetches a tape, with the reason', async () => {
    await using pair = await startPair(samples(1));
    const request = await wholeStudy(pair.archive.peer, STUDY);
    pair.archive.server.oddities = { silentMs: 60_000 };
    const controller = new AbortController();
    const reason = { kind: 'cancelled' };
    setTimeout(() => controller.abort(reason), 30);
    expect(await codeOf(readAll(pair.retrieve(how, request, { signal: controller.signal })))).toBe(reason);
  });

  it('gives up a PACS that stays silent longer than it may', async () => {
    await using pair = await startPair(samples(2));
    const request = await wholeStudy(pair.archive.peer, STUDY);
    pair.archive.server.oddities = { silentMs: 60_000 };
    const retrieving = readAll(pair.retrieve(how, request, { firstInstanceMs: 60, cancelWithinMs: 50 }));
    expect(await codeOf(retrieving)).toBe('PACS_UNREACHABLE');
    pair.archive.server.oddities = { delayMs: 1_000 };
    const slow = readAll(pair.retrieve(how, request, { nextInstanceMs: 60, cancelWithinMs: 50 }));
    expect(await codeOf(slow)).toBe('PACS_UNREACHABLE');
  });

  it('says what broke, keeps what came, and brings the rest the next time', async () => {
    const study = samples(8);
    await using pair = await startPair(study);
    const request = await wholeStudy(pair.archive.peer, STUDY);
    pair.archive.server.oddities = { breaksAfter: 3 };
    const got: Got[] = [];
    const options = { lateInstanceMs: 50 };
    expect(await codeOf(readAll(pair.retrieve(how, request, options), got))).toMatch(/^PACS_(?:ABORTED|INCOMPLETE)$/);
    expect(got.length).toBeGreaterThanOrEqual(2);
    pair.archive.server.oddities = {};
    const missing = request.instances.filter(
      ({ sopInstanceUid }) => !got.some((each) => each.sopInstanceUid === sopInstanceUid),
    );
    const rest = { studyInstanceUid: STUDY, instances: missing, isWholeStudy: false };
    await expectAll(await readAll(pair.retrieve(how, rest), got), study);
  });

  it('goes on with what a PACS in trouble can give, and says how many are missing', async () => {
    const study = samples(4);
    await using pair = await startPair(study);
    const request = await wholeStudy(pair.archive.peer, STUDY);
    const gone = study[1];
    if (gone === undefined) throw new Error('there are four');
    await pair.archive.pacs.stop();
    pair.archive.pacs.deleteStudy(STUDY);
    await pair.archive.pacs.seed(study.filter((each) => each !== gone));
    const got: Got[] = [];
    await expect(readAll(pair.retrieve(how, request, { lateInstanceMs: 30 }), got)).rejects.toMatchObject({
      code: 'PACS_INCOMPLETE',
      details: { count: 1 },
    });
    expect(got).toHaveLength(3);
  });

  it.each<[number, string, string]>([
    [0xa702, 'PACS_BUSY', 'later'],
    [0xa900, 'PACS_REFUSED', 'no'],
    [0xc000, 'PACS_REFUSED', 'later'],
  ])('that ends with status %i before anything came is %s, retry %s', async (finalStatus, code, retry) => {
    await using pair = await startPair(samples(2));
    const request = await wholeStudy(pair.archive.peer, STUDY);
    pair.archive.server.oddities = { finalStatus };
    await expect(readAll(pair.retrieve(how, request))).rejects.toMatchObject({ code, retry });
  });

  it('serves two at the same time without mixing them up', async () => {
    const [one, other] = [samples(10, 200_000), [1, 2, 3].map((instance) => sampleInstance({ study: 2, instance }))];
    await using pair = await startPair([...one, ...other], { originator: 'none' });
    const [first, second] = await Promise.all([
      wholeStudy(pair.archive.peer, STUDY),
      wholeStudy(pair.archive.peer, sampleStudyUid(2)),
    ]);
    const [gotOne, gotOther] = await Promise.all([
      readAll(pair.retrieve(how, first)),
      readAll(pair.retrieve(how, second)),
    ]);
    await expectAll(gotOne, one);
    await expectAll(gotOther, other);
  });

  it('does not read on while its reader pauses', async () => {
    const study = samples(2, 8_000_000);
    await using pair = await startPair(study);
    const request = await wholeStudy(pair.archive.peer, STUDY);
    let most = 0;
    for await (const { dataSet } of pair.retrieve(how, request)) {
      let isFirst = true;
      for await (const _ of dataSet) {
        if (isFirst) await new Promise<void>((resolve) => void setTimeout(resolve, 150));
        isFirst = false;
        most = Math.max(most, process.memoryUsage().arrayBuffers);
      }
    }
    // The archive holds 16 MB itself, and the samples as much.
    expect(most).toBeLessThan(120_000_000);
  });
});

describe('retrieving by C-GET', () => {
  it('takes several associations where there are more contexts than one has', async () => {
    const study = samples(3);
    await using pair = await startPair(study);
    const { instances } = await wholeStudy(pair.archive.peer, STUDY);
    // Two hundred syntaxes that nobody has come first.
    const odd = Array.from(
      { length: 200 },
      (_, index) => `1.2.3.${index + 1}` as StorableInstance['transferSyntaxUid'],
    );
    const told = instances.map((each) => ({ ...each, storedSyntaxes: odd }));
    const request = { studyInstanceUid: STUDY, instances: told, isWholeStudy: true };
    await expectAll(await readAll(getInstances(pair.archive.peer, request)), study);
  });

  it('brings with a later association what failed once though the first had a context for it', async () => {
    const study = [
      sampleInstance({ study: 1, instance: 1, transferSyntaxUid: EXPLICIT_LITTLE }),
      sampleInstance({ study: 1, instance: 2, transferSyntaxUid: IMPLICIT_LITTLE }),
    ];
    await using pair = await startPair(study);
    const { instances } = await wholeStudy(pair.archive.peer, STUDY);
    // Of the first, its own syntax; of the other, which fills the first association, two hundred that nobody has.
    const told = instances.map((each) => ({
      ...each,
      storedSyntaxes:
        each.sopInstanceUid === study[0]?.sopInstanceUid
          ? [EXPLICIT_LITTLE]
          : Array.from({ length: 200 }, (_, index) => `1.2.3.${index + 1}` as typeof EXPLICIT_LITTLE),
    }));
    let requests = 0;
    pair.archive.server.oddities = {
      get omitEvery() {
        return requests++ === 0 ? 1 : Infinity;
      },
    };
    const request = { studyInstanceUid: STUDY, instances: told, isWholeStudy: true };
    await expectAll(await readAll(getInstances(pair.archive.peer, request)), study);
    expect(requests).toBeGreaterThan(2);
  });

  it('finds the contexts where the PACS tells no SOP class', async () => {
    const study = samples(3);
    await using pair = await startPair(study);
    const { instances } = await wholeStudy(pair.archive.peer, STUDY);
    for (const modality of ['OT', 'SRF', undefined]) {
      const untold = instances.map(({ seriesInstanceUid, sopInstanceUid }) => ({
        seriesInstanceUid,
        sopInstanceUid,
        ...(modality !== undefined && { modality }),
      }));
      const request = { studyInstanceUid: STUDY, instances: untold, isWholeStudy: true };
      await expectAll(await readAll(getInstances(pair.archive.peer, request)), study);
    }
  });

  it('is incomplete where the PACS takes no context for a class', async () => {
    const study = samples(2);
    await using pair = await startPair(study, { refusedClasses: ['1.2.840.10008.5.1.4.1.1.7'] });
    const request = await wholeStudy(pair.archive.peer, STUDY);
    expect(await codeOf(readAll(getInstances(pair.archive.peer, request)))).toBe('PACS_BUSY');
  });
});

describe('retrieving by C-MOVE', () => {
  it.each<[string, DimseOddities]>([
    ['says that it is done before it is', { endsEarly: true, delayMs: 20 }],
    ['never says that it is done', { neverEnds: true }],
    ['leaves Move Originator out', { originator: 'none' }],
    ['names itself as Move Originator', { originator: 'itself' }],
    ['sends over several associations', { moveAssociations: 3 }],
    ['sends over several associations and ends early', { moveAssociations: 3, endsEarly: true, delayMs: 5 }],
  ])('brings everything from a PACS that %s', async (_, oddities) => {
    const study = samples(12, 50_000);
    await using pair = await startPair(study, oddities);
    const request = await wholeStudy(pair.archive.peer, STUDY);
    await expectAll(await readAll(pair.retrieve('C-MOVE', request, { lateAnswerMs: 100, cancelWithinMs: 50 })), study);
    // Asked for once: what is on its way is waited for.
    expect(pair.landing.associations).toBe(oddities.moveAssociations ?? 1);
  });

  it('brings the named instances alone where Move Originator is left out', async () => {
    const study = samples(6);
    await using pair = await startPair(study, { originator: 'none' });
    const { instances } = await wholeStudy(pair.archive.peer, STUDY);
    const wanted = study.filter((each) => each.sopInstanceUid !== instances[0]?.sopInstanceUid);
    const request = { studyInstanceUid: STUDY, instances: instances.slice(1), isWholeStudy: false };
    await expectAll(await readAll(pair.retrieve('C-MOVE', request)), wanted);
  });

  it('takes what was made since by its Study UID, where Move Originator is left out', async () => {
    const study = samples(3);
    await using pair = await startPair(study, { originator: 'none' });
    const request = await wholeStudy(pair.archive.peer, STUDY);
    const late = sampleInstance({ study: 1, series: 3, instance: 99, transferSyntaxUid: JPEG_BASELINE });
    await pair.archive.pacs.seed([late]);
    await expectAll(await readAll(pair.retrieve('C-MOVE', request)), [...study, late]);
  });

  it('says what to configure when the PACS does not know us', async () => {
    await using pair = await startPair(samples(1));
    const request = await wholeStudy(pair.archive.peer, STUDY);
    const destinationAe = parseAeTitle('NOBODY');
    await expect(readAll(pair.retrieve('C-MOVE', request, { destinationAe }))).rejects.toMatchObject({
      code: 'PACS_DESTINATION_UNKNOWN',
      retry: 'no',
      message: expect.stringMatching(/AE title/) as unknown,
    });
  });

  it('leaves to others what no move asked for, whole, and refuses it where there is nobody', async () => {
    const other = sampleInstance({ study: 5, pixelBytes: 2_000_000 });
    for (const takesStrays of [true, false]) {
      const study = samples(4, 1_000_000);
      await using landing = await startLanding(takesStrays ? 0 : undefined);
      const destinations = { [OURS]: { host: '127.0.0.1', port: landing.port } };
      await using archive = await startArchive([...study, other], { destinations, oddities: { originator: 'none' } });
      const [request, stray] = [
        await wholeStudy(archive.peer, STUDY),
        await wholeStudy(archive.peer, sampleStudyUid(5)),
      ];
      const got: Got[] = [];
      let hasStrayed = false;
      for await (const instance of moveInstances(archive.peer, request, { desk: landing.desk })) {
        await readAll(one(instance), got);
        if (hasStrayed) continue;
        hasStrayed = true;
        // Another of our moves, of which this desk knows nothing.
        await using elsewhere = await startLanding();
        const options = { desk: elsewhere.desk, lateInstanceMs: 20, nextInstanceMs: 500 };
        const code = await codeOf(readAll(moveInstances(archive.peer, stray, options)));
        expect(code).toMatch(/^PACS_/);
      }
      await expectAll(got, study);
      expect(landing.strays.length > 0).toBe(takesStrays);
    }
  }, 30_000);

  it('refuses what comes after its reader has gone', async () => {
    const study = samples(6, 100_000);
    await using pair = await startPair(study, { ignoresCancel: true, delayMs: 20 });
    const request = await wholeStudy(pair.archive.peer, STUDY);
    for await (const { dataSet } of pair.retrieve('C-MOVE', request, { cancelWithinMs: 5_000 })) {
      await all(dataSet);
      break;
    }
    expect(pair.landing.strays).toEqual([]);
    expect(pair.landing.desk.size).toBe(0);
  });
});

describe('the server', () => {
  it('is not open to a network without callers', () => {
    expect(() => dimseServer({ pacs: memoryPacs(), host: '0.0.0.0' })).toThrow(/CONFIG_INVALID/);
  });

  it('starts and stops twice, and ends what is under way', async () => {
    const archive = await startArchive(samples(2, 2_000_000));
    const request = await wholeStudy(archive.peer, STUDY);
    await archive.server.start();
    const { port } = archive.server;
    const retrieving = codeOf(
      (async () => {
        for await (const { dataSet } of getInstances(archive.peer, request)) {
          await archive.server.stop();
          await all(dataSet);
        }
      })(),
    );
    expect(await retrieving).toMatch(/^PACS_/);
    await archive.server.stop();
    expect(await codeOf(wholeStudy(peerAt(port), STUDY))).toBe('PACS_UNREACHABLE');
    await archive.server.start();
    expect((await wholeStudy(peerAt(archive.server.port), STUDY)).instances).toHaveLength(2);
    await archive.server.stop();
  });
});

async function* one<T>(item: T): AsyncGenerator<T> {
  yield item;
}
