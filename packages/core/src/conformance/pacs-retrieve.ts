/** The part of the PACS suite about retrieving: whole studies and parts of them, byte for byte, without holding them. */
import { parseUid } from '../dicom/uid.ts';
import type { InstanceSummary, Pacs } from '../pacs/index.ts';
import { check, equal, rejectsWith, rejectsWithCode } from './expect.ts';
import { all, allBytes, eventually, firstDifference, retrieveAll, weigh, type HeldInstance } from './pacs-iterate.ts';
import { IMPLICIT_LITTLE, JPEG_BASELINE, sampleInstance, sampleStudyUid, type SampleInstance } from './pacs-samples.ts';
import type { PacsSuite } from './pacs.ts';

const MEBIBYTE = 1_048_576;
/** How much more than before may be held while a big instance streams: a few pieces, and what sockets buffer. */
const STREAMING_ALLOWANCE_BYTES = 32 * MEBIBYTE;
/** How long a slow reader pauses, in which a careless adapter reads on. */
const SLOW_READER_MS = 300;

/** Registers the tests. */
export function retrieveTests(suite: PacsSuite): void {
  contentTests(suite);
  subsetTests(suite);
  interruptionTests(suite);
  flatMemoryTests(suite);
}

function contentTests({ test, options }: PacsSuite): void {
  const study = [
    sampleInstance({ study: 1, instance: 1, pixelBytes: 2_000_000 }),
    sampleInstance({ study: 1, instance: 2, pixelBytes: 0 }),
    sampleInstance({ study: 1, instance: 3, pixelBytes: 4096, transferSyntaxUid: IMPLICIT_LITTLE }),
    sampleInstance({ study: 1, series: 2, pixelBytes: 70_000, transferSyntaxUid: JPEG_BASELINE }),
  ].filter(({ transferSyntaxUid }) => options.syntaxes?.includes(transferSyntaxUid) !== false);
  test('retrieves every instance of a study in the transfer syntax it was stored in', async ({ pacs, seed }) => {
    await seed([...study, sampleInstance({ study: 2 })]);
    const held = await retrieveAll(pacs, sampleStudyUid(1));
    equal(
      held.map((each) => each.transferSyntaxUid).toSorted(),
      study.map((each) => each.transferSyntaxUid).toSorted(),
      'each instance comes once, not transcoded',
    );
    if (options.capabilities.preservesBytes) await sameInstances(held, study, 'data sets come back byte for byte');
  });

  test('says that it does not hold a study', async ({ pacs, seed }) => {
    await seed([sampleInstance({ study: 1 })]);
    await rejectsWithCode(
      () => all(pacs.retrieve(sampleStudyUid(2))),
      'PACS_STUDY_UNKNOWN',
      'a study that is not held is no empty study',
    );
  });
}

function subsetTests({ test, options }: PacsSuite): void {
  const study = [1, 2, 3, 4].map((instance) => sampleInstance({ study: 1, series: instance % 2, instance }));
  const wanted = study.filter((each) => each.traits.instance === 2 || each.traits.instance === 3);

  test('retrieves the named instances and no others', async ({ pacs, seed }) => {
    await seed(study);
    const held = await retrieveAll(pacs, sampleStudyUid(1), { instances: wanted.map(summary) });
    equal(held.length, wanted.length, 'as many come as were named');
    if (options.capabilities.preservesBytes) await sameInstances(held, wanted, 'those that were named come');
  });

  test('retrieves what it lists, one by one', async ({ pacs, seed }) => {
    await seed(study);
    const held: HeldInstance[] = [];
    for (const instance of await all(pacs.findInstances(sampleStudyUid(1)))) {
      held.push(...(await retrieveAll(pacs, sampleStudyUid(1), { instances: [instance] })));
    }
    equal(held.length, study.length, 'each listed instance can be retrieved alone');
  });

  test('retrieves nothing when no instance is named', async ({ pacs, seed }) => {
    await seed(study);
    equal(await all(pacs.retrieve(sampleStudyUid(1), { instances: [] })), [], 'an empty list names nothing');
  });

  test('does not keep silent about a named instance that it does not hold', async ({ pacs, seed }) => {
    await seed(study);
    const missing = { ...summary(study[0] as SampleInstance), sopInstanceUid: parseUid('2.25.1.404') };
    const retrieval = () => retrieveAll(pacs, sampleStudyUid(1), { instances: [missing] });
    await rejectsWithCode(retrieval, 'PACS_INCOMPLETE', 'fewer instances than were named is an error');
  });
}

function interruptionTests({ test, options }: PacsSuite): void {
  const study = [1, 2, 3].map((instance) => sampleInstance({ study: 1, instance, pixelBytes: 4 * MEBIBYTE }));

  test('goes on with the next instance when one is ended early', async ({ pacs, seed }) => {
    await seed(study);
    let count = 0;
    for await (const { dataSet } of pacs.retrieve(sampleStudyUid(1))) {
      count++;
      for await (const _ of dataSet) break;
    }
    equal(count, study.length, 'an instance that was ended early does not end the study');
  });

  test('leaves nothing open when a retrieval is broken off', async (harness) => {
    await harness.seed(study);
    for await (const { dataSet } of harness.pacs.retrieve(sampleStudyUid(1))) {
      for await (const _ of dataSet) break;
      break;
    }
    const [first] = await retrieveAll(harness.pacs, sampleStudyUid(1), {
      instances: [summary(study[0] as SampleInstance)],
    });
    check(first !== undefined, 'the next retrieval works');
    await harness.pacs.stop();
    equal((await harness.leftovers?.()) ?? [], [], 'nothing of the broken-off retrieval is left');
  });

  test('stops in the middle of an instance when it is told to', async ({ pacs, seed }) => {
    await seed(study);
    const controller = new AbortController();
    const reason = { kind: 'an emergency comes first' };
    const retrieval = async () => {
      for await (const { dataSet } of pacs.retrieve(sampleStudyUid(1), { signal: controller.signal })) {
        for await (const _ of dataSet) controller.abort(reason);
      }
    };
    await rejectsWith(retrieval, reason, 'an abort within an instance is rethrown untouched');
    check((await retrieveAll(pacs, sampleStudyUid(1))).length === study.length, 'the next retrieval is whole');
  });

  test('stops between two instances when it is told to', async ({ pacs, seed }) => {
    await seed(study);
    const controller = new AbortController();
    const reason = { kind: 'an emergency comes first' };
    let count = 0;
    const retrieval = async () => {
      for await (const { dataSet } of pacs.retrieve(sampleStudyUid(1), { signal: controller.signal })) {
        await allBytes(dataSet);
        if (++count === 1) controller.abort(reason);
      }
    };
    await rejectsWith(retrieval, reason, 'an abort between instances is rethrown untouched');
    equal(count, 1, 'no further instance comes after it');
    const named = study.slice(1).map(summary);
    equal((await retrieveAll(pacs, sampleStudyUid(1), { instances: named })).length, 2, 'the rest can be asked for');
  });

  test('serves two retrievals at the same time', async ({ pacs, seed }) => {
    await seed([...study, sampleInstance({ study: 2 })]);
    const [first, second] = await Promise.all([
      retrieveAll(pacs, sampleStudyUid(1)),
      retrieveAll(pacs, sampleStudyUid(2)),
    ]);
    equal([first.length, second.length], [3, 1], 'each gets its own study');
    if (options.capabilities.preservesBytes) await sameInstances(first, study, 'nothing is mixed up');
  });
}

function flatMemoryTests({ test, options }: PacsSuite): void {
  const { heldBytes, bigInstanceBytes = 64 * MEBIBYTE } = options;
  if (heldBytes === undefined) return;
  test('holds little of a big instance while a slow reader takes it', async ({ pacs, seed }) => {
    const big = sampleInstance({ study: 1, pixelBytes: bigInstanceBytes });
    await seed([big]);
    const before = heldBytes();
    let most = before;
    let instances = 0;
    for await (const { dataSet } of pacs.retrieve(sampleStudyUid(1))) {
      instances++;
      const weighed = weigh(slowly(dataSet), heldBytes, (held) => (most = Math.max(most, held)));
      equal(await firstDifference(weighed, big.dataSet()), undefined, 'a big instance comes back byte for byte');
    }
    equal(instances, 1, 'the instance comes once');
    check(most - before < STREAMING_ALLOWANCE_BYTES, `memory stays flat (grew by ${most - before} bytes)`);
  });
}

/** Pauses after the first piece. */
async function* slowly(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const piece of stream) {
    if (isFirst) await new Promise<void>((resolve) => void setTimeout(resolve, SLOW_READER_MS));
    isFirst = false;
    yield piece;
  }
}

/** Fails unless every expected instance is among those held, byte for byte, and nothing else is. */
export async function sameInstances(
  held: readonly HeldInstance[],
  expected: readonly SampleInstance[],
  sentence: string,
): Promise<void> {
  equal(held.length, expected.length, `${sentence}: as many as expected`);
  const rest = [...held];
  for (const instance of expected) {
    const bytes = await allBytes(instance.dataSet());
    const at = rest.findIndex(
      (each) => each.transferSyntaxUid === instance.transferSyntaxUid && sameBytes(each.bytes, bytes),
    );
    check(at >= 0, `${sentence}: series ${instance.traits.series ?? 1}, instance ${instance.traits.instance ?? 1}`);
    rest.splice(at, 1);
  }
}

/** Waits until a PACS lists so many instances of a study; some index what they were given in their own time. */
export async function listsInstances(pacs: Pacs, study: number, count: number): Promise<boolean> {
  return await eventually(async () => (await all(pacs.findInstances(sampleStudyUid(study)))).length === count);
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function summary(instance: SampleInstance): InstanceSummary {
  const { seriesInstanceUid, sopInstanceUid, sopClassUid } = instance;
  return { seriesInstanceUid, sopInstanceUid, sopClassUid };
}
