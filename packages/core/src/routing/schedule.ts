/**
 * When a rule may send: windows of the week in a hospital's own time. A study that matches outside the window is not
 * forgotten, it waits for the next opening; an emergency waits for nothing.
 */
import { list, Misfit, object, oneOf, optional, text, type Read } from '../federation/shape.ts';
import { MIN_WINDOW_MINUTES } from './limits.ts';

/** Days as schedules name them. */
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** A day of the week. */
export type Day = (typeof DAYS)[number];

/** A window: on these days from `from` to `to`. Past midnight it still belongs to the day on which it began. */
export interface Schedule {
  readonly days: readonly Day[];
  /** `hh:mm` */
  readonly from: string;
  /** `hh:mm`, exclusive; earlier than `from` means the next day. */
  readonly to: string;
  /** IANA name; summer time is followed. */
  readonly timeZone: string;
}

const time = text({ maxCharacters: 5, pattern: /^(?:[01]\d|2[0-3]):[0-5]\d$/ });
const timeZone: Read<string> = (value, path) => {
  const name = text({ maxCharacters: 64, pattern: /^[A-Za-z0-9_+/-]+$/ })(value, path);
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    throw new Misfit(path, 'choice');
  }
};
const fields = object({
  days: optional(list(oneOf(DAYS), { min: 1, max: DAYS.length, unique: (day) => day })),
  from: time,
  to: time,
  timeZone: optional(timeZone),
});

/** Reads a schedule; days default to all, the time zone to UTC. */
export const readSchedule: Read<Schedule> = (value, path) => {
  const { days = DAYS, from, to, timeZone: zone = 'UTC' } = fields(value, path);
  const schedule: Schedule = { days, from, to, timeZone: zone };
  if (windowMinutes(schedule) < MIN_WINDOW_MINUTES) throw new Misfit(`${path}.to`, 'range');
  return schedule;
};

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
/** Beyond a week and a day every weekly window has opened once, also across a change of summer time. */
const SEARCH_MINUTES = 8 * DAY_MINUTES;

/** Whether the window is open at this instant. */
export function isOpen(schedule: Schedule, nowMs: number): boolean {
  const { day, minutes } = localTime(schedule.timeZone, nowMs);
  const [from, to] = [minutesOf(schedule.from), minutesOf(schedule.to)];
  const began = (dayIndex: number): boolean => schedule.days.includes(DAYS[(dayIndex + 7) % 7] as Day);
  if (from < to) return began(day) && minutes >= from && minutes < to;
  return (began(day) && minutes >= from) || (began(day - 1) && minutes < to);
}

/** The instant from which the window is open: now, or its next opening to the minute. */
export function nextOpeningMs(schedule: Schedule, nowMs: number): number {
  if (isOpen(schedule, nowMs)) return nowMs;
  const startMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  for (let step = MIN_WINDOW_MINUTES; step <= SEARCH_MINUTES; step += MIN_WINDOW_MINUTES) {
    if (!isOpen(schedule, startMs + step * MINUTE_MS)) continue;
    return firstOpenMinute(schedule, startMs + (step - MIN_WINDOW_MINUTES) * MINUTE_MS);
  }
  // A window inside the hour that a change to summer time skips; it opens within the following week.
  return startMs + SEARCH_MINUTES * MINUTE_MS;
}

function firstOpenMinute(schedule: Schedule, closedMs: number): number {
  let atMs = closedMs;
  while (!isOpen(schedule, atMs)) atMs += MINUTE_MS;
  return atMs;
}

function windowMinutes({ from, to }: Schedule): number {
  return (minutesOf(to) - minutesOf(from) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
}

function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
}

/** Day of the week (0 is Monday) and minutes since midnight, where the hospital is. */
function localTime(zone: string, nowMs: number): { readonly day: number; readonly minutes: number } {
  const parts = formatterOf(zone).formatToParts(nowMs);
  const part = (type: string): string => parts.find((item) => item.type === type)?.value ?? '';
  const day = DAYS.findIndex((name) => name === part('weekday').toLowerCase());
  return { day, minutes: Number(part('hour')) * 60 + Number(part('minute')) };
}

/** Formatters cost a thousand times what they are used for; one per time zone in use. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  formatters.set(zone, made);
  return made;
}
