/** Dates and times (DA, TM, DT; PS3.5 6.2) and the forms the rest of the program uses for them. */
import { DicomError } from '../errors/interhosp-error.ts';
import { trimPadding } from './padding.ts';

/**
 * `YYYYMMDD` to `YYYY-MM-DD`; also the form with dots of ACR-NEMA, which old archives hold. Parts that are not known stay
 * `00`. Undefined when the text is no date.
 */
export function parseDate(text: string): string | undefined {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(trimBlanks(text));
  if (match === null) return undefined;
  const [, year = '', month = '', day = ''] = match;
  return Number(month) <= 12 && Number(day) <= daysIn(Number(year), Number(month))
    ? `${year}-${month}-${day}`
    : undefined;
}

/**
 * `YYYY-MM-DD` to `YYYYMMDD`.
 *
 * @throws {DicomError} `DICOM_VALUE_INVALID` when it is no date of the calendar; a date with unknown parts has no DA.
 */
export function formatDate(date: string): string {
  const parsed = /^\d{4}-\d{2}-\d{2}$/.test(date) ? parseDate(date.replaceAll('-', '')) : undefined;
  if (parsed === undefined || parsed.slice(5).includes('00')) {
    throw new DicomError('DICOM_VALUE_INVALID', { details: { kind: 'DA' } });
  }
  return date.replaceAll('-', '');
}

/** `HHMMSS.FFFFFF`, shortened or with colons (ACR-NEMA), to `hh:mm:ss`; missing parts are 0. Undefined when it is no time. */
export function parseTime(text: string): string | undefined {
  const match = /^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.\d{1,6})?)?)?$/.exec(trimBlanks(text));
  if (match === null) return undefined;
  const [, hours = '00', minutes = '00', seconds = '00'] = match;
  return Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) <= 60
    ? `${hours}:${minutes}:${seconds}`
    : undefined;
}

/** `hh:mm:ss` to `HHMMSS`. @throws {DicomError} `DICOM_VALUE_INVALID` */
export function formatTime(time: string): string {
  if (!/^\d{2}:\d{2}:\d{2}$/.test(time) || parseTime(time) === undefined) {
    throw new DicomError('DICOM_VALUE_INVALID', { details: { kind: 'TM' } });
  }
  return time.replaceAll(':', '');
}

/** A point in time with its offset from UTC, as DT writes it. */
export interface DateTime {
  readonly epochMs: number;
  /** Minutes east of UTC. */
  readonly utcOffsetMinutes: number;
}

/** `YYYYMMDDHHMMSS.FFFFFF&ZZXX` (DT), always with milliseconds and offset so that it is one point in time. */
export function formatDateTime({ epochMs, utcOffsetMinutes }: DateTime): string {
  const local = new Date(epochMs + utcOffsetMinutes * 60_000).toISOString();
  const digits = `${local.slice(0, 10)}${local.slice(11, 19)}`.replaceAll(/[-:]/g, '');
  return `${digits}.${local.slice(20, 23)}000${formatUtcOffset(utcOffsetMinutes)}`;
}

/** `+0200`; the form of Timezone Offset From UTC (0008,0201). */
export function formatUtcOffset(utcOffsetMinutes: number): string {
  const minutes = Math.abs(utcOffsetMinutes);
  const digits = `${String(Math.floor(minutes / 60)).padStart(2, '0')}${String(minutes % 60).padStart(2, '0')}`;
  return `${utcOffsetMinutes < 0 ? '-' : '+'}${digits}`;
}

/**
 * DT to a point in time; parts that are missing are the first of their range.
 *
 * @param options.utcOffsetMinutes - For a value without an offset; default 0.
 * @returns undefined when the text is no date-time.
 */
export function parseDateTime(
  text: string,
  options: { readonly utcOffsetMinutes?: number } = {},
): DateTime | undefined {
  const match = /^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.(\d{1,6}))?(?:([+-])(\d{2})(\d{2}))?$/.exec(
    trimBlanks(text),
  );
  if (match === null) return undefined;
  const [, year = '', month = '01', day = '01', hour = '00', minute = '00', second = '00'] = match;
  const [, , , , , , , fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = match;
  if (parseDate(`${year}${month}${day}`) === undefined || parseTime(`${hour}${minute}${second}`) === undefined) {
    return undefined;
  }
  const given = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1);
  const utcOffsetMinutes = sign === undefined ? (options.utcOffsetMinutes ?? 0) : given;
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3));
  const local = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    milliseconds,
  );
  return Number.isNaN(local) ? undefined : { epochMs: local - utcOffsetMinutes * 60_000, utcOffsetMinutes };
}

function trimBlanks(text: string): string {
  return trimPadding(text).replace(/^ +/, '');
}

function daysIn(year: number, month: number): number {
  // Month 0 is "not known": any day may stand beside it.
  return month === 0 ? 31 : new Date(Date.UTC(year === 0 ? 2000 : year, month, 0)).getUTCDate();
}
