/**
 * The open connections of a host, by peer: who is connected, as what, since when; and who wants to hear of it.
 */
import type { Connection } from '@libp2p/interface';
import { PeerError } from '@interhosp/core/errors';
import type { Log } from '@interhosp/core/world';

/** Whether the roster names a peer. */
export type Admission = 'member' | 'stranger';

/** A live connection, as shown to operators. */
export interface PeerConnection {
  readonly remotePeerId: string;
  readonly remoteAddress: string;
  readonly direction: 'inbound' | 'outbound';
  /** As it was when the connection opened. */
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

/** One open connection and what it was admitted as. */
interface Link {
  readonly connection: Connection;
  readonly admission: Admission;
}

/** What is connected now. */
export class Links {
  readonly #log: Log;
  /** By peer, oldest first. */
  readonly #links = new Map<string, Link[]>();
  readonly #listeners = new Set<(event: PeerEvent) => void>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Adds a connection that opened; returns how many this peer has. */
  add(connection: Connection, admission: Admission): number {
    const peerId = connection.remotePeer.toString();
    const links = this.#links.get(peerId) ?? [];
    links.push({ connection, admission });
    this.#links.set(peerId, links);
    if (links.length === 1) this.#emit('connected', { connection, admission });
    return links.length;
  }

  /** Takes a connection off that closed; unknown ones are fine. */
  remove(connection: Connection): void {
    const peerId = connection.remotePeer.toString();
    const links = this.#links.get(peerId) ?? [];
    const index = links.findIndex((link) => link.connection === connection);
    const [link] = index === -1 ? [] : links.splice(index, 1);
    if (link === undefined || links.length > 0) return;
    this.#links.delete(peerId);
    this.#emit('disconnected', link);
  }

  /** An open connection to a peer, the newest: of several, the older are more likely to be dead. */
  live(peerId: string): Connection | undefined {
    return this.#links.get(peerId)?.findLast(({ connection }) => connection.status === 'open')?.connection;
  }

  /** The connection that a peer has had for longest. */
  oldest(peerId: string): Connection | undefined {
    return this.#links.get(peerId)?.[0]?.connection;
  }

  /** How many connections were admitted as this. */
  count(admission: Admission): number {
    return this.#all().filter((link) => link.admission === admission).length;
  }

  /** Ends every connection that the condition holds for, at once; returns the peers. */
  end(condition: (peerId: string, admission: Admission) => boolean, reason: string): ReadonlySet<string> {
    const peers = new Set<string>();
    // A copy: each end takes its link off the list at once.
    for (const { admission, connection } of this.#all()) {
      const peerId = connection.remotePeer.toString();
      if (!condition(peerId, admission)) continue;
      peers.add(peerId);
      connection.abort(new PeerError('PEER_CLOSED', { details: { reason } }));
    }
    return peers;
  }

  /** All of them, for a person. */
  list(): readonly PeerConnection[] {
    return this.#all().map(({ admission, connection }) => ({
      remotePeerId: connection.remotePeer.toString(),
      remoteAddress: connection.remoteAddr.toString(),
      direction: connection.direction,
      admission,
      streams: connection.streams.length,
      openedAtMs: connection.timeline.open,
    }));
  }

  /** Calls the listener on every event until the returned function is called. */
  subscribe(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #all(): readonly Link[] {
    return [...this.#links.values()].flat();
  }

  #emit(kind: PeerEvent['kind'], { admission, connection }: Link): void {
    const remotePeerId = connection.remotePeer.toString();
    this.#log.write('info', `peer.${kind}`, { peerId: remotePeerId, role: admission });
    for (const listener of this.#listeners) {
      try {
        listener({ kind, remotePeerId, admission, direction: connection.direction });
      } catch {
        // libp2p calls us from an event: what is thrown there ends the process.
        this.#log.write('error', 'peer.listener.failed', { peerId: remotePeerId });
      }
    }
  }
}
