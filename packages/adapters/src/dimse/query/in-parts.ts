/**
 * Searches by date that a PACS refuses to answer whole. Some refuse an answer that is too long (A7xx), some end it as if it
 * had been cancelled (FE00, Orthanc with `LimitFindResults`). What was refused is asked for again in halves, down to one
 * minute of a day.
 */
import { isInterhospError } from '@interhosp/core/errors';

/** Days, `YYYY-MM-DD` and inclusive, open where an end is not given; of a single day a part, in minutes. */
export interface Span {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** From the first minute until before the second, of 1,440. */
  readonly minutes?: readonly [number, number] | undefined;
}

/** How parts are asked for. */
export interface PartsOptions<Found> {
  readonly ask: (span: Span) => AsyncIterable<Found>;
  /** The same for the same answer, however it was asked for. */
  readonly identityOf: (found: Found) => string;
}

const DAY_MINUTES = 1_440;
const DAY_MS = 86_400_000;
/** Where a search without a first day begins: before any image was dated. */
const EARLIEST_DATE = '1900-01-01';
/** A search without a last day is halved as if it went up to here, and what is still later is one piece. */
const LATEST_DATE = '2100-01-01';

/**
 * Everything in a span, some of it more than once. Returns the identities of all.
 *
 * @throws {PacsError} as `ask`; `PACS_TOO_MANY` where even a minute is too many, and where the parts lack what was in the
 *   answer that was refused, as a study without a time is in no part of a day.
 */
export async function* inParts<Found>(
  span: Span,
  options: PartsOptions<Found>,
): AsyncGenerator<Found, ReadonlySet<string>> {
  const { ask, identityOf } = options;
  const identities = new Set<string>();
  try {
    for await (const found of ask(span)) {
      identities.add(identityOf(found));
      yield found;
    }
    return identities;
  } catch (error) {
    const halves = halvesOf(span);
    if (!isRefusal(error) || halves.length === 0) throw error;
    const inHalves = new Set<string>();
    for (const half of halves) for (const identity of yield* inParts(half, options)) inHalves.add(identity);
    if ([...identities].some((identity) => !inHalves.has(identity))) throw error;
    return inHalves;
  }
}

/** Two spans in place of one, the newer days first; empty for a minute. */
export function halvesOf({ from, minutes, to }: Span): readonly Span[] {
  if (from !== undefined && from === to) return halvesOfDay(from, minutes ?? [0, DAY_MINUTES]);
  const [first, last] = [from ?? EARLIEST_DATE, to ?? LATEST_DATE];
  if (first >= last) return [];
  const days = Math.floor((Date.parse(last) - Date.parse(first)) / DAY_MS / 2);
  const middle = daysAfter(first, days);
  return [
    { from: daysAfter(middle, 1), to },
    { from, to: middle },
  ];
}

function halvesOfDay(day: string, [begin, end]: readonly [number, number]): readonly Span[] {
  const middle = Math.floor((begin + end) / 2);
  if (middle === begin) return [];
  const part = (...minutes: readonly [number, number]): Span => ({ from: day, to: day, minutes });
  return [part(begin, middle), part(middle, end)];
}

function daysAfter(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Of the PACS; when it is our own limit that was reached, or a key is ignored, halves are no help. */
function isRefusal(error: unknown): boolean {
  return isInterhospError(error) && error.code === 'PACS_TOO_MANY' && error.details.limit === undefined;
}
