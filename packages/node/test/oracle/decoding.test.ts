// Independent coders' word on what is decoded here. Images made in the test are compressed by DCMTK and GDCM and come back
// bit by bit; files from elsewhere decode as DCMTK and GDCM decode them.

import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bytesSource,
  readPart10,
  TAGS,
  TRANSFER_SYNTAXES,
  vrFormOf,
  walkElements,
  type Tag,
  type Uid,
} from '@interhosp/core/dicom';
import { isInterhospError } from '@interhosp/core/errors';
import { pixelCodecOf, rewriteInstance } from '@interhosp/core/pixels';
import { parseMemberId } from '@interhosp/core/study';
import type { PixelCodec } from '@interhosp/core/world';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDecoderPool } from '../../src/pixels/index.ts';
import { nativeFile, nativePixels, type NativeImage } from './native-images.ts';

const { ExplicitVRLittleEndian, ImplicitVRLittleEndian } = TRANSFER_SYNTAXES;
const CORPUS = fileURLToPath(new URL('../../../core/test/corpus', import.meta.url));
const time = { epochMs: Date.UTC(2026, 2, 14, 9), utcOffsetMinutes: 60 };
const rewriter = { member: parseMemberId('be-receiver'), time };
const pool = createDecoderPool();
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'interhosp-decoding-'));
});
afterAll(async () => {
  await pool.stop();
  rmSync(folder, { force: true, recursive: true });
});

function run([program, ...options]: readonly string[], ...files: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(program as string, [...options, ...files], { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (status) => resolve(status === 0));
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

interface DataSet {
  readonly transferSyntaxUid: Uid;
  readonly bytes: Uint8Array;
}

async function readFile(path: string): Promise<DataSet> {
  const { dataSet, transferSyntaxUid } = await readPart10(once(readFileSync(path)));
  return { bytes: await collect(dataSet), transferSyntaxUid };
}

/** The value of an element; undefined when there is none. */
async function valueIn({ bytes, transferSyntaxUid }: DataSet, wanted: Tag): Promise<Uint8Array | undefined> {
  for await (const { endOffset, tag, valueOffset } of walkElements(bytesSource(bytes), vrFormOf(transferSyntaxUid))) {
    if (tag === wanted) return bytes.subarray(valueOffset, endOffset);
  }
  return undefined;
}

async function decode(file: DataSet, to: Uid): Promise<DataSet> {
  const source = bytesSource(file.bytes);
  const rewritten = await rewriteInstance(source, file.transferSyntaxUid, { decoder: pool, rewriter, to });
  const bytes = await collect(rewritten.dataSet());
  expect(bytes.length).toBe(rewritten.lengthBytes);
  return { bytes, transferSyntaxUid: to };
}

/** The same samples, in the arrangement of a data set that may say another one than ours did. */
async function arranged(image: NativeImage, file: DataSet): Promise<Uint8Array> {
  const pixels = nativePixels(image);
  const isPlanar = (await valueIn(file, 0x00280006))?.[0] === 1;
  const result = Buffer.alloc(pixels.length + (pixels.length % 2));
  result.set(pixels);
  if (image.samplesPerPixel === 1 || isPlanar === (image.isPlanar ?? false)) return result;
  const perFrame = image.rows * image.columns;
  for (let index = 0; index < perFrame * image.frames; index++) {
    const [frame, pixel] = [Math.floor(index / perFrame), index % perFrame];
    for (let sample = 0; sample < 3; sample++) {
      const planar = frame * 3 * perFrame + sample * perFrame + pixel;
      const byPixel = 3 * index + sample;
      result[isPlanar ? planar : byPixel] = pixels[isPlanar ? byPixel : planar] as number;
    }
  }
  return result;
}

const GREY: NativeImage = {
  bitsAllocated: 8,
  bitsStored: 8,
  columns: 5,
  frames: 3,
  isSigned: false,
  rows: 7,
  samplesPerPixel: 1,
};
const WORDS: NativeImage = { ...GREY, bitsAllocated: 16, bitsStored: 12, columns: 64, rows: 48 };
const COLOUR: NativeImage = { ...GREY, columns: 33, frames: 2, rows: 17, samplesPerPixel: 3 };
const IMAGES: Readonly<Record<string, NativeImage>> = {
  'bytes, odd in all': GREY,
  'bytes in words': { ...WORDS, bitsStored: 8 },
  colour: COLOUR,
  'colour by plane': { ...COLOUR, isPlanar: true },
  large: { ...WORDS, columns: 517, frames: 1, rows: 301 },
  'signed, 12 bits': { ...WORDS, isSigned: true },
  'signed, 16 bits': { ...WORDS, bitsStored: 16, frames: 1, isSigned: true },
  'unsigned, 12 bits': WORDS,
  'unsigned, 16 bits': { ...WORDS, bitsStored: 16, frames: 1 },
};

interface Coder {
  readonly command: readonly string[];
  /** Images that it cannot code, or codes as other ones. */
  readonly not?: readonly string[];
  /** Some images only, where it is about one option. */
  readonly only?: readonly string[];
}

/** GDCM codes words only when they are full, or unsigned. */
const NOT_BY_GDCM = ['bytes in words', 'signed, 12 bits'];
/** DCMTK 3.6.7 mixes the planes of one frame with those of the next. */
const NOT_BY_PLANE = ['colour by plane'];
const CODERS: Readonly<Record<string, Coder>> = {
  'RLE by DCMTK': { command: ['dcmcrle'] },
  'RLE by GDCM': { command: ['gdcmconv', '--rle'], not: NOT_BY_GDCM },
  'JPEG-LS by DCMTK': { command: ['dcmcjpls'] },
  // "Cooked" rewrites the image when its words are not full.
  'JPEG-LS by DCMTK, by sample': {
    command: ['dcmcjpls', '+pc', '+is'],
    only: ['colour', 'large', 'unsigned, 16 bits'],
  },
  'JPEG-LS by DCMTK, by plane and in fragments': { command: ['dcmcjpls', '+in', '+fs', '1'] },
  'JPEG-LS by GDCM': { command: ['gdcmconv', '--jpegls'], not: NOT_BY_GDCM },
  'JPEG lossless by DCMTK': { command: ['dcmcjpeg', '+e1'], not: NOT_BY_PLANE },
  'JPEG lossless by DCMTK, in fragments without a table': {
    command: ['dcmcjpeg', '+e1', '+fs', '1', '-ot'],
    not: NOT_BY_PLANE,
  },
  ...Object.fromEntries(
    [2, 3, 4, 5, 6, 7].map((predictor) => [
      `JPEG lossless by DCMTK, predictor ${predictor}`,
      { command: ['dcmcjpeg', '+el', '+sv', String(predictor)], only: ['colour', 'unsigned, 12 bits'] },
    ]),
  ),
  'JPEG lossless by GDCM': { command: ['gdcmconv', '--jpeg'], not: NOT_BY_GDCM },
  'JPEG 2000 by GDCM': { command: ['gdcmconv', '--j2k'], not: [...NOT_BY_GDCM, 'bytes, odd in all'] },
};

describe('an image that somebody else compressed', () => {
  for (const [coder, { command, not = [], only }] of Object.entries(CODERS)) {
    it(`comes back bit by bit: ${coder}`, async () => {
      const names = Object.keys(IMAGES).filter((name) => !not.includes(name) && (only?.includes(name) ?? true));
      const differing: string[] = [];
      for (const [index, name] of names.entries()) {
        const problem = await problemOf(IMAGES[name] as NativeImage, command, String(index));
        if (problem !== undefined) differing.push(`${name}: ${problem}`);
      }
      expect(differing).toEqual([]);
    });
  }
});

async function problemOf(image: NativeImage, command: readonly string[], name: string): Promise<string | undefined> {
  const [native, compressed] = [join(folder, `${name}-native.dcm`), join(folder, `${name}.dcm`)];
  rmSync(compressed, { force: true });
  writeFileSync(native, nativeFile(image));
  if (!(await run(command, native, compressed))) return 'not coded';
  const file = await readFile(compressed);
  const pixels = await decode(file, ExplicitVRLittleEndian).then((result) => valueIn(result, TAGS.PixelData), String);
  if (typeof pixels === 'string') return pixels;
  return Buffer.compare(pixels ?? Buffer.alloc(0), await arranged(image, file)) === 0 ? undefined : 'differs';
}

/** What decodes a file beside us. */
const DECODERS: Readonly<Record<PixelCodec, readonly string[]>> = {
  'jpeg-2000': ['gdcmconv', '--raw'],
  'jpeg-lossless': ['dcmdjpeg'],
  'jpeg-ls': ['dcmdjpls'],
  native: ['dcmconv'],
  rle: ['dcmdrle'],
};

/** Of the corpus: what is refused, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  'dcmjs/sample-op.dcm': 'process',
  // Cut by whoever published it.
  'fodicom/GH364.dcm': 'delimiter',
  'pydicom/JPEG2000.dcm': 'irreversible',
};

describe('a compressed file from elsewhere', () => {
  it.each([ExplicitVRLittleEndian, ImplicitVRLittleEndian])(
    'decodes as DCMTK or GDCM decodes it, or is refused: %s',
    async (to) => {
      const roots = [CORPUS, process.env['INTERHOSP_CORPUS']].filter((root) => root !== undefined);
      const outcomes = new Map<string, string>();
      for (const path of roots.flatMap((root) => globSync(`${root}/*/*.dcm`))) {
        const file = await readFile(path).catch(() => undefined);
        const codec = file && pixelCodecOf(file.transferSyntaxUid);
        if (file === undefined || codec === undefined) continue;
        outcomes.set(path.split('/').slice(-2).join('/'), await outcomeOf(path, file, codec, to));
      }
      const others = [...outcomes].filter(([name, outcome]) => outcome !== (REFUSED[name] ?? 'same'));
      expect(others).toEqual([]);
      expect(outcomes.size).toBeGreaterThanOrEqual(14);
    },
  );
});

async function outcomeOf(path: string, file: DataSet, codec: PixelCodec, to: Uid): Promise<string> {
  try {
    const ours = await valueIn(await decode(file, to), TAGS.PixelData);
    const theirs = join(folder, 'theirs.dcm');
    rmSync(theirs, { force: true });
    if (!(await run(DECODERS[codec], path, theirs))) return 'decoded by us alone';
    const meant = await valueIn(await readFile(theirs), TAGS.PixelData);
    return Buffer.compare(ours ?? Buffer.alloc(0), meant ?? Buffer.alloc(0)) === 0 ? 'same' : 'differs';
  } catch (error) {
    return (isInterhospError(error) ? error.details.reason : undefined) ?? String(error);
  }
}
