import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SAMPLE_FRAMES } from '../../test/transfer-frames.ts';
import { parseUid } from '../dicom/uid.ts';
import { errorCodeOf } from '../errors/index.ts';
import { BLOCK_BYTES, fromHex, toHex, type Digest } from '../study/index.ts';
import { decodeFrame, encodeFrame } from './frame-codec.ts';
import type { AppendFrame, Frame, OfferFrame, SealFrame } from './frames.ts';
import {
  MAX_BLOCKS_PER_INSTANCE,
  MAX_CREDIT_BYTES,
  MAX_FEATURES,
  MAX_FRAME_BYTES,
  MAX_INSTANCES,
  MAX_INSTANCES_PER_FRAME,
  MAX_QUARANTINED,
  MAX_RECEIPT_BYTES,
  MAX_RECEIPTS,
  MAX_RETRY_AFTER_MS,
  MAX_RUNS_PER_FRAME,
  MAX_SEGMENTS,
  MAX_STUDY_BYTES,
} from './limits.ts';
import * as wire from './wire.generated.js';

const VECTORS = new URL('../../../../docs/protocol/vectors/frames.json', import.meta.url);
/** Set it to write the vectors anew; they are part of the protocol and never change. */
const isWriting = process.env['INTERHOSP_WRITE_VECTORS'] === '1';

const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return errorCodeOf(error) ?? error;
  }
  return 'accepted';
};
const offer = SAMPLE_FRAMES['offer'] as OfferFrame;
const append = SAMPLE_FRAMES['append'] as AppendFrame;
const seal = SAMPLE_FRAMES['seal'] as SealFrame;
const digest = 'ab'.repeat(32) as Digest;
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
/** What the vectors say of a frame: bytes as hexadecimal digits. */
const plain = (frame: Frame): unknown =>
  JSON.parse(JSON.stringify(frame, (_, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value)));
/** An append of one segment for each length. */
function appendOf(lengths: readonly number[], blocks: number): AppendFrame {
  return {
    ...append,
    lengthBytes: lengths.reduce((sum, length) => sum + length, 0),
    segments: lengths.map((lengthBytes, index) => ({ kind: index === 0 ? 'header' : 'pixel', lengthBytes })),
    blockDigests: times(blocks, () => digest),
  };
}

describe('frames', () => {
  it.each(Object.keys(SAMPLE_FRAMES))('come back as they went: %s', (name) => {
    const frame = SAMPLE_FRAMES[name] as Frame;
    expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
  });

  it('are the bytes that the specification shows', () => {
    const vectors = Object.entries(SAMPLE_FRAMES).map(([name, frame]) => ({
      name,
      frame: plain(frame),
      hex: toHex(encodeFrame(frame)),
    }));
    if (isWriting) writeFileSync(VECTORS, `${JSON.stringify(vectors, undefined, 2)}\n`);
    expect(JSON.parse(readFileSync(VECTORS, 'utf8'))).toEqual(vectors);
  });

  it('are read from the bytes that the specification shows', () => {
    for (const { frame, hex } of JSON.parse(readFileSync(VECTORS, 'utf8')) as { frame: unknown; hex: string }[]) {
      expect(plain(decodeFrame(fromHex(hex)))).toEqual(frame);
    }
  });

  it('carry a block and a receipt as a view, without a copy', () => {
    const bytes = encodeFrame(SAMPLE_FRAMES['block'] as Frame);
    const decoded = decodeFrame(bytes);
    expect(decoded.kind === 'block' && decoded.bytes.buffer === bytes.buffer).toBe(true);
  });

  it('may hold fields of a later version, which are passed over', () => {
    const bytes = encodeFrame({ kind: 'credit', bytes: 5 });
    // Field 7 of Credit, a varint, inside the same message.
    const later = Uint8Array.of(bytes[0] as number, (bytes[1] as number) + 2, ...bytes.subarray(2), 0x38, 0x01);
    expect(decodeFrame(later)).toEqual({ kind: 'credit', bytes: 5 });
  });

  it.each([
    ['no frame at all', Uint8Array.of()],
    ['a frame of a later version', Uint8Array.of(0x7a, 0x00)],
    ['an answer without outcome', wire.Frame.encode({ answer: {} })],
    ['a truncated varint', Uint8Array.of(0x32, 0xff)],
    ['a length beyond the end', Uint8Array.of(0x32, 0x7f, 0x00)],
    ['a group that does not end', Uint8Array.of(0x33)],
    ['another packing', wire.Frame.encode({ block: { ordinal: 0, index: 0, bytes: Uint8Array.of(1), packing: 1 } })],
  ])('refuse %s', (_, bytes) => {
    expect(codeOf(() => decodeFrame(bytes))).toBe('TRANSFER_PROTOCOL');
  });

  it.each<[string, Frame]>([
    ['attempt 0', { ...offer, attempt: 0 }],
    ['roster version 0', { ...offer, rosterVersion: 0 }],
    ['a short exchange ID', { ...offer, exchangeId: 'abcd' as OfferFrame['exchangeId'] }],
    ['a short federation ID', { ...offer, federationId: 'ab' }],
    ['a member ID with a space', { ...offer, sender: 'be north' as OfferFrame['sender'] }],
    ['an unknown purpose', { ...offer, purpose: 'marketing' as OfferFrame['purpose'] }],
    ['an unknown priority', { ...offer, priority: 'asap' as OfferFrame['priority'] }],
    ['a feature with capitals', { ...offer, features: ['Lanes'] }],
    ['a UID that is none', { ...append, sopInstanceUid: '1.2.a' as AppendFrame['sopInstanceUid'] }],
    ['segments that do not add up', { ...append, lengthBytes: append.lengthBytes + 1 }],
    ['an empty segment', appendOf([10, 0], 1)],
    ['fewer digests than blocks', appendOf([10, 10], 1)],
    ['more digests than blocks', appendOf([10, 10], 3)],
    [
      'pixels before the header',
      {
        ...appendOf([10, 10], 2),
        segments: [
          { kind: 'pixel', lengthBytes: 10 },
          { kind: 'header', lengthBytes: 10 },
        ],
      },
    ],
    [
      'something beside the whole',
      {
        ...appendOf([10, 10], 2),
        segments: [
          { kind: 'whole', lengthBytes: 10 },
          { kind: 'pixel', lengthBytes: 10 },
        ],
      },
    ],
    ['an empty block', { kind: 'block', ordinal: 0, index: 0, bytes: new Uint8Array() }],
    ['no credit', { kind: 'credit', bytes: 0 }],
    ['an empty run', { kind: 'want', instances: [{ ordinal: 0, runs: [{ first: 0, count: 0 }] }] }],
    [
      'runs out of order',
      {
        kind: 'want',
        instances: [
          {
            ordinal: 0,
            runs: [
              { first: 5, count: 1 },
              { first: 0, count: 1 },
            ],
          },
        ],
      },
    ],
    [
      'runs that touch',
      {
        kind: 'want',
        instances: [
          {
            ordinal: 0,
            runs: [
              { first: 0, count: 1 },
              { first: 1, count: 1 },
            ],
          },
        ],
      },
    ],
    [
      'a run beyond any instance',
      { kind: 'durable', instances: [{ ordinal: 0, runs: [{ first: 0, count: MAX_BLOCKS_PER_INSTANCE + 1 }] }] },
    ],
    ['an empty receipt', { kind: 'receipt', envelope: new Uint8Array() }],
    ['a code in small letters', { kind: 'cancel', code: 'oops', retry: 'no', retryAfterMs: 0 }],
    ['unknown advice', { kind: 'cancel', code: 'OOPS', retry: 'maybe' as 'no', retryAfterMs: 0 }],
    ['an unknown state', { kind: 'answer', outcome: 'settled', state: 'lost' as 'held', attempt: 1, receipts: [] }],
  ])('refuse %s, both ways', (_, frame) => {
    expect(codeOf(() => encodeFrame(frame))).toBe('TRANSFER_PROTOCOL');
  });

  const longest = (kind: 'held' | 'want') => (instances: number, runs: number) => {
    const list = times(instances, (ordinal) => ({
      ordinal,
      digest,
      runs: times(runs, (index) => ({ first: index * 2, count: 1 })),
    }));
    return kind === 'held' ? ({ kind, instances: list, more: false } as const) : ({ kind, instances: list } as const);
  };
  it.each<[string, Frame, Frame]>([
    [
      'the largest block',
      { kind: 'block', ordinal: 0, index: 0, bytes: new Uint8Array(BLOCK_BYTES) },
      { kind: 'block', ordinal: 0, index: 0, bytes: new Uint8Array(BLOCK_BYTES + 1) },
    ],
    [
      'the last ordinal',
      { kind: 'block', ordinal: MAX_INSTANCES - 1, index: 0, bytes: Uint8Array.of(1) },
      { kind: 'block', ordinal: MAX_INSTANCES, index: 0, bytes: Uint8Array.of(1) },
    ],
    [
      'the last block',
      { kind: 'block', ordinal: 0, index: MAX_BLOCKS_PER_INSTANCE - 1, bytes: Uint8Array.of(1) },
      { kind: 'block', ordinal: 0, index: MAX_BLOCKS_PER_INSTANCE, bytes: Uint8Array.of(1) },
    ],
    ['the most credit', { kind: 'credit', bytes: MAX_CREDIT_BYTES }, { kind: 'credit', bytes: MAX_CREDIT_BYTES + 1 }],
    [
      'the largest instance',
      appendOf([1, (MAX_BLOCKS_PER_INSTANCE - 1) * BLOCK_BYTES], MAX_BLOCKS_PER_INSTANCE),
      appendOf([1, MAX_BLOCKS_PER_INSTANCE * BLOCK_BYTES], MAX_BLOCKS_PER_INSTANCE + 1),
    ],
    [
      'the most segments',
      appendOf(
        times(MAX_SEGMENTS, () => 1),
        MAX_SEGMENTS,
      ),
      appendOf(
        times(MAX_SEGMENTS + 1, () => 1),
        MAX_SEGMENTS + 1,
      ),
    ],
    ['the largest study', { ...seal, bytes: MAX_STUDY_BYTES }, { ...seal, bytes: MAX_STUDY_BYTES + 1 }],
    ['the most instances', { ...seal, instances: MAX_INSTANCES }, { ...seal, instances: MAX_INSTANCES + 1 }],
    [
      'the most quarantined',
      {
        ...seal,
        quarantined: times(MAX_QUARANTINED, (index) => ({ sopInstanceUid: parseUid(`1.${index}`), code: 'OOPS' })),
      },
      {
        ...seal,
        quarantined: times(MAX_QUARANTINED + 1, (index) => ({ sopInstanceUid: parseUid(`1.${index}`), code: 'OOPS' })),
      },
    ],
    [
      'the largest receipt',
      { kind: 'receipt', envelope: new Uint8Array(MAX_RECEIPT_BYTES) },
      { kind: 'receipt', envelope: new Uint8Array(MAX_RECEIPT_BYTES + 1) },
    ],
    [
      'the most receipts',
      {
        kind: 'answer',
        outcome: 'settled',
        state: 'held',
        attempt: 1,
        receipts: times(MAX_RECEIPTS, () => Uint8Array.of(1)),
      },
      {
        kind: 'answer',
        outcome: 'settled',
        state: 'held',
        attempt: 1,
        receipts: times(MAX_RECEIPTS + 1, () => Uint8Array.of(1)),
      },
    ],
    [
      'the longest pause',
      { kind: 'cancel', code: 'OOPS', retry: 'later', retryAfterMs: MAX_RETRY_AFTER_MS },
      { kind: 'cancel', code: 'OOPS', retry: 'later', retryAfterMs: MAX_RETRY_AFTER_MS + 1 },
    ],
    [
      'the most features',
      { ...offer, features: times(MAX_FEATURES, (index) => `f${index}`) },
      { ...offer, features: times(MAX_FEATURES + 1, (index) => `f${index}`) },
    ],
    [
      'the most instances held',
      longest('held')(MAX_INSTANCES_PER_FRAME, 1),
      longest('held')(MAX_INSTANCES_PER_FRAME + 1, 1),
    ],
    [
      'the most runs',
      longest('want')(MAX_RUNS_PER_FRAME / 1024, 1024),
      longest('want')(MAX_RUNS_PER_FRAME / 1024 + 1, 1024),
    ],
  ])('hold %s and not one more', (_, most, beyond) => {
    expect(decodeFrame(encodeFrame(most)).kind).toBe(most.kind);
    expect(codeOf(() => encodeFrame(beyond))).toBe('TRANSFER_LIMIT');
  });

  it('are refused by their size before anything is read', () => {
    expect(codeOf(() => decodeFrame(new Uint8Array(MAX_FRAME_BYTES + 1)))).toBe('TRANSFER_LIMIT');
    expect(codeOf(() => decodeFrame(new Uint8Array(MAX_FRAME_BYTES)))).toBe('TRANSFER_PROTOCOL');
    const receipts = times(2, () => new Uint8Array(MAX_RECEIPT_BYTES));
    const answer: Frame = { kind: 'answer', outcome: 'settled', state: 'held', attempt: 1, receipts };
    expect(codeOf(() => encodeFrame(answer))).toBe('TRANSFER_LIMIT');
  });

  it('refuse more repeated fields than there may be while they are being read', () => {
    const many = wire.Frame.encode({
      offer: { features: times(MAX_FEATURES + 1, () => ({ name: 'x' })) } as wire.Offer,
    });
    expect(codeOf(() => decodeFrame(many))).toBe('TRANSFER_LIMIT');
  });
});
