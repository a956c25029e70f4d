/**
 * Keeps connections to members, for ever. libp2p's own queue gives up after 31 s; hospitals are sometimes off line for a
 * weekend. Each member is dialled again after a pause that doubles up to a minute and is spread by chance, so that a
 * member that comes back is not met by everybody in the same second.
 */
import { errorCodeOf } from '@interhosp/core/errors';
import type { Clock, Log, Random } from '@interhosp/core/world';

import type { PeerHost } from './host.ts';

/** A member's node and where the roster says it listens. */
export interface PeerAddress {
  readonly peerId: string;
  /** Multiaddrs; empty for a node that only dials. */
  readonly addrs: readonly string[];
}

/** What the supervisor needs of a host. */
export type SupervisedHost = Pick<PeerHost, 'peerId' | 'connect' | 'connections' | 'subscribe'>;

/** How connections are kept. */
export interface KeepConnectedOptions {
  readonly host: SupervisedHost;
  /** Asked on every `refresh` and once a minute; leaving a member out ends the dialling, not its connection. */
  readonly members: () => readonly PeerAddress[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Running from the start. */
export interface ConnectionSupervisor extends AsyncDisposable {
  /** Reads `members` again; call it when the roster changes. */
  refresh(): void;
  /** Ends all dialling; twice is fine. Connections stay. */
  stop(): Promise<void>;
}

/** Pause after the first failure; it doubles with each further one. */
const FIRST_PAUSE_MS = 1_000;
/** The longest pause. */
export const MAX_PAUSE_MS = 60_000;
/** How often `members` is read without being told. */
const REFRESH_MS = 60_000;
/** Of two members that both listen, the one with the greater peer ID gives the other this long to dial first. */
const COURTESY_MS = 2_000;
/** A connection that lasted less counts as a failure: a peer that hangs up at once is not dialled every second. */
const STABLE_MS = 10_000;

/** Dials every member that is not connected, now and whenever its connection ends, until stopped. */
export function keepConnected(options: KeepConnectedOptions): ConnectionSupervisor {
  return new Supervisor(options);
}

/**
 * The pause before attempt `failures + 1`: between half and all of 1 s, 2 s, 4 s … 60 s.
 *
 * @param failures - At least 1.
 */
export function pauseMs(failures: number, random: Random): number {
  const longest = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 16));
  const [high = 0, low = 0] = random.bytes(2);
  return Math.round(longest * (0.5 + ((high << 8) | low) / 0x1_ffff));
}

class Supervisor implements ConnectionSupervisor {
  readonly #options: KeepConnectedOptions;
  readonly #log: Log;
  readonly #stopped = new AbortController();
  readonly #tasks = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();
  readonly #onDisconnect = new Map<string, () => void>();
  readonly #unsubscribe: () => void;
  readonly #refreshing: Promise<void>;
  #addresses = new Map<string, readonly string[]>();

  constructor(options: KeepConnectedOptions) {
    this.#options = options;
    this.#log = options.log.forComponent('interhosp:peer');
    this.#unsubscribe = options.host.subscribe(({ kind, remotePeerId }) => {
      if (kind === 'disconnected') this.#onDisconnect.get(remotePeerId)?.();
    });
    this.refresh();
    this.#refreshing = this.#refreshAgain();
  }

  refresh(): void {
    if (this.#stopped.signal.aborted) return;
    const { host, members } = this.#options;
    const dialled = members().filter(({ addrs, peerId }) => addrs.length > 0 && peerId !== host.peerId);
    this.#addresses = new Map(dialled.map(({ addrs, peerId }) => [peerId, addrs]));
    for (const [peerId, { stop }] of this.#tasks) if (!this.#addresses.has(peerId)) stop.abort();
    for (const peerId of this.#addresses.keys()) if (!this.#tasks.has(peerId)) this.#begin(peerId);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#unsubscribe();
    const tasks = [...this.#tasks.values()];
    for (const { stop } of tasks) stop.abort();
    await Promise.all([this.#refreshing, ...tasks.map(({ done }) => done)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #begin(peerId: string): void {
    const stop = new AbortController();
    const done = this.#keep(peerId, stop.signal)
      .catch(() => {}) // Only ever the stop.
      .finally(() => {
        this.#tasks.delete(peerId);
        // The roster may have named the member again meanwhile.
        if (!this.#stopped.signal.aborted && this.#addresses.has(peerId)) this.#begin(peerId);
      });
    this.#tasks.set(peerId, { stop, done });
  }

  async #keep(peerId: string, signal: AbortSignal): Promise<void> {
    const { clock, host, random } = this.#options;
    let failures = 0;
    if (host.peerId > peerId) await clock.sleep(COURTESY_MS, { signal });
    for (;;) {
      signal.throwIfAborted();
      const startedAtMs = clock.monotonicMs();
      if (await this.#connect(peerId, failures, signal)) {
        await this.#disconnected(peerId, signal);
        if (clock.monotonicMs() - startedAtMs >= STABLE_MS) failures = 0;
      }
      failures += 1;
      await clock.sleep(pauseMs(failures, random), { signal });
    }
  }

  async #connect(peerId: string, failures: number, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.host.connect(peerId, this.#addresses.get(peerId) ?? [], { signal });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const code = errorCodeOf(error) ?? 'unknown';
      // Once loudly; a member that is off line for a night is no news every minute.
      this.#log.write(failures === 0 ? 'warn' : 'debug', 'peer.dial.failed', { peerId, code, attempt: failures + 1 });
      return false;
    }
  }

  /** Resolves when the peer has no connection. */
  async #disconnected(peerId: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const onAbort = () => resolve();
    this.#onDisconnect.set(peerId, resolve);
    signal.addEventListener('abort', onAbort);
    try {
      const isConnected = this.#options.host.connections().some(({ remotePeerId }) => remotePeerId === peerId);
      if (isConnected) await promise;
    } finally {
      this.#onDisconnect.delete(peerId);
      signal.removeEventListener('abort', onAbort);
    }
    signal.throwIfAborted();
  }

  async #refreshAgain(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await clock.sleep(REFRESH_MS, { signal }).catch(() => {});
      try {
        this.refresh();
      } catch {
        this.#log.write('error', 'peer.members.unreadable');
      }
    }
  }
}
