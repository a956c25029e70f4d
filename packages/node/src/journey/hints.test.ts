import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import { afterEach, describe, expect, it } from 'vitest';
import { Archive, uidOf } from '../../test/journey/archive.ts';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { keptLog } from '../../test/storage/worlds.ts';
import { followHints } from './hints.ts';

const POLL_MS = 60_000;
let stop = new AbortController();
afterEach(() => stop.abort());

function start(look: (uid: Uid) => boolean = () => true) {
  stop = new AbortController();
  const archive = new Archive();
  const clock = new ManualClock();
  const log = keptLog();
  const looked: Uid[] = [];
  const over = followHints(
    {
      clock,
      log,
      look: async (uid) => {
        looked.push(uid);
        return look(uid);
      },
      pollMs: POLL_MS,
      source: archive,
    },
    stop.signal,
  );
  return { archive, clock, log, looked, over };
}

describe('hints', () => {
  it('lead to a look at once', async () => {
    const { archive, clock, looked } = start();
    await clock.advance(0);
    archive.push(1);
    await clock.advance(0);
    expect(looked).toEqual([uidOf(1)]);
  });

  it('that come for each instance lead to a look every two seconds, and to one after the last', async () => {
    const { archive, clock, looked } = start();
    await clock.advance(0);
    for (let tenth = 0; tenth < 100; tenth++) {
      archive.push(1);
      await clock.advance(100);
    }
    await clock.advance(10_000);
    expect(looked.length).toBeGreaterThanOrEqual(5);
    expect(looked.length).toBeLessThanOrEqual(7);
  });

  it('before the PACS itself lists the study are kept for a few rounds, and no more', async () => {
    let rounds = 0;
    const late = start(() => ++rounds === 3);
    await late.clock.advance(0);
    late.archive.push(1);
    await late.clock.advance(60_000);
    expect(late.looked).toHaveLength(3);
    const never = start(() => false);
    await never.clock.advance(0);
    never.archive.push(1);
    await never.clock.advance(60_000);
    expect(never.looked).toHaveLength(5);
  });

  it('outlive a PACS that fails at one look, and one that stops telling', async () => {
    let isDown = true;
    const { archive, clock, log, looked } = start(() => {
      if (isDown) throw new PacsError('PACS_UNREACHABLE');
      return true;
    });
    await clock.advance(0);
    archive.push(1);
    await clock.advance(0);
    isDown = false;
    await clock.advance(2_000);
    expect(looked).toEqual([uidOf(1), uidOf(1)]);
    // What is told while nobody listens is missed.
    archive.isDown = true;
    archive.push(2);
    await clock.advance(0);
    expect(archive.listeners).toBe(0);
    archive.isDown = false;
    await clock.advance(POLL_MS);
    archive.push(3);
    await clock.advance(2_000);
    expect(looked.slice(2)).toEqual([uidOf(3)]);
    expect(log.lines.map(({ event }) => event)).toEqual(['discovery.hint.failed', 'discovery.hints.failed']);
  });

  it('beyond what can wait are left to the poll, and the log says so once', async () => {
    const { archive, clock, log, looked } = start();
    await clock.advance(0);
    archive.push(0);
    await clock.advance(0);
    for (let number = 1; number <= 10_005; number++) archive.push(number);
    await clock.advance(4_000);
    expect(looked).toHaveLength(10_001);
    expect(log.lines).toEqual([{ event: 'discovery.hints.too-many', fields: { limit: 10_000 } }]);
  });

  it('end with the member, and are over at once where nothing tells', async () => {
    const { clock, over } = start();
    await clock.advance(0);
    stop.abort(new Error('stopping'));
    await over;
    expect(clock.sleeping).toBe(0);
    const { signal } = new AbortController();
    const look = () => Promise.resolve(true);
    await followHints({ clock, log: keptLog(), look, pollMs: 1, source: {} }, signal);
  });
});
