import { errorCodeOf } from '@interhosp/core/errors';
import { parseDigest } from '@interhosp/core/study';
import {
  createSenderSession,
  encodeFrame,
  PROTOCOL_VERSION,
  type Frame,
  type SenderEvent,
} from '@interhosp/core/transfer';
import { describe, expect, it } from 'vitest';
import { EXCHANGE, received, SOUTH } from '../../test/journey/exchanges.ts';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { crypto } from '../../test/storage/worlds.ts';
import type { PeerStream } from '../peer/index.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { sendOver } from './send.ts';
import { SILENCE_MS } from './silence.ts';

/** A stream whose other side says only what the test puts into it. */
function scriptedStream() {
  const said = createMailbox<Frame>();
  let abortedWith: Error | undefined;
  const stream = {
    abort: (error: Error) => {
      abortedWith = error;
      said.close();
    },
    close: () => Promise.resolve(said.close()),
    async *frames() {
      for (let frame = await said.take(); frame !== undefined; frame = await said.take()) yield encodeFrame(frame);
    },
    send: () => Promise.resolve(),
  };
  return {
    abortedWith: () => abortedWith,
    say: (frame: Frame) => said.put(frame),
    stream: stream as unknown as PeerStream,
  };
}

const ANSWER = {
  creditBytes: 1_048_576,
  features: [],
  held: [],
  kind: 'answer',
  moreHeld: false,
  outcome: 'accepted',
  wantAll: true,
} as const;

/** Offers a study whose instances do not come out of the PACS. */
async function offering() {
  const clock = new ManualClock();
  const { pack, x } = await received({ id: 'P1' } as never);
  const { header, priority, purpose, rosterVersion, sender } = x.required('OFFER_SEEN');
  const { stream, ...peer } = scriptedStream();
  const feed = createMailbox<SenderEvent>();
  const stop = new AbortController();
  stop.signal.addEventListener('abort', () => feed.close());
  const session = createSenderSession({
    crypto,
    offer: {
      attempt: 1,
      exchangeId: EXCHANGE,
      features: [],
      federationId: 'fe'.repeat(32),
      header,
      priority,
      protocolVersion: PROTOCOL_VERSION,
      purpose,
      receiver: SOUTH,
      rosterHash: parseDigest('aa'.repeat(32)),
      rosterVersion,
      sender,
    },
  });
  const sent = sendOver(stream, session, {
    clock,
    feed: () => drained(feed),
    onProgress: () => {},
    onReceipt: () => Promise.resolve({ last: true }),
    pack,
    signal: stop.signal,
  });
  const end = { error: undefined as unknown };
  void sent.catch((error: unknown) => (end.error = error)).finally(() => feed.close());
  return { ...peer, clock, end, sent, stop };
}

async function* drained(feed: Mailbox<SenderEvent>) {
  for (let event = await feed.take(); event !== undefined; event = await feed.take()) yield event;
}

describe('sending', () => {
  it('gives up a peer that does not answer the offer, and says why', async () => {
    const { abortedWith, clock, end } = await offering();
    await clock.advance(SILENCE_MS * 2);
    expect(errorCodeOf(end.error)).toBe('PEER_TIMEOUT');
    expect(errorCodeOf(abortedWith())).toBe('PEER_TIMEOUT');
    expect(clock.sleeping).toBe(0);
  });

  it('waits for a PACS as long as that takes, since the peer owes nothing then', async () => {
    const { clock, end, say, stop } = await offering();
    await clock.advance(SILENCE_MS / 2);
    void say(ANSWER);
    await clock.advance(SILENCE_MS * 10);
    expect(end.error).toBeUndefined();
    stop.abort(new Error('the test is over'));
    await clock.advance(0);
    expect(end.error).toEqual(new Error('the test is over'));
    expect(clock.sleeping).toBe(0);
  });

  it('gives up a peer that says something at first and then owes what it does not give', async () => {
    const { clock, end, say } = await offering();
    void say({ ...ANSWER, moreHeld: true });
    await clock.advance(SILENCE_MS * 0.9);
    void say({ instances: [], kind: 'held', more: true });
    await clock.advance(SILENCE_MS * 0.9);
    expect(end.error).toBeUndefined();
    await clock.advance(SILENCE_MS * 0.2);
    expect(errorCodeOf(end.error)).toBe('PEER_TIMEOUT');
  });
});
