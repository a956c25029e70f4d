/**
 * The part of the PACS suite about what an adapter is told without asking: instances that are pushed to it, and what the
 * hospital's order says of a study. Adapters that are told nothing have neither.
 */
import type { Uid } from '../dicom/uid.ts';
import { sourceOf } from '../pacs/index.ts';
import { check, equal, rejectsWith, rejectsWithCode } from './expect.ts';
import { all, eventually, retrieveAll } from './pacs-iterate.ts';
import { sameInstances } from './pacs-retrieve.ts';
import { sampleInstance, sampleStudyUid } from './pacs-samples.ts';
import type { PacsSuite } from './pacs.ts';

/** How long word of a change may take. */
const TOLD_WITHIN_MS = 5_000;

/** Registers the tests. */
export function noticeTests({ test, options }: PacsSuite): void {
  const study = [1, 2, 3].map((instance) => sampleInstance({ study: 7, instance }));

  test('tells of a study that is pushed, and lists and retrieves it', async ({ pacs, push }) => {
    const source = sourceOf(pacs);
    if (source.changes === undefined || push === undefined) return;
    const controller = new AbortController();
    const told = new Set<Uid>();
    const changes = source.changes({ signal: controller.signal });
    const listening = (async () => {
      for await (const uid of changes) told.add(uid);
    })();
    listening.catch(() => {});
    await push(study);
    check(await eventually(() => told.has(sampleStudyUid(7)), TOLD_WITHIN_MS), 'word of a pushed study comes');
    equal([...told], [sampleStudyUid(7)], 'no other study is spoken of');
    const reason = { kind: 'nobody listens any more' };
    controller.abort(reason);
    await rejectsWith(() => listening, reason, 'listening ends with the reason of the signal');
    const found = await all(source.findStudies({ studyInstanceUid: sampleStudyUid(7) }));
    equal(found.length, 1, 'what was pushed is found by a search');
    const listed = await all(source.findInstances(sampleStudyUid(7)));
    equal(
      listed.map((each) => each.sopInstanceUid).toSorted(),
      study.map((each) => each.sopInstanceUid).toSorted(),
      'each pushed instance is listed once',
    );
    const held = await retrieveAll(source, sampleStudyUid(7));
    equal(held.length, study.length, 'each pushed instance is retrieved once');
    if (options.capabilities.preservesBytes) await sameInstances(held, study, 'what was pushed comes byte for byte');
  });

  test('does not claim to hold what was pushed to its adapter alone', async ({ pacs, push }) => {
    if (pacs.withPushed === undefined || push === undefined) return;
    await push(study);
    equal(await all(pacs.findStudies({ studyInstanceUid: sampleStudyUid(7) })), [], 'the PACS lists no such study');
    equal(await all(pacs.findInstances(sampleStudyUid(7))), [], 'nor instances of it');
    await rejectsWithCode(
      () => all(pacs.retrieve(sampleStudyUid(7))),
      'PACS_STUDY_UNKNOWN',
      'and nothing is read back from it',
    );
  });

  test('ends its word of changes when it is stopped', async ({ pacs, push }) => {
    const source = sourceOf(pacs);
    if (source.changes === undefined || push === undefined) return;
    const listening = all(source.changes({ signal: new AbortController().signal }));
    listening.catch(() => {});
    await push(study);
    await pacs.stop();
    // Whether it ends or throws: it does not hang.
    await listening.catch(() => {});
  });

  test('tells what the order says of a study', async ({ pacs, seed, setOrder }) => {
    if (pacs.orderStatus === undefined || setOrder === undefined) return;
    await seed([sampleInstance({ study: 1 }), sampleInstance({ study: 2 })]);
    const found = await all(pacs.findStudies({}));
    const first = found.find((each) => each.studyInstanceUid === sampleStudyUid(1));
    const second = found.find((each) => each.studyInstanceUid === sampleStudyUid(2));
    check(first !== undefined && second !== undefined, 'both studies are found');
    const order = { accessionNumber: 'ACC-1', patientId: 'PAT-1', studyInstanceUid: sampleStudyUid(1) };
    equal(await pacs.orderStatus(first), 'unknown', 'without an order nothing is known');
    for (const status of ['open', 'complete', 'unknown'] as const) {
      await setOrder(order, status);
      equal(await pacs.orderStatus(first), status, `an order that is ${status} says so`);
      equal(await pacs.orderStatus(second), 'unknown', 'the order of another study says nothing');
    }
    const reason = { kind: 'no longer of interest' };
    const asking = () => pacs.orderStatus?.(first, { signal: AbortSignal.abort(reason) });
    await rejectsWith(asking, reason, 'the reason of an aborted signal is rethrown untouched');
  });
}
