/**
 * Keeps the signed documents of a federation the same everywhere without a centre (reference: federation rules 1-10):
 * a round on every new connection, with three members by chance every minute, and with everybody connected as soon as
 * something changed here. A change reaches all who are on line within a few hops, and nobody waits for an operator.
 */
import { PeerError } from '@interhosp/core/errors';
import type { Clock, Log, Random } from '@interhosp/core/world';

import { errorFields } from '../observe/logger.ts';
import type { DocumentVersion } from './document-frames.ts';
import { acceptRound, type DocumentStore, openRound, type RoundContext, type RoundResult } from './document-round.ts';
import type { PeerHost } from './host.ts';
import type { PeerEvent } from './links.ts';
import type { PeerStream } from './stream.ts';
import type { PeerAddress } from './supervisor.ts';

/** Protocol ID; the version changes when an older side would misunderstand. */
export const ROSTER_PROTOCOL = '/interhosp/roster/1.0.0';

/** How an exchange is made. */
export interface DocumentExchangeOptions {
  readonly host: PeerHost;
  readonly documents: DocumentStore;
  /** SHA-256 of the first root, 64 hex digits; peers of another federation are not talked to. */
  readonly federationId: string;
  /** Everybody with a node, for the rounds by chance. */
  readonly members: () => readonly PeerAddress[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Whether a peer that no roster names may fetch documents here (never offer any); default false. */
  readonly strangersAllowed?: boolean;
}

/** The running exchange. */
export interface DocumentExchange extends AsyncDisposable {
  /** Begins; twice is fine. */
  start(): void;
  /** Ends running rounds and timers; twice is fine. The handler stays with the host, and refuses. */
  stop(): Promise<void>;
  /** Something changed in the store: tells every connected member. */
  changed(): void;
  /**
   * One round with one peer, now; rounds with the same peer follow one another.
   *
   * @throws {PeerError} any code of {@link PeerHost.open}, `PEER_PROTOCOL`.
   */
  round(peerId: string, addresses: readonly string[]): Promise<RoundResult>;
}

const ROUND_EVERY_MS = 60_000;
const ROUND_MEMBERS = 3;
/** Rounds at once, after a change. */
const MAX_ROUNDS_AT_ONCE = 8;
/** The side that dialled begins; the other only when nothing came, as when two connections crossed. */
const PATIENCE_MS = 2_000;
const MAX_REMEMBERED_REFUSALS = 1_024;
/** The clock or the root may have moved on since. */
const REFUSAL_LIFETIME_MS = 3_600_000;
/** One to answer, and one that is just ending. */
const MAX_INBOUND_STREAMS = 2;

/** Registers the protocol with the host; nothing moves before `start`. */
export function createDocumentExchange(options: DocumentExchangeOptions): DocumentExchange {
  return new Exchange(options);
}

class Exchange implements DocumentExchange {
  readonly #options: DocumentExchangeOptions;
  readonly #log: Log;
  readonly #refused = new Refusals();
  /** The last round of each peer, so that the next one waits for it. */
  readonly #rounds = new Map<string, Promise<unknown>>();
  readonly #roundCounts = new Map<string, number>();
  readonly #tasks = new Set<Promise<void>>();
  #running: { readonly stop: AbortController; readonly unsubscribe: () => void } | undefined;
  #pushing = false;
  #pushAgain = false;

  constructor(options: DocumentExchangeOptions) {
    this.#options = options;
    this.#log = options.log.forComponent('interhosp:roster-exchange');
    options.host.handle(ROSTER_PROTOCOL, (stream) => this.#accept(stream), {
      maxInboundStreams: MAX_INBOUND_STREAMS,
      strangersAllowed: options.strangersAllowed ?? false,
    });
  }

  start(): void {
    if (this.#running !== undefined) return;
    const stop = new AbortController();
    const unsubscribe = this.#options.host.subscribe((event) => this.#onPeer(event, stop.signal));
    this.#running = { stop, unsubscribe };
    this.#run(this.#everyMinute(stop.signal));
    this.changed();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.unsubscribe();
    running?.stop.abort();
    await Promise.all([...this.#tasks, ...this.#rounds.values()].map((task) => task.catch(() => {})));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  changed(): void {
    if (this.#running === undefined) return;
    if (this.#pushing) {
      this.#pushAgain = true;
      return;
    }
    this.#pushing = true;
    this.#run(this.#push());
  }

  async round(peerId: string, addresses: readonly string[]): Promise<RoundResult> {
    const before = this.#rounds.get(peerId) ?? Promise.resolve();
    const turn = before.then(() => this.#roundNow(peerId, addresses));
    const settled = turn.catch(() => {});
    this.#rounds.set(peerId, settled);
    try {
      return await turn;
    } finally {
      if (this.#rounds.get(peerId) === settled) this.#rounds.delete(peerId);
    }
  }

  async #roundNow(peerId: string, addresses: readonly string[]): Promise<RoundResult> {
    const signal = this.#signal();
    const stream = await this.#options.host.open(peerId, addresses, ROSTER_PROTOCOL, { signal });
    try {
      const result = await openRound(stream, this.#context(signal));
      this.#finished(peerId, result);
      await stream.close();
      return result;
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error('round failed'));
      throw error;
    }
  }

  async #accept(stream: PeerStream): Promise<void> {
    const peerId = stream.remotePeerId;
    const believe = this.#options.host.admission(peerId) === 'member';
    const result = await acceptRound(stream, this.#context(this.#signal()), { believe });
    this.#finished(peerId, result);
    // The other side closes once it has our last frame.
    await stream.receive();
  }

  #finished(peerId: string, { refused, taken }: RoundResult): void {
    this.#roundCounts.set(peerId, (this.#roundCounts.get(peerId) ?? 0) + 1);
    if (refused > 0) this.#log.write('warn', 'roster.documents.refused', { peerId, count: refused });
    if (taken === 0) return;
    this.#log.write('info', 'roster.documents.taken', { peerId, count: taken });
    // What was refused may have been waiting for this.
    this.#refused.clear();
    this.changed();
  }

  #onPeer({ admission, direction, kind, remotePeerId }: PeerEvent, signal: AbortSignal): void {
    if (kind === 'disconnected') this.#roundCounts.delete(remotePeerId);
    if (kind === 'disconnected' || admission !== 'member') return;
    this.#run(this.#greet(remotePeerId, direction === 'outbound' ? 0 : PATIENCE_MS, signal));
  }

  async #greet(peerId: string, patienceMs: number, signal: AbortSignal): Promise<void> {
    if (patienceMs > 0) await this.#options.clock.sleep(patienceMs, { signal });
    if ((this.#roundCounts.get(peerId) ?? 0) > 0 && patienceMs > 0) return;
    await this.#tryRound(peerId, []);
  }

  async #everyMinute(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#options.clock.sleep(ROUND_EVERY_MS, { signal });
      await Promise.all(this.#byChance().map(({ addrs, peerId }) => this.#tryRound(peerId, addrs)));
    }
  }

  #byChance(): readonly PeerAddress[] {
    const { host, members, random } = this.#options;
    const connected = new Set(host.connections().map(({ remotePeerId }) => remotePeerId));
    const others = members().filter(
      ({ addrs, peerId }) => peerId !== host.peerId && (addrs.length > 0 || connected.has(peerId)),
    );
    const chosen: PeerAddress[] = [];
    while (chosen.length < ROUND_MEMBERS && others.length > 0) {
      const [a = 0, b = 0, c = 0] = random.bytes(3);
      chosen.push(...others.splice(((a << 16) | (b << 8) | c) % others.length, 1));
    }
    return chosen;
  }

  async #push(): Promise<void> {
    do {
      this.#pushAgain = false;
      const peers = new Set(
        this.#options.host
          .connections()
          .flatMap(({ admission, remotePeerId }) => (admission === 'member' ? [remotePeerId] : [])),
      );
      const queue = [...peers];
      const workers = Array.from({ length: Math.min(MAX_ROUNDS_AT_ONCE, queue.length) }, async () => {
        for (let peer = queue.pop(); peer !== undefined; peer = queue.pop()) await this.#tryRound(peer, []);
      });
      await Promise.all(workers);
    } while (this.#pushAgain && this.#running !== undefined);
    this.#pushing = false;
  }

  async #tryRound(peerId: string, addresses: readonly string[]): Promise<void> {
    if (this.#running === undefined) return;
    try {
      await this.round(peerId, addresses);
    } catch (error) {
      if (this.#running !== undefined)
        this.#log.write('debug', 'roster.round.failed', { peerId, ...errorFields(error) });
    }
  }

  #context(signal: AbortSignal): RoundContext {
    const { clock, documents, federationId } = this.#options;
    return {
      clock,
      documents,
      federationId,
      signal,
      isRefused: (document) => this.#refused.has(document, clock.monotonicMs()),
      refuse: (document) => this.#refused.add(document, clock.monotonicMs()),
    };
  }

  #signal(): AbortSignal {
    if (this.#running === undefined) throw new PeerError('PEER_CLOSED', { details: { reason: 'not-started' } });
    return this.#running.stop.signal;
  }

  /** Keeps a task until it ends; its failure is only ever the stop. */
  #run(task: Promise<void>): void {
    const kept = task.catch(() => {}).finally(() => this.#tasks.delete(kept));
    this.#tasks.add(kept);
  }
}

/** What was refused lately, by exact bytes, so that it is not fetched each minute. */
class Refusals {
  readonly #atMs = new Map<string, number>();

  has(document: DocumentVersion, nowMs: number): boolean {
    const atMs = this.#atMs.get(keyOf(document));
    return atMs !== undefined && nowMs - atMs < REFUSAL_LIFETIME_MS;
  }

  add(document: DocumentVersion, nowMs: number): void {
    this.#atMs.delete(keyOf(document));
    this.#atMs.set(keyOf(document), nowMs);
    const [oldest] = this.#atMs.keys();
    if (this.#atMs.size > MAX_REMEMBERED_REFUSALS && oldest !== undefined) this.#atMs.delete(oldest);
  }

  clear(): void {
    this.#atMs.clear();
  }
}

function keyOf({ hash, id, kind, version }: DocumentVersion): string {
  return `${kind} ${id} ${version} ${hash}`;
}
