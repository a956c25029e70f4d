import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { TestRoster } from './hosts.ts';

const isLong = process.env['INTERHOSP_DOSE'] === 'long';
const [addresses, perAddress, halfHandshakes, dials] = isLong ? [250, 4, 200, 200] : [25, 4, 20, 20];

let roster: TestRoster;
beforeEach(() => {
  roster = new TestRoster();
});
afterEach(() => roster.stop());

it('members get through a crowd of silent sockets and half-finished handshakes, each time', async () => {
  const b = await roster.host({
    addressAllow: ['127.0.0.1'],
    // One address stands for many members here.
    limits: { connectionsPerSecondPerAddress: 100_000 },
  });
  const port = Number(/\/tcp\/(\d+)/.exec(b.addresses()[0] ?? '')?.[1]);
  const crowd: Socket[] = [];
  let isOver = false;
  /** A socket that comes back as soon as it is thrown out, until the test is over. */
  const pester = (localAddress: string, words: string): Promise<unknown> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    crowd.push(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!isOver && crowd.length < 10_000) setTimeout(() => void pester(localAddress, words), 50);
    });
    return once(socket, 'connect').then(() => socket.write(words));
  };
  const arrivals: Promise<unknown>[] = [];
  for (let address = 0; address < addresses; address += 1) {
    for (let each = 0; each < perAddress; each += 1) arrivals.push(pester(`127.0.1.${address + 1}`, ''));
  }
  for (let half = 0; half < halfHandshakes; half += 1) {
    arrivals.push(pester(`127.0.2.${(half % 250) + 1}`, '\u0013/multistream/1.0.0\n\u0007/noise\n'));
  }
  await Promise.all(arrivals);

  const a = await roster.host();
  const tookMs: number[] = [];
  for (let dial = 0; dial < dials; dial += 1) {
    const startedAt = performance.now();
    await a.connect(b.peerId, b.addresses());
    tookMs.push(performance.now() - startedAt);
    await a.disconnect(b.peerId);
  }
  isOver = true;
  for (const socket of crowd) socket.destroy();
  tookMs.sort((x, y) => x - y);
  if (isLong)
    console.log(`dials ${dials}, p99 ${Math.round(tookMs[Math.floor(dials * 0.99)] ?? 0)} ms, sockets ${crowd.length}`);
  expect(tookMs).toHaveLength(dials);
});
