/**
 * Days as a PACS knows them: Study Date (0008,0020) is the date on the wall of the hospital, without a zone (PS3.5 6.2,
 * DA). Ranges of them are inclusive and may be open, so that a study that a modality dated in the future is in the last.
 */

/** `YYYY-MM-DD`, each end inclusive; an end that is absent is open. Without both, undated studies are in it as well. */
export interface DateRange {
  readonly from?: string;
  readonly to?: string;
}

/** Before any image was dated: a search by date that has to begin somewhere begins here. */
const EARLIEST_DATE = '1900-01-01';

const DAY_MS = 86_400_000;

/** The date on the wall at an instant. */
export function dateAt(epochMs: number, utcOffsetMinutes: number): string {
  return new Date(epochMs + utcOffsetMinutes * 60_000).toISOString().slice(0, 10);
}

/** The date so many days later, or earlier. */
export function daysAfter(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

/** A range day by day, newest first; what is open at its end stays one range, from the day after `today`. */
export function dayByDay(from: string, today: string): readonly DateRange[] {
  const days: DateRange[] = [{ from: daysAfter(today, 1) }];
  for (let day = today; day >= from; day = daysAfter(day, -1)) days.push({ from: day, to: day });
  return days;
}

/** How many days a range covers until today; no end of them, when it takes the undated in. */
export function daysIn({ from, to }: DateRange, today: string): number {
  if (from === undefined && to === undefined) return Number.POSITIVE_INFINITY;
  return (Date.parse(to ?? today) - Date.parse(from ?? EARLIEST_DATE)) / DAY_MS + 1;
}

/** Two ranges in place of one, the newer first; empty when it is one day already, or lies in the future. */
export function halvesOf({ from = EARLIEST_DATE, to }: DateRange, today: string): readonly DateRange[] {
  const last = to ?? today;
  if (from > last || (from === last && to !== undefined)) return [];
  if (from === last) return [{ from: daysAfter(from, 1) }, { from, to: from }];
  const days = (Date.parse(last) - Date.parse(from)) / DAY_MS;
  const middle = daysAfter(from, Math.floor(days / 2));
  return [
    { from: daysAfter(middle, 1), ...(to !== undefined && { to }) },
    { from, to: middle },
  ];
}
