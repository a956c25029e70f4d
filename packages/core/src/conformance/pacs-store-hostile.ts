/**
 * The part of the PACS suite about instances that are not what they say: no data set, another one than announced, cut
 * short, too long. None may be called stored, none may end the rest, and none may be held half.
 */
import type { StorableInstance, StoreOutcome } from '../pacs/index.ts';
import { parseUid } from '../dicom/uid.ts';
import { check, equal } from './expect.ts';
import { all, allBytes, watchStreams } from './pacs-iterate.ts';
import { listsInstances } from './pacs-retrieve.ts';
import { sampleInstance, sampleStudyUid, type SampleInstance } from './pacs-samples.ts';
import { isHeld, oneOutcomeEach } from './pacs-store.ts';
import type { PacsSuite } from './pacs.ts';

/** Registers the tests. */
export function hostileStoreTests(suite: PacsSuite): void {
  brokenInstanceTests(suite);
  brokenSourceTests(suite);
}

function brokenInstanceTests({ test, options }: PacsSuite): void {
  const sound = [sampleInstance({ study: 1, instance: 1 }), sampleInstance({ study: 1, instance: 3 })];
  const odd = sampleInstance({ study: 1, instance: 2 });
  const cases: ReadonlyArray<[title: string, broken: StorableInstance]> = [
    ['noise', { ...odd, lengthBytes: 4096, dataSet: () => once(noise(4096)) }],
    ['no bytes at all', { ...odd, lengthBytes: 0, dataSet: () => once() }],
    ['a text', { ...odd, lengthBytes: 22, dataSet: () => once(new TextEncoder().encode('<html>not DICOM</html>')) }],
    ['a data set that is cut off in its header', cutTo(odd, 100)],
    ['fewer bytes than announced', { ...odd, lengthBytes: odd.lengthBytes + 512 }],
    ['more bytes than announced', { ...odd, lengthBytes: odd.lengthBytes - 512 }],
    ['another SOP Instance UID in the data set', { ...odd, sopInstanceUid: parseUid('2.25.1.2.3') }],
  ];
  for (const [title, broken] of cases) {
    test(`does not call it stored: ${title}`, async ({ pacs }) => {
      const watched = watchStreams([sound[0], broken, sound[1]].filter((each) => each !== undefined));
      const outcomes = await all(pacs.store(watched.instances));
      oneOutcomeEach(outcomes, watched.instances);
      const verdict = outcomes.find((each) => each.sopInstanceUid === broken.sopInstanceUid);
      check(verdict !== undefined && !isHeld(verdict), `it is refused or in doubt, not ${verdict?.status ?? 'absent'}`);
      checkAdvice(verdict);
      const others = outcomes.filter((each) => each !== verdict);
      check(others.every(isHeld), 'the sound instances beside it are stored');
      equal(watched.open(), 0, 'every stream that was opened was ended');
      if (!options.capabilities.source) return;
      const listed = await all(pacs.findInstances(sampleStudyUid(1)));
      for (const { sopInstanceUid } of sound) {
        check(
          listed.some((each) => each.sopInstanceUid === sopInstanceUid),
          'the sound instances are held',
        );
      }
    });
  }
}

function brokenSourceTests({ test, options }: PacsSuite): void {
  test('does not hold an instance whose source breaks off', async ({ pacs }) => {
    const first = sampleInstance({ study: 1, instance: 1 });
    const broken = breakingOff(sampleInstance({ study: 1, instance: 2, pixelBytes: 2_000_000 }));
    const outcomes: StoreOutcome[] = [];
    try {
      for await (const outcome of pacs.store([first, broken])) outcomes.push(outcome);
    } catch (error) {
      check(error instanceof SourceFailure, "the source's own error is rethrown as it is");
    }
    const verdict = outcomes.find((each) => each.sopInstanceUid === broken.sopInstanceUid);
    check(verdict === undefined || !isHeld(verdict), 'an instance that never came whole is not called stored');
    if (!options.capabilities.source) return;
    const listed = await all(pacs.findInstances(sampleStudyUid(1)));
    check(
      listed.every((each) => each.sopInstanceUid !== broken.sopInstanceUid),
      'half an instance is not held',
    );
  });

  test('reads the same bytes again when it repeats an attempt', async ({ pacs }) => {
    const instance = sampleInstance({ study: 1, pixelBytes: 100_000 });
    const [first, second] = [await allBytes(instance.dataSet()), await allBytes(instance.dataSet())];
    equal(first, second, 'a sample can be read twice');
    const watched = watchStreams([instance]);
    check((await all(pacs.store(watched.instances))).every(isHeld), 'the instance is stored');
    check(watched.opened() >= 1 && watched.open() === 0, 'each attempt opens the data set anew and ends it');
    if (options.capabilities.source) check(await listsInstances(pacs, 1, 1), 'it is held once');
  });
}

/** Thrown by the source in these tests. */
class SourceFailure extends Error {
  override readonly name = 'SourceFailure';
}

/** Advice belongs to what is refused or in doubt, and nowhere else. */
function checkAdvice(outcome: StoreOutcome): void {
  const wantsAdvice = outcome.status === 'refused' || outcome.status === 'unknown';
  check(wantsAdvice || outcome.retry === undefined, 'only what is refused or in doubt says whether repeating may help');
}

function cutTo(instance: SampleInstance, bytes: number): StorableInstance {
  return {
    ...instance,
    lengthBytes: bytes,
    async *dataSet() {
      const whole = await allBytes(instance.dataSet());
      yield whole.subarray(0, bytes);
    },
  };
}

function breakingOff(instance: SampleInstance): StorableInstance {
  return {
    ...instance,
    async *dataSet(options) {
      let bytes = 0;
      for await (const piece of instance.dataSet(options)) {
        if (bytes > instance.lengthBytes / 2) throw new SourceFailure('the spool cannot be read');
        bytes += piece.length;
        yield piece;
      }
    },
  };
}

async function* once(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 0x2545_f491;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
