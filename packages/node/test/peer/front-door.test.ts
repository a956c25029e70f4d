import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addressRanges, type PeerHost, type PeerStream } from '../../src/peer/index.ts';
import { serverOf } from '../../src/peer/front-door.ts';
import { gatheredBytes } from '../../src/peer/guarded-yamux.ts';
import { DEFAULT_PEER_LIMITS } from '../../src/peer/limits.ts';
import { RecordingLog, TestRoster, until } from './hosts.ts';

const ECHO = '/interhosp/test-echo/1.0.0';
/** The first message of libp2p: its length, and the name of the negotiation. */
const MULTISTREAM = Buffer.from('\u0013/multistream/1.0.0\n');
const NOISE = Buffer.from('\u0007/noise\n');

let roster: TestRoster;
let sockets: Socket[];
beforeEach(() => {
  roster = new TestRoster();
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await roster.stop();
});

/** A plain socket to a host, from an address of loopback's own network. */
async function socketTo(host: PeerHost, from = '127.0.0.1'): Promise<Socket> {
  const port = Number(/\/tcp\/(\d+)/.exec(host.addresses()[0] ?? '')?.[1]);
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

function closed(socket: Socket): Promise<unknown> {
  return socket.closed ? Promise.resolve() : once(socket.resume(), 'close');
}

async function echo(stream: PeerStream): Promise<void> {
  for await (const frame of stream.frames()) await stream.send(frame);
}

async function works(a: PeerHost, b: PeerHost): Promise<boolean> {
  const stream = await a.open(b.peerId, b.addresses(), ECHO);
  await stream.send(Uint8Array.of(1));
  return (await stream.receive())?.[0] === 1;
}

describe('the first byte', () => {
  it('of libp2p reaches libp2p with nothing missing, also when it comes alone', async () => {
    const b = await roster.host();
    const socket = await socketTo(b);
    const answer = once(socket, 'data');
    socket.write(MULTISTREAM.subarray(0, 1));
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.write(MULTISTREAM.subarray(1));
    const [bytes] = (await answer) as [Buffer];
    expect(bytes.subarray(0, MULTISTREAM.byteLength)).toEqual(MULTISTREAM);
  });

  it('of anything else ends the socket: HTTP, TLS without lanes, SSH, zero', async () => {
    const b = await roster.host();
    for (const first of ['GET / HTTP/1.1\r\n\r\n', '\u0016\u0003\u0001', 'SSH-2.0-x\r\n', '\0']) {
      const socket = await socketTo(b);
      socket.write(first);
      await closed(socket);
      expect(socket.bytesRead).toBe(0);
    }
  });

  it('of another protocol on the port goes to its route, with nothing missing', async () => {
    const routed: Buffer[] = [];
    const b = await roster.host({
      firstByteRoutes: new Map([
        [0x16, (socket: Socket) => socket.on('data', (bytes: Buffer) => routed.push(bytes) && socket.end())],
      ]),
    });
    const socket = await socketTo(b);
    socket.write(Buffer.from([0x16, 3, 1, 0, 5]));
    await closed(socket);
    expect(Buffer.concat(routed)).toEqual(Buffer.from([0x16, 3, 1, 0, 5]));
  });
});

describe('a socket that says nothing', () => {
  it('is closed after its time, and members connect meanwhile', async () => {
    const b = await roster.host({ limits: { silentSocketMs: 300 } });
    b.handle(ECHO, echo, { maxInboundStreams: 2 });
    const silent = [];
    for (let host = 2; host < 42; host += 1) silent.push(await socketTo(b, `127.0.0.${host}`));
    expect(await works(await roster.host(), b)).toBe(true);
    await Promise.all(silent.map(closed));
  });

  it('is one of few for each address, and of more for an address of the roster', async () => {
    const listed = '127.0.0.9';
    const log = new RecordingLog();
    const b = await roster.host({ log, addressAllow: [listed] });
    const { maxPendingPerAddress: few, maxPendingPerListedAddress: more } = DEFAULT_PEER_LIMITS;
    for (const [address, most] of [
      ['127.0.0.8', few],
      [listed, more],
    ] as const) {
      const kept: Socket[] = [];
      for (let count = 0; count < most; count += 1) kept.push(await socketTo(b, address));
      await closed(await socketTo(b, address));
      expect(kept.every((socket) => !socket.closed)).toBe(true);
      // One that goes makes room.
      kept[0]?.destroy();
      const refused = log.count('peer.socket.refused');
      await until(() => kept[0]?.closed === true);
      await new Promise((resolve) => setTimeout(resolve, 30));
      const next = await socketTo(b, address);
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(next.closed).toBe(false);
      expect(log.count('peer.socket.refused')).toBe(refused);
    }
  });

  it('gives way to newer ones when there are too many, unless the roster lists its address', async () => {
    const b = await roster.host({ limits: { maxSilentSockets: 3 }, addressAllow: ['127.0.0.7'] });
    const listed = await socketTo(b, '127.0.0.7');
    const oldest = await socketTo(b, '127.0.0.2');
    const younger = await socketTo(b, '127.0.0.3');
    await socketTo(b, '127.0.0.4');
    await closed(oldest);
    expect([listed.closed, younger.closed]).toEqual([false, false]);
  });
});

describe('a handshake that does not go on', () => {
  it('ends after its time, and members behind it wait their turn instead of being refused', async () => {
    const limits = { maxPendingUpgradesUnlisted: 2, maxPendingUpgrades: 2, inboundUpgradeTimeoutMs: 300 };
    const b = await roster.host({ limits });
    b.handle(ECHO, echo, { maxInboundStreams: 2 });
    const stuck = [];
    for (const from of ['127.0.0.2', '127.0.0.3']) {
      const socket = await socketTo(b, from);
      socket.write(Buffer.concat([MULTISTREAM, NOISE]));
      stuck.push(socket);
    }
    await Promise.all(stuck.map((socket) => once(socket, 'data')));
    expect(await works(await roster.host(), b)).toBe(true);
    await Promise.all(stuck.map(closed));
  });

  it('holds back those of the roster too when all places are taken', async () => {
    const limits = { maxPendingUpgradesUnlisted: 1, maxPendingUpgrades: 2, inboundUpgradeTimeoutMs: 300 };
    const b = await roster.host({ limits, addressAllow: ['127.0.0.0/8'] });
    b.handle(ECHO, echo, { maxInboundStreams: 2 });
    for (const from of ['127.0.0.2', '127.0.0.3']) {
      const socket = await socketTo(b, from);
      const answer = once(socket, 'data');
      socket.write(Buffer.concat([MULTISTREAM, NOISE]));
      await answer;
    }
    expect(await works(await roster.host(), b)).toBe(true);
  });

  it('takes no place of the addresses that the roster lists', async () => {
    const limits = { maxPendingUpgradesUnlisted: 1, maxPendingUpgrades: 2, inboundUpgradeTimeoutMs: 30_000 };
    const b = await roster.host({ limits, addressAllow: (address) => address === '127.0.0.1' });
    b.handle(ECHO, echo, { maxInboundStreams: 2 });
    for (const from of ['127.0.0.2', '127.0.0.3', '127.0.0.4']) {
      (await socketTo(b, from)).write(Buffer.concat([MULTISTREAM, NOISE]));
    }
    expect(await works(await roster.host(), b)).toBe(true);
  });
});

describe('the host', () => {
  it('stops with sockets in every state, and the port is free again', async () => {
    const b = await roster.host();
    const [silent, begun, half] = [await socketTo(b), await socketTo(b), await socketTo(b)];
    begun.write(MULTISTREAM.subarray(0, 3));
    half.write(Buffer.concat([MULTISTREAM, NOISE]));
    await once(half, 'data');
    await b.stop();
    await Promise.all([silent, begun, half].map(closed));
    await b.start();
  });

  it('says so when libp2p is built otherwise than this was written for', () => {
    const server = createServer(() => {});
    expect(serverOf({ server })).toBe(server);
    expect(() => serverOf({})).toThrow('pin the version');
    expect(() => serverOf({ server: createServer() })).toThrow('pin the version');
    expect(() => gatheredBytes({})).toThrow('pin the version');
  });
});

describe('ranges of addresses', () => {
  it('hold single addresses and networks, of both families', () => {
    const isListed = addressRanges(['192.0.2.7', '198.51.100.0/24', '2001:db8::/32']);
    expect(['192.0.2.7', '198.51.100.200', '2001:db8:1::5'].map(isListed)).toEqual([true, true, true]);
    expect(['192.0.2.8', '198.51.101.1', '2001:db9::1', ''].map((each) => each !== '' && isListed(each))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('refuse what is no address', () => {
    expect(() => addressRanges(['hospital.example'])).toThrow('CONFIG_INVALID');
    expect(() => addressRanges(['192.0.2.0/33'])).toThrow('CONFIG_INVALID');
  });
});
