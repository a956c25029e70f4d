import { PacsError, TransferError } from '@interhosp/core/errors';
import { describe, expect, it } from 'vitest';
import { admitted, typesOf, type Written } from '../../test/journey/exchanges.ts';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { keptLog } from '../../test/storage/worlds.ts';
import type { LiveExchange } from '../member/live-exchange.ts';
import { supervise } from './supervise.ts';

const HOUR_MS = 3_600_000;

interface World {
  readonly clock: ManualClock;
  readonly log: ReturnType<typeof keptLog>;
  readonly written: Written[];
  readonly x: LiveExchange;
  readonly stop: AbortController;
  /** Supervises a journey; the promise is that of `supervise`. */
  run(journey: (signal: AbortSignal) => Promise<void>): Promise<void>;
}

async function world(): Promise<World> {
  const clock = new ManualClock();
  const log = keptLog();
  const written: Written[] = [];
  const stop = new AbortController();
  const x = await admitted(written, {});
  // The middle of the jitter: three quarters of the doubled pause.
  const random = { bytes: () => Uint8Array.of(128) };
  const options = { backoff: { firstMs: 1000, mostMs: 60_000 }, clock, giveUpAfterMs: 24 * HOUR_MS, log, random };
  return { clock, log, run: (journey) => supervise(x, journey, options, stop.signal), stop, written, x };
}

/** A journey that fails as often as it is told, and counts. */
function failing(error: () => Error, times = Number.POSITIVE_INFINITY) {
  const journey = () => (++journey.runs <= times ? Promise.reject(error()) : Promise.resolve());
  journey.runs = 0;
  return journey;
}

describe('supervision', () => {
  it('tries again after a pause that grows, until the journey ends', async () => {
    const { clock, log, run, written } = await world();
    const journey = failing(() => new PacsError('PACS_UNREACHABLE'), 3);
    const ended = run(journey);
    await clock.advance(0);
    expect(journey.runs).toBe(1);
    await clock.advance(HOUR_MS);
    await ended;
    expect(journey.runs).toBe(4);
    const pauses = log.lines.map(({ fields }) => fields?.retryAfterMs ?? 0);
    expect(pauses).toHaveLength(3);
    expect(pauses).toEqual(pauses.toSorted((one, other) => one - other));
    expect(pauses[2]).toBeGreaterThan(pauses[0] ?? 0);
    expect(typesOf(written)).not.toContain('HELD');
  });

  it('waits at least as long as the other side asks', async () => {
    const { clock, run } = await world();
    const journey = failing(() => new TransferError('TRANSFER_REFUSED', { details: { retryAfterMs: 50_000 } }), 1);
    const ended = run(journey);
    await clock.advance(49_999);
    expect(journey.runs).toBe(1);
    await clock.advance(1);
    await ended;
    expect(journey.runs).toBe(2);
  });

  it('holds at once what trying again cannot help, and goes on when a person releases it', async () => {
    const { clock, run, written, x } = await world();
    const journey = failing(() => new PacsError('PACS_UNAUTHORIZED'), 1);
    const ended = run(journey);
    await clock.advance(HOUR_MS);
    expect([journey.runs, x.state.held]).toEqual([1, { code: 'PACS_UNAUTHORIZED' }]);
    await x.record('RELEASED', { by: 'An' });
    await ended;
    expect(journey.runs).toBe(2);
    expect(typesOf(written).slice(-2)).toEqual(['HELD', 'RELEASED']);
  });

  it('says what the other side said, when it holds for that', async () => {
    const { clock, run, stop, x } = await world();
    const details = { code: 'FEDERATION_NOT_PERMITTED' };
    const ended = run(failing(() => new TransferError('TRANSFER_REFUSED', { details, retry: 'no' })));
    await clock.advance(0);
    expect(x.state.held).toEqual({ code: 'TRANSFER_REFUSED:FEDERATION_NOT_PERMITTED' });
    stop.abort();
    await ended;
  });

  it('tries an error that is not ours a few times, then shows it to a person', async () => {
    const { clock, run, stop, x } = await world();
    const journey = failing(() => new TypeError('x is undefined'));
    const ended = run(journey);
    await clock.advance(HOUR_MS);
    expect([journey.runs, x.state.held]).toEqual([5, { code: 'UNEXPECTED' }]);
    stop.abort();
    await ended;
  });

  it('asks a person when nothing moved for so long, and keeps trying until then', async () => {
    const { clock, run, stop, x } = await world();
    const journey = failing(() => new PacsError('PACS_UNREACHABLE'));
    const ended = run(journey);
    await clock.advance(23 * HOUR_MS);
    expect(x.state.held).toBeUndefined();
    await clock.advance(2 * HOUR_MS);
    expect(x.state.held).toEqual({ code: 'PACS_UNREACHABLE' });
    stop.abort();
    await ended;
  });

  it('begins its patience anew with every byte, and not with a further look', async () => {
    const { clock, run, stop, x } = await world();
    const ended = run(failing(() => new PacsError('PACS_UNREACHABLE')));
    await clock.advance(20 * HOUR_MS);
    x.progress.bytes += 1;
    await clock.advance(20 * HOUR_MS);
    expect(x.state.held).toBeUndefined();
    await x.record('RETRY_WAIT', { code: 'X', failures: 1, untilMs: 0 });
    await clock.advance(6 * HOUR_MS);
    expect(x.state.held).toBeDefined();
    stop.abort();
    await ended;
  });

  it('stops the journey when a person cancels, and runs it no more', async () => {
    const { clock, run, written, x } = await world();
    let runs = 0;
    const ended = run((signal) => {
      runs++;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    });
    await clock.advance(0);
    await x.record('CANCELLED', { by: 'An', reason: 'wrong study' });
    await ended;
    await clock.advance(HOUR_MS);
    expect(runs).toBe(1);
    expect(typesOf(written)).not.toContain('HELD');
  });

  it('does not begin a journey of an exchange that a person ended', async () => {
    const { run, x } = await world();
    await x.record('CANCELLED', { by: 'An', reason: 'wrong study' });
    const journey = failing(() => new Error('never'));
    await run(journey);
    expect(journey.runs).toBe(0);
  });

  it('waits before it begins while the exchange is held, and ends when it is cancelled there', async () => {
    const { clock, run, x } = await world();
    await x.record('HELD', { code: 'PACS_REFUSED' });
    const journey = failing(() => new Error('never'));
    const ended = run(journey);
    await clock.advance(HOUR_MS);
    expect(journey.runs).toBe(0);
    await x.record('CANCELLED', { by: 'An', reason: 'wrong study' });
    await ended;
    expect(journey.runs).toBe(0);
  });

  it('ends with the member, in the middle of a journey as in a pause, and holds nothing', async () => {
    for (const isPaused of [true, false]) {
      const { clock, run, stop, written } = await world();
      const ended = run((signal) =>
        isPaused
          ? Promise.reject(new PacsError('PACS_BUSY'))
          : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      );
      await clock.advance(0);
      stop.abort(new Error('the member stops'));
      await ended;
      expect([clock.sleeping, typesOf(written).includes('HELD')]).toEqual([0, false]);
    }
  });
});
