/**
 * Listens for MLLP, with limits on everything a stranger can do: connections that say nothing or drip, blocks without an end,
 * answers that nobody takes. One message of a connection is answered before the next one is read; the socket holds the rest up.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { silentLog, type Log } from '@interhosp/core/world';
import { fsCodeOf } from '../disk/open-file.ts';
import {
  ANSWER_MS,
  CONNECTIONS,
  FIRST_MESSAGE_MS,
  IDLE_MS,
  KEEP_ALIVE_MS,
  MESSAGE_BYTES,
  STOP_WITHIN_MS,
  STRANGERS,
  WHOLE_MESSAGE_MS,
} from './defaults.ts';
import { mllpBlock, MllpError, MllpReader } from './mllp.ts';
import { networksOf, type IsWithin } from './networks.ts';
import type { Receive } from './receive.ts';
import { normalFingerprint, serverTls, type FeedTls } from './tls.ts';

/** Limits of a feed; each has a default. */
export interface FeedLimits {
  /** Of one message. */
  readonly messageBytes?: number | undefined;
  /** From which a message was taken. */
  readonly connections?: number | undefined;
  /** From which none was taken yet; of more the oldest goes. */
  readonly strangers?: number | undefined;
  /** From the connection to its first message. */
  readonly firstMessageMs?: number | undefined;
  /** From the first to the last byte of a message. */
  readonly wholeMessageMs?: number | undefined;
  /** Between two messages. */
  readonly idleMs?: number | undefined;
  /** In which an answer must be taken. */
  readonly answerMs?: number | undefined;
}

/** How a listener is made. */
export interface FeedListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: FeedTls | undefined;
  /** Addresses and networks that may connect; undefined lets all. */
  readonly addresses?: readonly string[] | undefined;
  readonly limits?: FeedLimits | undefined;
  readonly receive: Receive;
  readonly log?: Log | undefined;
}

/** A listener that runs. */
export interface FeedListener {
  readonly port: number;
  /** Stops listening. A message that is being applied is still answered. */
  stop(): Promise<void>;
}

/** Begins to listen. @throws {Error} of node:net when the address cannot be had; {RangeError} for a bad network. */
export async function listen(options: FeedListenerOptions): Promise<FeedListener> {
  const doors = new Doors(options);
  const { host, port, tls } = options;
  const server: Server =
    tls === undefined
      ? createServer({ allowHalfOpen: true })
      : createTlsServer({ ...serverTls(tls), allowHalfOpen: true });
  // Sockets in a TLS handshake are counted too; a failed handshake is nobody's error.
  server.on('connection', (socket: Socket) => doors.knocked(socket));
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => doors.opened(socket));
  server.on('tlsClientError', () => {});
  await once(server.listen({ host, port }), 'listening');
  // It goes on listening: what failed was a single connection, as when descriptors run out.
  server.on('error', (error) => doors.troubled(error));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, stop: () => doors.close(server) };
}

/** A connection, with the sockets that stand for it: over TLS the encrypted one and the one below. */
interface Connection {
  readonly sockets: Socket[];
  timer: NodeJS.Timeout | undefined;
  /** Whether the time for a message runs. */
  isTimed: boolean;
  /** Whether a message is being applied or answered. */
  isBusy: boolean;
}

class Doors {
  readonly #options: FeedListenerOptions;
  readonly #limits: { readonly [L in keyof FeedLimits]-?: number };
  readonly #log: Log;
  readonly #isAllowed: IsWithin;
  readonly #fingerprints: ReadonlySet<string> | undefined;
  readonly #connections = new Map<string, Connection>();
  /** Those of which nothing was taken yet, oldest first. */
  readonly #strangers = new Set<Connection>();
  readonly #serving = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: FeedListenerOptions) {
    const { addresses, limits = {}, log = silentLog, tls } = options;
    this.#options = options;
    this.#log = log.forComponent('interhosp:patients-hl7');
    this.#isAllowed = addresses === undefined ? () => true : networksOf(addresses);
    this.#fingerprints = tls?.fingerprints && new Set(tls.fingerprints.map(normalFingerprint));
    this.#limits = {
      messageBytes: limits.messageBytes ?? MESSAGE_BYTES,
      connections: limits.connections ?? CONNECTIONS,
      strangers: limits.strangers ?? STRANGERS,
      firstMessageMs: limits.firstMessageMs ?? FIRST_MESSAGE_MS,
      wholeMessageMs: limits.wholeMessageMs ?? WHOLE_MESSAGE_MS,
      idleMs: limits.idleMs ?? IDLE_MS,
      answerMs: limits.answerMs ?? ANSWER_MS,
    };
  }

  /** A connection as TCP has it. */
  knocked(socket: Socket): void {
    socket.on('error', () => {});
    const key = endpointOf(socket);
    if (key === undefined || !this.#isAllowed(socket.remoteAddress)) {
      this.#log.write('warn', 'patients.feed.rejected', { reason: 'address' });
      socket.destroy();
      return;
    }
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const connection: Connection = { sockets: [socket], timer: undefined, isTimed: false, isBusy: false };
    this.#connections.set(key, connection);
    socket.once('close', () => {
      clearTimeout(connection.timer);
      this.#strangers.delete(connection);
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    });
    this.#suspect(connection);
  }

  /** The same, when messages may come. */
  opened(socket: Socket): void {
    const connection = this.#connections.get(endpointOf(socket) ?? '');
    if (connection === undefined) return void socket.destroy();
    if (connection.sockets[0] !== socket) connection.sockets.push(socket.on('error', () => {}));
    if (!this.#isKnown(socket)) {
      this.#log.write('warn', 'patients.feed.rejected', { reason: 'fingerprint' });
      return destroy(connection);
    }
    const serving = this.#serve(socket, connection)
      .catch((error: unknown) => this.#cut(error))
      .finally(() => {
        this.#serving.delete(serving);
        destroy(connection);
      });
    this.#serving.add(serving);
  }

  #isKnown(socket: Socket): boolean {
    if (this.#fingerprints === undefined) return true;
    const certificate = (socket as TLSSocket).getPeerX509Certificate();
    return certificate !== undefined && this.#fingerprints.has(normalFingerprint(certificate.fingerprint256));
  }

  /** Gives a connection until its first message; of too many such the oldest goes. */
  #suspect(connection: Connection): void {
    this.#strangers.add(connection);
    connection.timer = setTimeout(() => destroy(connection), this.#limits.firstMessageMs);
    if (this.#strangers.size <= this.#limits.strangers) return;
    const oldest = [...this.#strangers].find(({ isBusy }) => !isBusy);
    if (oldest === undefined) return;
    this.#strangers.delete(oldest);
    destroy(oldest);
  }

  /** Ends when the sender does, or when it must be cut. @throws {MllpError} and errors of the socket. */
  async #serve(socket: Socket, connection: Connection): Promise<void> {
    const reader = new MllpReader({ messageBytes: this.#limits.messageBytes });
    for await (const piece of socket) {
      for (const message of reader.push(piece as Buffer)) {
        if (!(await this.#take(message, socket, connection))) return;
      }
      this.#time(connection, reader.isInside);
    }
    if (reader.isInside) this.#log.write('warn', 'patients.feed.cut', { reason: 'closed' });
  }

  /** Has a message applied, and answers. @returns whether more may come. */
  async #take(message: Uint8Array, socket: Socket, connection: Connection): Promise<boolean> {
    const isStranger = this.#strangers.has(connection);
    const known = this.#connections.size - this.#strangers.size;
    if (isStranger && known >= this.#limits.connections) {
      this.#log.write('warn', 'patients.feed.rejected', { reason: 'connections', limit: this.#limits.connections });
      return false;
    }
    clearTimeout(connection.timer);
    connection.isTimed = false;
    connection.isBusy = true;
    const { answers, isTaken } = await this.#options.receive(message);
    for (const answer of answers) await send(socket, mllpBlock(answer), this.#limits.answerMs);
    connection.isBusy = false;
    if (socket.destroyed || this.#isClosed) return false;
    if (isStranger && isTaken) this.#strangers.delete(connection);
    else if (isStranger) connection.timer = setTimeout(() => destroy(connection), this.#limits.firstMessageMs);
    return true;
  }

  /** Sets how long a connection may take; a message that drips in gains no time by it. */
  #time(connection: Connection, isInside: boolean): void {
    if (this.#strangers.has(connection) || (isInside && connection.isTimed)) return;
    clearTimeout(connection.timer);
    connection.isTimed = isInside;
    const { idleMs, wholeMessageMs } = this.#limits;
    connection.timer = setTimeout(() => destroy(connection), isInside ? wholeMessageMs : idleMs);
  }

  #cut(error: unknown): void {
    if (!(error instanceof MllpError)) return;
    const { problem } = error;
    const limit = problem === 'too-long' ? { limit: this.#limits.messageBytes } : {};
    this.#log.write('warn', 'patients.feed.cut', { reason: problem, ...limit });
  }

  /** Something failed that belongs to no connection. */
  troubled(error: Error): void {
    this.#log.write('warn', 'patients.feed.listener-failed', { code: fsCodeOf(error) ?? 'unexpected' });
  }

  async close(server: Server): Promise<void> {
    this.#isClosed = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of this.#connections.values()) if (!connection.isBusy) destroy(connection);
    const timer = setTimeout(() => this.#connections.forEach(destroy), STOP_WITHIN_MS);
    await closed;
    clearTimeout(timer);
    await Promise.all(this.#serving);
  }
}

/** Returns when the system has the answer, or when it will never have it. */
async function send(socket: Socket, block: Uint8Array, answerMs: number): Promise<void> {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), answerMs);
  await new Promise<void>((resolve) => void socket.write(block, () => resolve()));
  clearTimeout(timer);
}

/** The other end of a connection, by which the sockets of one are known to belong together. */
function endpointOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress}|${remotePort}`;
}

/**
 * The encrypted socket first, and the one below in a turn of its own: Node 24.21 crashes when that goes while it is still
 * telling of the handshake.
 */
function destroy({ sockets, timer }: Connection): void {
  clearTimeout(timer);
  const [below, encrypted] = sockets;
  encrypted?.destroy();
  if (encrypted === undefined) below?.destroy();
  else setImmediate(() => below?.destroy());
}
