import { createHash, randomBytes } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { DEFAULT_PEER_LIMITS, type PeerHost, type PeerLimits, type PeerStream } from '../../src/peer/index.ts';
import { TestRoster, until } from './hosts.ts';
import { rawPeer } from './raw-peer.ts';

const PROTOCOL = '/interhosp/test/1.0.0';
const MIB = 1024 * 1024;

let roster: TestRoster;
beforeEach(() => {
  roster = new TestRoster();
});
afterEach(() => roster.stop());

/** A host that serves with `handler`, and a stream to it from another one. */
async function streamTo(
  handler: (stream: PeerStream) => Promise<void>,
  limits: { readonly a?: Partial<PeerLimits>; readonly b?: Partial<PeerLimits> } = {},
): Promise<{ readonly stream: PeerStream; readonly a: PeerHost; readonly b: PeerHost }> {
  const [a, b] = [await roster.host({ limits: limits.a ?? {} }), await roster.host({ limits: limits.b ?? {} })];
  b.handle(PROTOCOL, handler, { maxInboundStreams: 4 });
  return { a, b, stream: await a.open(b.peerId, b.addresses(), PROTOCOL) };
}

/** A handler that hands its stream to the test and stays until told. */
function held(): {
  readonly handler: (stream: PeerStream) => Promise<void>;
  readonly stream: Promise<PeerStream>;
  readonly release: () => void;
} {
  const { promise: stream, resolve } = Promise.withResolvers<PeerStream>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const handler = async (served: PeerStream) => {
    resolve(served);
    await released;
  };
  return { handler, stream, release };
}

describe('back-pressure', () => {
  it('holds a sender while the reader reads nothing, with little in memory on either side, and loses nothing', async () => {
    const reader = held();
    const { stream } = await streamTo(reader.handler);
    const served = await reader.stream;
    const frame = randomBytes(MIB);
    const frames = 64;
    let sent = 0;
    const sending = (async () => {
      for (; sent < frames; sent += 1) await stream.send(frame);
      await stream.closeWrite();
    })();
    // Whatever can move has moved once the count stands still for a while.
    for (let before = -1; before !== sent; await pause(300)) before = sent;

    const { readHighWaterBytes, writeHighWaterBytes } = DEFAULT_PEER_LIMITS;
    expect(sent).toBeLessThan(frames / 2);
    expect(stream.buffered.writeBytes).toBeLessThanOrEqual(writeHighWaterBytes + MIB + 4);
    expect(served.buffered.readBytes).toBeLessThanOrEqual(readHighWaterBytes + 16 * MIB);

    let received = 0;
    let mostRead = 0;
    for await (const arrived of served.frames()) {
      expect(Buffer.compare(arrived, frame)).toBe(0);
      received += 1;
      mostRead = Math.max(mostRead, served.buffered.readBytes);
      await pause(1);
    }
    await sending;
    expect(received).toBe(frames);
    expect(mostRead).toBeLessThanOrEqual(readHighWaterBytes + 2 * 16 * MIB);
    reader.release();
  });

  it('goes on when the second, third and every later drain comes', async () => {
    let received = 0;
    const { stream } = await streamTo(
      async (served) => {
        for await (const frame of served.frames()) {
          received += frame.byteLength;
          if (received % (8 * MIB) === 0) await pause(20);
        }
      },
      { a: { writeHighWaterBytes: 64 * 1024 } },
    );
    let most = 0;
    for (let sent = 0; sent < 48; sent += 1) {
      await stream.send(new Uint8Array(MIB));
      most = Math.max(most, stream.buffered.writeBytes);
    }
    await stream.close();
    expect(received).toBe(48 * MIB);
    // With libp2p's own onDrain this ends near 48 MiB.
    expect(most).toBeLessThanOrEqual(64 * 1024);
  });

  it('lets a frame through that is larger than what a reader may be behind', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const { stream } = await streamTo(async (served) => resolve((await served.receive())?.byteLength ?? -1), {
      b: { readHighWaterBytes: 1024 },
    });
    await stream.send(new Uint8Array(2 * MIB));
    expect(await promise).toBe(2 * MIB);
  });

  it('waits for a slow writer without an end', async () => {
    const { stream } = await streamTo(async (served) => {
      for (let count = 0; count < 5; count += 1) {
        await pause(30);
        await served.send(Uint8Array.of(count));
      }
    });
    const received: number[] = [];
    for await (const frame of stream.frames()) received.push(frame[0] ?? -1);
    expect(received).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives up a peer that takes no byte for the stall time, and frees what waited', async () => {
    const reader = held();
    const { stream } = await streamTo(reader.handler, { a: { sendStallMs: 200 }, b: { readHighWaterBytes: MIB } });
    const filling = (async () => {
      for (;;) await stream.send(new Uint8Array(MIB));
    })();
    await expect(filling).rejects.toMatchObject({ code: 'PEER_TIMEOUT', details: { reason: 'send' } });
    expect(stream.buffered.writeBytes).toBe(0);
    reader.release();
  });

  it('two streams on one connection: a reader that sleeps does not hold the other one', async () => {
    const asleep = held();
    const { a, b, stream } = await streamTo(asleep.handler);
    b.handle('/interhosp/test-awake/1.0.0', (served) => echoHash(served), { maxInboundStreams: 1 });
    const filling = (async () => {
      for (let sent = 0; sent < 40; sent += 1) await stream.send(new Uint8Array(MIB));
    })().catch(() => {});
    const awake = await a.open(b.peerId, [], '/interhosp/test-awake/1.0.0');
    const hash = createHash('sha256');
    for (let sent = 0; sent < 20; sent += 1) {
      const frame = randomBytes(MIB);
      hash.update(frame);
      await awake.send(frame);
    }
    await awake.closeWrite();
    expect(Buffer.from((await awake.receive()) ?? []).toString('hex')).toBe(hash.digest('hex'));
    stream.abort(new Error('enough'));
    await filling;
    asleep.release();
  });
});

async function echoHash(stream: PeerStream): Promise<void> {
  const hash = createHash('sha256');
  for await (const frame of stream.frames()) hash.update(frame);
  await stream.send(hash.digest());
}

describe('frame limits', () => {
  it('refuses to send a frame over the limit, and the stream goes on', async () => {
    const { stream } = await streamTo(async (served) => {
      for await (const frame of served.frames()) await served.send(frame);
    });
    const { maxFrameBytes } = DEFAULT_PEER_LIMITS;
    await expect(stream.send(new Uint8Array(maxFrameBytes + 1))).rejects.toMatchObject({ code: 'PEER_LIMIT' });
    await stream.send(new Uint8Array(maxFrameBytes));
    expect((await stream.receive())?.byteLength).toBe(maxFrameBytes);
  });

  it('resets a stream whose peer announces 4 GiB, having kept nothing of it', async () => {
    const { promise: failure, resolve } = Promise.withResolvers<unknown>();
    let keptBytes = -1;
    const b = await roster.host();
    b.handle(
      PROTOCOL,
      async (served) => {
        await served.receive().catch(resolve);
        keptBytes = served.buffered.readBytes;
      },
      { maxInboundStreams: 4 },
    );
    const raw = await rawPeer();
    try {
      roster.members.add(raw.peerId);
      const stream = await (await raw.dial(b.addresses())).newStream(PROTOCOL);
      stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3));
      expect(await failure).toMatchObject({ code: 'PEER_LIMIT', details: { bytes: 0xff_ff_ff_ff } });
      await until(() => stream.status !== 'open');
      expect(stream.status).toBe('reset');
      expect(keptBytes).toBe(0);
    } finally {
      await raw.stop();
    }
  });
});

describe('the end of a stream', () => {
  it('is an end when the peer closed after a whole frame, and an error in the middle of one', async () => {
    const ends: unknown[] = [];
    const b = await roster.host();
    b.handle(
      PROTOCOL,
      async (served) => {
        await served.receive().then(
          (frame) => ends.push(frame ?? 'end'),
          (error: unknown) => ends.push(error),
        );
      },
      { maxInboundStreams: 4 },
    );
    const raw = await rawPeer();
    try {
      roster.members.add(raw.peerId);
      const connection = await raw.dial(b.addresses());
      for (const bytes of [[], [0, 0], [0, 0, 0, 2, 1]]) {
        const stream = await connection.newStream(PROTOCOL);
        if (bytes.length > 0) stream.send(Uint8Array.from(bytes));
        await stream.close();
        const count = ends.length;
        await until(() => ends.length > count);
      }
      expect(ends[0]).toBe('end');
      expect(ends[1]).toMatchObject({ code: 'PEER_CLOSED', details: { reason: 'cut' } });
      expect(ends[2]).toMatchObject({ code: 'PEER_CLOSED', details: { reason: 'cut' } });
    } finally {
      await raw.stop();
    }
  });

  it('is an error when the connection went without a word, also between two frames', async () => {
    const reader = held();
    const { a, b, stream } = await streamTo(reader.handler);
    await stream.send(Uint8Array.of(1));
    const served = await reader.stream;
    expect(await served.receive()).toEqual(Uint8Array.of(1));
    const next = served.receive();
    await a.disconnect(b.peerId);
    await expect(next).rejects.toMatchObject({ code: 'PEER_CLOSED' });
    await expect(stream.receive()).rejects.toMatchObject({ code: 'PEER_CLOSED' });
    await expect(stream.send(Uint8Array.of(2))).rejects.toMatchObject({ code: 'PEER_CLOSED' });
    reader.release();
  });

  it('delivers all that was sent before the close to a reader that comes late', async () => {
    const reader = held();
    const { stream } = await streamTo(reader.handler);
    const served = await reader.stream;
    for (let sent = 0; sent < 12; sent += 1) await stream.send(new Uint8Array(100_000).fill(sent));
    await stream.closeWrite();
    await pause(50);
    const received: number[] = [];
    for await (const frame of served.frames()) received.push(frame[99_999] ?? -1);
    expect(received).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    reader.release();
  });

  it('reaches the peer as PEER_CLOSED when a handler throws, and never with the reason', async () => {
    const { stream } = await streamTo(async () => {
      throw new Error('secret of the house');
    });
    const failure = await stream.receive().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'PEER_CLOSED' });
    expect(String((failure as Error).cause)).not.toContain('secret');
  });

  it('comes within the grace when the peer does not close its side', async () => {
    const reader = held();
    const { stream } = await streamTo(reader.handler, { a: { closeGraceMs: 50 } });
    await stream.send(Uint8Array.of(1));
    await stream.close();
    await expect(stream.send(Uint8Array.of(2))).rejects.toMatchObject({ code: 'PEER_TIMEOUT' });
    reader.release();
  });

  it('may be asked for twice, in any way and order', async () => {
    const { stream } = await streamTo(async (served) => {
      for await (const frame of served.frames()) await served.send(frame);
    });
    await Promise.all([stream.closeWrite(), stream.closeWrite()]);
    await Promise.all([stream.close(), stream.close()]);
    stream.abort(new Error('late'));
    await stream.close();
  });
});

describe('cancellation', () => {
  it('rejects a waiting receive with the reason, and a later one goes on where it was', async () => {
    const writer = held();
    const { stream } = await streamTo(writer.handler);
    const controller = new AbortController();
    const waiting = stream.receive({ signal: controller.signal });
    const reason = new Error('no longer needed');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await (await writer.stream).send(Uint8Array.of(7));
    expect(await stream.receive()).toEqual(Uint8Array.of(7));
    writer.release();
  });

  it('rejects a held send with the reason', async () => {
    const reader = held();
    const { stream } = await streamTo(reader.handler);
    const controller = new AbortController();
    const sending = (async () => {
      for (;;) await stream.send(new Uint8Array(MIB), { signal: controller.signal });
    })();
    const reason = new Error('cancelled');
    setTimeout(() => controller.abort(reason), 300);
    await expect(sending).rejects.toBe(reason);
    reader.release();
  });
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
