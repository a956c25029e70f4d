/**
 * One port for several protocols: looks at the first byte of each new socket and hands it on.
 *
 * 0x13 opens multistream-select (libp2p, and Noise after it); 0x16 is a TLS handshake record (RFC 8446 5.1) and belongs
 * to the bulk lanes; anything else is destroyed. Since this runs before libp2p's limits it has its own: silent sockets
 * go after three seconds, each address may hold few sockets that have not proved a key, and handshakes wait their turn
 * instead of being refused, so that silence and half-finished handshakes lock nobody out.
 */
import { BlockList, isIPv4, isIPv6, Server, type Socket } from 'node:net';

import type { Listener, Transport, Upgrader } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { ConfigError } from '@interhosp/core/errors';
import type { Log } from '@interhosp/core/world';

import type { PeerLimits } from './limits.ts';

/** First byte of multistream-select: the length of `/multistream/1.0.0\n`. */
const MULTISTREAM_BYTE = 0x13;

/** What else may arrive on the port, by its first byte. The receiver owns the socket and everything after the byte. */
export type FirstByteRoutes = ReadonlyMap<number, (socket: Socket) => void>;

/** How a front door is made. */
export interface FrontDoorOptions {
  readonly limits: PeerLimits;
  readonly log: Log;
  /** Whether the roster lists this IP address; asked for each socket. */
  readonly isListed: (address: string) => boolean;
  readonly routes: FirstByteRoutes;
}

type TcpComponents = Parameters<ReturnType<typeof tcp>>[0];

/**
 * The TCP transport with a front door on each of its listeners.
 *
 * @throws {Error} on listening, when a listener of @libp2p/tcp has no `server` any more: it is private there, which is why
 *   the version is pinned.
 */
export function tcpWithFrontDoor(options: FrontDoorOptions): (components: TcpComponents) => Transport {
  // Silent sockets, those in a handshake, and connections.
  const maxConnections = options.limits.maxSilentSockets + options.limits.maxConnections;
  return (components) => {
    const transport = tcp({ maxConnections })(components);
    const createListener = transport.createListener.bind(transport);
    transport.createListener = (init) => {
      const door = new FrontDoor(options);
      const listener = createListener({ ...init, upgrader: door.watch(init.upgrader) });
      door.guard(listener);
      return listener;
    };
    return transport;
  };
}

/**
 * The socket server inside a listener of @libp2p/tcp; private there, so that its absence is an error here.
 *
 * @throws {Error} when there is none, or it has not exactly the one handler that this was written for.
 */
export function serverOf(listener: object): Server {
  const { server } = listener as { readonly server?: unknown };
  if (server instanceof Server && server.listenerCount('connection') === 1) return server;
  throw new Error('the listener of @libp2p/tcp is not built as expected: pin the version this was written for');
}

/**
 * Whether an address lies in one of the ranges, each an IP address or CIDR (`192.0.2.0/24`, `2001:db8::/32`).
 *
 * @throws {ConfigError} `CONFIG_INVALID`
 */
export function addressRanges(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const [family, bits] = isIPv4(address) ? (['ipv4', 32] as const) : (['ipv6', 128] as const);
    try {
      list.addSubnet(address, prefix === undefined ? bits : Number(prefix), family);
    } catch (cause) {
      throw new ConfigError('CONFIG_INVALID', { cause, details: { field: 'addressAllow' } });
    }
  }
  return (address) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

interface Caller {
  readonly socket: Socket;
  /** What is counted together: an IPv4 address, or the /64 of an IPv6 one. */
  readonly key: string;
  readonly listed: boolean;
  readonly timer: NodeJS.Timeout;
  /** Counted no longer. */
  gone: boolean;
}

class FrontDoor {
  readonly #limits: PeerLimits;
  readonly #log: Log;
  readonly #isListed: (address: string) => boolean;
  readonly #routes: FirstByteRoutes;
  /** In order of arrival, without their first byte. */
  readonly #silent = new Set<Caller>();
  /** In order, with a first byte of libp2p, waiting for a place among the handshakes. */
  readonly #queue = new Set<Caller>();
  readonly #upgrading = new Set<Caller>();
  readonly #pendingByKey = new Map<string, number>();
  #toLibp2p: (socket: Socket) => void = () => {};
  /** The caller that is being handed to libp2p in this very call. */
  #entering: Caller | undefined;

  constructor(options: FrontDoorOptions) {
    this.#limits = options.limits;
    this.#log = options.log;
    this.#isListed = options.isListed;
    this.#routes = options.routes;
  }

  /** The upgrader, telling the door when a handshake is over. */
  watch(upgrader: Upgrader): Upgrader {
    return Object.create(upgrader, {
      upgradeInbound: {
        value: async (...args: Parameters<Upgrader['upgradeInbound']>) => {
          const caller = this.#entering;
          try {
            await upgrader.upgradeInbound(...args);
          } finally {
            if (caller !== undefined) this.#leave(caller);
          }
        },
      },
    }) as Upgrader;
  }

  /** Puts itself in front of the listener's own handler. */
  guard(listener: Listener): void {
    const server = serverOf(listener);
    this.#toLibp2p = server.listeners('connection')[0] as (socket: Socket) => void;
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => this.#arrive(socket));
    const close = listener.close.bind(listener);
    listener.close = async () => {
      for (const caller of [...this.#silent, ...this.#queue]) caller.socket.destroy();
      await close();
    };
  }

  #arrive(socket: Socket): void {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
    const listed = this.#listed(address);
    const key = addressKey(address);
    const most = listed ? this.#limits.maxPendingPerListedAddress : this.#limits.maxPendingPerAddress;
    socket.on('error', ignore);
    if (address === '' || (this.#pendingByKey.get(key) ?? 0) >= most) {
      this.#refuse(socket, 'address-limit');
      return;
    }
    this.#makeRoom();
    const timer = setTimeout(() => this.#refuse(socket, 'silent'), this.#limits.silentSocketMs);
    const caller: Caller = { socket, key, listed, timer, gone: false };
    this.#silent.add(caller);
    this.#pendingByKey.set(key, (this.#pendingByKey.get(key) ?? 0) + 1);
    socket.once('close', () => this.#leave(caller));
    const onReadable = () => {
      const first = socket.read(1) as Buffer | null;
      if (first === null) return;
      socket.off('readable', onReadable);
      socket.unshift(first);
      this.#sort(caller, first[0] as number);
    };
    socket.on('readable', onReadable);
  }

  /** What is thrown in an event of a socket ends the process; who cannot be looked up is not listed. */
  #listed(address: string): boolean {
    try {
      return address !== '' && this.#isListed(address);
    } catch {
      this.#log.write('error', 'peer.address.unreadable');
      return false;
    }
  }

  #sort(caller: Caller, firstByte: number): void {
    this.#silent.delete(caller);
    const route = this.#routes.get(firstByte);
    if (firstByte === MULTISTREAM_BYTE) {
      this.#queue.add(caller);
      this.#admitNext();
    } else if (route !== undefined) {
      this.#leave(caller);
      caller.socket.off('error', ignore);
      try {
        route(caller.socket);
      } catch {
        this.#refuse(caller.socket, 'route');
      }
    } else {
      this.#refuse(caller.socket, 'first-byte');
    }
  }

  #admitNext(): void {
    for (const caller of this.#queue) {
      if (this.#upgrading.size >= this.#limits.maxPendingUpgrades) return;
      if (!caller.listed && this.#unlistedUpgrading() >= this.#limits.maxPendingUpgradesUnlisted) continue;
      this.#queue.delete(caller);
      clearTimeout(caller.timer);
      this.#upgrading.add(caller);
      this.#entering = caller;
      try {
        this.#toLibp2p(caller.socket);
      } catch {
        caller.socket.destroy(); // The listener is closing.
      } finally {
        this.#entering = undefined;
      }
    }
  }

  #unlistedUpgrading(): number {
    let count = 0;
    for (const { listed } of this.#upgrading) if (!listed) count += 1;
    return count;
  }

  /** Makes the oldest silent socket of an unlisted address give way when there are too many. */
  #makeRoom(): void {
    if (this.#silent.size < this.#limits.maxSilentSockets) return;
    for (const caller of this.#silent) {
      if (caller.listed) continue;
      this.#silent.delete(caller);
      this.#refuse(caller.socket, 'crowded');
      return;
    }
  }

  /** The caller is gone, or has proved its key, or belongs to another protocol. */
  #leave(caller: Caller): void {
    clearTimeout(caller.timer);
    if (caller.gone) return;
    caller.gone = true;
    for (const set of [this.#silent, this.#queue, this.#upgrading]) set.delete(caller);
    const left = (this.#pendingByKey.get(caller.key) ?? 1) - 1;
    if (left > 0) this.#pendingByKey.set(caller.key, left);
    else this.#pendingByKey.delete(caller.key);
    this.#admitNext();
  }

  #refuse(socket: Socket, reason: string): void {
    this.#log.write('debug', 'peer.socket.refused', { reason });
    socket.destroy();
  }
}

/** Sockets are counted by address; an IPv6 host usually owns a whole /64. */
function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}

function ignore(): void {}
