import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../test/node-crypto.ts';
import {
  randomFrom,
  sampleInstance,
  sampleOffer,
  sealOf,
  type SampleInstance,
} from '../../test/transfer-simulation.ts';
import { BLOCK_BYTES, type Digest } from '../study/index.ts';
import type { AcceptedAnswer, Frame } from './frames.ts';
import { APPEND_AHEAD, MAX_CREDIT_BYTES, READ_BYTES_IN_FLIGHT, READS_IN_FLIGHT } from './limits.ts';
import { createSenderSession } from './sender-session.ts';
import type { SenderAction, SenderEvent } from './session-events.ts';

const random = randomFrom(2);
const first = sampleInstance(0, [10, 20, 5], random);
const second = sampleInstance(1, [7], random);
const large = sampleInstance(2, [12 * BLOCK_BYTES], random);
const envelope = new TextEncoder().encode('receipt');
const digest = Buffer.from(nodeCrypto.sha256().update(envelope).digest()).toString('hex') as Digest;

const accepted = (changes: Partial<AcceptedAnswer> = {}): AcceptedAnswer => ({
  kind: 'answer',
  outcome: 'accepted',
  creditBytes: 4 * BLOCK_BYTES,
  wantAll: true,
  held: [],
  moreHeld: false,
  features: [],
  ...changes,
});
const typesOf = (actions: readonly SenderAction[]) => actions.map(({ type }) => type);
const sentOf = (actions: readonly SenderAction[]) =>
  actions.flatMap((action) => (action.type === 'send' ? [action.frame] : []));
const readsOf = (actions: readonly SenderAction[]) =>
  actions.flatMap((action) => (action.type === 'read-block' ? [`${action.ordinal}:${action.index}`] : []));
const codeOf = (actions: readonly SenderAction[]) =>
  actions.flatMap((action) => (action.type === 'failed' ? [action.code] : [])).join();

function opened() {
  const session = createSenderSession({ offer: sampleOffer(), crypto: nodeCrypto });
  const on = (event: SenderEvent) => session.on(event);
  const frame = (one: Frame) => on({ type: 'frame', frame: one });
  const instance = (ordinal: number, { entry }: SampleInstance) => on({ type: 'instance', ordinal, entry });
  return { on, frame, instance, offer: on({ type: 'opened' }), session };
}

/** A session that was accepted and has sent everything of both small instances. */
function sealed() {
  const session = opened();
  session.frame(accepted());
  session.instance(0, first);
  session.instance(1, second);
  for (const [ordinal, instance] of [first, second].entries()) {
    instance.blocks.forEach((bytes, index) => session.on({ type: 'block-read', ordinal, index, bytes }));
  }
  return { ...session, seal: session.on({ type: 'sealed', seal: sealOf([first, second]) }) };
}

describe("a sender's session", () => {
  it('offers first, and names and reads nothing before the answer', () => {
    const { instance, offer, on } = opened();
    expect(sentOf(offer)).toEqual([sampleOffer()]);
    expect(instance(0, first)).toEqual([]);
    expect(on({ type: 'sealed', seal: sealOf([first]) })).toEqual([]);
  });

  it('names instances, reads their blocks in order, and seals once all are named', () => {
    const { frame, instance, on } = opened();
    instance(0, first);
    instance(1, second);
    on({ type: 'sealed', seal: sealOf([first, second]) });
    const actions = frame(accepted());
    expect(sentOf(actions).map(({ kind }) => kind)).toEqual(['append', 'append', 'seal']);
    expect(readsOf(actions)).toEqual(['0:0', '0:1', '0:2', '1:0']);
  });

  it('knows when the next word is the peer’s, and when it has only itself to wait for', () => {
    const { frame, instance, on, session } = opened();
    const durable = (ordinal: number, count: number) =>
      frame({ kind: 'durable', instances: [{ ordinal, runs: [{ first: 0, count }] }] });
    expect(session.awaitsPeer).toBe(true);
    frame(accepted({ moreHeld: true }));
    expect(session.awaitsPeer).toBe(true);
    frame({ kind: 'held', instances: [], more: false });
    expect(session.awaitsPeer).toBe(false);
    instance(0, first);
    durable(0, 2);
    expect(session.awaitsPeer).toBe(true);
    durable(0, 3);
    expect(session.awaitsPeer).toBe(false);
    on({ type: 'sealed', seal: sealOf([first]) });
    expect(session.awaitsPeer).toBe(true);
    frame({ kind: 'receipt', envelope });
    expect(session.awaitsPeer).toBe(false);
    on({ type: 'receipt-recorded', digest, last: true });
    expect(session.awaitsPeer).toBe(false);
  });

  it('waits for the peer while it lacks a Want or credit', () => {
    for (const answer of [accepted({ wantAll: false }), accepted({ creditBytes: 0 })]) {
      const { frame, instance, session } = opened();
      frame(answer);
      instance(0, first);
      expect(session.awaitsPeer).toBe(true);
    }
  });

  it('sends a block when it was read', () => {
    const { frame, instance, on } = opened();
    frame(accepted());
    instance(1, second);
    const bytes = second.blocks[0] as Uint8Array;
    expect(on({ type: 'block-read', ordinal: 1, index: 0, bytes })).toEqual([
      { type: 'send', frame: { kind: 'block', ordinal: 1, index: 0, bytes } },
    ]);
  });

  it('reads no more than the credit allows, and goes on when some comes back', () => {
    const { frame, instance } = opened();
    frame(accepted({ creditBytes: 2 * BLOCK_BYTES + 1 }));
    expect(readsOf(instance(2, large))).toEqual(['2:0', '2:1']);
    expect(readsOf(frame({ kind: 'credit', bytes: BLOCK_BYTES - 2 }))).toEqual([]);
    expect(readsOf(frame({ kind: 'credit', bytes: 1 }))).toEqual(['2:2']);
  });

  it('keeps few reads in flight, however much credit there is', () => {
    const { frame, instance, on } = opened();
    frame(accepted({ creditBytes: MAX_CREDIT_BYTES }));
    const actions = instance(2, large);
    expect(readsOf(actions)).toHaveLength(READ_BYTES_IN_FLIGHT / BLOCK_BYTES);
    const bytes = large.blocks[0] as Uint8Array;
    expect(readsOf(on({ type: 'block-read', ordinal: 2, index: 0, bytes }))).toHaveLength(1);

    const tiny = opened();
    tiny.frame(accepted());
    const many = sampleInstance(
      0,
      Array.from({ length: READS_IN_FLIGHT + 5 }, () => 1),
      random,
    );
    expect(readsOf(tiny.instance(0, many))).toHaveLength(READS_IN_FLIGHT);
  });

  it('waits for the receiver to ask when it holds something of the study', () => {
    const { frame, instance } = opened();
    frame(accepted({ wantAll: false }));
    expect(typesOf(instance(0, first))).toEqual(['send']);
    const want: Frame = { kind: 'want', instances: [{ ordinal: 0, runs: [{ first: 1, count: 1 }] }] };
    expect(readsOf(frame(want))).toEqual(['0:1']);
  });

  it('sends a block again that the receiver lost, also one that it had called durable', () => {
    const { frame } = sealed();
    const all = { kind: 'durable', instances: [{ ordinal: 1, runs: [{ first: 0, count: 1 }] }] } as const;
    expect(frame(all)).toEqual([{ type: 'progress', blocks: 1, bytes: 7 }]);
    // Told twice it counts once.
    expect(frame(all)).toEqual([{ type: 'progress', blocks: 1, bytes: 7 }]);
    expect(readsOf(frame({ kind: 'want', instances: all.instances }))).toEqual(['1:0']);
  });

  it('sends only what the receiver does not hold, and names only what it does not know', () => {
    const { frame, instance, on } = opened();
    instance(0, first);
    instance(1, second);
    on({ type: 'sealed', seal: sealOf([first, second]) });
    const actions = frame(
      accepted({ held: [{ ordinal: 0, digest: first.entry.digest, runs: [{ first: 0, count: 2 }] }] }),
    );
    expect(sentOf(actions)).toMatchObject([{ kind: 'append', ordinal: 1 }, { kind: 'seal' }]);
    expect(readsOf(actions)).toEqual(['0:2', '1:0']);
    expect(actions).toContainEqual({ type: 'progress', blocks: 2, bytes: 30 });
  });

  it('waits for all that the receiver holds before it sends anything', () => {
    const { frame, instance } = opened();
    instance(0, first);
    instance(1, second);
    const held = (ordinal: number, { entry }: SampleInstance) => ({
      ordinal,
      digest: entry.digest,
      runs: [{ first: 0, count: entry.blockDigests.length }],
    });
    expect(frame(accepted({ held: [held(0, first)], moreHeld: true }))).toEqual([]);
    const actions = frame({ kind: 'held', instances: [held(1, second)], more: false });
    expect(typesOf(actions)).toEqual(['progress', 'progress']);
  });

  it('sends nothing when ordinals mean other instances at the receiver', () => {
    const { frame, instance } = opened();
    instance(0, first);
    const actions = frame(accepted({ held: [{ ordinal: 0, digest: second.entry.digest, runs: [] }] }));
    expect(codeOf(actions)).toBe('TRANSFER_STATE');
    expect(typesOf(actions)).toEqual(['send', 'failed']);
  });

  it('does not seal when the receiver holds an instance that it does not know', () => {
    const { frame, instance, on } = opened();
    frame(accepted({ held: [{ ordinal: 1, digest: second.entry.digest, runs: [] }] }));
    instance(0, first);
    expect(codeOf(on({ type: 'sealed', seal: sealOf([first]) }))).toBe('TRANSFER_STATE');
  });

  it('keeps what the receiver asks for until it was given the instance itself', () => {
    const { frame, instance } = opened();
    frame(accepted({ wantAll: false, held: [{ ordinal: 0, digest: first.entry.digest, runs: [] }] }));
    frame({ kind: 'want', instances: [{ ordinal: 0, runs: [{ first: 2, count: 1 }] }] });
    expect(readsOf(instance(0, first))).toEqual(['0:2']);
  });

  it('names instances only so far ahead of their blocks', () => {
    const { frame, instance } = opened();
    frame(accepted({ wantAll: false }));
    let named = 0;
    for (let ordinal = 0; ordinal < APPEND_AHEAD + 3; ordinal++) {
      named += sentOf(instance(ordinal, sampleInstance(ordinal, [3], random))).length;
    }
    expect(named).toBe(APPEND_AHEAD);
    expect(sentOf(frame({ kind: 'want', instances: [{ ordinal: 0, runs: [] }] }))).toMatchObject([
      { kind: 'append', ordinal: APPEND_AHEAD },
    ]);
  });

  it('hands a receipt on, acknowledges it once it is recorded, and ends with the last', () => {
    const { frame, on } = sealed();
    expect(frame({ kind: 'receipt', envelope })).toEqual([{ type: 'receipt', envelope, digest }]);
    expect(on({ type: 'receipt-recorded', digest, last: true })).toEqual([
      { type: 'send', frame: { kind: 'receipt-ack', digest } },
      { type: 'finished' },
    ]);
  });

  it('takes the receipts of an offer that was settled before', () => {
    const { frame, on } = opened();
    const actions = frame({ kind: 'answer', outcome: 'settled', state: 'durable', attempt: 1, receipts: [envelope] });
    expect(typesOf(actions)).toEqual(['receipt']);
    expect(on({ type: 'receipt-recorded', digest, last: false }).at(-1)).toEqual({
      type: 'finished',
      state: 'durable',
    });

    const without = opened();
    expect(without.frame({ kind: 'answer', outcome: 'settled', state: 'cancelled', attempt: 1, receipts: [] })).toEqual(
      [{ type: 'finished', state: 'cancelled' }],
    );
  });

  it('passes a refusal and a cancellation on', () => {
    const refused = opened();
    expect(
      refused.frame({ kind: 'answer', outcome: 'refused', code: 'STORAGE_FULL', retry: 'later', retryAfterMs: 9 }),
    ).toEqual([{ type: 'failed', by: 'remote', code: 'STORAGE_FULL', retry: 'later', retryAfterMs: 9 }]);
    const { on } = sealed();
    expect(on({ type: 'cancel', code: 'TRANSFER_CANCELLED' })).toEqual([
      { type: 'send', frame: { kind: 'cancel', code: 'TRANSFER_CANCELLED', retry: 'no', retryAfterMs: 0 } },
      { type: 'failed', by: 'here', code: 'TRANSFER_CANCELLED', retry: 'no', retryAfterMs: 0 },
    ]);
    expect(on({ type: 'closed' })).toEqual([]);
  });

  it.each<[string, (session: ReturnType<typeof opened>) => readonly SenderAction[]]>([
    ['a frame before the answer', ({ frame }) => frame({ kind: 'credit', bytes: 1 })],
    ['a second answer', ({ frame }) => (frame(accepted()), frame(accepted()))],
    ['a feature that was not offered', ({ frame }) => frame(accepted({ features: ['zstd'] }))],
    ['an offer', ({ frame }) => (frame(accepted()), frame(sampleOffer()))],
    [
      'Held when nothing more was announced',
      ({ frame }) => (frame(accepted()), frame({ kind: 'held', instances: [], more: false })),
    ],
    [
      'an instance held twice',
      ({ frame }) => {
        const held = { ordinal: 0, digest: first.entry.digest, runs: [] };
        return frame(accepted({ held: [held, held] }));
      },
    ],
    [
      'a want of an instance that was not named',
      ({ frame }) => (frame(accepted()), frame({ kind: 'want', instances: [{ ordinal: 0, runs: [] }] })),
    ],
    [
      'a want of a block that is not there',
      ({ frame, instance }) => (
        frame(accepted()),
        instance(1, second),
        frame({ kind: 'want', instances: [{ ordinal: 1, runs: [{ first: 1, count: 1 }] }] })
      ),
    ],
    [
      'durable blocks that are not there',
      ({ frame, instance }) => (
        frame(accepted()),
        instance(1, second),
        frame({ kind: 'durable', instances: [{ ordinal: 1, runs: [{ first: 0, count: 2 }] }] })
      ),
    ],
    [
      'more credit than there may be',
      ({ frame }) => (frame(accepted({ creditBytes: MAX_CREDIT_BYTES })), frame({ kind: 'credit', bytes: 1 })),
    ],
    ['a receipt before the seal', ({ frame }) => (frame(accepted()), frame({ kind: 'receipt', envelope }))],
  ])('refuses %s', (_, act) => {
    const actions = act(opened());
    expect(codeOf(actions)).toBe('TRANSFER_PROTOCOL');
    expect(typesOf(actions)).toEqual(['send', 'failed']);
  });

  it('has its exchange resumed when the stream ends', () => {
    expect(sealed().on({ type: 'closed' })).toMatchObject([{ type: 'failed', code: 'PEER_CLOSED', retry: 'later' }]);
  });
});
