/** The part of the PACS suite about storing: one outcome for each instance, and what is held afterwards. */
import type { StorableInstance, StoreOutcome } from '../pacs/index.ts';
import { check, equal, rejectsWith } from './expect.ts';
import { all, retrieveAll, watchStreams, weigh } from './pacs-iterate.ts';
import { listsInstances, sameInstances } from './pacs-retrieve.ts';
import { IMPLICIT_LITTLE, JPEG_BASELINE, sampleInstance, sampleStudyUid, type SampleInstance } from './pacs-samples.ts';
import type { PacsSuite } from './pacs.ts';

const MEBIBYTE = 1_048_576;
/** How much more than before may be held while a big instance is stored. */
const STREAMING_ALLOWANCE_BYTES = 32 * MEBIBYTE;

/** Registers the tests. */
export function storeTests(suite: PacsSuite): void {
  outcomeTests(suite);
  duplicateTests(suite);
  abortTests(suite);
  flatMemoryTests(suite);
}

function outcomeTests({ test, options }: PacsSuite): void {
  const { source, preservesBytes } = options.capabilities;
  const study = [
    sampleInstance({ study: 1, instance: 1 }),
    sampleInstance({ study: 1, instance: 2, transferSyntaxUid: IMPLICIT_LITTLE }),
    sampleInstance({ study: 1, series: 2, transferSyntaxUid: JPEG_BASELINE, pixelBytes: 300_000 }),
  ].filter(({ transferSyntaxUid }) => options.syntaxes?.includes(transferSyntaxUid) !== false);

  test('stores instances and says so of each', async ({ pacs }) => {
    const outcomes = await all(pacs.store(study));
    oneOutcomeEach(outcomes, study);
    check(outcomes.every(isHeld), `sound instances are stored (${outcomes.map((each) => each.status).join(', ')})`);
    if (!source) return;
    check(await listsInstances(pacs, 1, study.length), 'what was stored is listed');
    const held = await retrieveAll(pacs, sampleStudyUid(1));
    if (preservesBytes) await sameInstances(held, study, 'what was stored comes back byte for byte');
  });

  test('stores from an asynchronous source, more than one request holds', async ({ pacs }) => {
    const many = Array.from({ length: 120 }, (_, index) =>
      sampleInstance({ study: 1, instance: index + 1, pixelBytes: 64 }),
    );
    const watched = watchStreams(many);
    const outcomes = await all(pacs.store(oneByOne(watched.instances)));
    oneOutcomeEach(outcomes, many);
    check(outcomes.every(isHeld), 'each is stored');
    equal(watched.open(), 0, 'every stream that was opened was ended');
    if (source) check(await listsInstances(pacs, 1, many.length), 'all are listed');
  });

  test('yields nothing when there is nothing to store', async ({ pacs }) => {
    equal(await all(pacs.store([])), [], 'no instance, no outcome');
  });

  if (!source) return;
  test('puts a study under both patients when its instances name two', async ({ pacs }) => {
    const both = [
      sampleInstance({ study: 1, instance: 1, patientId: 'PAT-1' }),
      sampleInstance({ study: 1, instance: 2, patientId: 'PAT-2' }),
    ];
    oneOutcomeEach(await all(pacs.store(both)), both);
    check(await listsInstances(pacs, 1, 2), 'both are held');
    const patients = (await all(pacs.findStudies({}))).map((each) => each.patient.patientId.id).toSorted();
    equal(patients, ['PAT-1', 'PAT-2'], 'the study is listed under both');
  });
}

function duplicateTests({ test, options }: PacsSuite): void {
  const { source, onDuplicate } = options.capabilities;
  const first = sampleInstance({ study: 1, pixelSeed: 1 });
  const second = sampleInstance({ study: 1, pixelSeed: 2 });

  test('answers a repeated store, and holds the instance once', async ({ pacs }) => {
    await all(pacs.store([first]));
    const outcomes = await all(pacs.store([first]));
    oneOutcomeEach(outcomes, [first]);
    check(
      outcomes.every((each) => isHeld(each) || each.status === 'duplicate'),
      'a repeat does no harm',
    );
    if (!source) return;
    check(await listsInstances(pacs, 1, 1), 'a repeated instance is held once');
  });

  test('treats a second object of the same UID as it declares', async ({ pacs }) => {
    await all(pacs.store([first]));
    const [outcome] = await all(pacs.store([second]));
    check(outcome !== undefined, 'a second object has an outcome');
    if (onDuplicate === 'replace') check(isHeld(outcome), 'a PACS that replaces says stored');
    if (!source || onDuplicate === 'unknown') return;
    const held = await retrieveAll(pacs, sampleStudyUid(1));
    await sameInstances(
      held,
      [onDuplicate === 'replace' ? second : first],
      `a PACS that declares "${onDuplicate}" does so`,
    );
  });

  test('answers each of two equal instances in one call', async ({ pacs }) => {
    const outcomes = await all(pacs.store([first, first]));
    equal(outcomes.length, 2, 'one outcome for each instance that was given, also when two are the same');
    if (source) check(await listsInstances(pacs, 1, 1), 'the object is held once');
  });
}

function abortTests({ test, options }: PacsSuite): void {
  test('stops in the middle of an instance when it is told to, and does not keep the half', async ({ pacs }) => {
    const controller = new AbortController();
    const reason = { kind: 'an emergency comes first' };
    const whole = sampleInstance({ study: 1, instance: 1, pixelBytes: 8 * MEBIBYTE });
    const watched = watchStreams([
      abortingHalfWay(whole, controller, reason),
      sampleInstance({ study: 1, instance: 2 }),
    ]);
    const storing = () => all(pacs.store(watched.instances, { signal: controller.signal }));
    await rejectsWith(storing, reason, 'an abort within an instance is rethrown untouched');
    equal(watched.open(), 0, 'the stream of the instance was ended');
    if (options.capabilities.source) {
      const listed = await all(pacs.findInstances(sampleStudyUid(1)));
      check(
        listed.every((each) => each.sopInstanceUid !== whole.sopInstanceUid),
        'half an instance is not held',
      );
    }
    const outcomes = await all(pacs.store([whole]));
    check(outcomes.every(isHeld), 'the instance can be stored afterwards');
  });

  test('ends its source when the reader of outcomes goes away', async ({ pacs }) => {
    let ended = false;
    async function* source(): AsyncGenerator<StorableInstance> {
      try {
        for (let instance = 1; instance <= 500; instance++)
          yield sampleInstance({ study: 1, instance, pixelBytes: 64 });
      } finally {
        ended = true;
      }
    }
    for await (const _ of pacs.store(source())) break;
    check(ended, 'the iterator of instances was ended');
  });
}

function flatMemoryTests({ test, options }: PacsSuite): void {
  const { heldBytes, bigInstanceBytes = 64 * MEBIBYTE } = options;
  if (heldBytes === undefined) return;
  test('holds little of a big instance while it is stored', async ({ pacs }) => {
    const big = sampleInstance({ study: 1, pixelBytes: bigInstanceBytes });
    const before = heldBytes();
    let most = before;
    const watched: StorableInstance = {
      ...big,
      dataSet: (given) => weigh(big.dataSet(given), heldBytes, (held) => (most = Math.max(most, held))),
    };
    check((await all(pacs.store([watched]))).every(isHeld), 'a big instance is stored');
    check(most - before < STREAMING_ALLOWANCE_BYTES, `memory stays flat (grew by ${most - before} bytes)`);
  });
}

/** Fails unless there is one outcome for each instance. */
export function oneOutcomeEach(outcomes: readonly StoreOutcome[], instances: readonly StorableInstance[]): void {
  equal(
    outcomes.map((each) => each.sopInstanceUid).toSorted(),
    instances.map((each) => each.sopInstanceUid).toSorted(),
    'there is one outcome for each instance',
  );
}

/** Whether a PACS says that it took an instance. */
export function isHeld(outcome: StoreOutcome): boolean {
  return outcome.status === 'stored' || outcome.status === 'warned';
}

function abortingHalfWay(instance: SampleInstance, controller: AbortController, reason: unknown): StorableInstance {
  return {
    ...instance,
    async *dataSet(options) {
      let bytes = 0;
      for await (const piece of instance.dataSet(options)) {
        bytes += piece.length;
        if (bytes > instance.lengthBytes / 2) controller.abort(reason);
        yield piece;
      }
    },
  };
}

async function* oneByOne<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}
