/** A study from one hospital to another, and back: the plain journey that every other test here disturbs. */
import { describe, expect, it } from 'vitest';
import { Federation, TEST_WITHIN_MS } from './hospitals.ts';
import { expectDelivered, expectReceipts, putStudy } from './studies.ts';

describe('two hospitals', () => {
  it('send each other a study, delivered once, complete and receipted', { timeout: TEST_WITHIN_MS }, async () => {
    const { a, b, federation } = await Federation.ofTwo();
    await using _ = federation;
    await Promise.all([a.start(), b.start()]);
    const [there, back] = await Promise.all([
      putStudy(a, { instances: 5, seed: 'there' }),
      putStudy(b, { instances: 1, kind: 'PDF', seed: 'back' }),
    ]);
    const sent = await a.send(there.studyInstanceUid, b);
    const returned = await b.send(back.studyInstanceUid, a);
    for (const hospital of [a, b]) {
      await hospital.reaches(sent, 'CLOSED');
      await hospital.reaches(returned, 'CLOSED');
    }
    await expectDelivered(b, there);
    await expectDelivered(a, back);
    await expectReceipts(federation, sent, { receiver: b, sender: a }, there);
    await expectReceipts(federation, returned, { receiver: a, sender: b }, back);
    expect(await Promise.all([a.stop(), b.stop()])).toEqual([0, 0]);
  });
});
