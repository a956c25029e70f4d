/** Notices a peer that owes an answer and gives none, over a connection that lives. */
import { PeerError } from '@interhosp/core/errors';
import type { Clock } from '@interhosp/core/world';

/** Ten minutes: signing for the largest study, and a disk that is busy with others, take less. */
export const SILENCE_MS = 10 * 60_000;
const LOOKS = 20;

/** A watch over one stream. */
export interface SilenceWatch {
  /** The peer said something, whatever it was. */
  heard(): void;
}

/** What is watched, and who is told. */
export interface SilenceOptions {
  readonly clock: Clock;
  /** While nothing is owed, as when a PACS takes its time, silence means nothing. */
  readonly isOwed: () => boolean;
  readonly onSilent: (error: PeerError) => void;
}

/** Watches until the signal aborts, and calls back once when the peer has owed an answer, and said nothing, for so long. */
export function watchSilence({ clock, isOwed, onSilent }: SilenceOptions, signal: AbortSignal): SilenceWatch {
  let sinceMs: number | undefined;
  const look = async () => {
    for (;;) {
      await clock.sleep(SILENCE_MS / LOOKS, { signal });
      sinceMs = isOwed() ? (sinceMs ?? clock.monotonicMs()) : undefined;
      if (sinceMs === undefined || clock.monotonicMs() - sinceMs < SILENCE_MS) continue;
      return onSilent(new PeerError('PEER_TIMEOUT', { details: { reason: 'silent' } }));
    }
  };
  // It ends by its signal alone.
  look().catch(() => {});
  return { heard: () => (sinceMs = undefined) };
}
