/**
 * The libp2p host of a member: who may connect, and frames over streams once they do.
 *
 * Who may connect is asked again each time (`admit`): when a peer has proved its key, when the connection opens, on every
 * stream in either direction, and for all connections when the roster changes (`recheck`). A peer that no roster names is
 * refused as soon as its key is known, unless a protocol is open to strangers; then it gets that protocol and nothing else.
 */
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { PeerError } from '@interhosp/core/errors';
import type { Clock, Log } from '@interhosp/core/world';

import { errorFields } from '../observe/logger.ts';
import { withPeerId } from './addresses.ts';
import { deadline, type Deadline, dialError, streamError } from './errors.ts';
import { addressRanges, type FirstByteRoutes } from './front-door.ts';
import { peerIdOfSeed, privateKeyFromSeed, toPeerId } from './identity.ts';
import { createLibp2pNode, LIBP2P_PROTOCOLS } from './libp2p-node.ts';
import { DEFAULT_PEER_LIMITS, type PeerLimits } from './limits.ts';
import { type PeerStream, wrapStream } from './stream.ts';

/** Whether the roster names a peer. */
export type Admission = 'member' | 'stranger';

/** How a host is made. */
export interface PeerHostOptions {
  /** 32 bytes, the node's Ed25519 seed. */
  readonly identitySeed: Uint8Array;
  /** Multiaddrs, `/ip4/0.0.0.0/tcp/4001`; port 0 takes a free one; empty listens nowhere. */
  readonly listen: readonly string[];
  /** Called often, and never twice with the same meaning: it should look at the roster in force, in memory. */
  readonly admit: (peerId: string) => Admission;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits?: Partial<PeerLimits>;
  /**
   * IP addresses and CIDRs of members, asked for every socket; they keep places that no flood from elsewhere can take.
   * Default: none. A function is asked anew each time, so that it may follow the roster.
   */
  readonly addressAllow?: readonly string[] | ((address: string) => boolean);
  /** Other protocols on the same port, by first byte. */
  readonly firstByteRoutes?: FirstByteRoutes;
}

/** What a handler is registered with. */
export interface HandleOptions {
  /** Streams of this protocol at once on one connection; more are reset. */
  readonly maxInboundStreams: number;
  /** Opens this protocol, and with it the host, to peers that no roster names; default false. */
  readonly strangersAllowed?: boolean;
}

/** Serves one stream; it is closed when the promise resolves, and reset when it rejects. */
export type StreamHandler = (stream: PeerStream) => Promise<void>;

/** A live connection, as shown to operators. */
export interface PeerConnection {
  readonly remotePeerId: string;
  readonly remoteAddress: string;
  readonly direction: 'inbound' | 'outbound';
  readonly admission: Admission;
  readonly streams: number;
  /** Milliseconds since 1970. */
  readonly openedAtMs: number;
}

/** A peer's first connection opened, or its last one closed. `direction` is that of the connection. */
export interface PeerEvent {
  readonly kind: 'connected' | 'disconnected';
  readonly remotePeerId: string;
  readonly admission: Admission;
  readonly direction: 'inbound' | 'outbound';
}

/** The host; `start` and `stop` may be called any number of times, also again after the other. */
export interface PeerHost extends AsyncDisposable {
  /** `12D3Koo…` */
  readonly peerId: string;
  /** @throws {PeerError} `PEER_LISTEN` when an address cannot be listened on. */
  start(): Promise<void>;
  /** Aborts every stream, closes connections and listeners; nothing is left. */
  stop(): Promise<void>;
  /** Multiaddrs listened on, with the peer ID; empty when not started. */
  addresses(): readonly string[];
  /** Registers the handler of a protocol, before or after `start`. One handler for each protocol. */
  handle(protocol: string, handler: StreamHandler, options: HandleOptions): void;
  /**
   * A connection to a peer, the live one or a new one.
   *
   * @param addresses - Multiaddrs from the roster, dialled in order when there is no live connection.
   * @throws {PeerError} `PEER_UNKNOWN`, `PEER_UNREACHABLE`, `PEER_TIMEOUT`, `PEER_IDENTITY`, `PEER_REFUSED`, `PEER_CLOSED`
   *   when the host is not started; the signal's reason.
   */
  connect(peerId: string, addresses: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * A new stream to a peer, on its live connection or on a new one.
   *
   * @throws {PeerError} as {@link PeerHost.connect}, and `PEER_REFUSED` when the peer does not speak the protocol or admit
   *   us, `PEER_LIMIT`.
   */
  open(
    peerId: string,
    addresses: readonly string[],
    protocol: string,
    options?: { readonly signal?: AbortSignal },
  ): Promise<PeerStream>;
  /** Ends every connection to a peer at once. */
  disconnect(peerId: string): Promise<void>;
  /** Asks `admit` about every connected peer and ends at once the connections of those it no longer names. */
  recheck(): void;
  admission(peerId: string): Admission;
  connections(): readonly PeerConnection[];
  /** Calls the listener on every event until the returned function is called. */
  subscribe(listener: (event: PeerEvent) => void): () => void;
}

/** Makes a host; it does nothing before `start`. */
export function createPeerHost(options: PeerHostOptions): PeerHost {
  return new Libp2pPeerHost(options);
}

interface Registration extends HandleOptions {
  readonly handler: StreamHandler;
}

/** One open connection and what it was admitted as. */
interface Link {
  readonly connection: Connection;
  readonly admission: Admission;
}

class Libp2pPeerHost implements PeerHost {
  readonly peerId: string;
  readonly #options: PeerHostOptions;
  readonly #limits: PeerLimits;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #handlers = new Map<string, Registration>();
  readonly #listeners = new Set<(event: PeerEvent) => void>();
  /** By peer, oldest first. */
  readonly #links = new Map<string, Link[]>();
  readonly #streams = new Set<PeerStream>();
  #node: Libp2p | undefined;
  /** Starts and stops one after another. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: PeerHostOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_PEER_LIMITS, ...options.limits };
    this.#log = options.log.forComponent('interhosp:peer');
    this.#clock = options.clock;
    this.peerId = peerIdOfSeed(options.identitySeed);
  }

  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#node !== undefined) return;
      const node = await this.#createNode();
      try {
        for (const [protocol, registration] of this.#handlers) await this.#register(node, protocol, registration);
        await node.start();
      } catch (cause) {
        await node.stop();
        throw new PeerError('PEER_LISTEN', { cause });
      }
      this.#node = node;
      this.#log.write('info', 'peer.host.started', { peerId: this.peerId, count: this.addresses().length });
    });
  }

  stop(): Promise<void> {
    return this.#inTurn(async () => {
      const node = this.#node;
      if (node === undefined) return;
      this.#node = undefined;
      const stopping = new PeerError('PEER_CLOSED', { details: { reason: 'stopping' } });
      for (const stream of this.#streams) stream.abort(stopping);
      for (const links of this.#links.values()) for (const { connection } of links.slice()) connection.abort(stopping);
      await node.stop();
      this.#links.clear();
      this.#log.write('info', 'peer.host.stopped', { peerId: this.peerId });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  addresses(): readonly string[] {
    return this.#node?.getMultiaddrs().map(String) ?? [];
  }

  handle(protocol: string, handler: StreamHandler, options: HandleOptions): void {
    if (this.#handlers.has(protocol)) throw new Error(`${protocol} has a handler already`);
    const registration = { handler, ...options };
    this.#handlers.set(protocol, registration);
    if (this.#node !== undefined) void this.#register(this.#node, protocol, registration).catch(() => {});
  }

  async connect(peerId: string, addresses: readonly string[], options: { readonly signal?: AbortSignal } = {}) {
    const limit = deadline(this.#clock, this.#limits.openTimeoutMs, options.signal);
    try {
      await this.#connection(peerId, addresses, limit);
    } finally {
      limit.clear();
    }
  }

  async open(
    peerId: string,
    addresses: readonly string[],
    protocol: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<PeerStream> {
    const limit = deadline(this.#clock, this.#limits.openTimeoutMs, options.signal);
    try {
      const live = this.#liveConnection(peerId);
      try {
        return await this.#openStream(await this.#connection(peerId, addresses, limit), protocol, limit);
      } catch (error) {
        if (live === undefined || !isSpent(live, error)) throw error;
        live.abort(new PeerError('PEER_CLOSED', { details: { reason: 'spent' } }));
        return await this.#openStream(await this.#connection(peerId, addresses, limit), protocol, limit);
      }
    } finally {
      limit.clear();
    }
  }

  async disconnect(peerId: string): Promise<void> {
    const reason = new PeerError('PEER_CLOSED', { details: { reason: 'disconnected' } });
    // A copy: each end takes its link off the list at once.
    for (const { connection } of this.#links.get(peerId)?.slice() ?? []) connection.abort(reason);
  }

  recheck(): void {
    const reason = new PeerError('PEER_UNKNOWN', { details: { reason: 'roster' } });
    for (const [peerId, links] of this.#links) {
      if (this.admission(peerId) === 'member') continue;
      for (const link of links.slice()) {
        if (link.admission === 'stranger') continue;
        this.#log.write('warn', 'peer.connection.revoked', { peerId });
        link.connection.abort(reason);
      }
    }
  }

  admission(peerId: string): Admission {
    return this.#options.admit(peerId);
  }

  connections(): readonly PeerConnection[] {
    return [...this.#links.values()].flat().map(({ admission, connection }) => ({
      remotePeerId: connection.remotePeer.toString(),
      remoteAddress: connection.remoteAddr.toString(),
      direction: connection.direction,
      admission,
      streams: connection.streams.length,
      openedAtMs: connection.timeline.open,
    }));
  }

  subscribe(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #createNode(): Promise<Libp2p> {
    const { addressAllow = [], firstByteRoutes = new Map(), identitySeed, listen } = this.#options;
    const node = await createLibp2pNode({
      privateKey: privateKeyFromSeed(identitySeed),
      listen,
      limits: this.#limits,
      clock: this.#clock,
      gater: {
        denyDialPeer: (peer) => this.admission(peer.toString()) !== 'member',
        denyOutboundEncryptedConnection: (peer) => this.admission(peer.toString()) !== 'member',
        denyInboundEncryptedConnection: (peer) => this.#refuseStranger(peer.toString()),
      },
      frontDoor: {
        limits: this.#limits,
        log: this.#log,
        isListed: typeof addressAllow === 'function' ? addressAllow : addressRanges(addressAllow),
        routes: firstByteRoutes,
      },
    });
    node.addEventListener('connection:open', (event) => this.#onOpen(event.detail));
    node.addEventListener('connection:close', (event) => this.#onClose(event.detail));
    for (const protocol of LIBP2P_PROTOCOLS) {
      node.use(protocol, (stream, connection, next) => {
        if (this.admission(connection.remotePeer.toString()) !== 'member') {
          throw new PeerError('PEER_UNKNOWN', { details: { reason: 'stranger' } });
        }
        next(stream, connection);
      });
    }
    return node;
  }

  /** Whether a peer that has proved its key is turned away. */
  #isRefused(peerId: string): boolean {
    if (this.admission(peerId) === 'member') return false;
    const open = [...this.#handlers.values()].some(({ strangersAllowed }) => strangersAllowed === true);
    const strangers = [...this.#links.values()].flat().filter(({ admission }) => admission === 'stranger').length;
    return !open || strangers >= this.#limits.maxStrangers;
  }

  #refuseStranger(peerId: string): boolean {
    const refused = this.#isRefused(peerId);
    if (refused) this.#log.write('info', 'peer.stranger.refused', { peerId });
    return refused;
  }

  #onOpen(connection: Connection): void {
    const peerId = connection.remotePeer.toString();
    const admission = this.admission(peerId);
    // The roster, or the connection, may have changed since the gater was asked.
    if (connection.status !== 'open') return;
    if (admission !== 'member' && (connection.direction === 'outbound' || this.#isRefused(peerId))) {
      this.#log.write('warn', 'peer.connection.revoked', { peerId });
      connection.abort(new PeerError('PEER_UNKNOWN', { details: { reason: 'roster' } }));
      return;
    }
    const links = this.#links.get(peerId) ?? [];
    links.push({ connection, admission });
    this.#links.set(peerId, links);
    if (links.length > this.#limits.maxConnectionsPerPeer) {
      links[0]?.connection.abort(new PeerError('PEER_LIMIT', { details: { reason: 'connections' } }));
    }
    if (admission === 'stranger') this.#limitLifetime(connection);
    if (links.length === 1) this.#emit('connected', { connection, admission });
  }

  #onClose(connection: Connection): void {
    const peerId = connection.remotePeer.toString();
    const links = this.#links.get(peerId) ?? [];
    const index = links.findIndex((link) => link.connection === connection);
    if (index === -1) return;
    const [link] = links.splice(index, 1);
    if (links.length > 0) return;
    this.#links.delete(peerId);
    this.#emit('disconnected', link as Link);
  }

  #limitLifetime(connection: Connection): void {
    const closed = new AbortController();
    connection.addEventListener('close', () => closed.abort(), { once: true });
    this.#clock.sleep(this.#limits.strangerLifetimeMs, { signal: closed.signal }).then(
      () => connection.abort(new PeerError('PEER_TIMEOUT', { details: { reason: 'stranger' } })),
      () => {},
    );
  }

  #emit(kind: PeerEvent['kind'], { admission, connection }: Link): void {
    const remotePeerId = connection.remotePeer.toString();
    this.#log.write('info', `peer.${kind}`, { peerId: remotePeerId, role: admission });
    for (const listener of this.#listeners) {
      listener({ kind, remotePeerId, admission, direction: connection.direction });
    }
  }

  async #connection(peerId: string, addresses: readonly string[], limit: Deadline): Promise<Connection> {
    limit.signal.throwIfAborted();
    const node = this.#node;
    if (node === undefined) throw new PeerError('PEER_CLOSED', { details: { reason: 'not-started' } });
    toPeerId(peerId);
    if (this.admission(peerId) !== 'member') throw new PeerError('PEER_UNKNOWN', { details: { peerId } });
    const live = this.#liveConnection(peerId);
    if (live !== undefined) return live;
    const targets = addresses.map((address) => withPeerId(address, peerId));
    if (targets.length === 0) throw new PeerError('PEER_UNREACHABLE', { details: { peerId, reason: 'no-address' } });
    try {
      return await node.dial(targets, { signal: limit.signal });
    } catch (cause) {
      limit.throwIfCallerAborted();
      throw dialError(cause, peerId);
    }
  }

  async #openStream(connection: Connection, protocol: string, limit: Deadline): Promise<PeerStream> {
    const peerId = connection.remotePeer.toString();
    try {
      const maxOutboundStreams = this.#limits.maxStreamsPerConnection;
      return this.#track(await connection.newStream(protocol, { signal: limit.signal, maxOutboundStreams }), peerId);
    } catch (cause) {
      limit.throwIfCallerAborted();
      throw streamError(cause, { peerId, isConnected: connection.status === 'open', isLate: limit.signal.aborted });
    }
  }

  /** The newest: of several, the older are more likely to be dead. */
  #liveConnection(peerId: string): Connection | undefined {
    return this.#links.get(peerId)?.findLast(({ connection }) => connection.status === 'open')?.connection;
  }

  #track(raw: Stream, remotePeerId: string): PeerStream {
    const stream = wrapStream(raw, { remotePeerId, limits: this.#limits, clock: this.#clock });
    this.#streams.add(stream);
    raw.addEventListener('close', () => this.#streams.delete(stream), { once: true });
    if (raw.status !== 'open') this.#streams.delete(stream);
    return stream;
  }

  async #register(node: Libp2p, protocol: string, registration: Registration): Promise<void> {
    const { maxInboundStreams } = registration;
    await node.handle(protocol, (raw, connection) => this.#serve(raw, connection, registration), {
      maxInboundStreams,
      maxOutboundStreams: this.#limits.maxStreamsPerConnection,
    });
  }

  /** Runs a handler; nothing that it throws leaves here, since an unhandled rejection would end the process. */
  async #serve(raw: Stream, connection: Connection, registration: Registration): Promise<void> {
    const peerId = connection.remotePeer.toString();
    const stream = this.#track(raw, peerId);
    try {
      if (this.admission(peerId) !== 'member' && registration.strangersAllowed !== true) {
        throw new PeerError('PEER_UNKNOWN', { details: { peerId } });
      }
      await registration.handler(stream);
      await stream.close();
    } catch (error) {
      this.#log.write('warn', 'peer.stream.failed', { peerId, kind: raw.protocol, ...errorFields(error) });
      stream.abort(error instanceof Error ? error : new Error('handler failed'));
    }
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(action, action);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/** Whether a stream failed because its connection is ending: the peer said goodbye and its socket is still closing. */
function isSpent(connection: Connection, error: unknown): boolean {
  if (connection.status !== 'open') return true;
  const cause = error instanceof PeerError ? error.cause : undefined;
  return cause instanceof Error && ['ConnectionClosedError', 'MuxerClosedError'].includes(cause.name);
}
