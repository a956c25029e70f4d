/**
 * Lists the studies of a range of days, in pieces that a PACS is willing to answer and that fit in memory: a range that is
 * too many is halved, and what was learned of its size is kept for the next time. A range that cannot be listed is halved as
 * well: one answer that is none must not hide the studies of other days.
 */
import type { Uid } from '@interhosp/core/dicom';
import { errorCodeOf, isInterhospError, PacsError, type InterhospError } from '@interhosp/core/errors';
import type { PacsSource, StudyQuery, StudySummary } from '@interhosp/core/pacs';
import type { Clock, Log, SafeFields } from '@interhosp/core/world';
import { errorFields } from '../observe/logger.ts';
import { dateAt, daysIn, halvesOf, type DateRange } from './date-range.ts';
import { isOfThePacs } from './pacs-failure.ts';

/** Studies held at once: three weeks of a large hospital. An answer that goes on beyond is asked for in halves. */
const MAX_LISTED_STUDIES = 20_000;
/** Queries of one listing: a century of archive in pieces of a few weeks. */
const MAX_QUERIES = 2_000;
/** Halving a century down to a day takes 17; a PACS that finds even that too many finds everything too many. */
const MAX_QUERIES_IN_VAIN = 40;
/** What was too many is tried again after so long: the PACS may have been short of memory, or be set otherwise since. */
const LEARNED_FOR_MS = 86_400_000;

/** What a listing asks, and of whom. */
export interface ListingPorts {
  readonly source: PacsSource;
  readonly clock: Clock;
  readonly log: Log;
  /** How far the hospital's own time is ahead of UTC at an instant, in minutes. */
  readonly utcOffsetMinutes: (epochMs: number) => number;
}

/** One answer. */
export interface ListedStudies {
  /** Monotonic time at which it was asked for: what it says is at least as new. */
  readonly askedMs: number;
  /** Each study as often as it is listed: twice when it stands under two patients. */
  readonly studies: ReadonlyMap<Uid, readonly StudySummary[]>;
}

/** Lists studies; made once for each PACS. */
export interface StudyListing {
  /**
   * Newest days first. A single day that is too many, or fails where others are listed, is logged once and passed by: the
   * others must not wait for it.
   *
   * @throws {PacsError} as the adapter, when it is the PACS that fails or nothing can be listed; `PACS_TOO_MANY` when there is
   *   no end of halving.
   */
  ofDays(range: DateRange, signal: AbortSignal): AsyncGenerator<ListedStudies>;
  /**
   * The studies without a date. No query asks for these alone (PS3.4 C.2.2.2), so that the whole PACS is listed. One that is
   * too large for that is logged once, and none are found.
   */
  undated(signal: AbortSignal): Promise<ListedStudies>;
  /** One study, under every patient that it is listed with. */
  ofStudy(studyInstanceUid: Uid, signal: AbortSignal): Promise<ListedStudies>;
}

/** Makes a listing that remembers which ranges are too many. */
export function createStudyListing(ports: ListingPorts): StudyListing {
  const learned = new Learned(ports);
  return {
    ofDays: (range, signal) => listDays(range, ports, learned, signal),
    ofStudy: (studyInstanceUid, signal) => ask({ studyInstanceUid }, ports, signal),
    undated: async (signal) => {
      const asking = ask({}, ports, signal, ({ header }) => header.studyDate === undefined);
      const listed = await orFailure(asking, signal);
      if (!(listed instanceof Error)) return listed;
      if (!isTooMany(listed)) throw listed;
      learned.undatedTooMany();
      return { askedMs: ports.clock.monotonicMs(), studies: new Map() };
    },
  };
}

async function* listDays(
  range: DateRange,
  ports: ListingPorts,
  learned: Learned,
  signal: AbortSignal,
): AsyncGenerator<ListedStudies> {
  const nowMs = ports.clock.now();
  const today = dateAt(nowMs, ports.utcOffsetMinutes(nowMs));
  const pending = [range];
  let answers = 0;
  let first: InterhospError | undefined;
  for (let queries = 0; pending.length > 0;) {
    const piece = pending.shift() as DateRange;
    const halves = halvesOf(piece, today);
    if (halves.length === 0 || !learned.isTooMany(piece, today)) {
      if (queries++ >= (answers === 0 ? MAX_QUERIES_IN_VAIN : MAX_QUERIES)) {
        throw first ?? new PacsError('PACS_TOO_MANY', { details: { count: queries } });
      }
      const listed = await orFailure(ask(queryOf(piece), ports, signal), signal);
      if (!(listed instanceof Error)) {
        answers++;
        yield listed;
        continue;
      }
      if (isTooMany(listed)) learned.tooMany(piece, today);
      else first ??= listed;
      if (halves.length === 0) learned.givenUp(piece, listed);
    }
    pending.unshift(...halves);
  }
  if (answers === 0 && first !== undefined) throw first;
}

/** What a PACS, or our own limit, found too many before: it is not asked again. Each loss is logged once. */
class Learned {
  readonly #ports: Pick<ListingPorts, 'clock' | 'log'>;
  readonly #logged = new Set<string>();
  /** So many days and more. */
  #days = Number.POSITIVE_INFINITY;
  #untilMs = 0;

  constructor(ports: Pick<ListingPorts, 'clock' | 'log'>) {
    this.#ports = ports;
  }

  isTooMany(range: DateRange, today: string): boolean {
    return daysIn(range, today) >= this.#days && this.#ports.clock.monotonicMs() < this.#untilMs;
  }

  tooMany(range: DateRange, today: string): void {
    const nowMs = this.#ports.clock.monotonicMs();
    const before = nowMs < this.#untilMs ? this.#days : Number.POSITIVE_INFINITY;
    this.#days = Math.min(before, daysIn(range, today));
    if (before === Number.POSITIVE_INFINITY) this.#untilMs = nowMs + LEARNED_FOR_MS;
    // Halves have dates: studies without one are asked for apart, or come by push.
    if (range.from === undefined && range.to === undefined) this.undatedTooMany();
  }

  undatedTooMany(): void {
    this.#once('discovery.undated.not-listed', '', { limit: MAX_LISTED_STUDIES });
  }

  givenUp({ from = '' }: DateRange, error: InterhospError): void {
    if (isTooMany(error)) this.#once('discovery.day.too-many', from, { limit: MAX_LISTED_STUDIES });
    else this.#once('discovery.day.failed', from, errorFields(error));
  }

  #once(event: string, key: string, fields: SafeFields): void {
    if (this.#logged.has(`${event} ${key}`)) return;
    this.#logged.add(`${event} ${key}`);
    this.#ports.log.write('error', event, fields);
  }
}

function queryOf({ from, to }: DateRange): StudyQuery {
  return { ...(from !== undefined && { studyDateFrom: from }), ...(to !== undefined && { studyDateTo: to }) };
}

/** An error that speaks of what was asked, in place of an answer. @throws every other error */
async function orFailure<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | InterhospError> {
  try {
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    if (!isInterhospError(error) || isOfThePacs(error)) throw error;
    return error;
  }
}

function isTooMany(error: InterhospError): boolean {
  return errorCodeOf(error) === 'PACS_TOO_MANY';
}

async function ask(
  query: StudyQuery,
  { clock, source }: ListingPorts,
  signal: AbortSignal,
  isWanted: (summary: StudySummary) => boolean = () => true,
): Promise<ListedStudies> {
  const askedMs = clock.monotonicMs();
  const studies = new Map<Uid, StudySummary[]>();
  for await (const summary of source.findStudies(query, { signal })) {
    if (!isWanted(summary)) continue;
    const same = studies.get(summary.studyInstanceUid);
    if (same !== undefined) same.push(summary);
    else if (studies.size < MAX_LISTED_STUDIES) studies.set(summary.studyInstanceUid, [summary]);
    else throw new PacsError('PACS_TOO_MANY', { details: { limit: MAX_LISTED_STUDIES } });
  }
  return { askedMs, studies };
}
