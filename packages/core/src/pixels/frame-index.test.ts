import { fuzz, fuzzRuns } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { encapsulated, imageHeader, join } from '../../test/encapsulated.ts';
import { bytesSource } from '../dicom/byte-source.ts';
import { TAGS } from '../dicom/tag.ts';
import { walkElements, type ElementSpan } from '../dicom/walk.ts';
import { isInterhospError } from '../errors/interhosp-error.ts';
import type { PixelCodec } from '../world/pixel-decoder.ts';
import { indexFrames } from './frame-index.ts';

const SOI = [0xff, 0xd8, 0xff];
const SOC = [0xff, 0x4f, 0xff, 0x51];
const fragment = (...bytes: readonly number[]) => Uint8Array.from(bytes.length % 2 === 0 ? bytes : [...bytes, 0]);

async function pixelSpan(dataSet: Uint8Array): Promise<ElementSpan> {
  for await (const span of walkElements(bytesSource(dataSet), 'explicit')) if (span.tag === TAGS.PixelData) return span;
  throw new Error('no pixels');
}

async function framesOf(
  pixelData: Uint8Array,
  frames: number,
  codec: PixelCodec = 'jpeg-ls',
): Promise<readonly number[][]> {
  const dataSet = join([imageHeader(), pixelData]);
  const index = await indexFrames(bytesSource(dataSet), await pixelSpan(dataSet), { codec, frames });
  const found: number[][] = [];
  for (let frame = 0; frame < index.frames; frame++) found.push([...(await index.read(frame))]);
  return found;
}

const refused = (reason: string) =>
  expect.objectContaining({
    code: 'DICOM_PIXELS_UNDECODABLE',
    details: expect.objectContaining({ reason }) as object,
  }) as Error;
const [one, two, three] = [fragment(...SOI, 1), fragment(2, 2), fragment(...SOI, 3)];

describe('the frames of encapsulated Pixel Data', () => {
  it('are all fragments, where there is one frame', async () => {
    expect(await framesOf(encapsulated([one, two]), 1)).toEqual([[...one, ...two]]);
    expect(await framesOf(encapsulated([one, two], [0]), 1, 'rle')).toEqual([[...one, ...two]]);
  });

  it('are one fragment each, where there are as many, whatever the table says', async () => {
    for (const table of [[], [0, 12], [7, 7], [0]]) {
      expect(await framesOf(encapsulated([one, two], table), 2, 'rle')).toEqual([[...one], [...two]]);
    }
  });

  it('begin where the table says, where there are more fragments', async () => {
    expect(await framesOf(encapsulated([one, two, three], [0, 22]), 2, 'native')).toEqual([
      [...one, ...two],
      [...three],
    ]);
    expect(await framesOf(encapsulated([one, two, three], [0, 12]), 2, 'rle')).toEqual([[...one], [...two, ...three]]);
  });

  it('begin where a codestream begins, where there is no table', async () => {
    expect(await framesOf(encapsulated([one, two, three, two]), 2)).toEqual([
      [...one, ...two],
      [...three, ...two],
    ]);
    const [first, rest] = [fragment(...SOC), fragment(0xff, 0x4f)];
    expect(await framesOf(encapsulated([first, rest, rest, first]), 2, 'jpeg-2000')).toEqual([
      [...first, ...rest, ...rest],
      [...first],
    ]);
  });

  it.each<[string, Uint8Array, number, PixelCodec, string]>([
    ['fewer fragments', encapsulated([one]), 2, 'jpeg-ls', 'frame-count'],
    ['no fragment', encapsulated([]), 1, 'jpeg-ls', 'frame-count'],
    ['more codestreams', encapsulated([one, one, one]), 2, 'jpeg-ls', 'frame-count'],
    ['fewer codestreams', encapsulated([one, two, two]), 2, 'jpeg-ls', 'frame-count'],
    ['a codestream whose beginning is missing', encapsulated([two, one, three]), 2, 'jpeg-ls', 'frame-count'],
    ['more fragments of RLE and no table', encapsulated([one, two, three]), 2, 'rle', 'frame-count'],
    ['a table that points into a fragment', encapsulated([one, two, three], [0, 14]), 2, 'rle', 'offset-table'],
    ['a table that goes back', encapsulated([one, two, three], [12, 0]), 2, 'rle', 'offset-table'],
    ['a table that begins late', encapsulated([one, two, three], [12, 22]), 2, 'rle', 'offset-table'],
    ['a table that names a frame twice', encapsulated([one, two, three], [0, 0]), 2, 'rle', 'offset-table'],
    ['a table beyond the end', encapsulated([one, two, three], [0, 4_000_000]), 2, 'rle', 'offset-table'],
    ['a table of fewer frames', encapsulated([one, two, three], [0]), 2, 'rle', 'frame-count'],
  ])('are refused with %s', async (_, pixelData, frames, codec, reason) => {
    await expect(framesOf(pixelData, frames, codec)).rejects.toThrow(refused(reason));
  });

  it('are found in damaged bytes, or those are refused', async () => {
    const header = imageHeader();
    const corpus = [
      encapsulated([one, two, three], [0, 22]),
      encapsulated([one, two, three]),
      encapsulated([one, two]),
    ];
    await fuzz({
      corpus,
      execute: async (input, random) => {
        const dataSet = join([header, input]);
        const span = { endOffset: dataSet.length, valueOffset: header.length + 12 } as ElementSpan;
        const codec = random.pick(['jpeg-ls', 'jpeg-2000', 'rle'] as const);
        try {
          const index = await indexFrames(bytesSource(dataSet), span, { codec, frames: 2 });
          const bytes = (await index.read(0)).length + (await index.read(1)).length;
          expect(bytes).toBeLessThanOrEqual(input.length);
          return 'found';
        } catch (error) {
          if (!isInterhospError(error)) throw error;
          return error.details.reason ?? error.code;
        }
      },
      name: 'frame index',
      runs: fuzzRuns(5_000, 1_000_000),
    });
  });
});
