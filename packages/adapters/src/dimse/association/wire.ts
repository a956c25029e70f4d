/**
 * The transport connection below an association (PS3.8 9.1): reads PDUs from a socket with back-pressure, writes with
 * back-pressure, measures the silence of a peer that owes something, and always comes to an end.
 */
import type { Socket } from 'node:net';
import { PacsError } from '@interhosp/core/errors';
import { ARTIM_MS, MAX_LATE_BYTES, OUTBOX_HIGH_WATER_BYTES } from '../limits.ts';
import { PduReader, type PduSink } from './pdu-reader.ts';
import { ProtocolError } from './protocol-error.ts';

/** Silence after which the network is reminded of a connection. */
const KEEP_ALIVE_MS = 60_000;

/** What the wire tells about its connection. */
export interface WireHandler extends PduSink {
  /** What came in breaks the protocol: the handler says its last word and closes the wire. */
  broken(error: unknown): void;
  /** Nothing more comes, and why; once. */
  closed(error: Error): void;
}

/** Options of {@link Wire}. */
export interface WireOptions {
  readonly maxPduBytes: number;
  /** Silence of a peer that owes something, until the connection is given up. */
  readonly inactivityMs: number;
}

/** See the file's head. */
export class Wire {
  /** Who is told; another one once an association is agreed on. */
  handler: WireHandler;
  readonly #socket: Socket;
  readonly #reader: PduReader;
  readonly #inactivityMs: number;
  #isClosed = false;
  #drained: PromiseWithResolvers<void> | undefined;
  /** How many wait for the peer at this moment. */
  #waiters = 0;
  #patienceMs: number;
  #silence: NodeJS.Timeout | undefined;
  #artim: NodeJS.Timeout | undefined;

  constructor(socket: Socket, handler: WireHandler, { inactivityMs, maxPduBytes }: WireOptions) {
    this.#socket = socket;
    this.handler = handler;
    this.#inactivityMs = inactivityMs;
    this.#patienceMs = inactivityMs;
    this.#reader = new PduReader(
      {
        begin: (type) => {
          // What stands behind the end of an association in the same piece is nobody's any more.
          if (this.#isClosed) throw new ProtocolError('pdu-after-end');
          this.handler.begin(type);
        },
        pdu: (type, body) => this.handler.pdu(type, body),
        fragment: (fragment) => this.handler.fragment(fragment),
      },
      { maxPduBytes },
    );
    // Nagle's algorithm and a delayed acknowledgement together cost 40 ms a message.
    socket.setNoDelay(true);
    // Firewalls forget connections that are silent while an archive fetches a tape.
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (piece) => this.#read(piece));
    socket.on('drain', () => this.#drain());
    socket.once('end', () => this.#end());
    socket.once('error', (cause) => this.close(new PacsError('PACS_UNREACHABLE', { cause })));
    socket.once('close', () => this.close(new PacsError('PACS_ABORTED', { details: { reason: 'closed' } })));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Writes pieces as one; waits when the socket holds enough. @throws what closed the wire. */
  async write(pieces: readonly Uint8Array[]): Promise<void> {
    if (this.#isClosed) return;
    if (pieces.length > 1) this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    if (pieces.length > 1) this.#socket.uncork();
    if (this.#socket.writableLength < OUTBOX_HIGH_WATER_BYTES) return;
    this.#drained ??= Promise.withResolvers<void>();
    await this.waitFor(this.#drained.promise);
  }

  /** Writes a last word without waiting. */
  say(bytes: Uint8Array): void {
    if (!this.#isClosed && this.#socket.writable) this.#socket.write(bytes);
  }

  /** Waits for something the peer owes; its silence ends the connection. @param patienceMs - Instead of the usual time. */
  async waitFor<T>(promised: Promise<T>, patienceMs = this.#inactivityMs): Promise<T> {
    this.awaits(true, patienceMs);
    try {
      return await promised;
    } finally {
      this.awaits(false);
    }
  }

  /** As {@link waitFor}, for those who say themselves when the waiting ends. */
  awaits(isWaiting: boolean, patienceMs = this.#inactivityMs): void {
    this.#waiters += isWaiting ? 1 : -1;
    if (!isWaiting || this.#isClosed) return;
    // One timer, set back at each wait and by each byte: there are several waits an instance.
    if (this.#silence !== undefined && patienceMs === this.#patienceMs) return void this.#silence.refresh();
    clearTimeout(this.#silence);
    this.#patienceMs = patienceMs;
    this.#silence = setTimeout(() => this.#fellSilent(), patienceMs);
  }

  #fellSilent(): void {
    this.#silence = undefined;
    // Nobody waited any more.
    if (this.#waiters === 0) return;
    const details = { reason: 'silent', durationMs: this.#patienceMs };
    this.close(new PacsError('PACS_UNREACHABLE', { details }));
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isClosed) this.#socket.resume();
  }

  /**
   * Ends the connection: what was written goes out, and what comes in is thrown away until the peer ends it too or ARTIM
   * runs out (PS3.8 9.2, Sta13).
   */
  close(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#silence);
    // What drains behind this must not set it again.
    this.#silence = undefined;
    this.#drained?.reject(error);
    this.#drained?.promise.catch(() => {});
    this.#socket.removeAllListeners('data');
    this.#socket.on('error', () => {});
    if (!this.#socket.destroyed) {
      this.#artim = setTimeout(() => this.#socket.destroy(), ARTIM_MS);
      this.#artim.unref();
      this.#socket.once('close', () => clearTimeout(this.#artim));
      this.#throwAway();
      this.#socket.end();
    }
    this.handler.closed(error);
  }

  /** What still comes is read so that our last word is not lost with it (RFC 1122 4.2.2.13), but not without end. */
  #throwAway(): void {
    let lateBytes = 0;
    this.#socket.on('data', (piece) => {
      lateBytes += piece.length;
      if (lateBytes > MAX_LATE_BYTES) this.#socket.destroy();
    });
    this.#socket.resume();
  }

  /** Ends the connection at once. */
  destroy(error: Error): void {
    this.close(error);
    this.#socket.destroy();
  }

  #read(piece: Buffer): void {
    this.#silence?.refresh();
    try {
      this.#reader.push(inOwnMemory(piece));
    } catch (error) {
      if (!this.#isClosed) this.handler.broken(error);
    }
  }

  #drain(): void {
    this.#silence?.refresh();
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #end(): void {
    const reason = this.#reader.isBetweenPdus ? 'closed' : 'cut';
    this.close(new PacsError('PACS_ABORTED', { details: { reason } }));
  }
}

/** A piece in memory of its own, as sockets give it: whoever has written it may free the whole of it (piece-memory.ts). */
function inOwnMemory(piece: Buffer): Uint8Array {
  return piece.length === piece.buffer.byteLength ? piece : new Uint8Array(piece);
}
