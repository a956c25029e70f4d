/**
 * The contract of the `Clock` port as a test suite. Journeys wait, retry and time out by this port alone, so a clock that
 * goes back, fires early or forgets an abort stops a study or sends it twice.
 */
import type { Clock } from '../world/index.ts';
import { check, equal, rejectsWith, type TestRunner } from './expect.ts';

/** What the suite is told about a clock. */
export interface ClockConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  /** Makes a clock. */
  readonly create: () => Clock;
  /** Lets time pass on a clock that stands still otherwise; leave out for one that runs by itself. */
  readonly advance?: (clock: Clock, ms: number) => Promise<void>;
}

/** Readings in a row. */
const READINGS = 10_000;
/** Short enough for a suite, long enough to be seen, in milliseconds. */
const SHORT_MS = 20;
/** Timers and the clock that measures them round differently. */
const TOLERANCE_MS = 2;
/** Hosts keep 32 bits for a timer: a longer one fires at once in Node and in browsers. */
const BEYOND_TIMER_MS = 2 ** 31 + 1_000;

/** Registers the suite. */
export function clockConformance(runner: TestRunner, options: ClockConformanceOptions): void {
  runner.describe(`the contract of a clock: ${options.name}`, () => {
    readingTests(runner, options);
    sleepTests(runner, options);
    abortTests(runner, options);
  });
}

function readingTests({ it }: TestRunner, options: ClockConformanceOptions): void {
  it('reads the wall in milliseconds since 1970', () => {
    const nowMs = options.create().now();
    check(Number.isFinite(nowMs) && nowMs >= 0, 'now() is a number from 0');
    check(!Number.isNaN(new Date(nowMs).getTime()), 'now() is a time that a Date can hold');
  });

  it('never lets monotonic time go back', async () => {
    const clock = options.create();
    let lastMs = clock.monotonicMs();
    check(Number.isFinite(lastMs), 'monotonicMs() is a number');
    for (let reading = 0; reading < READINGS; reading++) {
      const nextMs = clock.monotonicMs();
      check(nextMs >= lastMs, 'monotonicMs() never goes back');
      lastMs = nextMs;
    }
    await pass(options, clock, SHORT_MS);
    check(clock.monotonicMs() >= lastMs + SHORT_MS - TOLERANCE_MS, 'monotonicMs() goes on while time passes');
  });
}

function sleepTests({ it }: TestRunner, options: ClockConformanceOptions): void {
  it('sleeps as long as it was told', async () => {
    const clock = options.create();
    const startMs = clock.monotonicMs();
    await Promise.all([clock.sleep(SHORT_MS), pass(options, clock, SHORT_MS)]);
    check(clock.monotonicMs() - startMs >= SHORT_MS - TOLERANCE_MS, 'sleep() does not end early');
  });

  it('does not sleep when there is nothing to sleep', async () => {
    const clock = options.create();
    for (const ms of [0, -1]) await Promise.all([clock.sleep(ms), pass(options, clock, 0)]);
  });

  it('wakes the shorter sleeper first', async () => {
    const clock = options.create();
    const woken: string[] = [];
    const sleep = async (name: string, ms: number) => {
      await clock.sleep(ms);
      woken.push(name);
    };
    await Promise.all([sleep('long', 3 * SHORT_MS), sleep('short', SHORT_MS), pass(options, clock, 3 * SHORT_MS)]);
    equal(woken, ['short', 'long'], 'sleepers wake in the order of their times');
  });

  it('sleeps for longer than one timer of the host can', async () => {
    const clock = options.create();
    const controller = new AbortController();
    let isAwake = false;
    const sleeping = clock.sleep(BEYOND_TIMER_MS, { signal: controller.signal }).then(
      () => (isAwake = true),
      () => {},
    );
    await pass(options, clock, SHORT_MS);
    check(!isAwake, 'a sleep of more than 2^31 ms does not end at once');
    controller.abort();
    await sleeping;
  });
}

function abortTests({ it }: TestRunner, options: ClockConformanceOptions): void {
  it('does not sleep under a signal that has aborted', async () => {
    const reason = { aborted: true };
    const signal = AbortSignal.abort(reason);
    await rejectsWith(() => options.create().sleep(SHORT_MS, { signal }), reason, "sleep() throws the signal's reason");
  });

  it('wakes with the reason of a signal that aborts', async () => {
    const clock = options.create();
    const controller = new AbortController();
    const reason = { aborted: true };
    // Handled from the start: a host may report a rejection that waits for its handler.
    const outcome = rejectsWith(
      () => clock.sleep(BEYOND_TIMER_MS, { signal: controller.signal }),
      reason,
      "sleep() throws the signal's reason",
    );
    controller.abort(reason);
    await outcome;
  });

  it('leaves nothing at a signal that lives on', async () => {
    const clock = options.create();
    const { signal, listeners } = countedSignal();
    for (let nap = 0; nap < 3; nap++) await Promise.all([clock.sleep(1, { signal }), pass(options, clock, 1)]);
    equal(listeners(), 0, 'a sleep that is over leaves no listener at its signal');
  });
}

async function pass({ advance }: ClockConformanceOptions, clock: Clock, ms: number): Promise<void> {
  await (advance === undefined ? clock.sleep(ms) : advance(clock, ms));
}

/** A signal that never aborts and knows how many listen to it. */
function countedSignal(): { readonly signal: AbortSignal; readonly listeners: () => number } {
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  const counted = (method: 'addEventListener' | 'removeEventListener', count: (listener: unknown) => void) => {
    const original = signal[method].bind(signal) as (...given: unknown[]) => void;
    const counting = (...given: unknown[]) => {
      count(given[1]);
      original(...given);
    };
    Object.defineProperty(signal, method, { value: counting });
  };
  counted('addEventListener', (listener) => listening.add(listener));
  counted('removeEventListener', (listener) => listening.delete(listener));
  return { signal, listeners: () => listening.size };
}
