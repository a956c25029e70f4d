import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpusFile, corpusFiles, dataSetOf } from '../../test/corpus-files.ts';
import { randomElements, writeElements } from '../../test/random-data-sets.ts';
import { chunksOfSizes } from '../../test/streams.ts';
import { tinyForm, tinyWalk } from '../../test/tiny-walker.ts';
import { bytesSource, type ByteSource } from './byte-source.ts';
import { concatBytes } from './bytes.ts';
import { encodeElement, encodeElementHeader, type VrForm } from './encode.ts';
import { createHeaderScanner } from './header-scanner.ts';
import { DICOM_LIMITS } from './limits.ts';
import { parseElements } from './parse.ts';
import { TAGS, type Tag } from './tag.ts';
import { vrFormOf } from './transfer-syntax.ts';
import { UNDEFINED_LENGTH } from './vr.ts';
import { visitElements, walkElements, type ElementSpan, type WalkOptions } from './walk.ts';

async function walk(bytes: Uint8Array, form: VrForm, options: WalkOptions = {}): Promise<ElementSpan[]> {
  const spans: ElementSpan[] = [];
  for await (const span of walkElements(bytesSource(bytes), form, options)) spans.push(span);
  return spans;
}

/** A source that counts what is read from it. */
function counting(bytes: Uint8Array): ByteSource & { readonly read: ByteSource['read']; bytesRead(): number } {
  let bytesRead = 0;
  return {
    ...bytesSource(bytes),
    read(offset, length) {
      bytesRead += Math.min(length, Math.max(0, bytes.length - offset));
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
    bytesRead: () => bytesRead,
  };
}

const item = (length: number): Uint8Array => encodeElementHeader('implicit', TAGS.Item, 'UN', length);
const sequence = (tag: Tag, length: number): Uint8Array => encodeElementHeader('explicit', tag, 'SQ', length);
const FIRST = encodeElement('explicit', 0x00080005, 'CS', Uint8Array.of(0x49, 0x53));

describe('walkElements', () => {
  it('finds the elements that another walker finds, in every corpus file it walks to the end', async () => {
    let walked = 0;
    for (const file of corpusFiles()) {
      let spans: ElementSpan[];
      let parts: Awaited<ReturnType<typeof dataSetOf>>;
      try {
        parts = await dataSetOf(file);
        spans = await walk(parts.dataSet, vrFormOf(parts.transferSyntaxUid));
      } catch (error) {
        expect(error, file.name).toHaveProperty('code', expect.stringMatching(/^DICOM_/));
        continue;
      }
      walked++;
      const expected = tinyWalk(parts.dataSet, tinyForm(parts.transferSyntaxUid)).map(
        ({ tag, from, valueFrom, to }) => [tag, from, valueFrom, to],
      );
      expect(
        spans.map((span) => [span.tag, span.headerOffset, span.valueOffset, span.endOffset]),
        file.name,
      ).toEqual(expected);
    }
    expect(walked).toBeGreaterThan(40);
  });

  it('agrees with the other walker, the scanner and the parser on random nested data sets', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<VrForm>('explicit', 'explicit-big-endian', 'implicit'),
        randomElements,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        async (form, elements, sizes) => {
          const bytes = writeElements(form, elements);
          const spans = await walk(bytes, form);
          expect(spans.map((span) => span.tag)).toEqual(elements.map((element) => element.tag));
          expect(spans.map((span) => span.endOffset)).toEqual(
            tinyWalk(bytes, form === 'explicit-big-endian' ? 'big' : form === 'explicit').map((one) => one.to),
          );
          const parsed = parseElements(bytes, form);
          expect(parsed.map(({ value }) => value.length)).toEqual(
            spans.map((span) => span.endOffset - span.valueOffset),
          );
          const scanner = createHeaderScanner({ form, wanted: new Set(elements.map((element) => element.tag)) });
          for await (const chunk of chunksOfSizes(bytes, sizes)) scanner.push(chunk);
          scanner.end();
          expect([...scanner.values].map(([tag, value]) => [tag, [...value.bytes]])).toEqual(
            parsed.map((one) => [one.tag, [...one.value]]),
          );
        },
      ),
    );
  });

  it('reads a few kilobytes of a data set of 50 MB', async () => {
    const pixels = 50_000_000;
    const bytes = concatBytes([
      FIRST,
      encodeElementHeader('explicit', TAGS.PixelData, 'OW', pixels),
      new Uint8Array(pixels),
      encodeElement('explicit', 0xfffcfffc, 'OB', new Uint8Array(4)),
    ]);
    const source = counting(bytes);
    const tags: Tag[] = [];
    for await (const span of walkElements(source, 'explicit')) tags.push(span.tag);
    expect(tags).toEqual([0x00080005, TAGS.PixelData, 0xfffcfffc]);
    expect(source.bytesRead()).toBeLessThan(100_000);
  });

  it('ends before the first tag above the one asked for', async () => {
    const bytes = concatBytes([
      FIRST,
      encodeElement('explicit', TAGS.PatientID, 'LO', FIRST),
      encodeElement('explicit', TAGS.StudyID, 'SH', FIRST),
    ]);
    expect((await walk(bytes, 'explicit', { stopAfter: TAGS.PatientID })).map((span) => span.tag)).toEqual([
      0x00080005,
      TAGS.PatientID,
    ]);
  });

  it('finds every way of cutting off the last element, and nothing but that', async () => {
    const last = encodeElement('explicit', TAGS.PatientComments, 'LT', new Uint8Array(20).fill(0x41));
    const bytes = concatBytes([FIRST, last]);
    for (let length = FIRST.length + 1; length < bytes.length; length++) {
      await expect(walk(bytes.subarray(0, length), 'explicit'), `${length}`).rejects.toHaveProperty(
        'code',
        'DICOM_TRUNCATED',
      );
    }
    expect(await walk(bytes, 'explicit')).toHaveLength(2);
    expect(await walk(FIRST, 'explicit')).toHaveLength(1);
  });

  it('takes zero bytes at the end for padding up to a limit, and no other bytes', async () => {
    for (const count of [1, 7, 8, 512, DICOM_LIMITS.paddingBytes]) {
      expect(await walk(concatBytes([FIRST, new Uint8Array(count)]), 'explicit'), `${count}`).toHaveLength(1);
    }
    const dirty = concatBytes([FIRST, new Uint8Array(100), Uint8Array.of(1)]);
    await expect(walk(dirty, 'explicit')).rejects.toHaveProperty(
      'code',
      expect.stringMatching(/^DICOM_(MALFORMED|TRUNCATED)$/),
    );
    const long = concatBytes([FIRST, new Uint8Array(DICOM_LIMITS.paddingBytes + 1)]);
    await expect(walk(long, 'explicit')).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
  });

  it('goes 64 sequences deep and refuses the 65th, in undefined lengths', async () => {
    const nested = (depth: number): Uint8Array => {
      const open = Array.from({ length: depth }, () =>
        concatBytes([sequence(0x00081140, UNDEFINED_LENGTH), item(UNDEFINED_LENGTH)]),
      );
      const close = Array.from({ length: depth }, () =>
        concatBytes([
          encodeElementHeader('implicit', TAGS.ItemDelimitationItem, 'UN', 0),
          encodeElementHeader('implicit', TAGS.SequenceDelimitationItem, 'UN', 0),
        ]),
      );
      return concatBytes([FIRST, ...open, ...close]);
    };
    expect(await walk(nested(DICOM_LIMITS.depth), 'explicit')).toHaveLength(2);
    await expect(walk(nested(DICOM_LIMITS.depth + 1), 'explicit')).rejects.toHaveProperty('code', 'DICOM_LIMIT');
    await expect(walk(nested(3000), 'explicit')).rejects.toHaveProperty('code', 'DICOM_LIMIT');
  });

  it('counts nested elements and refuses more than the limit', async () => {
    const element = encodeElement('explicit', 0x00091001, 'UN', new Uint8Array(0));
    const many = (count: number): Uint8Array => {
      const body = new Uint8Array(element.length * count);
      for (let index = 0; index < count; index++) body.set(element, index * element.length);
      const end = [TAGS.ItemDelimitationItem, TAGS.SequenceDelimitationItem].map((tag) =>
        encodeElementHeader('implicit', tag, 'UN', 0),
      );
      return concatBytes([sequence(0x00081140, UNDEFINED_LENGTH), item(UNDEFINED_LENGTH), body, ...end]);
    };
    // The sequence and its item count too.
    expect(await walk(many(DICOM_LIMITS.elements - 2), 'explicit')).toHaveLength(1);
    await expect(walk(many(DICOM_LIMITS.elements - 1), 'explicit')).rejects.toHaveProperty('code', 'DICOM_LIMIT');
  });

  it.each([
    ['an unknown VR', concatBytes([FIRST, Uint8Array.of(0x10, 0, 0x10, 0, 0x5a, 0x5a, 2, 0, 0x41, 0x41)])],
    [
      'a delimitation item at the top level',
      concatBytes([FIRST, encodeElementHeader('implicit', TAGS.ItemDelimitationItem, 'UN', 0)]),
    ],
    ['an item at the top level', concatBytes([FIRST, item(0)])],
    ['an element where an item belongs', concatBytes([sequence(0x00081140, UNDEFINED_LENGTH), FIRST])],
    [
      'an undefined length of a VR that has none',
      concatBytes([encodeElementHeader('explicit', 0x00081030, 'UT', UNDEFINED_LENGTH), item(0)]),
    ],
    [
      'a fragment of undefined length',
      concatBytes([encodeElementHeader('explicit', TAGS.PixelData, 'OB', UNDEFINED_LENGTH), item(UNDEFINED_LENGTH)]),
    ],
    [
      'the end of an item where a sequence ends',
      concatBytes([
        sequence(0x00081140, UNDEFINED_LENGTH),
        encodeElementHeader('implicit', TAGS.ItemDelimitationItem, 'UN', 0),
      ]),
    ],
    [
      'a delimitation item with a length',
      concatBytes([
        sequence(0x00081140, UNDEFINED_LENGTH),
        encodeElementHeader('implicit', TAGS.SequenceDelimitationItem, 'UN', 2),
        new Uint8Array(2),
      ]),
    ],
    ['meta information in the data set', encodeElement('explicit', 0x00020010, 'UI', FIRST)],
  ])('refuses %s', async (_what, bytes) => {
    await expect(walk(bytes, 'explicit')).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
  });

  it('refuses explicit VR that is called implicit, before it takes letters for a length', async () => {
    await expect(walk(FIRST, 'implicit')).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
    const implicit = encodeElement('implicit', 0x00080005, 'CS', Uint8Array.of(0x49, 0x53));
    await expect(walk(implicit, 'explicit')).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
  });

  it('answers a length of 4 GiB at once', async () => {
    for (const length of [0xfffffffe, 0x7fffffff]) {
      const bomb = concatBytes([
        FIRST,
        encodeElementHeader('explicit', TAGS.PatientComments, 'UT', length),
        new Uint8Array(100),
      ]);
      const source = counting(bomb);
      await expect(
        (async () => {
          for await (const span of walkElements(source, 'explicit')) void span;
        })(),
      ).rejects.toHaveProperty('code', 'DICOM_TRUNCATED');
      expect(source.bytesRead()).toBeLessThan(1000);
    }
  });

  it('reads UN of undefined length as implicit VR (PS3.5 6.2.2)', async () => {
    const { dataSet, transferSyntaxUid } = await dataSetOf(corpusFile('pydicom/UN_sequence.dcm'));
    const spans = await walk(dataSet, vrFormOf(transferSyntaxUid));
    expect(spans.at(-1)?.endOffset).toBe(dataSet.length);
    const inner = encodeElement('implicit', 0x00091001, 'LO', Uint8Array.of(0x41, 0x42));
    const un = concatBytes([
      encodeElementHeader('explicit', 0x00091050, 'UN', UNDEFINED_LENGTH),
      item(inner.length),
      inner,
      encodeElementHeader('implicit', TAGS.SequenceDelimitationItem, 'UN', 0),
    ]);
    expect((await walk(concatBytes([FIRST, un, FIRST]), 'explicit')).map((span) => span.tag)).toEqual([
      0x00080005, 0x00091050, 0x00080005,
    ]);
  });

  it('lets nothing nested reach past what surrounds it, when it goes into defined lengths', async () => {
    const visit = async (bytes: Uint8Array) => {
      for await (const seen of visitElements(bytesSource(bytes), 'explicit', { descend: true })) void seen;
    };
    const inner = encodeElement('explicit', 0x00081150, 'UI', new Uint8Array(6));
    const tail = encodeElement('explicit', TAGS.StudyID, 'SH', new Uint8Array(20));
    const end = encodeElementHeader('implicit', TAGS.SequenceDelimitationItem, 'UN', 0);
    await visit(concatBytes([sequence(0x00081140, item(0).length + inner.length), item(inner.length), inner, tail]));
    for (const wrong of [
      // An element longer than its item, an item longer than its sequence.
      concatBytes([sequence(0x00081140, 8 + 10), item(10), inner, tail]),
      concatBytes([sequence(0x00081140, 8 + 10), item(inner.length), inner, tail]),
      // A delimitation item of an inner sequence that straddles the end of the outer item.
      concatBytes([sequence(0x00081140, 8 + 12 + 4), item(12 + 4), sequence(0x00081199, UNDEFINED_LENGTH), end, tail]),
    ]) {
      await expect(visit(wrong)).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
    }
  });

  it('stops reading when its signal aborts', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await expect(walk(FIRST, 'explicit', { signal: controller.signal })).rejects.toThrow('enough');
  });
});
