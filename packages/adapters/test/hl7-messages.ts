// ADT messages of invented people, and a sender of them.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What a message is made of; each has a default. */
export interface MessageParts {
  readonly event?: string;
  readonly controlId?: string;
  /** MSH from field 3 on, by number. */
  readonly header?: Readonly<Record<number, string>>;
  readonly segments: readonly string[];
}

const HEADER: Readonly<Record<number, string>> = {
  3: 'HIS',
  4: 'CHU',
  5: 'INTERHOSP',
  6: 'CHU',
  7: '20260301120000',
  11: 'P',
  12: '2.5.1',
};
let messages = 0;

/** A message as text, its segments ended by CR. */
export function adt({ controlId = `M${++messages}`, event = 'A08', header = {}, segments }: MessageParts): string {
  const fields = { ...HEADER, 9: `ADT^${event}^ADT_A01`, 10: controlId, ...header };
  const last = Math.max(...Object.keys(fields).map(Number));
  const values = Array.from({ length: last - 2 }, (_, at) => (fields as Record<number, string>)[at + 3] ?? '');
  return ['MSH|^~\\&', ...values].join('|') + ['', `EVN||20260301120000`, ...segments, ''].join('\r');
}

/** PID with these fields, by number. */
export function pid(fields: Readonly<Record<number, string>>): string {
  const last = Math.max(...Object.keys(fields).map(Number));
  return ['PID', ...Array.from({ length: last }, (_, at) => fields[at + 1] ?? '')].join('|');
}

/** Bytes of a message in a character set that has one byte for each character, or in UTF-8. */
export function bytesOf(message: string, encoding: 'latin1' | 'utf8' = 'latin1'): Uint8Array {
  return new Uint8Array(Buffer.from(message, encoding));
}

/** A message as a block. */
export function block(message: string | Uint8Array, encoding: 'latin1' | 'utf8' = 'latin1'): Buffer {
  const content = typeof message === 'string' ? Buffer.from(message, encoding) : message;
  return Buffer.concat([Buffer.from([0x0b]), content, Buffer.from([0x1c, 0x0d])]);
}

/** A field of the first segment of this name in an answer; MSH is counted as HL7 does. */
export function fieldOf(answer: string | Uint8Array, segment: string, number: number): string {
  const text = typeof answer === 'string' ? answer : Buffer.from(answer).toString('latin1');
  const fields =
    text
      .split('\r')
      .find((line) => line.startsWith(segment))
      ?.split('|') ?? [];
  return fields[segment === 'MSH' ? number - 1 : number] ?? '';
}

/** What a sender sees: an answer, the end, or nothing for a while. */
export type Seen = { readonly answer: string } | 'closed' | 'nothing';

/** One end of a connection to a feed. */
export class Sender {
  readonly socket: Socket;
  #held = Buffer.alloc(0);
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (piece: Buffer) => {
      this.#held = Buffer.concat([this.#held, piece]);
      this.#wake();
    });
    const end = (): void => {
      this.#isClosed = true;
      this.#wake();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  static async connect(port: number): Promise<Sender> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const sender = new Sender(socket);
    await once(socket, 'connect');
    return sender;
  }

  /** Sends a message as a block. */
  send(message: string | Uint8Array, encoding: 'latin1' | 'utf8' = 'latin1'): void {
    this.socket.write(block(message, encoding));
  }

  /** Sends bytes as they are. */
  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  async next(withinMs = 5_000): Promise<Seen> {
    const until = performance.now() + withinMs;
    for (;;) {
      const end = this.#held.indexOf(Buffer.from([0x1c, 0x0d]));
      if (end >= 0) {
        const answer = this.#held.subarray(1, end).toString('latin1');
        this.#held = this.#held.subarray(end + 2);
        return { answer };
      }
      if (this.#isClosed) return 'closed';
      const leftMs = until - performance.now();
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

  /** MSA-1 of the next answer. */
  async code(withinMs?: number): Promise<string> {
    const seen = await this.next(withinMs);
    return typeof seen === 'string' ? seen : fieldOf(seen.answer, 'MSA', 1);
  }

  close(): void {
    this.socket.destroy();
  }
}
