/**
 * Birth dates as PACS and directories write them: `YYYY-MM-DD` or `YYYYMMDD`, with `00` for a part that is not known.
 * What is no date of the calendar is no date at all here: a wrong date must not look like evidence.
 */

/** A birth date whose month or day may be unknown; a day without a month does not exist. */
export interface BirthDateParts {
  readonly year: number;
  /** 1-12 */
  readonly month?: number;
  /** 1-31 */
  readonly day?: number;
}

/** A birth date with all its parts. */
export type FullBirthDate = Required<BirthDateParts>;

/** Older than the oldest person alive: such a year is a placeholder or a mistake. */
const EARLIEST_YEAR = 1880;
const LATEST_YEAR = 2199;
const FORM = /^(\d{4})-?(\d{2})-?(\d{2})$/;

/** Reads a birth date; undefined when the text is none, or none of the calendar. */
export function parseBirthDate(text: string | undefined): BirthDateParts | undefined {
  const match = FORM.exec(text?.trim() ?? '');
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < EARLIEST_YEAR || year > LATEST_YEAR || month > 12) return undefined;
  if (month === 0) return { year };
  if (day > daysInMonth(year, month)) return undefined;
  return day === 0 ? { year, month } : { year, month, day };
}

/** Whether every part of the date is known. */
export function isFullBirthDate(date: BirthDateParts | undefined): date is FullBirthDate {
  return date?.month !== undefined && date.day !== undefined;
}

/** `YYYY-MM-DD`, unknown parts as `00`. */
export function formatBirthDate(date: BirthDateParts): string {
  return `${pad(date.year, 4)}-${pad(date.month ?? 0, 2)}-${pad(date.day ?? 0, 2)}`;
}

/** Days of a month in the Gregorian calendar; month 1-12. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Whole days from a full birth date to a moment, in UTC; negative when the date lies ahead. */
export function ageDays(date: FullBirthDate, nowMs: number): number {
  return Math.floor((nowMs - Date.UTC(date.year, date.month - 1, date.day)) / 86_400_000);
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
