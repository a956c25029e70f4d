import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAYS, isOpen, nextOpeningMs, type Schedule } from './schedule.ts';

const night: Schedule = { days: DAYS, from: '20:00', to: '06:00', timeZone: 'Europe/Brussels' };
const at = (text: string) => Date.parse(text);
const opening = (schedule: Schedule, now: string) => new Date(nextOpeningMs(schedule, at(now))).toISOString();

describe('a schedule', () => {
  it('is open from its first minute up to its last', () => {
    const day: Schedule = { ...night, from: '08:00', to: '18:00', timeZone: 'UTC' };
    expect(isOpen(day, at('2026-03-04T07:59:59Z'))).toBe(false);
    expect(isOpen(day, at('2026-03-04T08:00:00Z'))).toBe(true);
    expect(isOpen(day, at('2026-03-04T17:59:59Z'))).toBe(true);
    expect(isOpen(day, at('2026-03-04T18:00:00Z'))).toBe(false);
  });

  it('past midnight belongs to the day on which it began', () => {
    const friday: Schedule = { ...night, days: ['fri'], timeZone: 'UTC' };
    expect(isOpen(friday, at('2026-03-06T21:00:00Z'))).toBe(true);
    expect(isOpen(friday, at('2026-03-07T05:59:00Z'))).toBe(true);
    expect(isOpen(friday, at('2026-03-07T21:00:00Z'))).toBe(false);
    expect(isOpen(friday, at('2026-03-06T05:00:00Z'))).toBe(false);
    const sunday: Schedule = { ...friday, days: ['sun'] };
    expect(isOpen(sunday, at('2026-03-09T05:00:00Z'))).toBe(true);
  });

  it('of one clock time is open all day', () => {
    const all: Schedule = { days: ['wed'], from: '00:00', to: '00:00', timeZone: 'UTC' };
    expect(isOpen(all, at('2026-03-04T23:59:00Z'))).toBe(true);
    expect(isOpen(all, at('2026-03-05T00:00:00Z'))).toBe(false);
  });

  it('opens next to the minute, in the hospital’s own time and across the change to summer time', () => {
    expect(opening(night, '2026-03-04T12:00:30Z')).toBe('2026-03-04T19:00:00.000Z');
    expect(opening({ ...night, from: '20:07' }, '2026-03-04T12:00:00Z')).toBe('2026-03-04T19:07:00.000Z');
    expect(opening(night, '2026-03-29T12:00:00Z')).toBe('2026-03-29T18:00:00.000Z');
    expect(opening({ ...night, days: ['tue'] }, '2026-03-04T12:00:00Z')).toBe('2026-03-10T19:00:00.000Z');
  });

  it('that is open opens now', () => {
    expect(nextOpeningMs(night, at('2026-03-04T22:00:00.123Z'))).toBe(at('2026-03-04T22:00:00.123Z'));
  });

  it('always opens within eight days, and never before now', () => {
    const clock = fc
      .integer({ min: 0, max: 95 })
      .map(
        (quarter) =>
          `${String(Math.floor(quarter / 4)).padStart(2, '0')}:${String((quarter % 4) * 15).padStart(2, '0')}`,
      );
    const schedule = fc.record({
      days: fc.subarray([...DAYS], { minLength: 1 }),
      from: clock,
      to: clock,
      timeZone: fc.constantFrom('UTC', 'Europe/Brussels', 'Asia/Kolkata', 'America/St_Johns'),
    });
    fc.assert(
      fc.property(
        schedule,
        fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') }),
        (window, nowMs) => {
          const openMs = nextOpeningMs(window, nowMs);
          expect(openMs).toBeGreaterThanOrEqual(nowMs);
          expect(openMs - nowMs).toBeLessThanOrEqual(8 * 86_400_000);
          if (openMs === nowMs) return;
          expect(isOpen(window, nowMs)).toBe(false);
          if (openMs - nowMs < 7.9 * 86_400_000)
            expect([isOpen(window, openMs), isOpen(window, openMs - 60_000)]).toEqual([true, false]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
