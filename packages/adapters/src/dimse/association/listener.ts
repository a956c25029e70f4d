/**
 * Listens for associations, with limits on everything a stranger can do before anybody knows who it is: connections that
 * ask for nothing, requests that drip in, associations by the thousand.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { PacsError } from '@interhosp/core/errors';
import { silentLog, type Log } from '@interhosp/core/world';
import { fsCodeOf } from '../../disk/open-file.ts';
import { acceptAssociation, type Caller, type Verdict } from './accept-association.ts';
import type { Association } from './association.ts';
import { REJECTIONS, type AssociateRequest } from './associate.ts';
import { ARTIM_MS, IDLE_MS, MAX_ASSOCIATIONS, MAX_ASSOCIATIONS_PER_AE, MAX_PENDING_CONNECTIONS } from '../limits.ts';
import { serverTls, type TlsIdentity } from './tls.ts';

/** How a listener is made. */
export interface ListenerOptions {
  /** Default `127.0.0.1`: who listens to a network says so. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: TlsIdentity;
  /** Decides on a request; limits on the number of associations are the listener's. */
  decide(request: AssociateRequest, caller: Caller): Verdict;
  /** Serves an association until it ends. What it throws ends this association alone. */
  serve(association: Association, signal: AbortSignal): Promise<void>;
  readonly maxAssociations?: number;
  readonly maxAssociationsPerAe?: number;
  readonly maxPendingConnections?: number;
  readonly artimMs?: number;
  readonly idleMs?: number;
  readonly log?: Log;
}

/** A listener that runs. */
export interface Listener {
  readonly port: number;
  /** Associations that are served now. */
  readonly associations: number;
  /** Stops listening and aborts what is under way. Calling it twice is fine. */
  stop(): Promise<void>;
}

/** Begins to listen. @throws {Error} of node:net when the address cannot be had. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const doors = new Doors(options);
  const { host = '127.0.0.1', port, tls } = options;
  const server =
    tls === undefined
      ? createServer((socket) => doors.opened(socket))
      : createTlsServer(serverTls(tls), (socket) => doors.opened(socket));
  // Sockets in a TLS handshake are counted too; a failed handshake is nobody's error.
  if (tls !== undefined) {
    server.on('connection', (socket) => doors.knocked(socket));
    server.on('tlsClientError', () => {});
  }
  await once(server.listen({ host, port }), 'listening');
  // It goes on listening: what failed was a single connection, as when descriptors run out.
  server.on('error', (error) => doors.troubled(error));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    get associations() {
      return doors.associations;
    },
    stop: () => doors.close(server),
  };
}

/** A connection, with the sockets that stand for it: over TLS the encrypted one and the one below. */
interface Connection {
  readonly sockets: Socket[];
  timer: NodeJS.Timeout | undefined;
}

class Doors {
  readonly #options: ListenerOptions;
  readonly #log: Log;
  readonly #connections = new Map<string, Connection>();
  /** Those without an association, not yet or no more, oldest first. */
  readonly #pending = new Set<Connection>();
  readonly #byAe = new Map<string, number>();
  readonly #serving = new Set<Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#log = (options.log ?? silentLog).forComponent('interhosp:dimse');
  }

  get associations(): number {
    return [...this.#byAe.values()].reduce((sum, count) => sum + count, 0);
  }

  /** A connection that may become one; undefined when it is gone already. */
  knocked(socket: Socket): Connection | undefined {
    socket.on('error', () => {});
    const key = endpointOf(socket);
    if (key === undefined) return undefined;
    const connection: Connection = { sockets: [socket], timer: undefined };
    this.#connections.set(key, connection);
    socket.once('close', () => {
      this.#settle(connection);
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    });
    this.#suspect(connection);
    return connection;
  }

  opened(socket: Socket): void {
    const known = this.#connections.get(endpointOf(socket) ?? '');
    const connection = known ?? this.knocked(socket);
    if (connection === undefined) return void socket.destroy();
    if (known !== undefined) known.sockets.push(socket.on('error', () => {}));
    const serving = this.#serve(socket, connection).catch((error: unknown) => this.#failed(error));
    this.#serving.add(serving);
    void serving.then(() => this.#serving.delete(serving));
  }

  /** Gives a connection until ARTIM; of too many such the oldest goes. */
  #suspect(connection: Connection): void {
    const { artimMs = ARTIM_MS, maxPendingConnections = MAX_PENDING_CONNECTIONS } = this.#options;
    this.#pending.add(connection);
    connection.timer = setTimeout(() => destroy(connection), artimMs);
    const [oldest] = this.#pending;
    if (oldest !== undefined && this.#pending.size > maxPendingConnections) {
      this.#settle(oldest);
      destroy(oldest);
    }
  }

  #settle(connection: Connection): void {
    this.#pending.delete(connection);
    clearTimeout(connection.timer);
  }

  async #serve(socket: Socket, connection: Connection): Promise<void> {
    const { artimMs = ARTIM_MS, idleMs = IDLE_MS } = this.#options;
    let ae: string | undefined;
    const association = await acceptAssociation(socket, {
      artimMs,
      inactivityMs: idleMs,
      decide: (request, caller) => {
        const verdict = this.#decide(request, caller);
        if ('reject' in verdict) return verdict;
        ae = request.callingAe;
        this.#settle(connection);
        return verdict;
      },
    });
    // Counted as soon as it was granted, so that requests at the same moment do not pass together.
    try {
      if (association === undefined) return;
      await this.#options.serve(association, this.#stopped.signal);
    } finally {
      association?.abort();
      if (ae !== undefined) {
        this.#count(ae, -1);
        // Whoever stays connected without an association counts as a stranger again.
        if (!socket.destroyed) this.#suspect(connection);
      }
    }
  }

  #decide(request: AssociateRequest, caller: Caller): Verdict {
    const { maxAssociations = MAX_ASSOCIATIONS, maxAssociationsPerAe = MAX_ASSOCIATIONS_PER_AE } = this.#options;
    const verdict = this.#options.decide(request, caller);
    if ('reject' in verdict) {
      const { reason, result, source } = verdict.reject;
      this.#log.write('warn', 'dimse.rejected', { reason: `${result}-${source}-${reason}` });
      return verdict;
    }
    const isFull =
      this.associations >= maxAssociations || (this.#byAe.get(request.callingAe) ?? 0) >= maxAssociationsPerAe;
    if (isFull) {
      this.#log.write('warn', 'dimse.rejected', { reason: 'local-limit', count: this.associations });
      return { reject: REJECTIONS.localLimit };
    }
    this.#count(request.callingAe, 1);
    return verdict;
  }

  #count(ae: string, by: number): void {
    const count = (this.#byAe.get(ae) ?? 0) + by;
    if (count === 0) this.#byAe.delete(ae);
    else this.#byAe.set(ae, count);
  }

  /** Something failed that belongs to no association. */
  troubled(error: Error): void {
    this.#log.write('warn', 'dimse.listener.failed', { code: fsCodeOf(error) ?? 'unexpected' });
  }

  #failed(error: unknown): void {
    if (this.#stopped.signal.aborted) return;
    const isOurs = error instanceof PacsError;
    this.#log.write('warn', 'dimse.association.failed', {
      code: isOurs ? error.code : 'unexpected',
      ...(isOurs && error.details),
    });
  }

  async close(server: Server): Promise<void> {
    this.#stopped.abort(new PacsError('PACS_ABORTED', { details: { reason: 'stopped' } }));
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of this.#pending) destroy(connection);
    await Promise.all([...this.#serving].map((each) => withinArtim(each)));
    for (const connection of this.#connections.values()) destroy(connection);
    await Promise.all([closed, ...this.#serving]);
  }
}

/** The other end of a connection, by which the sockets of one are known to belong together. */
function endpointOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress}|${remotePort}`;
}

function destroy({ sockets, timer }: Connection): void {
  clearTimeout(timer);
  for (const socket of sockets) socket.destroy();
}

/** How long associations may take to come to an end when the listener stops. */
const STOP_WITHIN_MS = 2_000;

async function withinArtim(work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, STOP_WITHIN_MS);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
