/** A door before a server: TCP is passed on, held up, or stopped at a byte that a test names. The address stays the same. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What a door does with the bytes that pass; may be changed at any time. */
export interface DoorRules {
  /** Port behind the door. */
  port: number;
  /** Called once, when so many bytes have gone to the server since it was set. */
  afterSent?: { readonly bytes: number; readonly act: () => void } | undefined;
  /** Called once, when so many bytes have come from the server since it was set. */
  afterAnswered?: { readonly bytes: number; readonly act: () => void } | undefined;
  /** How long a piece of an answer waits, by the number of its connection. */
  answerDelayMs?: ((connection: number) => number) | undefined;
}

/** An open door. */
export interface Door extends AsyncDisposable {
  readonly port: number;
  readonly rules: DoorRules;
  /** Breaks every connection. */
  slam(): void;
}

/** Opens a door on loopback. */
export async function openDoor(port: number): Promise<Door> {
  const rules: DoorRules = { port };
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    const number = connections++;
    const behind = connect(rules.port, '127.0.0.1');
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(socket);
      // What breaks on one side breaks on the other; what ends in order may still have bytes on their way.
      socket.on('error', () => other.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    void pass(client, behind, (piece) => Promise.resolve(spend(rules, 'afterSent', piece)));
    void pass(behind, client, async (piece) => {
      const waitMs = rules.answerDelayMs?.(number) ?? 0;
      if (waitMs > 0) await new Promise<void>((resolve) => void setTimeout(resolve, waitMs));
      spend(rules, 'afterAnswered', piece);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const slam = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    rules,
    slam,
    async [Symbol.asyncDispose]() {
      slam();
      server.close();
      await once(server, 'close');
    },
  };
}

async function pass(from: Socket, to: Socket, before: (piece: Buffer) => Promise<void>): Promise<void> {
  try {
    for await (const piece of from) {
      await before(piece as Buffer);
      if (to.destroyed) return;
      if (!to.write(piece as Buffer)) await once(to, 'drain');
    }
    to.end();
  } catch {
    to.destroy();
  }
}

function spend(rules: DoorRules, name: 'afterSent' | 'afterAnswered', piece: Buffer): void {
  const rule = rules[name];
  if (rule === undefined) return;
  const bytes = rule.bytes - piece.length;
  rules[name] = bytes <= 0 ? undefined : { ...rule, bytes };
  if (bytes <= 0) rule.act();
}
