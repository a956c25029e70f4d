/** Exchanges that people end: nothing is filed, both sides know, and the bytes go for good. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesIn } from './delivered.ts';
import { Federation, TEST_WITHIN_MS, waitFor, type Hospital } from './hospitals.ts';
import { putStudy } from './studies.ts';

let federation: Federation;
let a: Hospital;
let b: Hospital;
beforeAll(async () => {
  const eraseAtOnce = { spool: { keepHours: 0, lowWaterBytes: 0 } };
  ({ a, b, federation } = await Federation.ofTwo([eraseAtOnce, eraseAtOnce]));
  await Promise.all([a.start(), b.start()]);
}, TEST_WITHIN_MS);
afterAll(() => federation[Symbol.asyncDispose]());

describe('an exchange that is ended', () => {
  it('by a person at the sender, in the middle, ends at the receiver too', { timeout: TEST_WITHIN_MS }, async () => {
    const study = await putStudy(a, { instances: 120, pixels: 512, seed: 'cancelled' });
    const exchangeId = await a.send(study.studyInstanceUid, b);
    await waitFor('the first bytes', async () => ((await b.find(exchangeId))?.bytes ?? 0) > 0 || undefined);
    await (await a.api).cancel(exchangeId, 'tester', 'sent by mistake');
    for (const hospital of [a, b]) await hospital.reaches(exchangeId, 'EXPUNGED');
    const histories = await Promise.all([a, b].map(async ({ api }) => (await (await api).job(exchangeId)).records));
    for (const records of histories) expect(records.map(({ type }) => type)).toContain('CANCELLED');
    expect(await filesIn(b.in)).toEqual([]);
    await expectNoBytes();
  });

  it('by a person at the receiver is never filed', { timeout: TEST_WITHIN_MS }, async () => {
    const stranger = { family: 'Nobody', given: 'Known', middle: '', prefix: '', suffix: '' };
    const patient = { birthDate: '1950-05-05', name: { alphabetic: stranger }, patientId: { id: 'X' } };
    const study = await putStudy(a, { instances: 2, patient, seed: 'rejected' });
    const exchangeId = await a.send(study.studyInstanceUid, b);
    await waitFor('R1', async () => (await a.find(exchangeId))?.state === 'REMOTE_DURABLE' || undefined);
    const api = await b.api;
    await waitFor(
      'the worklist',
      async () => (await api.reviews()).some((item) => item.exchangeId === exchangeId) || undefined,
    );
    await api.decide(exchangeId, { by: 'tester', kind: 'reject', reason: 'not for us' });
    await b.reaches(exchangeId, 'EXPUNGED');
    expect(await filesIn(b.in)).toEqual([]);
    expect((await api.job(exchangeId)).receipts.map(({ kind }) => kind)).toEqual(['R1_SIGNED']);
    // What was signed was signed; a delivery it is not.
    expect((await a.find(exchangeId))?.state).toBe('REMOTE_DURABLE');
  });
});

async function expectNoBytes(): Promise<void> {
  for (const { data } of [a, b]) {
    const packs = await waitFor('the packs to go', async () => {
      const names = (await readdir(join(data, 'spool'))).filter((name) => name.endsWith('.pack'));
      return names.length === 0 ? names : undefined;
    });
    expect(packs).toEqual([]);
    expect((await readdir(join(data, 'keys'))).filter((name) => /^[0-9a-f]{32}\.key/.test(name))).toEqual([]);
  }
}
