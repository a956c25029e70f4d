/**
 * Push: what a PACS tells of by itself leads to a look at that study at once. Hints may be missed or doubled, so that they
 * spare waiting and never replace a poll: one that is lost here costs the time to the next.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { PacsSource } from '@interhosp/core/pacs';
import type { Clock, Log } from '@interhosp/core/world';
import { errorFields } from '../observe/logger.ts';

/** A study of which instance after instance is pushed is looked at so often at most. */
const ROUND_MS = 2_000;
/** Studies that wait for their look; what comes on top is left to the poll. */
const MAX_WAITING = 10_000;
/** A hint may be faster than the PACS's own index: the study is asked for in so many rounds. */
const MAX_LOOKS = 5;

/** What following hints needs. */
export interface HintPorts {
  readonly source: Pick<PacsSource, 'changes'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Pause before a PACS that has stopped telling is listened to again. */
  readonly pollMs: number;
  /** Looks at one study now. False when that must be tried again. @throws when the PACS fails */
  look(studyInstanceUid: Uid): Promise<boolean>;
}

/** Follows hints until the signal aborts; at once over where the source gives none. */
export async function followHints(ports: HintPorts, signal: AbortSignal): Promise<void> {
  if (ports.source.changes === undefined) return;
  const waiting = createWaiting(ports.log);
  signal.addEventListener('abort', waiting.wake, { once: true });
  await Promise.all([listen(ports, waiting, signal), lookInRounds(ports, waiting, signal)]);
}

async function listen({ clock, log, pollMs, source }: HintPorts, waiting: Waiting, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const uid of source.changes?.({ signal }) ?? []) waiting.add(uid);
    } catch (error) {
      if (!signal.aborted) log.write('warn', 'discovery.hints.failed', errorFields(error));
    }
    await clock.sleep(pollMs, { signal }).catch(() => {});
  }
}

async function lookInRounds(ports: HintPorts, waiting: Waiting, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await waiting.some();
    for (const [uid, looks] of waiting.take()) {
      if (signal.aborted) return;
      try {
        if (!(await ports.look(uid)) && looks < MAX_LOOKS) waiting.add(uid, looks + 1);
      } catch (error) {
        if (signal.aborted) return;
        ports.log.write('warn', 'discovery.hint.failed', { ...errorFields(error), studyInstanceUid: uid });
        if (looks < MAX_LOOKS) waiting.add(uid, looks + 1);
      }
    }
    await ports.clock.sleep(Math.min(ROUND_MS, ports.pollMs), { signal }).catch(() => {});
  }
}

/** Studies that were hinted at, each once, with how often they were looked for. */
interface Waiting {
  add(uid: Uid, looks?: number): void;
  /** Everything, which waits no more. */
  take(): ReadonlyMap<Uid, number>;
  /** Resolves when something waits, or at `wake`. */
  some(): Promise<void>;
  readonly wake: () => void;
}

function createWaiting(log: Log): Waiting {
  let waiting = new Map<Uid, number>();
  let wake = () => {};
  let isFull = false;
  return {
    add: (uid, looks = 1) => {
      if (waiting.size >= MAX_WAITING && !waiting.has(uid)) {
        if (!isFull) log.write('warn', 'discovery.hints.too-many', { limit: MAX_WAITING });
        isFull = true;
        return;
      }
      // What is said anew counts anew.
      waiting.set(uid, Math.min(looks, waiting.get(uid) ?? looks));
      wake();
    },
    some: () =>
      new Promise((resolve) => {
        wake = resolve;
        if (waiting.size > 0) resolve();
      }),
    take: () => {
      const taken = waiting;
      waiting = new Map();
      isFull = false;
      return taken;
    },
    wake: () => wake(),
  };
}
