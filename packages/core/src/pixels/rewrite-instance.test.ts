import { describe, expect, it } from 'vitest';
import { encapsulated, imageHeader, item, join, rleOf, type ImageAttributes } from '../../test/encapsulated.ts';
import { bytesSource, type ByteSource } from '../dicom/byte-source.ts';
import { latin1Text } from '../dicom/bytes.ts';
import { parseElements, parseItems, type ParsedElement } from '../dicom/parse.ts';
import { TAGS, type Tag } from '../dicom/tag.ts';
import { TRANSFER_SYNTAXES, vrFormOf } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import { parseMemberId } from '../study/index.ts';
import type { CodedFrame, PixelDecoder } from '../world/pixel-decoder.ts';
import { undecodable } from './codecs.ts';
import { rewriteInstance } from './rewrite-instance.ts';
import { decodeRle } from './rle.ts';

const { ExplicitVRLittleEndian: EXPLICIT, ImplicitVRLittleEndian: IMPLICIT } = TRANSFER_SYNTAXES;
const RLE = '1.2.840.10008.1.2.5' as Uid;
const NATIVE = '1.2.840.10008.1.2.1.98' as Uid;
const rewriter = {
  member: parseMemberId('be-south'),
  time: { epochMs: Date.UTC(2026, 2, 14, 9), utcOffsetMinutes: 60 },
};

/** RLE, and what is in the fragments as it is. */
const decoder: PixelDecoder = {
  decodeFrame: async ({ bytes, codec, shape }: CodedFrame) => {
    if (codec === 'rle') return decodeRle(bytes, shape);
    if (codec === 'native') return bytes;
    throw undecodable('codec');
  },
};

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return join(parts);
}

interface Result {
  readonly bytes: Uint8Array;
  readonly elements: ReadonlyMap<Tag, ParsedElement>;
  readonly text: (tag: Tag) => string;
}

async function rewritten(dataSet: Uint8Array, from: Uid = RLE, to: Uid = EXPLICIT): Promise<Result> {
  const plan = await rewriteInstance(bytesSource(dataSet), from, { decoder, rewriter, to });
  const bytes = await collect(plan.dataSet());
  expect(bytes.length).toBe(plan.lengthBytes);
  // A repeat is identical.
  expect(await collect(plan.dataSet())).toEqual(bytes);
  const elements = new Map(parseElements(bytes, vrFormOf(to)).map((element) => [element.tag, element]));
  return { bytes, elements, text: (tag) => latin1Text(elements.get(tag)?.value ?? new Uint8Array(0)).trimEnd() };
}

const image = (attributes: ImageAttributes, ...fragments: readonly Uint8Array[]) =>
  join([imageHeader(attributes), encapsulated(fragments)]);
const grey = (value: number) => rleOf([249, value]);
const codeOf = async (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { readonly code: string; readonly details: { readonly reason?: string } }) =>
      error.details.reason ?? error.code,
  );

describe('a rewritten instance', () => {
  it.each([EXPLICIT, IMPLICIT])('has every frame, and every other element as it was: %s', async (to) => {
    const more = [{ tag: 0x00091001, value: { bytes: Uint8Array.of(1, 2, 3, 4), vr: 'UN' } }] as const;
    const before = image({ frames: '3', more }, grey(1), grey(2), grey(3));
    const { elements } = await rewritten(
      join([before, Uint8Array.of(0xfc, 0xff, 0xfc, 0xff, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 7, 7)]),
      RLE,
      to,
    );
    const pixels = elements.get(TAGS.PixelData);
    expect([...(pixels?.value ?? [])]).toEqual([1, 2, 3].flatMap((value) => Array<number>(8).fill(value)));
    expect([pixels?.vr, pixels?.isUndefinedLength]).toEqual(['OB', false]);
    for (const { tag, value } of parseElements(imageHeader({ frames: '3', more }), 'explicit')) {
      expect([tag, elements.get(tag)?.value]).toEqual([tag, value]);
    }
    expect([...(elements.get(0xfffcfffc)?.value ?? [])]).toEqual([7, 7]);
  });

  it('says in Contributing Equipment what was done, behind what stood there', async () => {
    const earlier = item(Uint8Array.of(8, 0, 0x70, 0, 0x4c, 0x4f, 2, 0, 0x41, 0x42));
    const more = [{ tag: TAGS.ContributingEquipmentSequence, value: { bytes: earlier, vr: 'SQ' } }] as const;
    const { elements } = await rewritten(image({ more }, grey(1)));
    const sequence = elements.get(TAGS.ContributingEquipmentSequence) as ParsedElement;
    const items = parseItems(sequence.value, 'explicit', sequence);
    expect(items).toHaveLength(2);
    expect([...(items[0]?.itemBytes ?? [])]).toEqual([...earlier]);
    const said = latin1Text(items[1]?.content ?? new Uint8Array(0));
    expect(said).toContain(
      'Pixel data decoded without loss from transfer syntax 1.2.840.10008.1.2.5 to 1.2.840.10008.1.2.1',
    );
    for (const text of ['109103', 'be-south', '20260314100000']) expect(said).toContain(text);
  });

  it('makes an odd number of bytes even, once for all frames', async () => {
    const frames = [Uint8Array.of(1, 2, 3, 0), Uint8Array.of(4, 5, 6, 0), Uint8Array.of(7, 8, 9, 0)];
    const header = imageHeader({ columns: 3, frames: '3', rows: 1 });
    const three: PixelDecoder = { decodeFrame: async ({ bytes }) => bytes.subarray(0, 3) };
    const plan = await rewriteInstance(bytesSource(join([header, encapsulated(frames)])), NATIVE, {
      decoder: three,
      rewriter,
      to: EXPLICIT,
    });
    const bytes = await collect(plan.dataSet());
    expect([...bytes.subarray(-10)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
    expect(bytes.length).toBe(plan.lengthBytes);
  });

  it('is planned with three looks at each fragment: where pixels end, where frames lie, and whether others hide', async () => {
    const long = join([grey(1), new Uint8Array(100_000)]);
    const bytes = image({ frames: '4' }, long, long, long, long);
    const source = bytesSource(bytes);
    let reads = 0;
    const counting = {
      ...source,
      read: (from: number, length: number) => {
        if (from > 100_000) reads++;
        return source.read(from, length);
      },
    };
    await rewriteInstance(counting, RLE, {
      decoder: { decodeFrame: () => Promise.reject(new Error()) },
      rewriter,
      to: EXPLICIT,
    });
    expect(reads).toBeLessThanOrEqual(3 * 4);
  });

  it('calls words OW', async () => {
    const { elements } = await rewritten(image({ bitsAllocated: 16 }, rleOf([249, 1], [249, 2])));
    expect(elements.get(TAGS.PixelData)?.vr).toBe('OW');
  });

  it('says what Planar Configuration was meant where it was left out, and leaves it where it was not', async () => {
    const colour = rleOf([249, 1], [249, 2], [249, 3]);
    const left = await rewritten(image({ photometric: 'RGB', samplesPerPixel: 3 }, colour));
    expect([...(left.elements.get(0x00280006)?.value ?? [])]).toEqual([0, 0]);
    const planar = await rewritten(image({ photometric: 'YBR_FULL', planar: 1, samplesPerPixel: 3 }, colour));
    expect([...(planar.elements.get(0x00280006)?.value ?? [])]).toEqual([1, 0]);
    expect(planar.text(0x00280004)).toBe('YBR_FULL');
    expect((await rewritten(image({}, grey(1)))).elements.has(0x00280006)).toBe(false);
  });

  it('has no tables of places that are no more', async () => {
    const tables = [0x7fe00001, 0x7fe00002, 0x7fe00003].map(
      (tag) => ({ tag, value: { bytes: new Uint8Array(8), vr: 'OV' } }) as const,
    );
    const { elements } = await rewritten(image({ more: tables }, grey(1)));
    expect([...elements.keys()].filter((tag) => tag > 0x7fe00000)).toEqual([TAGS.PixelData]);
  });

  it('may have no pixels at all', async () => {
    const report = imageHeader();
    const { elements } = await rewritten(report, RLE, IMPLICIT);
    expect(elements.has(TAGS.PixelData)).toBe(false);
    expect([...elements.keys()]).toEqual(
      [...parseElements(report, 'explicit').map(({ tag }) => tag), TAGS.ContributingEquipmentSequence].toSorted(
        (one, other) => one - other,
      ),
    );
  });

  it('takes a plain one into the other VR form with its pixels', async () => {
    const pixels = Uint8Array.of(0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    const there = await rewritten(join([imageHeader(), pixels]), EXPLICIT, IMPLICIT);
    expect([...(there.elements.get(TAGS.PixelData)?.value ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const back = await rewritten(there.bytes, IMPLICIT, EXPLICIT);
    expect(back.elements.get(TAGS.PixelData)).toMatchObject({ value: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), vr: 'OW' });
    expect(latin1Text(back.bytes)).toContain('Encoding of elements changed from transfer syntax 1.2.840.10008.1.2 to');
  });

  it('is decoded frame by frame, one ahead of what is read', async () => {
    let begun = 0;
    const counting: PixelDecoder = {
      decodeFrame: async (frame) => {
        begun++;
        return decoder.decodeFrame(frame);
      },
    };
    const frames = Array.from({ length: 50 }, (_, index) => grey(index));
    const plan = await rewriteInstance(bytesSource(image({ frames: '50' }, ...frames)), RLE, {
      decoder: counting,
      rewriter,
      to: EXPLICIT,
    });
    expect(begun).toBe(0);
    for await (const piece of plan.dataSet()) if (piece.length === 8) break;
    expect(begun).toBeLessThanOrEqual(2);
  });

  it('ends when its reader is told to stop', async () => {
    const plan = await rewriteInstance(bytesSource(image({}, grey(1))), RLE, { decoder, rewriter, to: EXPLICIT });
    const reason = new Error('stop');
    await expect(collect(plan.dataSet({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  });
});

describe('an instance that cannot be rewritten', () => {
  const one = (attributes: ImageAttributes) =>
    rewriteInstance(bytesSource(image(attributes, grey(1))), RLE, { decoder, rewriter, to: EXPLICIT });

  it.each<[string, ImageAttributes, string]>([
    ['no rows', { rows: 0 }, 'attribute'],
    ['two samples', { samplesPerPixel: 2 }, 'attribute'],
    ['12 bits allocated', { bitsAllocated: 12 }, 'attribute'],
    ['more bits stored than allocated', { bitsStored: 9 }, 'attribute'],
    ['a number of frames that is none', { frames: '-3' }, 'attribute'],
    ['no frame', { frames: '0' }, 'attribute'],
    ['too many frames', { frames: '1000001' }, 'frames'],
    ['frames that are too large', { columns: 20_000, rows: 20_000 }, 'frame-bytes'],
    ['4 GiB of pixels', { columns: 10_000, frames: '100', rows: 10_000 }, 'pixel-data-bytes'],
    ['subsampled chrominance', { photometric: 'YBR_FULL_422', samplesPerPixel: 3 }, 'photometric'],
    ['the colours of another coding', { photometric: 'YBR_RCT', samplesPerPixel: 3 }, 'photometric'],
    ['fewer fragments than frames', { frames: '2' }, 'frame-count'],
  ])('is refused at once with %s', async (_, attributes, reason) => {
    expect(await codeOf(one(attributes))).toBe(reason);
  });

  it('is refused when it is not encapsulated though its syntax says so, or the other way round', async () => {
    const native = join([imageHeader(), Uint8Array.of(0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 1, 2)]);
    const options = { decoder, rewriter, to: IMPLICIT };
    expect(await codeOf(rewriteInstance(bytesSource(native), RLE, options))).toBe('encapsulation');
    expect(await codeOf(rewriteInstance(bytesSource(image({}, grey(1))), EXPLICIT, options))).toBe('encapsulation');
  });

  it.each([EXPLICIT, IMPLICIT])('is refused when an icon in it is compressed too: %s', async (to) => {
    const icon = item(encapsulated([grey(1)]));
    const more = [{ tag: 0x00880200, value: { bytes: icon, vr: 'SQ' } }] as const;
    const work = rewriteInstance(bytesSource(image({ more }, grey(1))), RLE, { decoder, rewriter, to });
    expect(await codeOf(work)).toBe('nested');
  });

  it('ends in the middle when a frame is damaged, or comes in another size', async () => {
    const plan = await rewriteInstance(bytesSource(image({ frames: '2' }, grey(1), rleOf([3, 1]))), RLE, {
      decoder,
      rewriter,
      to: EXPLICIT,
    });
    expect(await codeOf(collect(plan.dataSet()))).toBe('rle-short');
    const lying: PixelDecoder = { decodeFrame: async () => new Uint8Array(7) };
    const other = await rewriteInstance(bytesSource(image({}, grey(1))), RLE, {
      decoder: lying,
      rewriter,
      to: EXPLICIT,
    });
    expect(await codeOf(collect(other.dataSet()))).toBe('size');
  });

  it('leaves no failure unheard when nobody reads on', async () => {
    const plan = await rewriteInstance(bytesSource(image({ frames: '2' }, grey(1), rleOf([3, 1]))), RLE, {
      decoder,
      rewriter,
      to: EXPLICIT,
    });
    for await (const piece of plan.dataSet()) if (piece.length === 8) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('is told apart from a source that ends early', async () => {
    const dataSet = image({}, grey(1));
    const short: ByteSource = {
      lengthBytes: dataSet.length,
      read: async (offset, length) => dataSet.subarray(offset, Math.min(offset + length, dataSet.length - 30)),
    };
    expect(await codeOf(rewriteInstance(short, RLE, { decoder, rewriter, to: EXPLICIT }))).toBe('DICOM_TRUNCATED');
  });
});
