/**
 * How fast one stream of 1 MiB frames is between two processes on loopback, beside a plain TCP socket in the same run.
 *
 *   npx -y pnpm@10 bench peer [--quick]
 *
 * Prints one JSON line per metric: MB/s, CPU seconds per GB and peak resident memory of each side (medians of three runs).
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { silentLog } from '@interhosp/core/world';

import { createPeerHost, peerIdOfSeed } from '../src/peer/index.ts';
import { nodeClock } from '../src/world/index.ts';

const PROTOCOL = '/interhosp/bench/1.0.0';
const FRAME_BYTES = 1024 * 1024;
const SEEDS = { sender: new Uint8Array(32).fill(1), receiver: new Uint8Array(32).fill(2) };
const quick = process.argv.includes('--quick');
const frames = quick ? 128 : 1024;
const runs = quick ? 1 : 3;

interface Usage {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssMb: number;
}
interface Run {
  readonly mbPerSecond: number;
  readonly sender: Usage;
  readonly receiver: Usage;
}

const role = process.argv[2];
if (role === 'receive-stream' || role === 'receive-tcp') await receive(role);
else await main();

async function main(): Promise<void> {
  const streams: Run[] = [];
  const sockets: Run[] = [];
  for (let run = 0; run < runs; run += 1) {
    sockets.push(await measure('receive-tcp', sendTcp));
    streams.push(await measure('receive-stream', sendStream));
  }
  const gigabytes = (frames * FRAME_BYTES) / 1e9;
  report('throughput', 'MB/s', 'higher', streams, sockets, (run) => run.mbPerSecond);
  for (const side of ['sender', 'receiver'] as const) {
    report(`cpuSecondsPerGb.${side}`, 's/GB', 'lower', streams, sockets, (run) => run[side].cpuSeconds / gigabytes);
    report(`rssMb.${side}`, 'MB', 'lower', streams, sockets, (run) => run[side].rssMb);
  }
}

function report(
  metric: string,
  unit: string,
  better: 'higher' | 'lower',
  ours: readonly Run[],
  peer: readonly Run[],
  pick: (run: Run) => number,
): void {
  const values = ours.map(pick).sort((a, b) => a - b);
  const mine = median(values);
  const theirs = median(peer.map(pick).sort((a, b) => a - b));
  const line = {
    bench: 'peer',
    case: 'one stream, 1 MiB frames, loopback',
    metric,
    unit,
    ours: round(mine),
    peer: round(theirs),
    peerName: 'raw TCP',
    ratio: round(mine / theirs),
    better,
    spread: [round(values[0] ?? 0), round(values.at(-1) ?? 0)],
    runs,
  };
  console.log(JSON.stringify(line));
}

async function measure(receiver: string, send: (target: string) => Promise<void>): Promise<Run> {
  const child = fork(fileURLToPath(import.meta.url), [receiver, ...(quick ? ['--quick'] : [])], {
    execArgv: ['--conditions=@interhosp/source'],
  });
  try {
    const target = (await message(child)) as string;
    const usage = startUsage();
    const answer = message(child);
    await send(target);
    const receiverUsage = (await answer) as Usage;
    const senderUsage = usage();
    return {
      mbPerSecond: (frames * FRAME_BYTES) / 1e6 / senderUsage.seconds,
      sender: senderUsage,
      receiver: receiverUsage,
    };
  } finally {
    child.kill();
  }
}

async function message(child: ChildProcess): Promise<unknown> {
  const [value] = (await once(child, 'message')) as [unknown];
  return value;
}

async function sendStream(target: string): Promise<void> {
  const host = createPeerHost({
    identitySeed: SEEDS.sender,
    listen: [],
    admit: () => 'member',
    log: silentLog,
    clock: nodeClock(),
  });
  await host.start();
  try {
    const stream = await host.open(peerIdOfSeed(SEEDS.receiver), [target], PROTOCOL);
    const frame = randomBytes(FRAME_BYTES);
    for (let sent = 0; sent < frames; sent += 1) await stream.send(frame);
    await stream.receive();
    await stream.close();
  } finally {
    await host.stop();
  }
}

async function sendTcp(target: string): Promise<void> {
  const socket = connect(Number(target), '127.0.0.1');
  const frame = randomBytes(FRAME_BYTES);
  for (let sent = 0; sent < frames; sent += 1) if (!socket.write(frame)) await once(socket, 'drain');
  await once(socket, 'data');
  socket.end();
}

async function receive(kind: string): Promise<void> {
  let usage = startUsage();
  if (kind === 'receive-tcp') {
    const server = createServer((socket) => {
      usage = startUsage();
      let missing = frames * FRAME_BYTES;
      socket.on('data', (chunk: Buffer) => {
        missing -= chunk.byteLength;
        if (missing > 0) return;
        socket.write('.');
        process.send?.(usage());
      });
      socket.on('error', () => {});
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    process.send?.(String((server.address() as AddressInfo).port));
    return;
  }
  const host = createPeerHost({
    identitySeed: SEEDS.receiver,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    admit: () => 'member',
    log: silentLog,
    clock: nodeClock(),
  });
  host.handle(
    PROTOCOL,
    async (stream) => {
      usage = startUsage();
      for (let received = 0; received < frames; received += 1) await stream.receive();
      await stream.send(Uint8Array.of(1));
      process.send?.(usage());
    },
    { maxInboundStreams: 1 },
  );
  await host.start();
  process.send?.(host.addresses()[0]);
}

function startUsage(): () => Usage {
  const cpu = process.cpuUsage();
  const startedAtMs = performance.now();
  let rss = 0;
  const sampler = setInterval(() => (rss = Math.max(rss, process.memoryUsage.rss())), 50);
  return () => {
    clearInterval(sampler);
    const { system, user } = process.cpuUsage(cpu);
    return {
      seconds: (performance.now() - startedAtMs) / 1000,
      cpuSeconds: (system + user) / 1e6,
      rssMb: Math.max(rss, process.memoryUsage.rss()) / 1e6,
    };
  };
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
