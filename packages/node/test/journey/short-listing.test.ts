/**
 * A PACS that shows less than it holds: the sender is killed in the middle of a retrieval, and after its start the folder
 * lists nothing of the study until it has looked twice. What the pack has by then must not be taken for the whole study.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Federation, pause, TEST_WITHIN_MS, type Hospital } from './hospitals.ts';
import { expectDelivered, expectReceipts, putStudy } from './studies.ts';

const INSTANCES = 6;
/** Several looks at the folder, so that every file counts as whole. */
const LISTED_AFTER_MS = 1_500;

let federation: Federation;
let a: Hospital;
let b: Hospital;
beforeAll(async () => {
  ({ a, b, federation } = await Federation.ofTwo());
}, TEST_WITHIN_MS);
afterAll(() => federation[Symbol.asyncDispose]());

describe('a sender whose PACS lists a part of the study after a start', { timeout: TEST_WITHIN_MS }, () => {
  it('waits for the rest and never seals what it happens to have', async () => {
    await Promise.all([a.start({ crashpoint: `C2:sender#${INSTANCES / 2}` }), b.start()]);
    const study = await putStudy(a, { instances: INSTANCES, isYoung: true, seed: 'young' });
    // The first look finds files that may still grow.
    const early = (await a.api).send({ by: 'tester', studyInstanceUid: study.studyInstanceUid, to: b.member });
    await expect(early).rejects.toMatchObject({ code: 'PACS_STUDY_UNKNOWN' });
    await pause(LISTED_AFTER_MS);
    const exchangeId = await a.send(study.studyInstanceUid, b);
    await a.died();
    await a.start();
    for (const hospital of [a, b]) await hospital.reaches(exchangeId, 'CLOSED');
    await expectDelivered(b, study);
    await expectReceipts(federation, exchangeId, { receiver: b, sender: a }, study);
  });
});
