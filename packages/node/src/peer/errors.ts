/** From what libp2p throws to an error of ours, once, where it arrives; and time limits that can be cleared. */
import { isInterhospError, PeerError } from '@interhosp/core/errors';
import type { Clock, SafeFields } from '@interhosp/core/world';

/** A signal that aborts when the caller's does or the time is up; `clear` leaves no timer and no listener. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Throws the caller's reason when the caller aborted. */
  throwIfCallerAborted(): void;
  clear(): void;
}

/** Made for one operation, since a signal composed with a long-lived one would live as long. */
export function deadline(clock: Clock, ms: number, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const over = new AbortController();
  const onAbort = () => controller.abort(caller?.reason);
  caller?.throwIfAborted();
  caller?.addEventListener('abort', onAbort);
  clock.sleep(ms, { signal: over.signal }).then(
    () => controller.abort(new PeerError('PEER_TIMEOUT')),
    () => {},
  );
  return {
    signal: controller.signal,
    throwIfCallerAborted: () => caller?.throwIfAborted(),
    clear: () => {
      over.abort();
      caller?.removeEventListener('abort', onAbort);
    },
  };
}

/** Why a dial failed: `PEER_IDENTITY`, `PEER_UNKNOWN`, `PEER_REFUSED` or `PEER_UNREACHABLE`. */
export function dialError(cause: unknown, peerId: string): PeerError {
  const causes = cause instanceof AggregateError ? (cause.errors as unknown[]) : [cause];
  const ours = causes.find(isInterhospError);
  if (ours !== undefined) return ours;
  const names = new Set(causes.map(nameOf));
  // Noise's error keeps its text alone on the way up.
  if (
    causes.some((each) => each instanceof Error && each.message.includes('does not match expected remote identity'))
  ) {
    return new PeerError('PEER_IDENTITY', { cause, details: { peerId } });
  }
  if (names.has('DialDeniedError') || names.has('ConnectionInterceptedError')) {
    return new PeerError('PEER_UNKNOWN', { cause, details: { peerId } });
  }
  // Somebody answered, and hung up on us.
  if (names.has('MuxerUnavailableError') || names.has('ConnectionClosedError')) {
    return new PeerError('PEER_REFUSED', { cause, retry: 'later', details: { peerId } });
  }
  return new PeerError('PEER_UNREACHABLE', { cause, details: { peerId, reason: nameOf(causes[0]) } });
}

/** Why a stream could not be opened on a connection. */
export function streamError(
  cause: unknown,
  context: { readonly peerId: string; readonly isConnected: boolean; readonly isLate: boolean },
): PeerError {
  if (isInterhospError(cause)) return cause;
  const { isConnected, isLate, peerId } = context;
  const details: SafeFields = { peerId, reason: nameOf(cause) };
  if (isLate) return new PeerError('PEER_TIMEOUT', { cause, details });
  if (!isConnected) return new PeerError('PEER_CLOSED', { cause, details });
  if (nameOf(cause).startsWith('TooMany')) return new PeerError('PEER_LIMIT', { cause, details });
  if (nameOf(cause) === 'UnsupportedProtocolError') return new PeerError('PEER_REFUSED', { cause, details });
  return new PeerError('PEER_CLOSED', { cause, details });
}

/** An error that ended a stream, as the caller sees it. */
export function closedBy(cause: unknown): PeerError {
  if (isInterhospError(cause)) return cause;
  return new PeerError('PEER_CLOSED', { cause, details: { reason: nameOf(cause) } });
}

/** Class names are safe to log; messages are not. */
function nameOf(error: unknown): string {
  return error instanceof Error && /^[A-Za-z]{1,64}$/.test(error.name) ? error.name : 'unknown';
}
