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

/**
 * Points on the way of a study, the last first: a member is started again with the next one armed, which the study under
 * way has mostly passed by then. A point without a role is passed by both.
 */
const RECEIVER_POINTS =
  'C24 C24:receiver C22:receiver C19:receiver C18:receiver C17:receiver C16:receiver C15:receiver C13:receiver ' +
  'C12:receiver C11:receiver C10:receiver C9:receiver C3 C4 C8:receiver';
const SENDER_POINTS =
  'C24 C24:sender C23:sender#2 C23:sender C14:sender C7:sender C6:sender C5:sender C2:sender#2 C2:sender C3 C4 C1:sender';
const POINTS = { receiver: RECEIVER_POINTS.split(' '), sender: SENDER_POINTS.split(' ') };
/** Points that no study passes here; each has a test of its own where it belongs. */
const ELSEWHERE = new Set(['C20', 'C25', 'C26', 'C27']);

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
    const tested = [...POINTS.receiver, ...POINTS.sender].map((point) => /^C\d+/.exec(point)?.[0]);
    const missing = [...new Set(passed)].filter((point) => !tested.includes(point) && !ELSEWHERE.has(point ?? ''));
    expect(missing).toEqual([]);
  });

  it('goes on with every study where it was', { timeout: TEST_WITHIN_MS * 2 }, async () => {
    const ends = [endOf(a, POINTS.sender), endOf(b, POINTS.receiver)];
    await Promise.all(ends.map(startAgain));
    // Each study is ended by at least one of the points, or the points are not passed.
    for (let round = 0; ends.some(({ armed }) => armed !== undefined) && round < MOST_STUDIES; round++) {
      const study = await putStudy(a, { instances: 4, pixels: 128, seed: `crash ${round}` });
      const exchangeId = await toTheEnd(study.studyInstanceUid, ends);
      await expectDelivered(b, study);
      await expectReceipts(federation, exchangeId, { receiver: b, sender: a }, study);
      for (const { hospital } of ends) await expectEachStepOnce(hospital, exchangeId, study.studyInstanceUid);
    }
    expect(ends.map(({ deaths }) => deaths)).toEqual([POINTS.sender, POINTS.receiver]);
  });
});

const MOST_STUDIES = POINTS.receiver.length + POINTS.sender.length;

/** A member, the point at which it will die, and those at which it did. */
interface End {
  readonly hospital: Hospital;
  readonly deaths: string[];
  readonly left: string[];
  armed: string | undefined;
}

function endOf(hospital: Hospital, points: readonly string[]): End {
  return { armed: undefined, deaths: [], hospital, left: [...points] };
}

/** Starts a member with its next point armed. */
async function startAgain(end: End): Promise<void> {
  end.armed = end.left.shift();
  // It may die before it is ready: what was half erased is erased first.
  await end.hospital.tryStart(end.armed === undefined ? {} : { crashpoint: end.armed });
}

async function revive(end: End): Promise<boolean> {
  if (end.hospital.isRunning) return false;
  end.deaths.push(end.armed ?? 'no point');
  console.log(`${end.hospital.member} died at ${end.armed}`);
  await startAgain(end);
  return true;
}

/** Sends a study and starts whoever dies, until it is erased at both ends. */
async function toTheEnd(studyInstanceUid: string, ends: readonly End[]): Promise<string> {
  let exchangeId: string | undefined;
  return await waitFor(
    `the end of ${studyInstanceUid}`,
    async () => {
      if ((await Promise.all(ends.map(revive))).some(Boolean)) return undefined;
      // A crash before the answer: whether the study was accepted, the jobs tell.
      exchangeId ??= await orNone(acceptedOrSent(studyInstanceUid));
      const jobs = await Promise.all(ends.map(({ hospital }) => orNone(hospital.find(exchangeId ?? ''))));
      if (!jobs.every((job) => job?.state === 'EXPUNGED')) return undefined;
      // The last point lies behind the last record.
      await pause(200);
      return (await Promise.all(ends.map(revive))).some(Boolean) ? undefined : exchangeId;
    },
    { about: () => ends.map(({ armed, hospital }) => `armed ${armed}\n${hospital.log.slice(-3000)}`).join('\n') },
  );
}

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
