/**
 * Runs a journey until it ends: tries again what may pass by itself, holds for a person what will not, and never gives up
 * silently. Cancelled is not failed.
 */
import { isInterhospError, TransferError, type RetryAdvice } from '@interhosp/core/errors';
import type { Clock, Log, Random } from '@interhosp/core/world';
import { errorFields } from '../observe/logger.ts';
import type { LiveExchange } from '../member/live-exchange.ts';
import { backoffMs, type Backoff } from './backoff.ts';

/** How long, and how patiently. */
export interface SuperviseOptions {
  readonly backoff: Backoff;
  /** After so long without progress a person is asked. */
  readonly giveUpAfterMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** An error that is not ours is a fault of this program or a library: tried so often, then shown to a person. */
const UNKNOWN_ERROR_TRIES = 5;

/** Resolves when the journey has ended, the exchange is over, or the signal aborts. Never rejects. */
export async function supervise(
  x: LiveExchange,
  journey: (signal: AbortSignal) => Promise<void>,
  options: SuperviseOptions,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  let mark = progressOf(x);
  let sinceMs = options.clock.monotonicMs();
  while (!signal.aborted) {
    try {
      await x.until(({ state }) => state.held === undefined || state.isOver, signal);
      await untilOver(x, journey, signal);
      return;
    } catch (error) {
      if (signal.aborted || x.state.isOver) return;
      // A step further, or more bytes: the patience begins anew. Also what came by other ways while we paused.
      if (progressOf(x) !== mark) [failures, sinceMs] = [0, options.clock.monotonicMs()];
      mark = progressOf(x);
      failures++;
      const isHeld = await holdOrWait(x, error, { failures, sinceMs }, options, signal).catch(
        async (cause: unknown) => {
          if (signal.aborted) return true;
          // Not even that can be recorded, on a full disk: without a pause this would run as fast as it can.
          options.log.write('error', 'journey.not-recorded', { ...errorFields(cause), exchangeId: x.id });
          await options.clock.sleep(options.backoff.mostMs, { signal }).catch(() => {});
          return false;
        },
      );
      if (isHeld) [failures, sinceMs] = [0, options.clock.monotonicMs()];
    }
  }
}

/** Changes when an exchange gets on: its stage, its patient, its bytes. Notes such as a further look do not count. */
function progressOf({ progress, state }: LiveExchange): string {
  return `${state.stage} ${state.patient === 'LINKED'} ${progress.bytes}`;
}

/** Ends the journey when a person ends the exchange meanwhile; what is closed still has its erasure before it. */
async function untilOver(
  x: LiveExchange,
  journey: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const forward = () => stop.abort(signal.reason);
  signal.addEventListener('abort', forward, { once: true });
  const unsubscribe = x.onChange(() => {
    if (x.state.isOver && !x.state.has('CLOSED')) stop.abort(new TransferError('TRANSFER_CANCELLED'));
  });
  try {
    if (x.state.isOver && !x.state.has('CLOSED')) return;
    await journey(stop.signal);
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', forward);
  }
}

async function holdOrWait(
  x: LiveExchange,
  error: unknown,
  { failures, sinceMs }: { readonly failures: number; readonly sinceMs: number },
  { backoff, clock, giveUpAfterMs, log, random }: SuperviseOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const about = { exchangeId: x.id, role: x.facts.role };
  const isPatient = clock.monotonicMs() - sinceMs < giveUpAfterMs;
  if (!mayPass(error, failures) || !isPatient) {
    log.write('error', 'journey.held', { ...errorFields(error), ...about });
    await x.record('HELD', { code: codeOf(error) });
    return true;
  }
  const pauseMs = Math.max(backoffMs(failures, backoff, random), askedPauseMs(error));
  log.write('warn', 'journey.retry', { ...errorFields(error), ...about, count: failures, retryAfterMs: pauseMs });
  await clock.sleep(pauseMs, { signal });
  return false;
}

function mayPass(error: unknown, failures: number): boolean {
  if (!isInterhospError(error)) return failures < UNKNOWN_ERROR_TRIES;
  return (error.retry satisfies RetryAdvice) !== 'no';
}

function codeOf(error: unknown): string {
  if (!isInterhospError(error)) return 'UNEXPECTED';
  const { code } = error.details;
  return code === undefined ? error.code : `${error.code}:${code}`;
}

function askedPauseMs(error: unknown): number {
  return isInterhospError(error) ? (error.details.retryAfterMs ?? 0) : 0;
}
