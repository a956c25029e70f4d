import { connect, type Socket } from 'node:net';

import type { Stream } from '@libp2p/interface';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { PeerHost, PeerStream } from '../../src/peer/index.ts';
import { TestRoster, until } from './hosts.ts';
import { type RawPeer, rawPeer } from './raw-peer.ts';

const ECHO = '/interhosp/test-echo/1.0.0';
const times = process.env['INTERHOSP_DOSE'] === 'long' ? 1_000 : 10;

let roster: TestRoster;
let unhandled: unknown[];
const note = (error: unknown) => unhandled.push(error);

beforeEach(() => {
  roster = new TestRoster();
  unhandled = [];
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});
afterEach(async () => {
  await roster.stop();
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
});

async function echo(stream: PeerStream): Promise<void> {
  for await (const frame of stream.frames()) await stream.send(frame);
}

async function expectAlive(host: PeerHost): Promise<void> {
  const friend = await roster.host();
  const stream = await friend.open(host.peerId, host.addresses(), ECHO);
  await stream.send(Uint8Array.of(1));
  expect(await stream.receive()).toEqual(Uint8Array.of(1));
  await friend.stop();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(unhandled).toEqual([]);
}

/** What a plain socket has said when it goes. */
const SOCKET_STEPS: readonly (readonly [string, Buffer])[] = [
  ['saying anything', Buffer.alloc(0)],
  ['the first byte', Buffer.from([0x13])],
  ['the negotiation', Buffer.from('\u0013/multistream/1.0.0\n')],
  ['naming Noise', Buffer.from('\u0013/multistream/1.0.0\n\u0007/noise\n')],
  ['half a Noise message', Buffer.from('\u0013/multistream/1.0.0\n\u0007/noise\n\u0000\u0020abc')],
  [
    'a Noise message of rubbish',
    Buffer.concat([Buffer.from('\u0013/multistream/1.0.0\n\u0007/noise\n\0 '), Buffer.alloc(32, 7)]),
  ],
  ['a negotiation of rubbish', Buffer.from('\u0013/multistream/9.9.9\n')],
];

/** What a member does on a stream before it goes. */
const STREAM_STEPS: readonly (readonly [string, (stream: Stream) => unknown])[] = [
  ['sending anything', () => {}],
  ['half a length', (stream) => stream.send(Uint8Array.of(0, 0))],
  ['half a frame', (stream) => stream.send(Uint8Array.of(0, 0, 0, 9, 1))],
  ['a frame', (stream) => stream.send(Uint8Array.of(0, 0, 0, 1, 1))],
  [
    'many frames that it does not take back',
    (stream) => {
      for (let sent = 0; sent < 20; sent += 1)
        stream.send(Buffer.concat([Uint8Array.of(0, 1, 0, 0), new Uint8Array(65_536)]));
    },
  ],
  ['closing its side', (stream) => stream.close()],
];

describe('a peer that goes', () => {
  it.each(SOCKET_STEPS)('after %s, by end or by reset, harms nothing', { timeout: 1_800_000 }, async (_step, bytes) => {
    const b = await roster.host({ addressAllow: ['127.0.0.1'], limits: { connectionsPerSecondPerAddress: 100_000 } });
    b.handle(ECHO, echo, { maxInboundStreams: 4 });
    const port = Number(/\/tcp\/(\d+)/.exec(b.addresses()[0] ?? '')?.[1]);
    for (let time = 0; time < times; time += 1) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await new Promise<void>((resolve) => socket.write(bytes.byteLength > 0 ? bytes : '', () => resolve()));
      if (time % 3 !== 0) await Promise.race([gone(socket), new Promise((resolve) => setTimeout(resolve, time % 3))]);
      if (time % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
    await expectAlive(b);
  });

  it.each(STREAM_STEPS)(
    'after %s, by reset of the stream or of the connection, harms nothing',
    { timeout: 1_800_000 },
    async (_step, act) => {
      const b = await roster.host({ limits: { connectionsPerSecondPerAddress: 100_000 }, addressAllow: ['127.0.0.1'] });
      b.handle(ECHO, echo, { maxInboundStreams: 4 });
      const raw = await rawPeer();
      roster.members.add(raw.peerId);
      try {
        for (let time = 0; time < times; time += 1) await openAndGo(raw, b, act, time);
        await until(() => b.connections().every(({ streams }) => streams === 0));
      } finally {
        await raw.stop();
      }
      await expectAlive(b);
    },
  );

  it('in the middle of our own sending ends that send alone', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    a.handle(ECHO, echo, { maxInboundStreams: 1 });
    b.handle(ECHO, async (stream) => void (await stream.receive()), { maxInboundStreams: 4 });
    for (let time = 0; time < 5; time += 1) {
      const stream = await a.open(b.peerId, b.addresses(), ECHO);
      const sending = (async () => {
        for (;;) await stream.send(new Uint8Array(1024 * 1024));
      })();
      if (time % 2 === 1) setTimeout(() => void b.disconnect(a.peerId), 5);
      await expect(sending).rejects.toMatchObject({ code: 'PEER_CLOSED' });
    }
    await expectAlive(a);
  });

  it('is ended when it announces a yamux frame of 4 GiB and begins to send it', { timeout: 120_000 }, async () => {
    const b = await roster.host();
    b.handle(ECHO, echo, { maxInboundStreams: 4 });
    const raw = await rawPeer();
    roster.members.add(raw.peerId);
    try {
      const connection = await raw.dial(b.addresses());
      // The encrypted connection under the muxer; private, and only a test would reach for it.
      const { maConn } = (
        connection as unknown as { muxer: { maConn: { send(bytes: Uint8Array): boolean; status: string } } }
      ).muxer;
      const before = process.memoryUsage().arrayBuffers;
      maConn.send(Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff));
      let most = 0;
      const block = new Uint8Array(256 * 1024);
      for (let sent = 0; sent < 200 && maConn.status === 'open'; sent += 1) {
        maConn.send(block);
        await new Promise((resolve) => setTimeout(resolve, 5));
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      }
      expect(maConn.status).not.toBe('open');
      expect(b.connections()).toEqual([]);
      expect(most).toBeLessThan(64e6);
    } finally {
      await raw.stop();
    }
    await expectAlive(b);
  });
});

async function openAndGo(raw: RawPeer, host: PeerHost, act: (stream: Stream) => unknown, time: number): Promise<void> {
  const connection = raw.node.getConnections()[0] ?? (await raw.dial(host.addresses()));
  const stream = await connection.newStream(ECHO);
  await act(stream);
  if (time % 3 === 1) await new Promise((resolve) => setTimeout(resolve, 2));
  if (time % 2 === 0) stream.abort(new Error('gone'));
  else connection.abort(new Error('gone'));
  await until(() => stream.status !== 'open' && (time % 2 === 0 || raw.node.getConnections().length === 0));
}

function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
