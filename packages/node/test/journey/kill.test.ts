/**
 * `kill -9` of either member at moments that nobody chose, in the middle of a study: it arrives once, complete, with the
 * pixels it had, and both receipts verify. The seed of the moments is printed and can be given again (INTERHOSP_SEED).
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Federation, pause, TEST_WITHIN_MS, waitFor, type Hospital } from './hospitals.ts';
import { expectDelivered, expectReceipts, putStudy } from './studies.ts';

const KILLS = process.env['INTERHOSP_DOSE'] === 'long' ? 100 : 20;
/** A kill, two starts and the wait for what follows; a loaded machine takes ten seconds. */
const KILL_WITHIN_MS = 25_000;
/** After so many a study may finish; then there is another. */
const KILLS_OF_ONE_STUDY = 5;
/** About 30 MB: rows and columns of 16 bits each. */
const INSTANCES = 30;
const PIXELS = 720;
/** From the moment both run; retries begin anew within about that time. */
const MOST_MS = 900;

const seed = process.env['INTERHOSP_SEED'] ?? String(Date.now());
let drawn = 0;
/** Below 1; the same seed gives the same numbers. */
function draw(): number {
  return createHash('sha256').update(`${seed} ${drawn++}`).digest().readUInt32BE(0) / 2 ** 32;
}

let federation: Federation;
let a: Hospital;
let b: Hospital;
beforeAll(async () => {
  ({ a, b, federation } = await Federation.ofTwo());
}, TEST_WITHIN_MS);
afterAll(() => federation[Symbol.asyncDispose]());

describe('members killed at random moments', () => {
  it(
    `deliver each study once and complete (${KILLS} kills, seed ${seed})`,
    { timeout: KILLS * KILL_WITHIN_MS },
    async () => {
      console.log(`INTERHOSP_SEED=${seed}`);
      await Promise.all([a.start(), b.start()]);
      let kills = 0;
      for (let round = 1; kills < KILLS; round++) {
        const study = await putStudy(a, { instances: INSTANCES, pixels: PIXELS, seed: `kill ${round}` });
        const exchangeId = await a.send(study.studyInstanceUid, b);
        for (let ofThis = 0; ofThis < KILLS_OF_ONE_STUDY && kills < KILLS; ofThis++) {
          await pause(draw() * MOST_MS);
          const victims = draw() < 0.2 ? [a, b] : draw() < 0.5 ? [a] : [b];
          if (await isClosed(exchangeId)) break;
          await Promise.all(victims.map((victim) => victim.kill()));
          kills++;
          console.log(`kill ${kills}: ${victims.map(({ member }) => member).join(' and ')}`);
          await Promise.all(victims.map((victim) => victim.start()));
        }
        for (const hospital of [a, b]) await hospital.reaches(exchangeId, 'CLOSED');
        await expectDelivered(b, study);
        await expectReceipts(federation, exchangeId, { receiver: b, sender: a }, study);
        for (const hospital of [a, b]) expect(await othersThan(hospital, exchangeId, round)).toEqual([]);
      }
      expect(kills).toBe(KILLS);
    },
  );
});

async function isClosed(exchangeId: string): Promise<boolean> {
  const jobs = await Promise.all([a, b].map((hospital) => hospital.find(exchangeId)));
  return jobs.every((job) => job?.state === 'CLOSED');
}

/** Exchanges beyond one for each study: a study that was taken twice. */
async function othersThan(hospital: Hospital, exchangeId: string, round: number): Promise<readonly string[]> {
  const jobs = await waitFor('the jobs', async () => (await hospital.api).jobs());
  expect(jobs.some((job) => job.exchangeId === exchangeId)).toBe(true);
  return jobs.slice(round).map((job) => job.exchangeId);
}
