/**
 * Finds studies that shall leave, in three ways that end in the same consideration (consider.ts):
 *
 * - the **poll**, every minute, asks for the days from a watermark on, less an overlap: a PACS with years of archive is not
 *   listed whole. The watermark is when a poll last came to its end, so that a PACS that was down for days is asked for
 *   these days;
 * - the **sweep**, every night and at each start, asks for every day of the window: studies of older dates to which
 *   something was added, and whatever was missed;
 * - **push**, where the PACS tells of changes by itself.
 *
 * A study dated in the future is in the last, open range of poll and sweep. One without a date is in no range of dates
 * (PS3.4 C.2.2.2.5): push finds it, and a sweep that is told to list the whole PACS for it.
 */
import type { Uid } from '@interhosp/core/dicom';
import { errorFields } from '../observe/logger.ts';
import { Considering, type ConsiderPorts, type CompleteStudy } from './consider.ts';
import { dateAt, dayByDay, daysAfter, type DateRange } from './date-range.ts';
import { followHints } from './hints.ts';
import { isOfThePacs } from './pacs-failure.ts';
import { Sightings } from './sightings.ts';
import { createStudyListing, type ListedStudies, type StudyListing } from './study-listing.ts';
import { createSweepSchedule } from './sweep-schedule.ts';

export type { CompleteStudy };

/** So many studies of one day that are due are asked for one by one; more are asked for by their day. */
const MAX_SINGLE_LOOKS = 10;

/** Rounds in which one sweep asks for a day that cannot be listed; then it is left to the next night. */
const SWEEP_TRIES = 3;

/** When a study counts as complete, and how far back is looked. */
export interface DiscoverySettings {
  readonly pollMs: number;
  /** How far before the watermark a poll begins. */
  readonly overlapMs: number;
  /** Older studies are left alone, whatever way they are found. `all`: each poll lists the whole PACS. */
  readonly windowDays: number | 'all';
  /** Hour of the nightly sweep on the hospital's wall, 0 to 23. */
  readonly sweepHour: number;
  /** Whether a sweep lists the whole PACS to find studies without a date. */
  readonly sweepsUndated: boolean;
  readonly quiet: ConsiderPorts['settings']['quiet'];
  readonly orderOpenMs: number;
  readonly nationalNumberIssuers: readonly string[];
}

/** What discovery needs. */
export interface DiscoveryPorts extends ConsiderPorts {
  readonly settings: DiscoverySettings;
}

/** Runs until the signal aborts. A PACS that is down is asked again; nothing is forgotten meanwhile. */
export async function discover(ports: DiscoveryPorts, signal: AbortSignal): Promise<void> {
  await new Discovery(ports, signal).run();
}

class Discovery {
  readonly #ports: DiscoveryPorts;
  readonly #signal: AbortSignal;
  readonly #listing: StudyListing;
  readonly #sightings: Sightings;
  readonly #considering: Considering;
  /** Wall time at which the newest complete poll began. */
  #watermarkMs: number;
  /** The same on the monotonic clock. */
  #polledMs = Number.NEGATIVE_INFINITY;
  #isFull = false;

  constructor(ports: DiscoveryPorts, signal: AbortSignal) {
    this.#ports = ports;
    this.#signal = signal;
    this.#watermarkMs = ports.clock.now();
    this.#listing = createStudyListing(ports);
    this.#sightings = new Sightings(() => {
      if (!this.#isFull) ports.log.write('warn', 'discovery.memory.full', { count: this.#sightings.size });
      this.#isFull = true;
    });
    this.#considering = new Considering(ports, this.#listing, this.#sightings);
  }

  /** Poll and sweep go side by side: the first night of a large window must not keep today's studies waiting. */
  async run(): Promise<void> {
    const { clock, log, settings, source } = this.#ports;
    const sweep = this.#sweeper();
    await Promise.all([
      this.#everyPoll(() => this.#poll()),
      this.#everyPoll(async () => {
        try {
          await sweep();
        } finally {
          await this.#lookAtDue();
        }
      }),
      followHints({ clock, log, look: (uid) => this.#lookAt(uid), pollMs: settings.pollMs, source }, this.#signal),
    ]);
  }

  async #everyPoll(work: () => Promise<void>): Promise<void> {
    const { clock, log, settings } = this.#ports;
    while (!this.#signal.aborted) {
      try {
        await work();
      } catch (error) {
        if (!this.#signal.aborted) log.write('warn', 'discovery.failed', errorFields(error));
      }
      await clock.sleep(settings.pollMs, { signal: this.#signal }).catch(() => {});
    }
  }

  // ---- the poll

  async #poll(): Promise<void> {
    const { clock } = this.#ports;
    const [nowMs, beganMs] = [clock.now(), clock.monotonicMs()];
    for await (const listed of this.#listing.ofDays(this.#pollRange(nowMs), this.#signal)) await this.#consider(listed);
    this.#watermarkMs = nowMs;
    this.#polledMs = beganMs;
    if (this.#ports.settings.windowDays === 'all') this.#sightings.prune(beganMs);
  }

  #pollRange(nowMs: number): DateRange {
    const { overlapMs } = this.#ports.settings;
    const oldest = this.#oldestDate(nowMs);
    if (oldest === undefined) return {};
    // A clock that was set back has a watermark before it that is not true any more.
    const from = this.#dateAt(Math.min(nowMs, this.#watermarkMs) - overlapMs);
    return { from: from < oldest ? oldest : from };
  }

  // ---- the sweep

  /** Goes on where it was when the PACS failed. */
  #sweeper(): () => Promise<void> {
    const { clock, log, settings, utcOffsetMinutes } = this.#ports;
    const schedule = createSweepSchedule({ clock, hour: settings.sweepHour, utcOffsetMinutes });
    /** Each with how often it could not be listed. */
    let left = new Map<DateRange | 'undated', number>();
    let hasListed = false;
    let beganMs: number | undefined;
    return async () => {
      const oldest = this.#oldestDate(clock.now());
      // Each poll looks at everything.
      if (oldest === undefined) return;
      if (schedule.isDue()) {
        schedule.began();
        this.#isFull = false;
        hasListed = false;
        beganMs = clock.monotonicMs();
        const undated = settings.sweepsUndated ? ['undated' as const] : [];
        left = new Map([...dayByDay(oldest, this.#dateAt(clock.now())), ...undated].map((piece) => [piece, 0]));
      }
      if (beganMs === undefined) return;
      for (const [piece, failures] of left) {
        const isListed = await this.#look(piece);
        hasListed ||= isListed;
        if (isListed || failures >= SWEEP_TRIES - 1) left.delete(piece);
        // Where nothing at all was listed, it is no fault of this day.
        else if (hasListed) left.set(piece, failures + 1);
      }
      if (left.size > 0) return;
      this.#sightings.prune(beganMs);
      log.write('info', 'discovery.swept', { count: this.#sightings.size, durationMs: clock.monotonicMs() - beganMs });
      beganMs = undefined;
    };
  }

  /**
   * Lists some days, or what has none, and considers what is there.
   *
   * @returns False when this cannot be listed, which is logged: one answer that is none must not keep the others waiting.
   * @throws {PacsError} when it is the PACS that fails.
   */
  async #look(piece: DateRange | 'undated'): Promise<boolean> {
    try {
      if (piece === 'undated') await this.#consider(await this.#listing.undated(this.#signal));
      else for await (const listed of this.#listing.ofDays(piece, this.#signal)) await this.#consider(listed);
      return true;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (isOfThePacs(error)) throw error;
      this.#ports.log.write('warn', 'discovery.failed', errorFields(error));
      return false;
    }
  }

  // ---- single studies

  /** What no poll sees, and was quiet: studies of older days that the sweep or a push found. */
  async #lookAtDue(): Promise<void> {
    const due = this.#sightings.due(this.#ports.clock.monotonicMs(), this.#polledMs);
    for (const [date, uids] of Map.groupBy(due.keys(), (uid) => due.get(uid)?.date)) {
      if (date !== undefined && uids.length > MAX_SINGLE_LOOKS) {
        await this.#look({ from: date, to: date });
      }
      // Also those that have left their day: deleted, or dated anew.
      for (const uid of uids)
        if (this.#sightings.get(uid)?.lookedMs === due.get(uid)?.lookedMs) await this.#lookAgain(uid);
    }
  }

  async #lookAgain(uid: Uid): Promise<void> {
    const askedMs = this.#ports.clock.monotonicMs();
    try {
      const listed = await this.#listing.ofStudy(uid, this.#signal);
      if (listed.studies.size === 0) this.#sightings.delete(uid);
      await this.#consider(listed);
    } catch (error) {
      this.#signal.throwIfAborted();
      if (isOfThePacs(error)) throw error;
      this.#considering.failed(uid, { askedMs }, error);
    }
  }

  /** False when the PACS does not list it yet, or another look at it is under way. */
  async #lookAt(uid: Uid): Promise<boolean> {
    const { askedMs, studies } = await this.#listing.ofStudy(uid, this.#signal);
    const listings = studies.get(uid) ?? [];
    const oldest = this.#oldestDate(this.#ports.clock.now());
    const isOld = listings.every(({ header: { studyDate } }) => studyDate !== undefined && studyDate < (oldest ?? ''));
    if (listings.length === 0) return false;
    return isOld || (await this.#considering.consider(listings, { askedMs, isHint: true }, this.#signal));
  }

  async #consider({ askedMs, studies }: ListedStudies): Promise<void> {
    for (const listings of studies.values()) await this.#considering.consider(listings, { askedMs }, this.#signal);
  }

  /** Undefined when every date is looked at. */
  #oldestDate(nowMs: number): string | undefined {
    const { windowDays } = this.#ports.settings;
    return windowDays === 'all' ? undefined : daysAfter(this.#dateAt(nowMs), -windowDays);
  }

  #dateAt(epochMs: number): string {
    return dateAt(epochMs, this.#ports.utcOffsetMinutes(epochMs));
  }
}
