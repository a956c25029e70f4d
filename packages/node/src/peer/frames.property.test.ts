import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { encodeFrame, FrameReader } from './frames.ts';

const LIMIT = 20_000;

/** Cuts bytes at the given places. */
function split(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.byteLength + 1)))].sort((a, b) => a - b);
  return [...places, bytes.byteLength].map((end, index) => bytes.subarray(places[index - 1] ?? 0, end));
}

describe('frames', () => {
  it('come out as they went in, however the bytes are cut and whenever they are read', () => {
    const frames = fc.array(fc.uint8Array({ maxLength: LIMIT, size: 'max' }), { maxLength: 6 });
    const cuts = fc.array(fc.nat(150_000), { maxLength: 40 });
    fc.assert(
      fc.property(frames, cuts, fc.boolean(), (sent, places, readAtOnce) => {
        const reader = new FrameReader(LIMIT);
        const received: Uint8Array[] = [];
        const drain = () => {
          for (let frame = reader.next(); frame !== undefined; frame = reader.next()) received.push(frame);
        };
        for (const piece of split(Buffer.concat(sent.map((frame) => encodeFrame(frame, LIMIT))), places)) {
          reader.push(Uint8Array.from(piece));
          if (readAtOnce) drain();
        }
        drain();
        expect(received.map((frame) => Buffer.from(frame).toString('base64'))).toEqual(
          sent.map((frame) => Buffer.from(frame).toString('base64')),
        );
        expect(reader.atFrameEdge).toBe(true);
        expect(reader.bufferedBytes).toBe(0);
      }),
    );
  });

  it('from hostile bytes are within the limit, or a PEER_LIMIT, and never more than arrived', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000, size: 'max' }), fc.array(fc.nat(5_000)), (bytes, places) => {
        const reader = new FrameReader(300);
        let returnedBytes = 0;
        try {
          for (const piece of split(bytes, places)) {
            reader.push(piece);
            for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
              expect(frame.byteLength).toBeLessThanOrEqual(300);
              returnedBytes += frame.byteLength + 4;
            }
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'PEER_LIMIT' });
        }
        expect(returnedBytes).toBeLessThanOrEqual(bytes.byteLength);
      }),
    );
  });
});
