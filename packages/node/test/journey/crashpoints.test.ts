/**
 * Every point of the program at which a crash would be most harmful: the member is killed exactly there, started again,
 * and the study still arrives once, with each step recorded once and both receipts. The list is compared with the source,
 * so that a point that is added is tested or named here.
 */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Federation, pause, TEST_WITHIN_MS, waitFor, type Hospital } from './hospitals.ts';
import { expectDelivered, expectReceipts, putStudy } from './studies.ts';

/** Points on the way of a study, in pairs that are armed for the same study: one at the sender, one at the receiver. */
const ROUNDS: ReadonlyArray<{ readonly sender?: string; readonly receiver?: string }> = [
  { receiver: 'C8:receiver', sender: 'C1:sender' },
  { receiver: 'C9:receiver', sender: 'C2:sender' },
  { receiver: 'C10:receiver', sender: 'C5:sender' },
  { receiver: 'C11:receiver', sender: 'C6:sender' },
  { receiver: 'C12:receiver', sender: 'C7:sender' },
  { receiver: 'C13:receiver', sender: 'C14:sender' },
  { receiver: 'C15:receiver', sender: 'C23:sender' },
  { receiver: 'C16:receiver', sender: 'C3' },
  { receiver: 'C17:receiver', sender: 'C4' },
  { receiver: 'C18:receiver', sender: 'C2:sender#2' },
  { receiver: 'C19:receiver', sender: 'C23:sender#2' },
  { receiver: 'C22:receiver', sender: 'C24:sender' },
  { receiver: 'C24:receiver', sender: 'C24' },
  { receiver: 'C3' },
  { receiver: 'C4' },
  { receiver: 'C24' },
];
/** Points that no study passes; each has a test of its own where it belongs. */
const ELSEWHERE = new Set(['C25', 'C26', 'C27']);

let federation: Federation;
let a: Hospital;
let b: Hospital;
beforeAll(async () => {
  // Erased at once, so that the last points are passed as well.
  const config = { spool: { keepHours: 0, lowWaterBytes: 0 } };
  ({ a, b, federation } = await Federation.ofTwo([config, config]));
}, TEST_WITHIN_MS);
afterAll(() => federation[Symbol.asyncDispose]());

describe('a member killed at a crash point', () => {
  it('is tested for every point that the program passes', () => {
    const folder = fileURLToPath(new URL('../../src', import.meta.url));
    const sources = globSync(`${folder}/**/*.ts`).filter((file) => !file.endsWith('.test.ts'));
    const passed = sources.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/crashpoint\('(C\d+)'/g)].map(([, point]) => point),
    );
    const tested = ROUNDS.flatMap((round) => Object.values(round)).map((point) => /^C\d+/.exec(point)?.[0]);
    const missing = [...new Set(passed)].filter((point) => !tested.includes(point) && !ELSEWHERE.has(point ?? ''));
    expect(missing).toEqual([]);
  });

  it.for(ROUNDS)('delivers the study once: $sender $receiver', { timeout: TEST_WITHIN_MS }, async (points) => {
    await Promise.all([a.stop(), b.stop()]);
    const study = await putStudy(a, { instances: 4, pixels: 128, seed: JSON.stringify(points) });
    const ends = [
      { deaths: 0, hospital: a, point: points.sender },
      { deaths: 0, hospital: b, point: points.receiver },
    ];
    await Promise.all(
      ends.map(({ hospital, point }) => hospital.start(point === undefined ? {} : { crashpoint: point })),
    );
    let exchangeId = await a.send(study.studyInstanceUid, b).catch(() => undefined);
    const revive = async () => {
      for (const end of ends) {
        if (end.hospital.isRunning) continue;
        end.deaths++;
        await end.hospital.start();
      }
    };
    await waitFor(
      'the exchange to end at both',
      async () => {
        await revive();
        // A crash before the answer: whether the study was accepted, the jobs tell.
        exchangeId ??= await acceptedOrSent(study.studyInstanceUid);
        const jobs = await Promise.all(ends.map(async ({ hospital }) => hospital.find(exchangeId ?? '')).map(orNone));
        return jobs.every((job) => job?.state === 'EXPUNGED') || undefined;
      },
      { about: () => `${a.log.slice(-3000)}\n${b.log.slice(-3000)}` },
    );
    // The last point lies behind the last record.
    await pause(100);
    await revive();
    expect(ends.map(({ deaths }) => deaths)).toEqual(ends.map(({ point }) => (point === undefined ? 0 : 1)));
    await expectDelivered(b, study);
    await expectReceipts(federation, exchangeId ?? '', { receiver: b, sender: a }, study);
    for (const { hospital } of ends) await expectEachStepOnce(hospital, exchangeId ?? '', study.studyInstanceUid);
  });
});

async function acceptedOrSent(studyInstanceUid: string): Promise<string> {
  const job = (await (await a.api).jobs()).find((one) => one.studyInstanceUid === studyInstanceUid);
  return job?.exchangeId ?? (await a.send(studyInstanceUid, b));
}

function orNone<T>(promise: Promise<T>): Promise<T | undefined> {
  return promise.catch(() => undefined);
}

/** Steps of the patient may repeat, as a decision is taken anew on what is known now. */
const REPEATABLE = new Set(['AWAITING_PATIENT', 'RECONCILING', 'REVIEW']);

async function expectEachStepOnce(hospital: Hospital, exchangeId: string, studyInstanceUid: string): Promise<void> {
  const api = await hospital.api;
  const ofStudy = (await api.jobs()).filter((job) => job.studyInstanceUid === studyInstanceUid);
  expect(ofStudy).toHaveLength(1);
  const steps = (await api.job(exchangeId)).records.map(({ type }) => type).filter((type) => !REPEATABLE.has(type));
  expect(steps).toEqual([...new Set(steps)]);
}
