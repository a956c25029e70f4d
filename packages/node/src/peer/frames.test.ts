import { describe, expect, it } from 'vitest';

import { encodeFrame, FRAME_HEADER_BYTES, FrameReader } from './frames.ts';

const LIMIT = 1_000;

describe('encoding a frame', () => {
  it('puts the length in front, most significant byte first', () => {
    expect([...encodeFrame(Uint8Array.of(7, 8, 9), LIMIT)]).toEqual([0, 0, 0, 3, 7, 8, 9]);
    expect([...encodeFrame(new Uint8Array(258), LIMIT).subarray(0, 4)]).toEqual([0, 0, 1, 2]);
  });

  it('copies, so that the caller may fill its buffer again', () => {
    const frame = Uint8Array.of(1, 2, 3);
    const encoded = encodeFrame(frame, LIMIT);
    frame.fill(9);
    expect([...encoded.subarray(FRAME_HEADER_BYTES)]).toEqual([1, 2, 3]);
  });

  it('takes a frame of exactly the limit and refuses one byte more', () => {
    expect(encodeFrame(new Uint8Array(LIMIT), LIMIT).byteLength).toBe(LIMIT + FRAME_HEADER_BYTES);
    expect(() => encodeFrame(new Uint8Array(LIMIT + 1), LIMIT)).toThrow(/PEER_LIMIT.*bytes=1001, limit=1000/);
  });
});

describe('reading frames', () => {
  it('returns a frame in a buffer of its own', () => {
    const reader = new FrameReader(LIMIT);
    const arrived = encodeFrame(Uint8Array.of(1, 2, 3), LIMIT);
    reader.push(arrived);
    const frame = reader.next();
    arrived.fill(0);
    expect(frame).toEqual(Uint8Array.of(1, 2, 3));
    expect(frame?.buffer.byteLength).toBe(3);
  });

  it('knows an empty frame from no frame', () => {
    const reader = new FrameReader(LIMIT);
    expect(reader.next()).toBeUndefined();
    reader.push(Uint8Array.of(0, 0, 0, 0));
    expect(reader.next()).toEqual(new Uint8Array(0));
    expect(reader.next()).toBeUndefined();
  });

  it('takes an announcement of exactly the limit and refuses one byte more before any of its bytes arrive', () => {
    new FrameReader(LIMIT).push(Uint8Array.of(0, 0, 0x03, 0xe8));
    expect(() => new FrameReader(LIMIT).push(Uint8Array.of(0, 0, 0x03, 0xe9))).toThrow('PEER_LIMIT');
    expect(() => new FrameReader(LIMIT).push(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toThrow('bytes=4294967295');
  });

  it('refuses an announcement over the limit behind a good frame, once that was read', () => {
    const reader = new FrameReader(LIMIT);
    reader.push(Uint8Array.of(0, 0, 0, 1, 42, 0xff, 0, 0, 0));
    expect(() => reader.next()).toThrow('PEER_LIMIT');
  });

  it('is at a frame edge only between frames', () => {
    const reader = new FrameReader(LIMIT);
    expect(reader.atFrameEdge).toBe(true);
    for (const byte of [0, 0, 0, 2, 1]) {
      reader.push(Uint8Array.of(byte));
      expect(reader.atFrameEdge).toBe(false);
    }
    reader.push(Uint8Array.of(2));
    expect(reader.next()).toEqual(Uint8Array.of(1, 2));
    expect(reader.atFrameEdge).toBe(true);
  });

  it('gathers a frame that arrives byte by byte into few buffers', () => {
    const frameBytes = 64 * 1024;
    const reader = new FrameReader(frameBytes);
    const arrived = encodeFrame(new Uint8Array(frameBytes).fill(5), frameBytes);
    const one = new Uint8Array(1);
    for (const byte of arrived) {
      one[0] = byte; // The same buffer each time: what is gathered is copied.
      reader.push(one);
    }
    expect(reader.chunkCount).toBeLessThan(5);
    expect(reader.next()).toEqual(new Uint8Array(frameBytes).fill(5));
  });

  it('forgets everything when cleared in the middle of a frame', () => {
    const reader = new FrameReader(LIMIT);
    reader.push(Uint8Array.of(0, 0, 0, 9, 1));
    reader.clear();
    expect(reader.bufferedBytes).toBe(0);
    reader.push(encodeFrame(Uint8Array.of(3), LIMIT));
    expect(reader.next()).toEqual(Uint8Array.of(3));
  });
});
