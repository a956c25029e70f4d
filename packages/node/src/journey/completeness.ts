/**
 * When a study is whole. Number of Study Related Instances (0020,1208) counts what a PACS holds now, not what a modality
 * has still to send: a study is complete when that count stays equal for as long as its kind of modality may pause, and
 * its order, where something tells of it, is not open.
 */
import type { OrderStatus } from '@interhosp/core/pacs';
import { errorFields } from '../observe/logger.ts';
import type { PacsSource, StudySummary } from '@interhosp/core/pacs';
import type { Clock, Log } from '@interhosp/core/world';
import { daysAfter } from './date-range.ts';

/** How long a count must stay equal. */
export interface QuietTimes {
  /** For modalities that are not named. */
  readonly otherMs: number;
  /** By Modality (0008,0060). */
  readonly byModalityMs: Readonly<Record<string, number>>;
}

/** The longest of the study's modalities; of all there are, when the PACS does not say which these are. */
export function quietMsOf(modalities: readonly string[], { byModalityMs, otherMs }: QuietTimes): number {
  if (modalities.length === 0) return Math.max(otherMs, ...Object.values(byModalityMs));
  return Math.max(
    ...modalities.map(
      (modality) => (Object.hasOwn(byModalityMs, modality) ? byModalityMs[modality] : otherMs) ?? otherMs,
    ),
  );
}

/** What is asked about orders, and for how long an open one is waited for. */
export interface OrderPorts {
  readonly source: Pick<PacsSource, 'orderStatus'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly orderOpenMs: number;
}

/**
 * Whether more is to come by the hospital's own word. An order that is never closed keeps no study at home: when it has
 * been open for so long since the last image, the study is sent all the same, and the log says so; later images make an
 * exchange that supersedes. The study's own date bounds the wait as well, so that a member which is restarted every night
 * does not begin it anew each time. Who cannot be asked says nothing.
 *
 * @param sinceMs - Monotonic time of the last change.
 */
export async function isOrderOpen(
  summary: StudySummary,
  sinceMs: number,
  { clock, log, orderOpenMs, source }: OrderPorts,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await orderStatusOf(summary, { log, source }, signal)) !== 'open') return false;
  const { studyDate } = summary.header;
  const endOfDayMs = studyDate === undefined ? Number.POSITIVE_INFINITY : Date.parse(daysAfter(studyDate, 1));
  const isWaitedFor = clock.monotonicMs() - sinceMs < orderOpenMs && clock.now() - endOfDayMs < orderOpenMs;
  if (isWaitedFor) return true;
  const { studyInstanceUid } = summary;
  log.write('warn', 'discovery.order.never-closed', { durationMs: orderOpenMs, studyInstanceUid });
  return false;
}

async function orderStatusOf(
  summary: StudySummary,
  { log, source }: Pick<OrderPorts, 'log' | 'source'>,
  signal: AbortSignal,
): Promise<OrderStatus> {
  try {
    return (await source.orderStatus?.(summary, { signal })) ?? 'unknown';
  } catch (error) {
    signal.throwIfAborted();
    const { studyInstanceUid } = summary;
    log.write('warn', 'discovery.order.unknown', { ...errorFields(error), studyInstanceUid });
    return 'unknown';
  }
}
