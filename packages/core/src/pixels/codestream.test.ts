import { fuzz, fuzzRuns } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { isInterhospError } from '../errors/interhosp-error.ts';
import type { CodedFrame, FrameShape, PixelCodec } from '../world/pixel-decoder.ts';
import { checkCodestream } from './codestream.ts';

const SHAPE: FrameShape = {
  bitsAllocated: 16,
  bitsStored: 12,
  columns: 300,
  isPlanar: false,
  isSigned: false,
  rows: 200,
  samplesPerPixel: 1,
};
const COLOUR: FrameShape = { ...SHAPE, bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 };
const two = (number: number) => [number >> 8, number & 0xff];
const four = (number: number) => [...two(number >>> 16), ...two(number & 0xffff)];

interface JpegOptions {
  readonly marker?: number;
  readonly rows?: number;
  readonly precision?: number;
  readonly components?: number;
  readonly sampling?: number;
  readonly before?: readonly number[];
}

function jpeg({
  before = [],
  components = 1,
  marker = 0xf7,
  precision = 12,
  rows = 200,
  sampling = 0x11,
}: JpegOptions = {}): number[] {
  const specified = Array.from({ length: components }, (_, index) => [index + 1, sampling, 0]).flat();
  const frame = [
    0xff,
    marker,
    ...two(8 + 3 * components),
    precision,
    ...two(rows),
    ...two(300),
    components,
    ...specified,
  ];
  return [0xff, 0xd8, ...before, ...frame, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 1, 2, 3, 0xff, 0xd9];
}

interface Jpeg2000Options {
  readonly depth?: number;
  readonly components?: number;
  readonly transform?: number;
  readonly wavelet?: number;
  readonly sampling?: number;
  readonly tileRows?: number;
  readonly main?: readonly number[];
  /** Headers of the tile-parts. */
  readonly tiles?: readonly (readonly number[])[];
  readonly psot?: number;
  readonly end?: readonly number[];
}

const cod = (transform: number, wavelet: number) => [0xff, 0x52, 0, 12, 0, 0, 0, 1, transform, 5, 4, 4, 0, wavelet];

function jpeg2000(options: Jpeg2000Options = {}): number[] {
  const { components = 1, depth = 11, end = [0xff, 0xd9], main = [], psot, sampling = 1, tileRows = 200 } = options;
  const { tiles = [[]], transform = 0, wavelet = 1 } = options;
  const size = [
    ...four(300),
    ...four(200),
    ...four(0),
    ...four(0),
    ...four(300),
    ...four(tileRows),
    ...four(0),
    ...four(0),
  ];
  const depths = Array.from({ length: components }, () => [depth, sampling, sampling]).flat();
  const siz = [0xff, 0x51, ...two(38 + 3 * components), 0, 0, ...size, ...two(components), ...depths];
  const parts = tiles.flatMap((header, index) => {
    const body = [...header, 0xff, 0x93, 9, 9, 9];
    return [0xff, 0x90, 0, 10, ...two(index), ...four(psot ?? 12 + body.length), 0, 1, ...body];
  });
  return [0xff, 0x4f, ...siz, ...cod(transform, wavelet), ...main, ...parts, ...end];
}

const check = (codec: PixelCodec, bytes: readonly number[], shape = SHAPE, photometric = 'MONOCHROME2') =>
  checkCodestream({ bytes: Uint8Array.from(bytes), codec, shape }, photometric);
const refused = (reason: string) =>
  expect.objectContaining({
    code: 'DICOM_PIXELS_UNDECODABLE',
    details: expect.objectContaining({ reason }) as object,
  }) as Error;

describe('a JPEG-LS or JPEG lossless codestream', () => {
  it('is accepted when it is what its data set says', () => {
    check('jpeg-ls', jpeg());
    check('jpeg-lossless', jpeg({ marker: 0xc3 }));
    check('jpeg-ls', jpeg({ components: 3, precision: 8 }), COLOUR, 'RGB');
    // More bits than are stored, as some coders do; segments and fill bytes before the frame.
    check('jpeg-ls', jpeg({ before: [0xff, 0xfe, 0, 4, 1, 2, 0xff, 0xff], precision: 16 }));
  });

  it.each<[string, PixelCodec, JpegOptions, string]>([
    ['another height', 'jpeg-ls', { rows: 201 }, 'size'],
    ['a height that comes later', 'jpeg-lossless', { marker: 0xc3, rows: 0 }, 'size'],
    ['another number of components', 'jpeg-ls', { components: 3 }, 'size'],
    ['more bits than are allocated', 'jpeg-ls', { precision: 17 }, 'precision'],
    ['a cosine transform', 'jpeg-lossless', { marker: 0xc0 }, 'process'],
    ['JPEG-LS under the syntax of JPEG lossless', 'jpeg-lossless', {}, 'process'],
    ['JPEG lossless under the syntax of JPEG-LS', 'jpeg-ls', { marker: 0xc3 }, 'process'],
    ['subsampled components', 'jpeg-lossless', { marker: 0xc3, sampling: 0x22 }, 'sampling'],
    ['arithmetic coding', 'jpeg-lossless', { before: [0xff, 0xcc, 0, 4, 0, 0], marker: 0xc3 }, 'process'],
    ['dimensions in an extension', 'jpeg-ls', { before: [0xff, 0xf8, 0, 6, 4, 2, 0, 0] }, 'extension'],
    ['a palette', 'jpeg-ls', { before: [0xff, 0xf8, 0, 6, 2, 1, 1, 0] }, 'extension'],
    [
      'a colour transform that DICOM does not know',
      'jpeg-ls',
      { before: [0xff, 0xe8, 0, 7, 0x6d, 0x72, 0x66, 0x78, 1] },
      'colour',
    ],
    ['a second frame', 'jpeg-ls', { before: jpeg().slice(2, 15) }, 'codestream'],
  ])('is refused with %s', (_, codec, options, reason) => {
    expect(() => check(codec, jpeg(options))).toThrow(refused(reason));
  });

  it('is refused without its end where the decoder would not find one', () => {
    expect(() => check('jpeg-ls', jpeg().slice(0, -2))).toThrow(refused('short'));
    expect(() => check('jpeg-ls', [...jpeg(), 0, 0])).toThrow(refused('short'));
    check('jpeg-ls', [...jpeg(), 0x54]);
    check('jpeg-lossless', jpeg({ marker: 0xc3 }).slice(0, -2));
  });

  it('is refused wherever it is cut before its data', () => {
    const bytes = jpeg({ before: [0xff, 0xfe, 0, 4, 1, 2] });
    for (let length = 0; length < bytes.length - 6; length++) {
      expect(() => check('jpeg-ls', bytes.slice(0, length))).toThrow(refused('codestream'));
    }
  });
});

describe('a JPEG 2000 codestream', () => {
  it('is accepted when it is what its data set says, and reversible', () => {
    check('jpeg-2000', jpeg2000());
    check('jpeg-2000', jpeg2000({ depth: 0x80 | 11 }), { ...SHAPE, isSigned: true });
    check('jpeg-2000', jpeg2000({ components: 3, depth: 7, transform: 1 }), COLOUR, 'YBR_RCT');
    check('jpeg-2000', jpeg2000({ components: 3, depth: 7, transform: 1 }), COLOUR, 'RGB');
    check('jpeg-2000', jpeg2000({ components: 3, depth: 7 }), COLOUR, 'YBR_FULL');
    check('jpeg-2000', jpeg2000({ tileRows: 100, tiles: [[], []] }));
    // The last tile-part may go to the end, and end in the byte that makes a fragment even.
    check('jpeg-2000', jpeg2000({ psot: 0 }));
    check('jpeg-2000', jpeg2000({ end: [0xff, 0xd9, 0], psot: 0 }));
  });

  it.each<[string, Jpeg2000Options, string]>([
    ['the floating-point wavelet', { wavelet: 0 }, 'irreversible'],
    ['the floating-point wavelet in one tile', { tiles: [cod(0, 0)] }, 'irreversible'],
    ['the floating-point wavelet in one component', { main: [0xff, 0x53, 0, 9, 0, 0, 5, 4, 4, 0, 0] }, 'irreversible'],
    ['a colour transform in one tile', { tiles: [cod(1, 1)] }, 'colour'],
    ['more bits than are allocated', { depth: 16 }, 'precision'],
    ['signed samples of an unsigned image', { depth: 0x80 | 11 }, 'sign'],
    ['subsampled components', { sampling: 2 }, 'sampling'],
    ['another number of components', { components: 2 }, 'size'],
    ['a tile that is missing', { tileRows: 100 }, 'short'],
    ['tiles of no size', { tileRows: 0 }, 'codestream'],
    ['a tile-part that ends early', { psot: 4_000 }, 'short'],
    ['a tile-part shorter than its header', { psot: 5 }, 'codestream'],
    ['no end', { end: [], psot: 0 }, 'short'],
  ])('is refused with %s', (_, options, reason) => {
    expect(() => check('jpeg-2000', jpeg2000(options))).toThrow(refused(reason));
  });

  it('is refused when its colours are not what they are called', () => {
    const transformed = jpeg2000({ components: 3, depth: 7, transform: 1 });
    expect(() => check('jpeg-2000', transformed, COLOUR, 'YBR_FULL')).toThrow(refused('colour'));
    expect(() => check('jpeg-2000', jpeg2000({ components: 3, depth: 7 }), COLOUR, 'YBR_RCT')).toThrow(
      refused('colour'),
    );
  });

  it('is refused with a file format around it, and wherever it is cut', () => {
    expect(() => check('jpeg-2000', [0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20])).toThrow(refused('codestream'));
    const bytes = jpeg2000();
    for (let length = 0; length < bytes.length - 2; length++) {
      expect(() => check('jpeg-2000', bytes.slice(0, length))).toThrow(
        expect.objectContaining({ code: 'DICOM_PIXELS_UNDECODABLE' }),
      );
    }
  });
});

describe('damaged codestreams', () => {
  it('are judged without a crash and without a hang', async () => {
    const corpus = [jpeg(), jpeg({ marker: 0xc3 }), jpeg2000(), jpeg2000({ tileRows: 100, tiles: [cod(0, 1), []] })];
    await fuzz({
      corpus: corpus.map((bytes) => Uint8Array.from(bytes)),
      execute: (bytes, random) => {
        const codec = random.pick(['jpeg-2000', 'jpeg-lossless', 'jpeg-ls'] as const);
        const frame: CodedFrame = { bytes, codec, shape: SHAPE };
        try {
          checkCodestream(frame, 'MONOCHROME2');
          return 'accepted';
        } catch (error) {
          if (!isInterhospError(error)) throw error;
          return error.details.reason;
        }
      },
      name: 'codestream',
      runs: fuzzRuns(20_000, 1_000_000),
    });
  });
});
