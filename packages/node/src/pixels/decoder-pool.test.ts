import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytesSource, readPart10, TAGS, walkElements } from '@interhosp/core/dicom';
import { errorCodeOf, isInterhospError } from '@interhosp/core/errors';
import { checkCodestream } from '@interhosp/core/pixels';
import type { CodedFrame, FrameShape, PixelCodec } from '@interhosp/core/world';
import { fuzz, fuzzRuns } from '@interhosp/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { rleFrame } from '../../test/journey/compressed.ts';
import { createDecoderPool } from './index.ts';

const CORPUS = fileURLToPath(new URL('../../../core/test/corpus', import.meta.url));
const pool = createDecoderPool();
afterAll(() => pool.stop());

const SHAPE: FrameShape = {
  bitsAllocated: 16,
  bitsStored: 16,
  columns: 8,
  isPlanar: false,
  isSigned: true,
  rows: 8,
  samplesPerPixel: 1,
};
const words = Uint8Array.from({ length: 128 }, (_, index) => index);
const sound: CodedFrame = { bytes: rleFrame(words), codec: 'rle', shape: SHAPE };

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The one frame of a corpus file, a slice of 64 × 64. */
async function frameOf(name: string, codec: PixelCodec): Promise<CodedFrame> {
  const { dataSet } = await readPart10(once(readFileSync(`${CORPUS}/pydicom/${name}`)));
  const parts: Uint8Array[] = [];
  for await (const part of dataSet) parts.push(part);
  const bytes = Buffer.concat(parts);
  for await (const { tag, valueOffset } of walkElements(bytesSource(bytes), 'explicit')) {
    if (tag !== TAGS.PixelData) continue;
    const first = valueOffset + 8 + bytes.readUInt32LE(valueOffset + 4);
    const frame = bytes.subarray(first + 8, first + 8 + bytes.readUInt32LE(first + 4));
    return { bytes: frame, codec, shape: { ...SHAPE, columns: 64, rows: 64 } };
  }
  throw new Error('no pixels');
}

const jpegLs = await frameOf('MR_small_jpeg_ls_lossless.dcm', 'jpeg-ls');
const jpeg2000 = await frameOf('MR_small_jp2klossless.dcm', 'jpeg-2000');

const reasonOf = async (work: Promise<unknown>) =>
  work.then(
    () => 'decoded',
    (error: unknown) => (isInterhospError(error) ? `${error.code} ${error.details.reason}` : String(error)),
  );

describe('the pixel decoders', () => {
  it('decode by thread what others read as well: two codings of one image', async () => {
    const [one, other] = await Promise.all([pool.decodeFrame(jpegLs), pool.decodeFrame(jpeg2000)]);
    expect(one.length).toBe(64 * 64 * 2);
    expect(Buffer.compare(one, other)).toBe(0);
    expect(Buffer.from(await pool.decodeFrame(sound))).toEqual(Buffer.from(words));
  });

  it('leave what they are given as it is', async () => {
    const before = Buffer.from(jpegLs.bytes);
    await pool.decodeFrame(jpegLs);
    expect(Buffer.compare(before, jpegLs.bytes)).toBe(0);
  });

  it('serve more calls than there are threads', async () => {
    const frames = await Promise.all(Array.from({ length: 20 }, () => pool.decodeFrame(sound)));
    expect(frames.every((frame) => Buffer.compare(frame, words) === 0)).toBe(true);
  });

  it.each<[string, CodedFrame]>([
    ['JPEG-LS', jpegLs],
    ['JPEG 2000', jpeg2000],
  ])('make up no pixels for %s that was cut short', async (_, whole) => {
    const outcomes = new Set<string>();
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = { ...whole, bytes: whole.bytes.subarray(0, Math.floor((whole.bytes.length * tenth) / 10)) };
      const checked = async () => {
        checkCodestream(cut, 'MONOCHROME2');
        return pool.decodeFrame(cut);
      };
      outcomes.add((await reasonOf(checked())).split(' ')[0] as string);
    }
    expect([...outcomes]).toEqual(['DICOM_PIXELS_UNDECODABLE']);
  });

  it('refuse a codestream of another size than was announced', async () => {
    for (const frame of [jpegLs, jpeg2000]) {
      // Also one with as many pixels.
      for (const size of [{ rows: 63 }, { columns: 128, rows: 32 }]) {
        const lying = { ...frame, shape: { ...frame.shape, ...size } };
        expect(await reasonOf(pool.decodeFrame(lying))).toBe('DICOM_PIXELS_UNDECODABLE size');
      }
    }
  });

  it('go on after a codec has used up its memory', async () => {
    await using small = disposable(createDecoderPool({ wasmBytes: 64 * 1_048_576 }));
    // 60,000 × 60,000 samples, in so many words.
    const bomb = Uint8Array.of(
      0xff,
      0xd8,
      0xff,
      0xf7,
      0,
      11,
      16,
      0xea,
      0x60,
      0xea,
      0x60,
      1,
      1,
      0x11,
      0,
      0xff,
      0xda,
      0,
      8,
      1,
      1,
      0,
      0,
      0,
      0,
      1,
      2,
      0xff,
      0xd9,
    );
    const shape = { ...SHAPE, columns: 60_000, rows: 60_000 };
    expect(await reasonOf(small.decodeFrame({ bytes: bomb, codec: 'jpeg-ls', shape }))).toMatch(
      /^DICOM_PIXELS_UNDECODABLE (crashed|decoder)$/,
    );
    expect((await small.decodeFrame(jpegLs)).length).toBe(8192);
  });

  it('go on after a codec has hung', async () => {
    await using hasty = disposable(createDecoderPool({ decodeMsPerMib: 0, decodeWithinMs: 3_000, workers: 1 }));
    // Cut in its data, and ended as if it were whole: CharLS 2 does not come back from that.
    const cut = jpegLs.bytes.subarray(0, Math.floor(jpegLs.bytes.length * 0.4));
    const hanging = { ...jpegLs, bytes: Buffer.concat([cut, Buffer.from([0xff, 0xd9])]) };
    checkCodestream(hanging, 'MONOCHROME2');
    const outcomes = [
      await reasonOf(hasty.decodeFrame({ ...hanging, bytes: cut })),
      await reasonOf(hasty.decodeFrame(hanging)),
    ];
    expect(outcomes[0]).toBe('DICOM_PIXELS_UNDECODABLE deadline');
    expect(outcomes[1]).toMatch(/^DICOM_PIXELS_UNDECODABLE (deadline|decoder)$/);
    expect(Buffer.compare(await hasty.decodeFrame(sound), words)).toBe(0);
  });

  it('stop for their caller, and serve the next', async () => {
    const reason = new Error('enough');
    await expect(pool.decodeFrame(sound, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    const waiting = Promise.all(Array.from({ length: 10 }, () => pool.decodeFrame(sound, { signal: stop.signal })));
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(Buffer.compare(await pool.decodeFrame(sound), words)).toBe(0);
  });

  it('refuse frames once they are stopped, twice as well', async () => {
    const ended = createDecoderPool();
    await ended.decodeFrame(sound);
    await ended.stop();
    await ended.stop();
    expect(await reasonOf(ended.decodeFrame(sound))).toBe('DICOM_PIXELS_UNDECODABLE stopped');
  });

  it('give a whole frame of damaged bytes, or refuse it', async () => {
    const codecs = ['jpeg-2000', 'jpeg-lossless', 'jpeg-ls', 'rle'] as const;
    // A hang costs its deadline and a new thread, so that one is short and executions are few.
    await using hasty = disposable(createDecoderPool({ decodeMsPerMib: 0, decodeWithinMs: 500 }));
    const { outcomes } = await fuzz({
      corpus: [jpegLs.bytes, jpeg2000.bytes],
      execute: async (input, random) => {
        const codec = input[1] === 0x4f ? 'jpeg-2000' : random.oneIn(4) ? random.pick(codecs) : 'jpeg-ls';
        try {
          const frame = await hasty.decodeFrame({ bytes: input, codec, shape: jpegLs.shape });
          expect(frame.length).toBe(8192);
          return 'decoded';
        } catch (error) {
          expect(errorCodeOf(error)).toBe('DICOM_PIXELS_UNDECODABLE');
          return isInterhospError(error) ? error.details.reason : undefined;
        }
      },
      hangMs: 120_000,
      name: 'pixel decoders',
      runs: fuzzRuns(40, 5_000),
    });
    expect(outcomes.size).toBeGreaterThan(1);
  });
});

function disposable<T extends { stop(): Promise<void> }>(thing: T): T & AsyncDisposable {
  return Object.assign(thing, { [Symbol.asyncDispose]: () => thing.stop() });
}
