import { fuzz, fuzzRuns } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { rleOf } from '../../test/encapsulated.ts';
import { isInterhospError } from '../errors/interhosp-error.ts';
import type { FrameShape } from '../world/pixel-decoder.ts';
import { decodeRle } from './rle.ts';

const GREY: FrameShape = {
  bitsAllocated: 8,
  bitsStored: 8,
  columns: 4,
  isPlanar: false,
  isSigned: false,
  rows: 2,
  samplesPerPixel: 1,
};
const COLOUR: FrameShape = { ...GREY, samplesPerPixel: 3 };
const WORDS: FrameShape = { ...GREY, bitsAllocated: 16, bitsStored: 16 };
const decoded = (bytes: Uint8Array, shape: FrameShape) => [...decodeRle(bytes, shape)];
const refused = (reason: string) =>
  expect.objectContaining({
    code: 'DICOM_PIXELS_UNDECODABLE',
    details: expect.objectContaining({ reason }) as object,
  }) as Error;

describe('RLE', () => {
  it('unpacks literal and repeated runs, and passes 128 over', () => {
    // Three literal bytes, 128, a run of five.
    expect(decoded(rleOf([2, 1, 2, 3, 128, 252, 9]), GREY)).toEqual([1, 2, 3, 9, 9, 9, 9, 9]);
  });

  it('puts bytes into words with the most significant segment first', () => {
    const frame = rleOf([249, 0x12], [7, 0, 1, 2, 3, 4, 5, 6, 7]);
    expect(decoded(frame, WORDS)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].flatMap((low) => [low, 0x12]));
  });

  it('arranges colours by pixel or by plane, as the data set says', () => {
    const frame = rleOf([249, 1], [249, 2], [249, 3]);
    expect(decoded(frame, COLOUR)).toEqual(Array(8).fill([1, 2, 3]).flat());
    expect(decoded(frame, { ...COLOUR, isPlanar: true })).toEqual([
      ...Array(8).fill(1),
      ...Array(8).fill(2),
      ...Array(8).fill(3),
    ]);
  });

  it('keeps words together when they are arranged by plane', () => {
    const frame = rleOf([249, 0xa1], [249, 1], [249, 0xa2], [249, 2], [249, 0xa3], [249, 3]);
    const shape = { ...COLOUR, bitsAllocated: 16, bitsStored: 16, isPlanar: true };
    expect(decoded(frame, shape)).toEqual(
      [1, 2, 3].flatMap((low) =>
        Array(8)
          .fill([low, 0xa0 + low])
          .flat(),
      ),
    );
  });

  it('does not mind what a segment says behind its last pixel', () => {
    expect(decoded(rleOf([246, 5, 3, 1, 2, 3, 4]), GREY)).toEqual(Array(8).fill(5));
    // A literal run of ten, of which two are padding that is not there.
    expect(decoded(rleOf([9, 1, 2, 3, 4, 5, 6, 7, 8]), GREY)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it.each<[string, Uint8Array, string]>([
    ['no header', new Uint8Array(63), 'rle-header'],
    ['another number of segments', rleOf([249, 1], [249, 1]), 'rle-segments'],
    ['a segment that ends early', rleOf([250, 1]), 'rle-short'],
    ['a literal run that ends early', rleOf([7, 1, 2, 3]), 'rle-short'],
    ['nothing in its segment', rleOf([]), 'rle-short'],
  ])('refuses a frame with %s', (_, frame, reason) => {
    expect(() => decodeRle(frame, GREY)).toThrow(refused(reason));
  });

  it.each([0, 63, 4_000_000_000])('refuses an offset of %i', (offset) => {
    const frame = rleOf([249, 1], [249, 1]);
    new DataView(frame.buffer).setUint32(8, offset, true);
    expect(() => decodeRle(frame, WORDS)).toThrow(refused('rle-offset'));
  });

  it('gives a whole frame of damaged bytes, or refuses them', async () => {
    const corpus = [rleOf([2, 1, 2, 3, 128, 252, 9]), rleOf([249, 1], [249, 2]), rleOf([249, 1], [249, 2], [249, 3])];
    const shapes = [GREY, WORDS, COLOUR, { ...COLOUR, isPlanar: true }];
    const { runs } = await fuzz({
      corpus,
      execute: (input, random) => {
        const shape = random.pick(shapes);
        try {
          const { columns, rows, samplesPerPixel } = shape;
          expect(decodeRle(input, shape).length).toBe((rows * columns * samplesPerPixel * shape.bitsAllocated) / 8);
          return 'decoded';
        } catch (error) {
          if (!isInterhospError(error)) throw error;
          return error.details.reason;
        }
      },
      name: 'rle',
      runs: fuzzRuns(20_000, 1_000_000),
    });
    expect(runs).toBeGreaterThanOrEqual(20_000);
  });
});
