import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { PeerStream } from '../../src/peer/index.ts';
import { TestRoster } from './hosts.ts';

const ECHO = '/interhosp/test-echo/1.0.0';

async function echo(stream: PeerStream): Promise<void> {
  for await (const frame of stream.frames()) await stream.send(frame);
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
});
