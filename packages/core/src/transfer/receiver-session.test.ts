import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../test/node-crypto.ts';
import {
  FEDERATION,
  randomFrom,
  RECEIVER,
  sampleInstance,
  sampleOffer,
  sealOf,
  SENDER,
  type SampleInstance,
} from '../../test/transfer-simulation.ts';
import { BLOCK_BYTES, parseMemberId, type Digest } from '../study/index.ts';
import type { AppendFrame, BlockFrame, Frame, OfferFrame } from './frames.ts';
import { MAX_CREDIT_BYTES, MIN_CREDIT_BYTES } from './limits.ts';
import { OutgoingInstance } from './outgoing.ts';
import { createReceiverSession } from './receiver-session.ts';
import type { ReceiverAction, ReceiverEvent } from './session-events.ts';

const random = randomFrom(1);
const first = sampleInstance(0, [10, 20, 5], random);
const second = sampleInstance(1, [7], random);
const large = sampleInstance(2, [3 * BLOCK_BYTES], random);
const envelope = new TextEncoder().encode('receipt');

const appendOf = (instance: SampleInstance, ordinal: number): AppendFrame =>
  new OutgoingInstance(ordinal, instance.entry).append();
const blockOf = (instance: SampleInstance, ordinal: number, index: number): BlockFrame => ({
  kind: 'block',
  ordinal,
  index,
  bytes: instance.blocks[index] as Uint8Array,
});
const typesOf = (actions: readonly ReceiverAction[]) => actions.map(({ type }) => type);
const sentOf = (actions: readonly ReceiverAction[]) =>
  actions.flatMap((action) => (action.type === 'send' ? [action.frame] : []));
const codeOf = (actions: readonly ReceiverAction[]) =>
  actions.flatMap((action) => (action.type === 'failed' ? [action.code] : [])).join();

/** A session with an offer that is answered as given. */
function receiving(admitted: Omit<Extract<ReceiverEvent, { type: 'admitted' }>, 'type'> = {}) {
  const session = createReceiverSession({
    crypto: nodeCrypto,
    sender: SENDER,
    receiver: RECEIVER,
    federationId: FEDERATION,
  });
  const on = (event: ReceiverEvent) => session.on(event);
  const frame = (one: Frame) => on({ type: 'frame', frame: one });
  frame(sampleOffer());
  const answer = on({ type: 'admitted', ...admitted });
  return { on, frame, answer };
}

/** A session that has written and synced both small instances, up to the seal. */
function untilSeal() {
  const session = receiving();
  const blocks = [
    { ordinal: 0, index: 0 },
    { ordinal: 0, index: 1 },
    { ordinal: 0, index: 2 },
    { ordinal: 1, index: 0 },
  ];
  session.frame(appendOf(first, 0));
  session.frame(appendOf(second, 1));
  for (const { ordinal, index } of blocks) session.frame(blockOf(ordinal === 0 ? first : second, ordinal, index));
  return { ...session, blocks };
}

describe("a receiver's session", () => {
  it('hands the offer on to be decided, and says nothing before', () => {
    const session = createReceiverSession({
      crypto: nodeCrypto,
      sender: SENDER,
      receiver: RECEIVER,
      federationId: FEDERATION,
    });
    expect(session.on({ type: 'frame', frame: sampleOffer() })).toEqual([{ type: 'offer', offer: sampleOffer() }]);
  });

  it.each<[string, Partial<OfferFrame>]>([
    ['TRANSFER_PROTOCOL', { protocolVersion: 2 }],
    ['FEDERATION_FOREIGN', { federationId: 'aa'.repeat(32) }],
    ['FEDERATION_NOT_PERMITTED', { sender: parseMemberId('be-elsewhere') }],
    ['FEDERATION_NOT_PERMITTED', { receiver: parseMemberId('be-elsewhere') }],
  ])('refuses with %s an offer that is not what the connection proved: %o', (code, change) => {
    const session = createReceiverSession({
      crypto: nodeCrypto,
      sender: SENDER,
      receiver: RECEIVER,
      federationId: FEDERATION,
    });
    const actions = session.on({ type: 'frame', frame: sampleOffer(change) });
    expect(sentOf(actions)).toEqual([{ kind: 'answer', outcome: 'refused', code, retry: 'no', retryAfterMs: 0 }]);
    expect(codeOf(actions)).toBe(code);
  });

  it('passes a refusal on with its pause', () => {
    const session = createReceiverSession({
      crypto: nodeCrypto,
      sender: SENDER,
      receiver: RECEIVER,
      federationId: FEDERATION,
    });
    session.on({ type: 'frame', frame: sampleOffer() });
    const actions = session.on({ type: 'refused', code: 'STORAGE_FULL', retry: 'later', retryAfterMs: 5_000 });
    expect(sentOf(actions)).toEqual([
      { kind: 'answer', outcome: 'refused', code: 'STORAGE_FULL', retry: 'later', retryAfterMs: 5_000 },
    ]);
    expect(session.on({ type: 'admitted' })).toEqual([]);
  });

  it('answers a query, and takes the acknowledgement of what it repeated', () => {
    const session = createReceiverSession({
      crypto: nodeCrypto,
      sender: SENDER,
      receiver: RECEIVER,
      federationId: FEDERATION,
    });
    const { exchangeId } = sampleOffer();
    expect(session.on({ type: 'frame', frame: { kind: 'query', exchangeId } })).toEqual([
      { type: 'query', exchangeId },
    ]);
    const answered = session.on({ type: 'settled', state: 'durable', attempt: 1, receipts: [envelope] });
    expect(sentOf(answered)).toEqual([
      { kind: 'answer', outcome: 'settled', state: 'durable', attempt: 1, receipts: [envelope] },
    ]);
    const digest = nodeCrypto.sha256().update(envelope).digest();
    const acknowledged = session.on({
      type: 'frame',
      frame: { kind: 'receipt-ack', digest: Buffer.from(digest).toString('hex') as Digest },
    });
    expect(typesOf(acknowledged)).toEqual(['receipt-acknowledged']);
    expect(typesOf(session.on({ type: 'closed' }))).toEqual(['finished']);
  });

  it('asks for nothing by name when it holds nothing of the study', () => {
    const { answer, frame } = receiving();
    expect(sentOf(answer)).toMatchObject([{ outcome: 'accepted', wantAll: true, held: [], moreHeld: false }]);
    expect(typesOf(frame(appendOf(first, 0)))).toEqual(['append']);
  });

  it('asks for the blocks that are not at hand, and has the others copied', () => {
    const held = first.entry.blockDigests[1] as Digest;
    const { answer, frame } = receiving({ holds: (digest) => digest === held });
    expect(sentOf(answer)).toMatchObject([{ wantAll: false }]);
    const actions = frame(appendOf(first, 0));
    expect(actions.slice(1)).toEqual([
      { type: 'reuse-block', ordinal: 0, index: 1, digest: held },
      {
        type: 'send',
        frame: {
          kind: 'want',
          instances: [
            {
              ordinal: 0,
              runs: [
                { first: 0, count: 1 },
                { first: 2, count: 1 },
              ],
            },
          ],
        },
      },
    ]);
  });

  it('asks for nothing before its host has looked, when it is told so, and tells when no more will come', () => {
    const { answer, frame, on } = receiving({ asksFirst: true });
    expect(sentOf(answer)).toMatchObject([{ outcome: 'accepted', wantAll: false }]);
    expect(frame(appendOf(first, 0))).toEqual([{ type: 'append', ordinal: 0, entry: first.entry }]);
    frame(appendOf(second, 1));
    expect(frame({ kind: 'seal', ...sealOf([first, second]) })).toEqual([{ type: 'all-announced' }]);
    expect(sentOf(on({ type: 'wanted', ordinals: [1, 0] }))).toEqual([
      {
        kind: 'want',
        instances: [
          { ordinal: 1, runs: [{ first: 0, count: 1 }] },
          { ordinal: 0, runs: [{ first: 0, count: 3 }] },
        ],
      },
    ]);
  });

  it('waits for its host also with what it kept, and asks only for what is missing', () => {
    const durable = [{ count: 2, first: 0 }];
    const { answer, on } = receiving({ asksFirst: true, resume: [{ durable, entry: first.entry, ordinal: 0 }] });
    expect(sentOf(answer).map(({ kind }) => kind)).toEqual(['answer']);
    expect(sentOf(on({ type: 'wanted', ordinals: [0] }))).toEqual([
      { kind: 'want', instances: [{ ordinal: 0, runs: [{ first: 2, count: 1 }] }] },
    ]);
    expect(codeOf(on({ type: 'wanted', ordinals: [7] }))).toBe('TRANSFER_STATE');
  });

  it('is not told what is wanted when nobody was to look', () => {
    const { frame, on } = receiving();
    frame(appendOf(first, 0));
    expect(codeOf(on({ type: 'wanted', ordinals: [0] }))).toBe('TRANSFER_STATE');
  });

  it('asks for a block that could not be copied', () => {
    const { frame, on } = receiving({ holds: () => true });
    frame(appendOf(first, 0));
    expect(sentOf(on({ type: 'block-lost', ordinal: 0, index: 1 }))).toEqual([
      { kind: 'want', instances: [{ ordinal: 0, runs: [{ first: 1, count: 1 }] }] },
    ]);
    expect(typesOf(frame(blockOf(first, 0, 1)))).toEqual(['write-block']);
  });

  it('does not count an instance as durable any more when one of its blocks is found damaged', () => {
    const { blocks, frame, on } = untilSeal();
    on({ type: 'block-durable', blocks });
    on({ type: 'block-lost', ordinal: 1, index: 0 });
    expect(frame({ kind: 'seal', ...sealOf([first, second]) })).toEqual([]);
    frame(blockOf(second, 1, 0));
    expect(typesOf(on({ type: 'block-durable', blocks: [{ ordinal: 1, index: 0 }] }))).toEqual([
      'instance-durable',
      'send',
      'sealed',
    ]);
  });

  it('says what is durable from before, over as many frames as it takes', () => {
    const resume = Array.from({ length: 4_097 }, (_, ordinal) => ({
      ordinal,
      entry: sampleInstance(ordinal, [1], random).entry,
      durable: [{ first: 0, count: 1 }],
    }));
    const { answer } = receiving({ resume });
    const frames = sentOf(answer);
    expect(frames.map(({ kind }) => kind)).toEqual(['answer', 'held']);
    expect(frames[0]).toMatchObject({ moreHeld: true });
    expect(frames[1]).toMatchObject({ more: false, instances: [{ ordinal: 4_096 }] });
    expect(typesOf(answer).filter((type) => type === 'instance-durable')).toHaveLength(4_097);
  });

  it('refuses a block whose digest differs, and writes nothing after it', () => {
    const { frame, on } = receiving();
    frame(appendOf(first, 0));
    const bytes = (first.blocks[0] as Uint8Array).slice();
    bytes[0] = (bytes[0] as number) ^ 1;
    const actions = frame({ kind: 'block', ordinal: 0, index: 0, bytes });
    expect(typesOf(actions)).toEqual(['send', 'failed']);
    expect(sentOf(actions)).toMatchObject([{ kind: 'cancel', code: 'TRANSFER_DIGEST_MISMATCH', retry: 'later' }]);
    expect(frame(blockOf(first, 0, 0))).toEqual([]);
    expect(on({ type: 'block-durable', blocks: [{ ordinal: 0, index: 0 }] })).toEqual([]);
  });

  it('does nothing of what an event asked for when the event ends the session', () => {
    const { frame } = receiving();
    frame(blockOf(first, 0, 0));
    frame({ ...blockOf(first, 0, 1), bytes: new Uint8Array(20) });
    expect(typesOf(frame(appendOf(first, 0)))).toEqual(['send', 'failed']);
  });

  it('passes over a block that is here already, and gives its credit back', () => {
    const { frame, on } = receiving({ creditBytes: MIN_CREDIT_BYTES });
    frame(appendOf(large, 0));
    expect(typesOf(frame(blockOf(large, 0, 0)))).toEqual(['write-block']);
    expect(sentOf(frame(blockOf(large, 0, 0)))).toEqual([{ kind: 'credit', bytes: BLOCK_BYTES }]);
    expect(sentOf(on({ type: 'block-written', ordinal: 0, index: 0 }))).toEqual([
      { kind: 'credit', bytes: BLOCK_BYTES },
    ]);
    // Durable without more ado: what was written has had its credit back.
    expect(sentOf(on({ type: 'block-durable', blocks: [{ ordinal: 0, index: 0 }] }))).toMatchObject([
      { kind: 'durable' },
    ]);
    expect(frame(appendOf(large, 0))).toEqual([]);
  });

  it('refuses a block beyond the credit', () => {
    const { frame } = receiving({ creditBytes: MIN_CREDIT_BYTES });
    frame(appendOf(large, 0));
    expect(typesOf(frame(blockOf(large, 0, 0)))).toEqual(['write-block']);
    expect(typesOf(frame(blockOf(large, 0, 1)))).toEqual(['write-block']);
    expect(codeOf(frame(blockOf(large, 0, 2)))).toBe('TRANSFER_PROTOCOL');
  });

  it('keeps a block that overtook its append on another connection', () => {
    const { frame } = receiving();
    expect(frame(blockOf(first, 0, 1))).toEqual([]);
    expect(typesOf(frame(appendOf(first, 0)))).toEqual(['append', 'write-block']);
  });

  it('tells of an instance that is durable before the study is sealed', () => {
    const { blocks, on } = untilSeal();
    const actions = on({ type: 'block-durable', blocks: blocks.slice(0, 3) });
    expect(actions).toEqual([
      { type: 'instance-durable', ordinal: 0, entry: first.entry },
      { type: 'send', frame: { kind: 'durable', instances: [{ ordinal: 0, runs: [{ first: 0, count: 3 }] }] } },
    ]);
    expect(sentOf(on({ type: 'block-durable', blocks: blocks.slice(0, 3) }))).toEqual([]);
  });

  it('seals when the last block is durable, and not before', () => {
    const { blocks, frame, on } = untilSeal();
    const seal = sealOf([first, second]);
    expect(frame({ kind: 'seal', ...seal })).toEqual([]);
    expect(typesOf(on({ type: 'block-durable', blocks: blocks.slice(0, 3) }))).not.toContain('sealed');
    for (const { ordinal, index } of blocks) on({ type: 'block-written', ordinal, index });
    const actions = on({ type: 'block-durable', blocks: blocks.slice(3) });
    expect(actions.at(-1)).toEqual({ type: 'sealed', seal, manifest: [first.entry, second.entry] });
    expect(sentOf(on({ type: 'receipt', envelope }))).toEqual([{ kind: 'receipt', envelope }]);
  });

  it.each([
    ['the root', { manifestRoot: 'ab'.repeat(32) }],
    ['the transfer ID', { transferId: 'ab'.repeat(32) }],
    ['the number of instances', { instances: 3 }],
    ['the bytes', { bytes: 41 }],
    ['a quarantined instance that arrived', { quarantined: [{ sopInstanceUid: '1.2.3.4.1.1', code: 'DICOM_LIMIT' }] }],
  ])('refuses a seal that differs in %s', (_, change) => {
    const { blocks, frame, on } = untilSeal();
    on({ type: 'block-durable', blocks });
    const seal = { kind: 'seal', ...sealOf([first, second]), ...change } as Frame;
    expect(codeOf(frame(seal))).toBe('TRANSFER_MANIFEST_MISMATCH');
  });

  it('signs nothing before everything is durable', () => {
    const { on } = untilSeal();
    expect(codeOf(on({ type: 'receipt', envelope }))).toBe('TRANSFER_STATE');
  });

  it.each<[string, (session: ReturnType<typeof receiving>) => readonly ReceiverAction[]]>([
    ['a second offer', ({ frame }) => frame(sampleOffer())],
    ['a query after the offer', ({ frame }) => frame({ kind: 'query', exchangeId: sampleOffer().exchangeId })],
    ['an answer', ({ frame }) => frame({ kind: 'credit', bytes: 1 })],
    ['a receipt', ({ frame }) => frame({ kind: 'receipt', envelope })],
    ['an acknowledgement of nothing', ({ frame }) => frame({ kind: 'receipt-ack', digest: 'ab'.repeat(32) as Digest })],
    ['another instance under a known ordinal', ({ frame }) => (frame(appendOf(first, 0)), frame(appendOf(second, 0)))],
    ['the same instance under another ordinal', ({ frame }) => (frame(appendOf(first, 0)), frame(appendOf(first, 1)))],
    [
      'a block that the instance does not have',
      ({ frame }) => (frame(appendOf(second, 1)), frame({ ...blockOf(second, 1, 0), index: 1 })),
    ],
    [
      'a block of another length',
      ({ frame }) => (frame(appendOf(second, 1)), frame({ ...blockOf(second, 1, 0), bytes: new Uint8Array(6) })),
    ],
    [
      'a second seal',
      ({ frame }) => (
        frame(appendOf(second, 1)),
        frame({ kind: 'seal', ...sealOf([second]) }),
        frame({ kind: 'seal', ...sealOf([second]) })
      ),
    ],
    [
      'an append after the seal',
      ({ frame }) => (
        frame(appendOf(second, 1)),
        frame({ kind: 'seal', ...sealOf([second]) }),
        frame(appendOf(first, 0))
      ),
    ],
    [
      'a block of no instance after the seal',
      ({ frame }) => (
        frame(appendOf(second, 1)),
        frame({ kind: 'seal', ...sealOf([second]) }),
        frame(blockOf(first, 0, 0))
      ),
    ],
    [
      'a seal while blocks of no instance wait',
      ({ frame }) => (frame(blockOf(first, 0, 0)), frame({ kind: 'seal', ...sealOf([]) })),
    ],
  ])('refuses %s', (_, act) => {
    const actions = act(receiving());
    expect(codeOf(actions)).toBe('TRANSFER_PROTOCOL');
    expect(typesOf(actions)).toEqual(['send', 'failed']);
  });

  it.each<Frame>([
    appendOf(first, 0),
    blockOf(first, 0, 0),
    { kind: 'seal', ...sealOf([]) },
    { kind: 'credit', bytes: 1 },
  ])('refuses $kind as the first frame, and before the offer is answered', (frame) => {
    const options = { crypto: nodeCrypto, sender: SENDER, receiver: RECEIVER, federationId: FEDERATION };
    expect(codeOf(createReceiverSession(options).on({ type: 'frame', frame }))).toBe('TRANSFER_PROTOCOL');
    const session = createReceiverSession(options);
    session.on({ type: 'frame', frame: sampleOffer() });
    expect(codeOf(session.on({ type: 'frame', frame }))).toBe('TRANSFER_PROTOCOL');
  });

  it('passes a change of priority and a cancellation on', () => {
    const { frame } = receiving();
    expect(frame({ kind: 'reprioritise', priority: 'emergency' })).toEqual([
      { type: 'reprioritised', priority: 'emergency' },
    ]);
    expect(frame({ kind: 'cancel', code: 'TRANSFER_CANCELLED', retry: 'no', retryAfterMs: 0 })).toEqual([
      { type: 'failed', by: 'remote', code: 'TRANSFER_CANCELLED', retry: 'no', retryAfterMs: 0 },
    ]);
  });

  it('has its exchange resumed when the stream ends before the seal, and is done when it ends after', () => {
    const broken = receiving();
    expect(broken.on({ type: 'closed' })).toMatchObject([{ type: 'failed', code: 'PEER_CLOSED', retry: 'later' }]);
    const { blocks, frame, on } = untilSeal();
    frame({ kind: 'seal', ...sealOf([first, second]) });
    on({ type: 'block-durable', blocks });
    expect(typesOf(on({ type: 'closed' }))).toEqual(['finished']);
  });

  it('keeps its host to the credit limits and to blocks it was asked to write', () => {
    for (const creditBytes of [MIN_CREDIT_BYTES, MAX_CREDIT_BYTES]) {
      expect(codeOf(receiving({ creditBytes }).answer)).toBe('');
    }
    for (const creditBytes of [MIN_CREDIT_BYTES - 1, MAX_CREDIT_BYTES + 1]) {
      expect(codeOf(receiving({ creditBytes }).answer)).toBe('TRANSFER_STATE');
    }
    const { frame, on } = receiving();
    frame(appendOf(first, 0));
    expect(codeOf(on({ type: 'block-durable', blocks: [{ ordinal: 0, index: 0 }] }))).toBe('TRANSFER_STATE');
  });
});
