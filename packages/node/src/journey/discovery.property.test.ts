/** Whatever the order in which studies grow, are pushed, and PACS and member fail: each is taken whole, and once. */
import type { Uid } from '@interhosp/core/dicom';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Archive, uidOf } from '../../test/journey/archive.ts';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { silentLog } from '../../test/storage/worlds.ts';
import { discover, type DiscoverySettings } from './discovery.ts';

const isLong = process.env['INTERHOSP_DOSE'] === 'long';
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const QUIET_MS = 12 * MINUTE_MS;
const STUDIES = 5;

const SETTINGS: DiscoverySettings = {
  nationalNumberIssuers: [],
  orderOpenMs: 0,
  overlapMs: DAY_MS,
  pollMs: 5 * MINUTE_MS,
  quiet: { byModalityMs: {}, otherMs: QUIET_MS },
  sweepHour: 2,
  sweepsUndated: true,
  windowDays: 10,
};

/** One of a date that each way of finding covers: polls, a sweep, and a sweep of what has no date. */
const DATES = [0, 0, -1, -6, undefined].map((days) =>
  days === undefined ? undefined : new Date(days * DAY_MS).toISOString().slice(0, 10),
);

const number = fc.nat(STUDIES - 1);
const event = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('grows' as const), number, isPushed: fc.nat(2) }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant('pushed' as const), number }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constantFrom('down' as const, 'up' as const, 'restart' as const) }), weight: 2 },
  {
    arbitrary: fc.record({ kind: fc.constant('waits' as const), minutes: fc.integer({ min: 1, max: 40 }) }),
    weight: 6,
  },
);

/** A hospital whose member can be restarted: what was accepted is in its ledger, what was seen is not. */
class World {
  readonly archive = new Archive();
  readonly clock = new ManualClock();
  /** Exchanges, as their journal keeps them. */
  readonly accepted: string[] = [];
  readonly problems: string[] = [];
  readonly counts = Array.from({ length: STUDIES }, () => 0);
  readonly #grownMs = Array.from({ length: STUDIES }, () => 0);
  #stop = new AbortController();

  start(): void {
    this.#stop.abort(new Error('restart'));
    this.#stop = new AbortController();
    const considered = new Set<string>();
    void discover(
      {
        clock: this.clock,
        isSettled: () => false,
        log: silentLog,
        onComplete: async ({ header, instances }) => this.#complete(header.studyInstanceUid, instances, considered),
        settings: SETTINGS,
        source: this.archive,
        utcOffsetMinutes: () => 0,
      },
      this.#stop.signal,
    );
  }

  end(): void {
    this.#stop.abort(new Error('over'));
  }

  grow(study: number): void {
    const date = DATES[study];
    const instances = (this.counts[study] ?? 0) + 1;
    this.counts[study] = instances;
    this.#grownMs[study] = this.clock.now();
    this.archive.put(study, { instances, ...(date !== undefined && { studyDate: date }) });
  }

  #complete(uid: Uid, instances: number, considered: Set<string>): boolean {
    const study = this.counts.findIndex((_, each) => uidOf(each) === uid);
    const key = `${study}#${instances}`;
    if (considered.has(key)) this.problems.push(`${key} was considered twice`);
    considered.add(key);
    if (instances !== this.counts[study]) this.problems.push(`${key} is not what the PACS holds`);
    if (this.clock.now() - (this.#grownMs[study] ?? 0) < QUIET_MS) this.problems.push(`${key} was not quiet`);
    if (!this.accepted.includes(key)) this.accepted.push(key);
    return true;
  }
}

it('takes every study that is quiet once for each count, in whatever order things happen', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
      const world = new World();
      const { archive, clock } = world;
      world.start();
      for (const each of events) {
        if (each.kind === 'grows') {
          world.grow(each.number);
          for (let times = 0; times < each.isPushed; times++) archive.push(each.number);
        } else if (each.kind === 'pushed') archive.push(each.number);
        else if (each.kind === 'waits') await clock.advance(each.minutes * MINUTE_MS);
        else if (each.kind === 'restart') world.start();
        else archive.isDown = each.kind === 'down';
      }
      archive.isDown = false;
      // A night, in which the sweep finds what nothing told of.
      await clock.advance(DAY_MS + 2 * 60 * MINUTE_MS);
      world.end();
      await clock.advance(0);
      const last = world.counts.flatMap((count, study) => (count > 0 ? [`${study}#${count}`] : []));
      expect(world.problems).toEqual([]);
      expect(world.accepted).toEqual(expect.arrayContaining(last));
    }),
    { numRuns: isLong ? 4_000 : 40 },
  );
});
