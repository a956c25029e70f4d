/** Who is turned away: a stranger, a member that was taken out while both run, and a member whose journal was touched. */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCodeOf } from '@interhosp/core/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Federation, interhosp, TEST_WITHIN_MS, waitFor, type Hospital } from './hospitals.ts';
import { expectDelivered, putStudy } from './studies.ts';
import { filesIn } from './delivered.ts';

let federation: Federation;
let a: Hospital;
let b: Hospital;
beforeAll(async () => {
  ({ a, b, federation } = await Federation.ofTwo());
  await Promise.all([a.start(), b.start()]);
}, TEST_WITHIN_MS);
afterAll(() => federation[Symbol.asyncDispose]());

describe('a federation', { timeout: TEST_WITHIN_MS }, () => {
  it('refuses a stranger who calls himself a member, knows the roster, and has another key', async () => {
    const stranger = await federation.hospital('stranger', { member: a.member });
    await federation.give(stranger);
    await stranger.start();
    const study = await putStudy(stranger, { instances: 2, seed: 'stranger' });
    const exchangeId = await stranger.send(study.studyInstanceUid, b);
    await waitFor('the refusal', () => stranger.logged('journey.retry').length > 2 || undefined, {
      about: () => stranger.log,
    });
    // Held or trying, he keeps his study; nothing of it is known at b.
    expect((await stranger.find(exchangeId))?.state).not.toBe('CLOSED');
    expect(await (await b.api).jobs()).toEqual([]);
    expect(await filesIn(b.in)).toEqual([]);
    await stranger.stop();
  });

  it('turns a member away once it is taken out of the roster, without a restart of anybody', async () => {
    const before = await putStudy(a, { instances: 2, seed: 'member' });
    const delivered = await a.send(before.studyInstanceUid, b);
    await b.reaches(delivered, 'CLOSED');
    await expectDelivered(b, before);

    const pids = [a.pid, b.pid];
    await federation.change('revoke', 'be-a');
    await federation.give(b);
    await waitFor('the roster at b', async () => (await (await b.api).status()).rosterVersion === 3 || undefined);
    // Whether a has heard of it by now or offers in good faith: the one end or the other says no.
    const after = await putStudy(a, { instances: 2, seed: 'no member any more' });
    const sent = await a.send(after.studyInstanceUid, b).then(
      (exchangeId) => ({ exchangeId, refusal: undefined }),
      (error: unknown) => ({ exchangeId: undefined, refusal: errorCodeOf(error) }),
    );
    const refusal = await waitFor(
      'the refusal',
      async () =>
        sent.refusal ??
        b.logged('receive.offer.refused')[0]?.['code'] ??
        (sent.exchangeId && (await a.find(sent.exchangeId))?.reason),
      { about: () => `${a.log.slice(-3000)}\n${b.log.slice(-3000)}` },
    );
    expect(JSON.stringify(refusal)).toContain('FEDERATION_NOT_PERMITTED');
    if (sent.exchangeId !== undefined) expect((await a.find(sent.exchangeId))?.state).not.toBe('CLOSED');
    const jobs = await (await b.api).jobs();
    expect(jobs.filter((job) => job.studyInstanceUid === after.studyInstanceUid)).toEqual([]);
    expect((await filesIn(b.in)).filter((file) => file.studyInstanceUid === after.studyInstanceUid)).toEqual([]);
    expect([a.pid, b.pid]).toEqual(pids);
    expect(a.isRunning && b.isRunning).toBe(true);
  });

  it('has a member that refuses to start when one byte of its journal was changed', async () => {
    await b.stop();
    await flipOneByte(join(b.data, 'journal'));
    const { exitCode, stderr, stdout } = await interhosp('start', '--config', b.configFile, '--json');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('STORAGE_JOURNAL_DAMAGED');
    // What to do next is said.
    expect(stderr).toMatch(/backup|restore/i);
  });
});

/** In the middle of the segment that holds the most records; the reserve beside it is only ballast. */
async function flipOneByte(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('journal-'));
  const files = await Promise.all(names.map((name) => open(join(folder, name), 'r+')));
  try {
    const contents = await Promise.all(files.map((file) => file.readFile()));
    const largest = contents.reduce((best, bytes, index) => (usedOf(bytes) > usedOf(contents[best]) ? index : best), 0);
    const at = Math.floor(usedOf(contents[largest]) / 2);
    const [byte = 0] = contents[largest]?.subarray(at, at + 1) ?? [];
    await files[largest]?.write(Buffer.of(byte ^ 0x01), 0, 1, at);
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

/** Bytes before the zeros that a segment reserves. */
function usedOf(bytes: Buffer | undefined): number {
  let end = bytes?.length ?? 0;
  while (end > 0 && bytes?.[end - 1] === 0) end--;
  return end;
}
