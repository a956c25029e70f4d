import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

import { multiaddr } from '@multiformats/multiaddr';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createPeerHost, type PeerEvent, type PeerHost, type PeerStream } from '../../src/peer/index.ts';
import { nodeClock } from '../../src/world/index.ts';
import { RecordingLog, TestRoster, until } from './hosts.ts';
import { rawPeer } from './raw-peer.ts';

const ECHO = '/interhosp/test-echo/1.0.0';
const isLong = process.env['INTERHOSP_DOSE'] === 'long';

async function echo(stream: PeerStream): Promise<void> {
  for await (const frame of stream.frames()) await stream.send(frame);
}

/** As many strangers as told, one after another, from another process. */
async function flood(host: PeerHost, count: number): Promise<void> {
  const script = new URL('./stranger-flood.ts', import.meta.url).pathname;
  const child = fork(script, [host.addresses()[0] ?? '', String(count)], {
    execArgv: ['--conditions=@interhosp/source'],
  });
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(0);
}

let roster: TestRoster;
beforeEach(() => {
  roster = new TestRoster();
});
afterEach(() => roster.stop());

describe('two members', () => {
  it('connect and exchange frames both ways', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    b.handle(ECHO, echo, { maxInboundStreams: 4 });

    const stream = await a.open(b.peerId, b.addresses(), ECHO);
    const sent = [new Uint8Array(0), Uint8Array.of(1, 2, 3), randomBytes(1024 * 1024), Uint8Array.of(4)];
    const received: Uint8Array[] = [];
    for (const frame of sent) await stream.send(frame);
    await stream.closeWrite();
    for await (const frame of stream.frames()) received.push(frame);
    await stream.close();

    expect(received.map((frame) => Buffer.from(frame).toString('hex'))).toEqual(
      sent.map((frame) => Buffer.from(frame).toString('hex')),
    );
    expect(stream.remotePeerId).toBe(b.peerId);
    expect(a.connections()).toMatchObject([{ remotePeerId: b.peerId, direction: 'outbound', admission: 'member' }]);
  });

  it('use one connection for many streams, in either direction, and need addresses only for the first', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    a.handle(ECHO, echo, { maxInboundStreams: 4 });
    b.handle(ECHO, echo, { maxInboundStreams: 4 });
    for (const stream of [
      await a.open(b.peerId, b.addresses(), ECHO),
      await a.open(b.peerId, [], ECHO),
      await b.open(a.peerId, [], ECHO),
    ]) {
      await stream.send(Uint8Array.of(1));
      expect(await stream.receive()).toEqual(Uint8Array.of(1));
    }
    expect(a.connections()).toHaveLength(1);
    expect(b.connections()).toHaveLength(1);
  });

  it('dial again when the live connection has gone', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    b.handle(ECHO, echo, { maxInboundStreams: 4 });
    await a.open(b.peerId, b.addresses(), ECHO);
    await b.disconnect(a.peerId);
    await until(() => a.connections().length === 0);
    const stream = await a.open(b.peerId, b.addresses(), ECHO);
    await stream.send(Uint8Array.of(2));
    expect(await stream.receive()).toEqual(Uint8Array.of(2));
  });

  it('tell when they meet and part, once for each peer', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    const events: PeerEvent[] = [];
    const unsubscribe = b.subscribe((event) => events.push(event));
    await a.connect(b.peerId, b.addresses());
    await until(() => events.length === 1);
    await a.disconnect(b.peerId);
    await until(() => events.length === 2);
    expect(events).toEqual([
      { kind: 'connected', remotePeerId: a.peerId, admission: 'member', direction: 'inbound' },
      { kind: 'disconnected', remotePeerId: a.peerId, admission: 'member', direction: 'inbound' },
    ]);
    unsubscribe();
    await a.connect(b.peerId, b.addresses());
    expect(events).toHaveLength(2);
  });

  it('hear PEER_REFUSED for a protocol that the other does not speak', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    await expect(a.open(b.peerId, b.addresses(), ECHO)).rejects.toMatchObject({ code: 'PEER_REFUSED' });
  });

  it('keep within the limit of streams of a protocol', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    b.handle(ECHO, echo, { maxInboundStreams: 2 });
    const outcomes: string[] = [];
    for (let opened = 0; opened < 3; opened += 1) {
      const stream = await a.open(b.peerId, b.addresses(), ECHO).catch(() => undefined);
      await stream?.send(Uint8Array.of(1)).catch(() => {});
      const frame = await stream?.receive().catch(() => undefined);
      outcomes.push(frame === undefined ? 'reset' : 'served');
    }
    expect(outcomes).toEqual(['served', 'served', 'reset']);
  });
});

describe('dialling', () => {
  it('refuses another node than the expected one, whether the address names it or not', async () => {
    const [a, b, c] = [await roster.host(), await roster.host(), await roster.host()];
    const anonymous = b.addresses().map((address) => address.replace(/\/p2p\/.*$/, ''));
    await expect(a.connect(c.peerId, b.addresses())).rejects.toMatchObject({ code: 'PEER_IDENTITY' });
    await expect(a.connect(c.peerId, anonymous)).rejects.toMatchObject({ code: 'PEER_IDENTITY' });
    expect([a, b, c].map((host) => host.connections().length)).toEqual([0, 0, 0]);
    await a.connect(b.peerId, anonymous);
  });

  it('tries the addresses one after another', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    await a.connect(b.peerId, ['/ip4/127.0.0.1/tcp/1', ...b.addresses()]);
    expect(a.connections()).toHaveLength(1);
  });

  it('says what is wrong', async () => {
    const [a, stranger] = [await roster.host(), await roster.host({ isMember: false })];
    const gone = await roster.host();
    const addresses = gone.addresses();
    await gone.stop();
    await expect(a.connect(gone.peerId, addresses)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE', retry: 'later' });
    await expect(a.connect(gone.peerId, [])).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
    await expect(a.connect(gone.peerId, ['no multiaddr'])).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
    await expect(a.connect('no peer id', addresses)).rejects.toMatchObject({ code: 'PEER_UNKNOWN' });
    await expect(a.connect(stranger.peerId, stranger.addresses())).rejects.toMatchObject({ code: 'PEER_UNKNOWN' });
    await expect(gone.connect(a.peerId, a.addresses())).rejects.toMatchObject({ code: 'PEER_CLOSED' });
  });

  it('rejects with the reason of the caller when the caller cancels', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    const reason = new Error('not now');
    const signal = AbortSignal.abort(reason);
    await expect(a.open(b.peerId, b.addresses(), ECHO, { signal })).rejects.toBe(reason);
    const controller = new AbortController();
    const opening = a.open(b.peerId, b.addresses(), ECHO, { signal: controller.signal });
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
  });

  it('gives up after the time for opening', async () => {
    const a = await roster.host({ limits: { openTimeoutMs: 150 } });
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    const peer = await roster.host();
    await expect(a.connect(peer.peerId, [`/ip4/127.0.0.1/tcp/${port}`])).rejects.toMatchObject({
      code: 'PEER_TIMEOUT',
    });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe('a stranger', () => {
  it(
    'is refused when its key is known, with no connection opened and nothing kept',
    { timeout: 1_800_000 },
    async () => {
      const handshakes = isLong ? 500 : 50;
      const log = new RecordingLog();
      const b = await roster.host({
        log,
        limits: { connectionsPerSecondPerAddress: 100_000 },
        addressAllow: ['127.0.0.1'],
      });
      b.handle(ECHO, echo, { maxInboundStreams: 4 });
      const events: PeerEvent[] = [];
      b.subscribe((event) => events.push(event));
      await flood(b, 5);
      const before = process.memoryUsage.rss();
      await flood(b, handshakes - 5);
      const grownMb = (process.memoryUsage.rss() - before) / 1e6;

      expect(log.count('peer.stranger.refused')).toBe(handshakes);
      expect(events).toEqual([]);
      expect(b.connections()).toEqual([]);
      expect(grownMb).toBeLessThan(50);
    },
  );

  it('gets the protocol that is open to strangers and nothing else, not even libp2p’s own', async () => {
    const b = await roster.host({ limits: { strangerLifetimeMs: 60_000 } });
    b.handle('/interhosp/test-open/1.0.0', echo, { maxInboundStreams: 1, strangersAllowed: true });
    b.handle(ECHO, echo, { maxInboundStreams: 1 });
    const raw = await rawPeer();
    try {
      const connection = await raw.dial(b.addresses());
      const open = await connection.newStream('/interhosp/test-open/1.0.0');
      const answer = new Promise((resolve) =>
        open.addEventListener('message', ({ data }) => resolve([...data.subarray()])),
      );
      open.send(Uint8Array.of(0, 0, 0, 1, 42));
      expect(await answer).toEqual([0, 0, 0, 1, 42]);
      for (const protocol of [ECHO, '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0']) {
        const stream = await connection.newStream(protocol).catch(() => undefined);
        await until(() => stream === undefined || stream.status === 'reset');
      }
      expect(b.connections()).toMatchObject([{ admission: 'stranger' }]);
    } finally {
      await raw.stop();
    }
  });

  it('finds no place when too many are there', async () => {
    const b = await roster.host({ limits: { maxStrangers: 2 } });
    b.handle(ECHO, echo, { maxInboundStreams: 1, strangersAllowed: true });
    const raws = [await rawPeer(), await rawPeer(), await rawPeer()];
    try {
      for (const raw of raws) await raw.dial(b.addresses()).catch(() => {});
      await until(() => raws[2]?.node.getConnections().length === 0);
      expect(raws.map((raw) => raw.node.getConnections().length)).toEqual([1, 1, 0]);
    } finally {
      for (const raw of raws) await raw.stop();
    }
  });

  it('goes after its time', async () => {
    const b = await roster.host({ limits: { strangerLifetimeMs: 200 } });
    b.handle(ECHO, echo, { maxInboundStreams: 1, strangersAllowed: true });
    const raw = await rawPeer();
    try {
      await raw.dial(b.addresses());
      await until(() => b.connections().length === 1);
      await until(() => b.connections().length === 0);
    } finally {
      await raw.stop();
    }
  });
});

describe('a change of the roster', () => {
  it('ends the connections of a removed member at once, refuses it, and takes it back, without a restart', async () => {
    const [a, b, c] = [await roster.host(), await roster.host(), await roster.host()];
    b.handle(ECHO, echo, { maxInboundStreams: 4 });
    const streams = [await a.open(b.peerId, b.addresses(), ECHO), await c.open(b.peerId, b.addresses(), ECHO)];
    for (const stream of streams) await stream.send(Uint8Array.of(1));
    for (const stream of streams) await stream.receive();

    roster.members.delete(a.peerId);
    expect(b.connections()).toHaveLength(2);
    b.recheck();
    expect(b.connections().map(({ remotePeerId }) => remotePeerId)).toEqual([c.peerId]);
    await expect(streams[0]?.receive()).rejects.toMatchObject({ code: 'PEER_CLOSED' });
    await streams[1]?.send(Uint8Array.of(2));
    expect(await streams[1]?.receive()).toEqual(Uint8Array.of(2));

    const refused = await a.open(b.peerId, b.addresses(), ECHO).catch((error: unknown) => error);
    expect(['PEER_REFUSED', 'PEER_CLOSED', 'PEER_UNREACHABLE']).toContain((refused as { code?: string }).code);
    expect(b.connections()).toHaveLength(1);

    roster.members.add(a.peerId);
    const again = await a.open(b.peerId, b.addresses(), ECHO);
    await again.send(Uint8Array.of(3));
    expect(await again.receive()).toEqual(Uint8Array.of(3));
  });

  it('is noticed on the next stream even before recheck', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    let served = 0;
    b.handle(
      ECHO,
      async (stream) => {
        served += 1;
        await echo(stream);
      },
      { maxInboundStreams: 4 },
    );
    await a.connect(b.peerId, b.addresses());
    roster.members.delete(a.peerId);
    const stream = await a.open(b.peerId, [], ECHO).catch(() => undefined);
    await stream?.send(Uint8Array.of(1)).catch(() => {});
    expect(await stream?.receive().catch(() => undefined)).toBeUndefined();
    expect(served).toBe(0);
  });

  it('is noticed when a stream is opened to a removed member', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    b.handle(ECHO, echo, { maxInboundStreams: 4 });
    await a.connect(b.peerId, b.addresses());
    roster.members.delete(b.peerId);
    await expect(a.open(b.peerId, b.addresses(), ECHO)).rejects.toMatchObject({ code: 'PEER_UNKNOWN' });
  });
});

describe('what the member gives the host', () => {
  it('may throw without harm: a roster that cannot be read admits nobody, a listener that fails stops nothing', async () => {
    const log = new RecordingLog();
    let isBroken = false;
    const b = await roster.host({
      log,
      admit: () => {
        if (isBroken) throw new Error('no roster');
        return 'member';
      },
      addressAllow: () => {
        throw new Error('no ranges');
      },
    });
    const heard: PeerEvent[] = [];
    b.subscribe(() => {
      throw new Error('listener');
    });
    b.subscribe((event) => heard.push(event));
    b.handle(ECHO, echo, { maxInboundStreams: 1 });
    const a = await roster.host();
    const stream = await a.open(b.peerId, b.addresses(), ECHO);
    await stream.send(Uint8Array.of(1));
    expect(await stream.receive()).toEqual(Uint8Array.of(1));
    isBroken = true;
    b.recheck();
    expect(b.connections()).toEqual([]);
    await until(() => a.connections().length === 0);
    await a.connect(b.peerId, b.addresses()).catch(() => {});
    await until(() => log.count('peer.stranger.refused') === 1);
    expect(heard.map(({ kind }) => kind)).toEqual(['connected', 'disconnected']);
    expect(log.count('peer.listener.failed')).toBe(2);
  });
});

describe('connections of one peer', () => {
  it('are limited, and the oldest goes', async () => {
    const b = await roster.host({ limits: { maxConnectionsPerPeer: 2 } });
    const raw = await rawPeer();
    roster.members.add(raw.peerId);
    try {
      const target = multiaddr(b.addresses()[0]);
      const first = await raw.node.dial(target);
      await until(() => b.connections().length === 1);
      for (let more = 0; more < 2; more += 1) await raw.node.dial(target, { force: true });
      await until(() => first.status !== 'open');
      expect(b.connections()).toHaveLength(2);
    } finally {
      await raw.stop();
    }
  });
});

describe('starting and stopping', () => {
  it('twice is fine, and a stopped host starts again under the same peer ID', async () => {
    const [a, b] = [await roster.host(), await roster.host()];
    b.handle(ECHO, echo, { maxInboundStreams: 1 });
    await Promise.all([b.start(), b.start()]);
    await Promise.all([b.stop(), b.stop()]);
    expect(b.addresses()).toEqual([]);
    expect(b.connections()).toEqual([]);
    await b.start();
    const stream = await a.open(b.peerId, b.addresses(), ECHO);
    await stream.send(Uint8Array.of(1));
    expect(await stream.receive()).toEqual(Uint8Array.of(1));
  });

  it('says PEER_LISTEN when the port is taken, and leaves nothing behind', async () => {
    const b = await roster.host();
    const other = createPeerHost({
      identitySeed: randomBytes(32),
      listen: [b.addresses()[0]?.replace(/\/p2p\/.*$/, '') ?? ''],
      admit: () => 'member',
      log: new RecordingLog(),
      clock: nodeClock(),
    });
    await expect(other.start()).rejects.toMatchObject({ code: 'PEER_LISTEN' });
    expect(other.addresses()).toEqual([]);
    await other.stop();
  });

  it('refuses a second handler for a protocol', async () => {
    const b = await roster.host();
    b.handle(ECHO, echo, { maxInboundStreams: 1 });
    expect(() => b.handle(ECHO, echo, { maxInboundStreams: 1 })).toThrow('has a handler already');
  });
});
