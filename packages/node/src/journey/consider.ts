/**
 * One study under consideration: is it still growing, is it whole, and what do the rules say of it. Whatever way a study
 * was found, by poll, sweep or push, it is considered here, one look at a time, and dealt with once for each count.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { StudySummary } from '@interhosp/core/pacs';
import type { StudyHeader } from '@interhosp/core/study';
import { errorFields } from '../observe/logger.ts';
import { isOrderOpen, quietMsOf, type QuietTimes } from './completeness.ts';
import { headerOf, instancesOf } from './first-header.ts';
import { isOfThePacs } from './pacs-failure.ts';
import type { Sighting, Sightings } from './sightings.ts';
import type { ListingPorts, StudyListing } from './study-listing.ts';

/** Rules that wait for a schedule, and orders that are open, are asked about again so often at most. */
const ASK_AGAIN_MS = 5 * 60_000;
/**
 * An emergency does not wait until it is whole: what is there goes when the count stood still for so long, between two
 * series for example, and again each time. Less would make an exchange of every few images.
 */
const EMERGENCY_QUIET_MS = 30_000;
/** A study that fails again and again is tried once an hour in the end: the others come first. */
const MOST_PAUSE_MS = 3_600_000;
/** A PACS that tells no counts has a study that was dealt with counted at doubling pauses, once a day in the end. */
const MOST_RECOUNT_MS = 86_400_000;

/** No count that a PACS could tell. */
const NOT_COUNTED = -1;

/** A study that is complete, for the rules. */
export interface CompleteStudy {
  readonly header: StudyHeader;
  readonly instances: number;
}

/** What considering needs. */
export interface ConsiderPorts extends ListingPorts {
  readonly settings: {
    readonly quiet: QuietTimes;
    readonly orderOpenMs: number;
    readonly nationalNumberIssuers: readonly string[];
  };
  /** Whether this study with this count was dealt with: sent, or received from elsewhere. */
  isSettled(studyInstanceUid: Uid, instances: number): boolean;
  /** Asks the rules and begins exchanges, durable on return. False when the rules must be asked again later. */
  onComplete(study: CompleteStudy): Promise<boolean>;
  /**
   * Begins exchanges of emergencies, and of these alone, with what is there of a study that may still grow; durable on
   * return. `none` when no rule makes it one, `later` when the rules must be asked again.
   */
  onGrowing?(study: CompleteStudy): Promise<'none' | 'sent' | 'later'>;
}

/** Where a listing of a study came from. */
export interface Look {
  /** When it was asked for. */
  readonly askedMs: number;
  /** Something is known to have changed in it. */
  readonly isHint?: boolean;
}

/** Considers studies, each by one look at a time. */
export class Considering {
  readonly #ports: ConsiderPorts;
  readonly #listing: StudyListing;
  readonly #sightings: Sightings;
  readonly #busy = new Set<Uid>();

  constructor(ports: ConsiderPorts, listing: StudyListing, sightings: Sightings) {
    this.#ports = ports;
    this.#listing = listing;
    this.#sightings = sightings;
  }

  /**
   * Considers a study as it was listed. A study that fails is logged and waits alone.
   *
   * @param listings - The same study, once for each patient that it stands under.
   * @returns False when another look at it is under way.
   * @throws {PacsError} when it is the PACS that fails.
   */
  async consider(listings: readonly StudySummary[], look: Look, signal: AbortSignal): Promise<boolean> {
    const [summary] = listings;
    if (summary === undefined) return true;
    const uid = summary.studyInstanceUid;
    if (this.#busy.has(uid)) return false;
    this.#busy.add(uid);
    try {
      await this.#look(summary, listings.length > 1, look, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.failed(uid, look, error);
      if (isOfThePacs(error)) throw error;
    } finally {
      this.#busy.delete(uid);
    }
    return true;
  }

  /** A look at a study failed: it is logged, and waits alone, longer each time. */
  failed(uid: Uid, { askedMs }: Look, error: unknown): void {
    const { clock, log } = this.#ports;
    log.write('warn', 'discovery.study.failed', { ...errorFields(error), studyInstanceUid: uid });
    const nowMs = clock.monotonicMs();
    const sighting = this.#sightings.get(uid) ?? { ...UNKNOWN, countedMs: askedMs, sinceMs: askedMs };
    const failures = sighting.failures + 1;
    const pauseMs = Math.min(MOST_PAUSE_MS, ASK_AGAIN_MS * 2 ** (Math.min(failures, 10) - 1));
    // Never sooner than it was due, and what was dealt with stays so.
    const dueMs = Math.max(sighting.dueMs, nowMs + pauseMs);
    const lookedMs = Math.max(sighting.lookedMs, askedMs);
    this.#sightings.set(uid, { ...sighting, countedMs: nowMs, dueMs, failures, lookedMs });
  }

  async #look(summary: StudySummary, isSplit: boolean, look: Look, signal: AbortSignal): Promise<void> {
    const uid = summary.studyInstanceUid;
    const before = this.#sightings.get(uid);
    // A listing that was asked for before the newest look says nothing new; a hint came after whatever was seen.
    if (before !== undefined && before.lookedMs >= look.askedMs && look.isHint !== true) return;
    const nowMs = this.#ports.clock.monotonicMs();
    const isTold = summary.instances !== undefined || isSplit || look.isHint === true;
    if (before !== undefined && !isTold && nowMs < this.#recountMs(before, summary)) {
      this.#sightings.set(uid, { ...before, lookedMs: look.askedMs });
      return;
    }
    const instances = isSplit ? NOT_COUNTED : await instancesOf(this.#ports, summary, signal);
    const sighting =
      before?.instances === instances ? lookedAt(before, look) : this.#anew(summary, instances, look, before);
    this.#sightings.set(uid, sighting);
    if (isSplit) this.#split(uid, sighting);
    else if (sighting.isDone || instances === 0) return;
    else if (nowMs >= sighting.dueMs) await this.#decide(summary, sighting, signal);
    else await this.#hurry(sighting, summary, signal);
  }

  /** A count that was not seen before: the quiet begins anew. */
  #anew(summary: StudySummary, instances: number, { askedMs }: Look, before: Sighting | undefined): Sighting {
    const { studyDate } = summary.header;
    const isSettled = instances > 0 && this.#ports.isSettled(summary.studyInstanceUid, instances);
    return {
      countedMs: askedMs,
      dueMs: isSettled || instances === 0 ? Number.POSITIVE_INFINITY : askedMs + this.#quietMs(summary),
      failures: 0,
      instances,
      isDone: isSettled,
      isSplit: before?.isSplit ?? false,
      lookedMs: askedMs,
      sinceMs: askedMs,
      ...(before?.hurried !== undefined && { hurried: before.hurried }),
      ...(studyDate !== undefined && { date: studyDate }),
    };
  }

  /** When a PACS that tells no count is asked for each instance again. */
  #recountMs({ countedMs, dueMs, hurried, isDone, sinceMs }: Sighting, summary: StudySummary): number {
    if (isDone) return countedMs + Math.min(MOST_RECOUNT_MS, Math.max(this.#quietMs(summary), countedMs - sinceMs));
    const mayHurry = this.#ports.onGrowing !== undefined && hurried !== 'none';
    return mayHurry ? Math.min(dueMs, countedMs + EMERGENCY_QUIET_MS) : dueMs;
  }

  #quietMs({ header }: StudySummary): number {
    return quietMsOf(header.modalities, this.#ports.settings.quiet);
  }

  /**
   * It was quiet. What a listing by date said is not enough to send by: the study itself is asked for, under whatever
   * patient and date, and it must count the same.
   */
  async #decide(summary: StudySummary, sighting: Sighting, signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#ports;
    const confirmed = await this.#confirm(summary, sighting, signal);
    if (confirmed === undefined) return;
    const { fresh, seen } = confirmed;
    const uid = summary.studyInstanceUid;
    const { instances } = seen;
    if (this.#ports.isSettled(uid, instances)) return this.#sightings.set(uid, done(seen));
    const againMs = () => clock.monotonicMs() + Math.min(ASK_AGAIN_MS, this.#quietMs(fresh));
    if (await isOrderOpen(fresh, seen.sinceMs, { ...this.#ports, orderOpenMs: settings.orderOpenMs }, signal)) {
      return this.#sightings.set(uid, { ...seen, dueMs: againMs() });
    }
    const header = seen.header ?? (await headerOf(this.#ports, fresh, signal));
    const isDone = await this.#ports.onComplete({ header, instances });
    this.#sightings.set(uid, isDone ? done(seen) : { ...seen, dueMs: againMs(), header });
  }

  /** Undefined when the study is not as it was listed; what it is instead is noted. */
  async #confirm({ studyInstanceUid: uid }: StudySummary, sighting: Sighting, signal: AbortSignal) {
    const { askedMs, studies } = await this.#listing.ofStudy(uid, signal);
    const [fresh, another] = studies.get(uid) ?? [];
    const seen = lookedAt(sighting, { askedMs });
    if (fresh === undefined) this.#sightings.delete(uid);
    else if (another !== undefined) this.#split(uid, seen);
    else {
      const instances = await instancesOf(this.#ports, fresh, signal);
      if (instances === seen.instances) return { fresh, seen };
      this.#sightings.set(uid, this.#anew(fresh, instances, { askedMs }, seen));
    }
    return undefined;
  }

  /** An emergency goes as far as it is there; whether it is one is asked once for each study. */
  async #hurry(sighting: Sighting, summary: StudySummary, signal: AbortSignal): Promise<void> {
    const { hurried, instances, sinceMs } = sighting;
    if (this.#ports.onGrowing === undefined || hurried === 'none' || hurried === instances) return;
    if (this.#ports.clock.monotonicMs() - sinceMs < EMERGENCY_QUIET_MS) return;
    const confirmed = await this.#confirm(summary, sighting, signal);
    if (confirmed === undefined) return;
    const header = await headerOf(this.#ports, confirmed.fresh, signal);
    const answer = await this.#ports.onGrowing({ header, instances });
    if (answer === 'later') return this.#sightings.set(summary.studyInstanceUid, confirmed.seen);
    const now = answer === 'sent' ? instances : answer;
    this.#sightings.set(summary.studyInstanceUid, { ...confirmed.seen, hurried: now });
  }

  /** Under two patients at the source: which of them it is, a person there must say. Until then it is looked at now and then. */
  #split(uid: Uid, sighting: Sighting): void {
    if (!sighting.isSplit) {
      this.#ports.log.write('warn', 'discovery.study.under-two-patients', { studyInstanceUid: uid });
    }
    const dueMs = this.#ports.clock.monotonicMs() + MOST_PAUSE_MS;
    this.#sightings.set(uid, { ...sighting, dueMs, isDone: false, isSplit: true });
  }
}

/** Of what could not be counted yet. */
const UNKNOWN = { dueMs: 0, failures: 0, instances: NOT_COUNTED, isDone: false, isSplit: false, lookedMs: 0 } as const;

function lookedAt(sighting: Sighting, { askedMs }: Look): Sighting {
  return { ...sighting, countedMs: askedMs, lookedMs: askedMs };
}

function done(sighting: Sighting): Sighting {
  const { header: _, ...rest } = sighting;
  return { ...rest, dueMs: Number.POSITIVE_INFINITY, failures: 0, isDone: true, isSplit: false };
}
