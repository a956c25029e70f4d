import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCodeOf } from '../errors/index.ts';
import { createFrameSplitter, framePrefix } from './framing.ts';
import { MAX_FRAME_BYTES } from './limits.ts';

const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return errorCodeOf(error) ?? error;
  }
  return 'accepted';
};
const streamOf = (frames: readonly Uint8Array[]) =>
  Buffer.concat(frames.flatMap((frame) => [framePrefix(frame.length), frame]));

describe('a stream of frames', () => {
  it('is the same frames however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
        (frames, cuts) => {
          const stream = streamOf(frames);
          const splitter = createFrameSplitter();
          const found: Buffer[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const end = at + (cuts[turn % cuts.length] as number);
            found.push(...splitter.push(stream.subarray(at, end)).map((frame) => Buffer.from(frame)));
            at = end;
          }
          expect(found).toEqual(frames.map((frame) => Buffer.from(frame)));
          expect(splitter.heldBytes).toBe(0);
        },
      ),
    );
  });

  it('says that it was cut inside a frame', () => {
    const splitter = createFrameSplitter();
    expect(splitter.push(Uint8Array.of(0, 0, 0, 2, 9))).toEqual([]);
    expect(splitter.heldBytes).toBe(5);
  });

  it('gives a frame that lies in one piece without a copy', () => {
    const stream = new Uint8Array(streamOf([Uint8Array.of(1, 2, 3)]));
    expect(createFrameSplitter().push(stream)[0]?.buffer).toBe(stream.buffer);
  });

  it('holds the longest frame and refuses a longer one by its length alone', () => {
    const longest = createFrameSplitter();
    longest.push(framePrefix(MAX_FRAME_BYTES));
    expect(longest.push(new Uint8Array(MAX_FRAME_BYTES))).toHaveLength(1);
    expect(codeOf(() => createFrameSplitter().push(framePrefix(MAX_FRAME_BYTES + 1)))).toBe('TRANSFER_LIMIT');
    expect(codeOf(() => createFrameSplitter().push(framePrefix(0)))).toBe('TRANSFER_PROTOCOL');
  });

  it('keeps no more than what arrived of a frame that was announced', () => {
    const splitter = createFrameSplitter();
    splitter.push(framePrefix(MAX_FRAME_BYTES));
    const before = process.memoryUsage().arrayBuffers;
    const many = Array.from({ length: 200 }, () => {
      const one = createFrameSplitter();
      one.push(framePrefix(MAX_FRAME_BYTES));
      one.push(new Uint8Array(10));
      return one;
    });
    // 200 announced frames are 400 MiB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    expect(many.every(({ heldBytes }) => heldBytes === 14)).toBe(true);
  });
});
