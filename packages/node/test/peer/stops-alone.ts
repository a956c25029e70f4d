/** Run as a process of its own: it ends by itself only when stopping left no socket and no timer. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

import { silentLog } from '@interhosp/core/world';

import { createDocumentExchange, createPeerHost, keepConnected } from '../../src/peer/index.ts';
import { nodeClock, nodeRandom } from '../../src/world/index.ts';

const PROTOCOL = '/interhosp/test/1.0.0';
const clock = nodeClock();
const random = nodeRandom();
const log = silentLog;

function host() {
  return createPeerHost({
    identitySeed: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    admit: () => 'member',
    log,
    clock,
  });
}

const [a, b] = [host(), host()];
b.handle(PROTOCOL, async (stream) => void (await stream.receive()), { maxInboundStreams: 8 });
await Promise.all([a.start(), b.start()]);
const documents = { list: async () => [], get: async () => undefined, offer: async () => 'known' as const };
const members = () => [
  { peerId: b.peerId, addrs: b.addresses() },
  { peerId: '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5', addrs: ['/ip4/127.0.0.1/tcp/1'] },
];
const exchange = createDocumentExchange({
  host: a,
  documents,
  federationId: 'ab'.repeat(32),
  members,
  clock,
  random,
  log,
});
exchange.start();
const supervisor = keepConnected({ host: a, members, clock, random, log });

// Streams in use, one of them held by back-pressure, and a socket that says nothing.
const streams = await Promise.all([1, 2, 3].map(() => a.open(b.peerId, b.addresses(), PROTOCOL)));
await streams[0]?.send(Uint8Array.of(1));
const held = (async () => {
  for (;;) await streams[1]?.send(new Uint8Array(1024 * 1024));
})().catch(() => {});
const waiting = streams[2]?.receive().catch(() => {});
const port = Number(/\/tcp\/(\d+)/.exec(b.addresses()[0] ?? '')?.[1]);
const silent = connect(port, '127.0.0.1').on('error', () => {});
await new Promise((resolve) => setTimeout(resolve, 300));

await Promise.all([exchange.stop(), exchange.stop(), supervisor.stop(), supervisor.stop()]);
await Promise.all([a.stop(), b.stop()]);
await Promise.all([held, waiting]);
silent.destroy();
process.send?.('stopped');
process.disconnect?.();
