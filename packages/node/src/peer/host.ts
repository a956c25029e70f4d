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
import { type Admission, Links, type PeerConnection, type PeerEvent } from './links.ts';
import { DEFAULT_PEER_LIMITS, type PeerLimits } from './limits.ts';
import { type PeerStream, wrapStream } from './stream.ts';

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

class Libp2pPeerHost implements PeerHost {
  readonly peerId: string;
  readonly #options: PeerHostOptions;
  readonly #limits: PeerLimits;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #handlers = new Map<string, Registration>();
  readonly #links: Links;
  readonly #streams = new Set<PeerStream>();
  #node: Libp2p | undefined;
  /** Starts and stops one after another. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: PeerHostOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_PEER_LIMITS, ...options.limits };
    this.#log = options.log.forComponent('interhosp:peer');
    this.#links = new Links(this.#log);
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
      this.#links.end(() => true, 'stopping');
      await node.stop();
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
      const live = this.#links.live(peerId);
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
    this.#links.end((each) => each === peerId, 'disconnected');
  }

  recheck(): void {
    const revoked = this.#links.end(
      (peerId, admission) => admission === 'member' && this.admission(peerId) !== 'member',
      'roster',
    );
    for (const peerId of revoked) this.#log.write('warn', 'peer.connection.revoked', { peerId });
  }

  admission(peerId: string): Admission {
    try {
      return this.#options.admit(peerId);
    } catch {
      // Who cannot be looked up is nobody; thrown from an event of libp2p this would end the process.
      this.#log.write('error', 'peer.admission.failed', { peerId });
      return 'stranger';
    }
  }

  connections(): readonly PeerConnection[] {
    return this.#links.list();
  }

  subscribe(listener: (event: PeerEvent) => void): () => void {
    return this.#links.subscribe(listener);
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
    node.addEventListener('connection:close', (event) => this.#links.remove(event.detail));
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
    return !open || this.#links.count('stranger') >= this.#limits.maxStrangers;
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
    if (this.#links.add(connection, admission) > this.#limits.maxConnectionsPerPeer) {
      this.#links.oldest(peerId)?.abort(new PeerError('PEER_LIMIT', { details: { reason: 'connections' } }));
    }
    if (admission === 'stranger') this.#limitLifetime(connection);
  }

  #limitLifetime(connection: Connection): void {
    const closed = new AbortController();
    connection.addEventListener('close', () => closed.abort(), { once: true });
    this.#clock.sleep(this.#limits.strangerLifetimeMs, { signal: closed.signal }).then(
      () => connection.abort(new PeerError('PEER_TIMEOUT', { details: { reason: 'stranger' } })),
      () => {},
    );
  }

  async #connection(peerId: string, addresses: readonly string[], limit: Deadline): Promise<Connection> {
    limit.signal.throwIfAborted();
    const node = this.#node;
    if (node === undefined) throw new PeerError('PEER_CLOSED', { details: { reason: 'not-started' } });
    toPeerId(peerId);
    if (this.admission(peerId) !== 'member') throw new PeerError('PEER_UNKNOWN', { details: { peerId } });
    const live = this.#links.live(peerId);
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
      this.#log.write('warn', 'peer.stream.failed', { peerId, kind: raw.protocol.slice(1), ...errorFields(error) });
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
