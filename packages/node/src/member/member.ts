/**
 * A running member: opens what is durable, connects what is configured, and runs the journey of every exchange that is
 * not over. Whatever stops it, a start goes on where it was.
 */
import { ConfigError } from '@interhosp/core/errors';
import { nodesOf } from '@interhosp/core/federation';
import { TRANSFER_PROTOCOL_ID } from '@interhosp/core/transfer';
import type { Clock, Log } from '@interhosp/core/world';
import { startAdmin, type AdminServer } from '../admin/server.ts';
import type { LoadedConfig } from '../config/load.ts';
import { discover } from '../journey/discovery.ts';
import { eraseBytes, expunge } from '../journey/expunge.ts';
import { inbound } from '../journey/inbound.ts';
import { outbound } from '../journey/outbound.ts';
import { RECEIPT_PROTOCOL_ID, takeReceipts } from '../journey/receipts.ts';
import { receiveOver } from '../journey/receive.ts';
import { supervise } from '../journey/supervise.ts';
import { errorFields } from '../observe/logger.ts';
import { createDocumentExchange, keepConnected, type DocumentExchange, type PeerAddress } from '../peer/index.ts';
import { crashpoint, nodeClock, nodeRandom } from '../world/index.ts';
import { documentStore } from './document-store.ts';
import { createEventFeed, type EventFeed } from './event-feed.ts';
import { keepIndexed } from './indexer.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { MemberApi } from './member-api.ts';
import { MemberPorts } from './member-ports.ts';
import { MemberOperations } from './operations.ts';
import { createOutgoing, type Outgoing } from './outgoing.ts';
import { openParts, type Closers, type Parts } from './parts.ts';

/** How a member is made. */
export interface MemberOptions {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly clock?: Clock;
}

/** A member; `start` and `stop` may be called twice. */
export interface Member extends AsyncDisposable {
  /** @throws {InterhospError} when a part cannot be opened; nothing is left open then. */
  start(): Promise<{ readonly peerId: string; readonly addresses: readonly string[]; readonly admin: string }>;
  stop(): Promise<void>;
  /** @throws when the member is not running. */
  readonly api: MemberApi;
}

/** Inbound transfer streams of one member at once. */
const MAX_TRANSFER_STREAMS = 8;

/** Makes a member from its configuration; nothing is opened before `start`. */
export function createMember(options: MemberOptions): Member {
  let running: RunningMember | undefined;
  const member: Member = {
    get api() {
      if (running === undefined) throw new ConfigError('CONFIG_NOT_RUNNING');
      return running.api;
    },
    start: async () => {
      running ??= await RunningMember.open(options);
      return running.describe();
    },
    stop: async () => {
      await running?.stop();
      running = undefined;
    },
    [Symbol.asyncDispose]: () => member.stop(),
  };
  return member;
}

class RunningMember {
  readonly api: MemberApi;
  readonly #loaded: LoadedConfig;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #parts: Parts;
  readonly #ports: MemberPorts;
  readonly #stopping = new AbortController();
  readonly #journeys = new Map<string, Promise<void>>();
  readonly #background: Promise<unknown>[] = [];
  readonly #feed: EventFeed;
  readonly #outgoing: Outgoing;
  readonly #closers: Closers;
  #admin: AdminServer | undefined;

  static async open(options: MemberOptions): Promise<RunningMember> {
    const closers: Closers = [];
    let running: RunningMember | undefined;
    try {
      const parts = await openParts({ clock: nodeClock(), ...options }, closers);
      running = new RunningMember(options, parts, closers);
      await running.#run();
      return running;
    } catch (error) {
      // Journeys may run already; they must not go on over a journal that is closed.
      await running?.stop();
      if (running !== undefined) throw error;
      for (const close of closers.reverse()) await close().catch(() => {});
      throw error;
    }
  }

  private constructor({ clock = nodeClock(), loaded, log }: MemberOptions, parts: Parts, closers: Closers) {
    this.#loaded = loaded;
    this.#log = log.forComponent('interhosp:member');
    this.#clock = clock;
    this.#parts = parts;
    this.#closers = closers;
    this.#feed = createEventFeed(parts.ledger);
    this.#ports = new MemberPorts({ clock, loaded, log: this.#log }, parts);
    closers.push(() => this.#ports.stop());
    const { self } = this.#ports.shared;
    this.#outgoing = createOutgoing({ ...parts, begin: (x) => this.#begin(x), clock, log: this.#log, self });
    this.api = new MemberOperations({
      clock,
      feed: this.#feed,
      loaded,
      outgoing: this.#outgoing,
      parts,
      ports: this.#ports,
      signal: this.#stopping.signal,
    });
  }

  describe() {
    return { addresses: this.#parts.host.addresses(), admin: this.#admin?.url ?? '', peerId: this.#parts.host.peerId };
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the member is stopping'));
    this.#feed.close();
    await this.#admin?.stop();
    await Promise.allSettled([...this.#journeys.values(), ...this.#background]);
    for (const close of this.#closers.reverse()) {
      await close().catch((error: unknown) => this.#log.write('warn', 'member.stop.failed', errorFields(error)));
    }
    this.#log.write('info', 'member.stopped');
  }

  // ---- starting

  async #run(): Promise<void> {
    const { documents, host, ledger } = this.#parts;
    const { signal } = this.#stopping;
    host.handle(TRANSFER_PROTOCOL_ID, (stream) => receiveOver(stream, this.#ports.inbound(), (x) => this.#begin(x)), {
      maxInboundStreams: MAX_TRANSFER_STREAMS,
    });
    host.handle(RECEIPT_PROTOCOL_ID, (stream) => takeReceipts(stream, this.#ports.outbound()), {
      maxInboundStreams: MAX_TRANSFER_STREAMS,
    });
    const exchange = this.#federate();
    await host.start();
    exchange.start();
    for (const x of ledger.all()) await this.#resume(x);
    this.#background.push(
      documents.watch(signal),
      keepIndexed(this.#parts.store, { ...this.#parts, clock: this.#clock, log: this.#log }, signal),
    );
    const { source } = this.#loaded.config;
    if (source !== undefined) this.#ports.source(source).erasesWhen?.((study) => this.#outgoing.isPassedOn(study));
    if (this.#parts.rules !== undefined && source !== undefined) {
      this.#background.push(discover(this.#ports.discovery(this.#ports.source(source), this.#outgoing), signal));
    }
    const { admin, data } = this.#loaded.config;
    const dataFolder = this.#loaded.resolvePath(data);
    this.#admin = await startAdmin({ api: this.api, dataFolder, host: admin.host, log: this.#log, port: admin.port });
    this.#log.write('info', 'member.started', { count: ledger.all().length, peerId: host.peerId });
  }

  /** Keeps connections and documents as the roster says, and follows its changes without a restart. */
  #federate(): DocumentExchange {
    const { documents, host } = this.#parts;
    const clock = this.#clock;
    const members = () => this.#peers();
    const random = nodeRandom();
    const log = this.#log;
    const supervisor = keepConnected({ clock, host, log, members, random });
    const federationId = this.#loaded.config.federation.id;
    const exchange = createDocumentExchange({
      clock,
      documents: documentStore(documents),
      federationId,
      host,
      log,
      members,
      random,
    });
    documents.onChange(() => {
      crashpoint('C27');
      host.recheck();
      supervisor.refresh();
      exchange.changed();
    });
    this.#closers.push(
      () => exchange.stop(),
      () => supervisor.stop(),
    );
    return exchange;
  }

  #peers(): readonly PeerAddress[] {
    const { self } = this.#ports.shared;
    const orgs = this.#parts.documents.state().roster?.document.orgs ?? [];
    return orgs
      .filter(({ orgId, state }) => orgId !== self && state === 'active')
      .flatMap((org) => nodesOf(org).map(({ addrs, peerId }) => ({ addrs: [...addrs], peerId })));
  }

  async #resume(x: LiveExchange): Promise<void> {
    if (x.state.has('EXPUNGED')) return await eraseBytes(x, this.#ports.shared);
    this.#begin(x);
  }

  /** Runs the journey of an exchange, once. */
  #begin(x: LiveExchange): void {
    if (this.#journeys.has(x.id) || this.#stopping.signal.aborted) return;
    const { retryFirstSeconds, retryForDays, retryMostSeconds } = this.#loaded.config.limits;
    const journey =
      x.facts.role === 'sender'
        ? (signal: AbortSignal) => outbound(x, this.#ports.outbound(), signal)
        : (signal: AbortSignal) => inbound(x, this.#ports.inbound(), signal);
    const options = {
      backoff: { firstMs: retryFirstSeconds * 1000, mostMs: retryMostSeconds * 1000 },
      clock: this.#clock,
      giveUpAfterMs: retryForDays * 86_400_000,
      log: this.#log,
      random: nodeRandom(),
    };
    const run = supervise(x, journey, options, this.#stopping.signal)
      .then(() => this.#eraseWhenDue(x))
      .finally(() => this.#journeys.delete(x.id));
    this.#journeys.set(x.id, run);
  }

  /** What a person or a policy ended is erased like what was closed. */
  async #eraseWhenDue(x: LiveExchange): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted || !x.state.isOver || x.state.has('EXPUNGED')) return;
    try {
      await expunge(x, this.#ports.shared, signal);
    } catch (error) {
      if (!signal.aborted) this.#ports.shared.note('exchange.erasure.failed', error);
    }
  }
}
