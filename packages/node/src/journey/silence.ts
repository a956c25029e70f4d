/** Notices a peer that owes an answer and gives none, over a connection that lives. */
import { PeerError } from '@interhosp/core/errors';
import type { Clock } from '@interhosp/core/world';

/** Ten minutes: verifying the largest study, and a disk that is busy with others, take less. */
export const SILENCE_MS = 10 * 60_000;
const LOOKS = 20;

/** A watch over one stream. */
export interface SilenceWatch {
  /** The peer owes something from now on, unless it does already. */
  asked(): void;
  /** The peer said something, whatever it was. */
  heard(): void;
}

/**
 * Watches until the signal aborts, and calls back once when the peer has owed an answer for {@link SILENCE_MS}. While
 * nothing is owed, as when a PACS takes its time, silence means nothing.
 */
export function watchSilence(clock: Clock, signal: AbortSignal, onSilent: (error: PeerError) => void): SilenceWatch {
  let owedSinceMs: number | undefined;
  const look = async () => {
    for (;;) {
      await clock.sleep(SILENCE_MS / LOOKS, { signal });
      const owedMs = owedSinceMs === undefined ? 0 : clock.monotonicMs() - owedSinceMs;
      if (owedMs >= SILENCE_MS) return onSilent(new PeerError('PEER_TIMEOUT', { details: { reason: 'silent' } }));
    }
  };
  // It ends by its signal alone.
  look().catch(() => {});
  return {
    asked: () => (owedSinceMs ??= clock.monotonicMs()),
    heard: () => (owedSinceMs = undefined),
  };
}
