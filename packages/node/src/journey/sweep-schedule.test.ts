import { describe, expect, it } from 'vitest';
import { createSweepSchedule } from './sweep-schedule.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Wall and monotonic time, which the test moves together or apart. */
function clockAt(wallMs: number) {
  let monotonicMs = 1_000;
  return {
    jump: (ms: number) => void (wallMs += ms),
    monotonicMs: () => monotonicMs,
    now: () => wallMs,
    pass: (ms: number) => {
      wallMs += ms;
      monotonicMs += ms;
    },
    sleep: () => Promise.resolve(),
  };
}

/** Brussels in 2026: summer time from 29 March to 25 October, each at 01:00 UTC. */
function brussels(epochMs: number): number {
  return epochMs >= Date.UTC(2026, 2, 29, 1) && epochMs < Date.UTC(2026, 9, 25, 1) ? 120 : 60;
}

/** Looks every minute for so long, and tells at which times on the wall a sweep began. */
function sweeps(clock: ReturnType<typeof clockAt>, hours: number, hour = 2, offset = brussels): readonly string[] {
  const schedule = createSweepSchedule({ clock, hour, utcOffsetMinutes: offset });
  const began: string[] = [];
  for (let minute = 0; minute <= hours * 60; minute++) {
    if (schedule.isDue()) {
      schedule.began();
      began.push(new Date(clock.now() + offset(clock.now()) * MINUTE_MS).toISOString().slice(5, 16));
    }
    clock.pass(MINUTE_MS);
  }
  return began;
}

describe('the schedule of sweeps', () => {
  it('begins with one, whatever the hour, and goes on at the hour of each night', () => {
    const clock = clockAt(Date.UTC(2026, 0, 5, 13));
    expect(sweeps(clock, 48)).toEqual(['01-05T14:00', '01-06T02:00', '01-07T02:00']);
  });

  it('does not sweep twice when it was started shortly before the hour', () => {
    const clock = clockAt(Date.UTC(2026, 0, 5, 0, 30));
    expect(sweeps(clock, 30)).toEqual(['01-05T01:30', '01-05T04:30', '01-06T02:00']);
  });

  it.each([0, 1, 2, 3])('neither skips nor repeats a night when summer time begins (hour %i)', (hour) => {
    const clock = clockAt(Date.UTC(2026, 2, 27, 12));
    const nights = sweeps(clock, 72, hour).slice(1);
    expect(nights.map((at) => at.slice(0, 5))).toEqual(['03-28', '03-29', '03-30']);
  });

  it.each([0, 1, 2, 3])('neither skips nor repeats a night when summer time ends (hour %i)', (hour) => {
    const clock = clockAt(Date.UTC(2026, 9, 23, 12));
    const nights = sweeps(clock, 72, hour).slice(1);
    expect(nights.map((at) => at.slice(0, 5))).toEqual(['10-24', '10-25', '10-26']);
  });

  it.each([
    ['forwards', 400 * 24 * HOUR_MS],
    ['backwards', -400 * 24 * HOUR_MS],
    ['while the machine slept', 5 * HOUR_MS],
  ])('sweeps when the clock was moved %s, and once more when it is set right', (_, byMs) => {
    const clock = clockAt(Date.UTC(2026, 0, 5, 10));
    const schedule = createSweepSchedule({ clock, hour: 2, utcOffsetMinutes: () => 0 });
    schedule.began();
    for (const ms of [byMs, -byMs]) {
      clock.pass(2 * HOUR_MS);
      expect(schedule.isDue()).toBe(false);
      clock.jump(ms);
      expect(schedule.isDue()).toBe(true);
      schedule.began();
    }
  });

  it('does not follow a clock that jumps to and fro more than once an hour', () => {
    const clock = clockAt(Date.UTC(2026, 0, 5, 10));
    const schedule = createSweepSchedule({ clock, hour: 2, utcOffsetMinutes: () => 0 });
    let began = 0;
    for (let minute = 0; minute < 240; minute++) {
      clock.jump(minute % 2 === 0 ? 5 * HOUR_MS : -5 * HOUR_MS);
      if (schedule.isDue()) {
        schedule.began();
        began++;
      }
      clock.pass(MINUTE_MS);
    }
    expect(began).toBeLessThanOrEqual(4);
  });
});
