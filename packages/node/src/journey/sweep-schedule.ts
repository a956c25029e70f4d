/**
 * When the whole window is looked at: once a night, at the hour on the hospital's wall, and at once after a start or when
 * the clock was moved. Dates alone decide which night it is, so that an hour that daylight saving time skips or repeats
 * neither skips nor repeats a sweep.
 */
import type { Clock } from '@interhosp/core/world';
import { dateAt } from './date-range.ts';

const HOUR_MS = 3_600_000;
/** After a start shortly before the hour, the night's sweep waits a little: the window was looked at just now. */
const LEAST_BETWEEN_MS = 3 * HOUR_MS;
/** Wall and monotonic time that differ by more were moved apart: a clock set, a machine suspended. */
const JUMP_MS = HOUR_MS;
/** A clock that jumps to and fro does not make a PACS list its window again and again. */
const LEAST_BETWEEN_JUMPS_MS = HOUR_MS;

/** Says when a sweep is due. */
export interface SweepSchedule {
  /** True from the start on, until `began`. */
  isDue(): boolean;
  /** A sweep begins now. */
  began(): void;
}

/** What it needs to know. */
export interface SweepSchedulePorts {
  readonly clock: Clock;
  /** Hour of the night, 0 to 23, in the hospital's own time. */
  readonly hour: number;
  readonly utcOffsetMinutes: (epochMs: number) => number;
}

/** Makes a schedule on which a sweep is due at once: whatever a stopped member missed is made up at its start. */
export function createSweepSchedule({ clock, hour, utcOffsetMinutes }: SweepSchedulePorts): SweepSchedule {
  const look = () => {
    const wallMs = clock.now();
    return {
      monotonicMs: clock.monotonicMs(),
      night: dateAt(wallMs - hour * HOUR_MS, utcOffsetMinutes(wallMs)),
      wallMs,
    };
  };
  let last: ReturnType<typeof look> | undefined;
  return {
    began: () => {
      last = look();
    },
    isDue: () => {
      if (last === undefined) return true;
      const now = look();
      const passedMs = now.monotonicMs - last.monotonicMs;
      const movedMs = Math.abs(now.wallMs - last.wallMs - passedMs);
      if (movedMs > JUMP_MS) return passedMs >= LEAST_BETWEEN_JUMPS_MS;
      return now.night !== last.night && passedMs >= LEAST_BETWEEN_MS;
    },
  };
}
