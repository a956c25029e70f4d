// A peer that says exactly the bytes it is told to, for tests of what an association does with each.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What came: a PDU, the end of the connection, or nothing for a while. */
export type Seen = { readonly type: number; readonly body: Buffer } | 'closed' | 'nothing';

/** A-ABORT by the service user (PS3.8 9.3.8). */
export const ABORT = Buffer.from('07000000000400000000', 'hex');

/** Sends bytes on a connection of its own, and waits for the peer to close it. */
export async function sendAndClose(port: number, bytes: Uint8Array): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes);
  socket.resume();
  await once(socket, 'close');
}

/** One end of a TCP connection. */
export class RawPeer {
  readonly socket: Socket;
  #held = Buffer.alloc(0);
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (piece) => {
      this.#held = Buffer.concat([this.#held, piece]);
      this.#wake();
    });
    const end = (): void => {
      this.#isClosed = true;
      this.#wake();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.setNoDelay(true);
    await once(socket, 'connect');
    return new RawPeer(socket);
  }

  send(...bytes: readonly (Uint8Array | string)[]): void {
    const all = bytes.map((each) => (typeof each === 'string' ? Buffer.from(each.replaceAll(' ', ''), 'hex') : each));
    this.socket.write(Buffer.concat(all));
  }

  /** The next PDU, or that the peer has closed; `nothing` after a while. */
  async next(withinMs = 5_000): Promise<Seen> {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      const length = this.#held.length < 6 ? Infinity : 6 + this.#held.readUInt32BE(2);
      if (this.#held.length >= length) {
        const body = Buffer.from(this.#held.subarray(6, length));
        const type = this.#held[0] ?? 0;
        this.#held = this.#held.subarray(length);
        return { type, body };
      }
      if (this.#isClosed) return 'closed';
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return 'nothing';
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** As {@link next}, in short: `7 00000202`, `closed`. */
  async word(withinMs?: number): Promise<string> {
    const seen = await this.next(withinMs);
    return typeof seen === 'string' ? seen : `${seen.type} ${seen.body.toString('hex')}`;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Waits for one connection on a port of its own. */
export async function rawListener(): Promise<{
  readonly port: number;
  readonly peer: Promise<RawPeer>;
  close(): void;
}> {
  const server = createServer({ allowHalfOpen: true });
  const peer = once(server, 'connection').then(([socket]) => new RawPeer(socket as Socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, peer, close: () => server.close() };
}
