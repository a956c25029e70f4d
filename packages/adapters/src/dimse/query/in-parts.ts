/**
 * Searches by date that a PACS answers in part. Some refuse an answer that is too long (A7xx), some end it as if it had been
 * cancelled (FE00, Orthanc with `LimitFindResults`), and some cut it off and call that a success. So what was refused is
 * asked for again in halves, down to one minute of a day, and what is longer than any answer that was seen to be whole is
 * compared with its halves.
 */
import { isInterhospError } from '@interhosp/core/errors';

/** Days, `YYYY-MM-DD` and inclusive, open where an end is not given; of a single day a part, in minutes. */
export interface Span {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** From the first minute until before the second, of 1,440. */
  readonly minutes?: readonly [number, number] | undefined;
}

/** How many answers a PACS gives at once, as far as was seen. One for each PACS. */
export class AnswerLimit {
  /** So many were all there were. */
  #wholeCount = FEW_ANSWERS;
  /** So many were not. */
  #cutCount = Number.POSITIVE_INFINITY;

  /** Whether an answer of this length is known to be all there is. */
  isWhole(count: number): boolean {
    return count <= this.#wholeCount;
  }

  /** Whether an answer of this length is known to lack something, or to have come to the limit by chance. */
  isCut(count: number): boolean {
    return count >= this.#cutCount;
  }

  sawWhole(count: number): void {
    if (count < this.#cutCount) this.#wholeCount = Math.max(this.#wholeCount, count);
  }

  sawCut(count: number): void {
    this.#cutCount = Math.min(this.#cutCount, count);
    this.#wholeCount = Math.min(this.#wholeCount, this.#cutCount - 1);
  }
}

/** How parts are asked for. */
export interface PartsOptions<Found> {
  readonly ask: (span: Span) => AsyncIterable<Found>;
  /** The same for the same answer, however it was asked for. */
  readonly identityOf: (found: Found) => string;
  readonly limit: AnswerLimit;
}

/** No PACS has a limit below this. */
const FEW_ANSWERS = 9;
const DAY_MINUTES = 1_440;
const DAY_MS = 86_400_000;
/** Where a search without a first day begins: before any image was dated. */
const EARLIEST_DATE = '1900-01-01';
/** A search without a last day is halved as if it went up to here, and what is still later is one piece. */
const LATEST_DATE = '2100-01-01';

/**
 * Everything in a span, some of it more than once.
 *
 * @throws {PacsError} as `ask`; `PACS_TOO_MANY` where even a minute is too many.
 */
export async function* inParts<Found>(span: Span, options: PartsOptions<Found>): AsyncGenerator<Found> {
  const identities = new Set<string>();
  try {
    yield* noted(options.ask(span), identities, options);
  } catch (error) {
    const halves = halvesOf(span);
    if (!isRefusal(error) || halves.length === 0) throw error;
    for (const half of halves) yield* inParts(half, options);
    return;
  }
  yield* missing(span, identities, options);
}

/** What an answer lacks, if it was cut off: asked for until nobody can doubt that it is whole. */
async function* missing<Found>(
  span: Span,
  identities: ReadonlySet<string>,
  options: PartsOptions<Found>,
): AsyncGenerator<Found> {
  const { limit } = options;
  const halves = halvesOf(span);
  if (halves.length === 0 || limit.isWhole(identities.size)) return;
  const parts: { readonly half: Span; readonly found: Set<string> }[] = [];
  for (const half of halves) {
    const found = new Set<string>();
    try {
      yield* noted(options.ask(half), found, options);
      parts.push({ half, found });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      yield* inParts(half, options);
    }
  }
  const isCut = parts.some(({ found }) => [...found].some((identity) => !identities.has(identity)));
  if (isCut) {
    limit.sawCut(identities.size);
  } else {
    const asLong = parts.filter(({ found }) => found.size === identities.size).length;
    // Each half as long as the whole: the key is ignored, and nothing is learned from it.
    if (asLong > 1) return;
    if (asLong === 0) limit.sawWhole(identities.size);
  }
  for (const { half, found } of parts) yield* missing(half, found, options);
  // One half was the whole, to the letter; by now that one has been looked into.
  if (!isCut && !limit.isCut(identities.size)) limit.sawWhole(identities.size);
}

async function* noted<Found>(
  answers: AsyncIterable<Found>,
  identities: Set<string>,
  { identityOf }: PartsOptions<Found>,
): AsyncGenerator<Found> {
  for await (const found of answers) {
    identities.add(identityOf(found));
    yield found;
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
