import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../test/node-crypto.ts';
import { generateStudy, type SampleStudyOptions } from '../conformance/sample-studies.ts';
import { concatBytes, latin1Bytes } from '../dicom/bytes.ts';
import { encodeElements, type NewElement } from '../dicom/element.ts';
import { encodeElement, encodeElementHeader, type VrForm } from '../dicom/encode.ts';
import { ASCII_CHARACTER_SET } from '../dicom/character-set.ts';
import { TRANSFER_SYNTAXES } from '../dicom/index.ts';
import { UNDEFINED_LENGTH, type Vr } from '../dicom/vr.ts';
import { createContentDigester, holdsContent, type ContentDigests } from './content-digest.ts';

const { ExplicitVRLittleEndian: EXPLICIT, ImplicitVRLittleEndian: IMPLICIT } = TRANSFER_SYNTAXES;

function digestsOf(bytes: Uint8Array, { chunkBytes = bytes.length, syntax = EXPLICIT } = {}): ContentDigests {
  const digester = createContentDigester(syntax, nodeCrypto);
  for (let at = 0; at < bytes.length; at += chunkBytes) digester.push(bytes.subarray(at, at + chunkBytes));
  return digester.end();
}

function sample(options: SampleStudyOptions): Uint8Array {
  return generateStudy({ instances: 1, ...options }).instances[0]?.dataSet ?? new Uint8Array(0);
}

/** An element as it is given, also of odd length. */
const element = (tag: number, vr: Vr, ...bytes: readonly number[]) =>
  concatBytes([encodeElementHeader('explicit', tag, vr, bytes.length), Uint8Array.from(bytes)]);

/** An item of defined length in a sequence of defined length. */
function sequence(form: VrForm, tag: number, item: Uint8Array, vr: Vr = 'SQ'): Uint8Array {
  const header = concatBytes([Uint8Array.of(0xfe, 0xff, 0x00, 0xe0), uint32(item.length)]);
  return concatBytes([encodeElementHeader(form, tag, vr, 8 + item.length), header, item]);
}

const same = (one: ContentDigests, other: ContentDigests) => holdsContent(one, other) && holdsContent(other, one);

describe('the content of an object without pixels', () => {
  it.each(['SR', 'PDF'] as const)('of a %s is found however the stream is chunked', (kind) => {
    const bytes = sample({ kind });
    const whole = digestsOf(bytes);
    expect(whole.whole.size).toBeGreaterThan(3);
    for (const chunkBytes of [1, 3, 7, 64, 65]) expect(digestsOf(bytes, { chunkBytes })).toEqual(whole);
  });

  it('is the same under another patient, and in another VR form', () => {
    const [one, other] = [sample({ kind: 'SR' }), sample({ kind: 'SR', patient: { patientId: { id: 'OTHER' } } })];
    expect(Buffer.compare(one, other)).not.toBe(0);
    expect(same(digestsOf(one), digestsOf(other))).toBe(true);
    expect(same(digestsOf(one), digestsOf(sample({ kind: 'SR', vrForm: 'implicit' }), { syntax: IMPLICIT }))).toBe(
      true,
    );
  });

  it('counts pixels where they were deflated, which have no blocks to be compared by', () => {
    const bytes = sample({ kind: 'CT' });
    const altered = bytes.slice();
    altered[altered.length - 1] = 0x55;
    const syntax = TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
    expect(holdsContent(digestsOf(bytes, { syntax }), digestsOf(bytes, { syntax }))).toBe(true);
    expect(holdsContent(digestsOf(altered, { syntax }), digestsOf(bytes, { syntax }))).toBe(false);
    // One that is not deflated shows no pixels here, and so does not hold those that were.
    expect(holdsContent(digestsOf(bytes), digestsOf(bytes, { syntax }))).toBe(false);
  });

  it.each(['SR', 'PDF'] as const)('of a %s differs when one letter of it does', (kind) => {
    const bytes = sample({ kind });
    const altered = bytes.slice();
    const at = Buffer.from(bytes).indexOf(kind === 'SR' ? 'abnormality' : '/Catalog');
    altered[at] = (altered[at] ?? 0) ^ 1;
    expect(holdsContent(digestsOf(altered), digestsOf(bytes))).toBe(false);
  });

  it('is missing where an element was left out, and held where one was added', () => {
    const text = (tag: number, value: string): NewElement => ({ tag, value: { vr: 'LO', text: value } });
    const encoded = (...elements: NewElement[]) => digestsOf(encodeElements('explicit', elements, ASCII_CHARACTER_SET));
    const [small, large] = [
      encoded(text(0x00420012, 'a')),
      encoded(text(0x00420012, 'a'), text(0x00700080, 'b'), text(0x00710010, 'PRIVATE')),
    ];
    expect([holdsContent(large, small), holdsContent(small, large)]).toEqual([true, false]);
  });

  it('does not depend on how lengths and padding are written', () => {
    const item = encodeElement('explicit', 0x0040a160, 'UT', latin1Bytes('Finding   '));
    const itemHeader = (length: number) => concatBytes([Uint8Array.of(0xfe, 0xff, 0x00, 0xe0), uint32(length)]);
    const end = (tag: number) => concatBytes([Uint8Array.of(0xfe, 0xff, tag, 0xe0), uint32(0)]);
    const defined = concatBytes([
      encodeElementHeader('explicit', 0x0040a730, 'SQ', 8 + item.length),
      itemHeader(item.length),
      item,
    ]);
    const shorter = encodeElement('explicit', 0x0040a160, 'UT', latin1Bytes('Finding'));
    const open = concatBytes([
      encodeElement('explicit', 0x00400000, 'UL', uint32(99)),
      encodeElementHeader('explicit', 0x0040a730, 'SQ', UNDEFINED_LENGTH),
      itemHeader(UNDEFINED_LENGTH),
      encodeElement('explicit', 0x00400000, 'UL', uint32(9)),
      shorter,
      end(0x0d),
      end(0xdd),
    ]);
    expect(same(digestsOf(defined), digestsOf(open))).toBe(true);
    const empty = encodeElement('explicit', 0x0040a730, 'SQ', new Uint8Array(0));
    expect(same(digestsOf(defined), digestsOf(empty))).toBe(false);
  });

  it('counts what cannot be walked as one value', () => {
    const broken = concatBytes([sample({ kind: 'SR' }), latin1Bytes('no element at all')]);
    const other = broken.slice();
    other[other.length - 1] = 0x21;
    const whole = digestsOf(broken);
    expect(digestsOf(broken, { chunkBytes: 5 })).toEqual(whole);
    expect(holdsContent(digestsOf(other), whole)).toBe(false);
  });

  it.each([
    ['what real values stand for', 0x00409096, 0x00409224],
    ['what a protocol prescribes', 0x00189912, 0x00189942],
  ])('is %s, though its group holds the procedure too', (_, tag, inner) => {
    const of = (value: number) =>
      digestsOf(sequence('explicit', tag, element(inner, 'FD', 0, 0, 0, 0, 0, 0, 0, value)));
    expect(holdsContent(of(1), of(1))).toBe(true);
    expect(holdsContent(of(2), of(1))).toBe(false);
  });

  it('is not the procedure step', () => {
    const of = (text: number) => digestsOf(element(0x00400254, 'LO', text, 0x20));
    expect(of(0x41).whole.size).toBe(0);
  });

  it('is never held where nothing can be compared', () => {
    const nothing = digestsOf(element(0x00080060, 'CS', 0x52, 0x57));
    expect(holdsContent(nothing, nothing)).toBe(false);
  });

  it.each<[string, Vr, number[], number[]]>([
    ['a number', 'US', [32, 0], [0, 0]],
    ['a number beside zero', 'SS', [0, 0], []],
    ['words', 'OW', [1, 0, 0, 0], [1, 0]],
    ['words that end in a blank', 'OW', [1, 0x20], [1, 0]],
    ['bytes that end in zeros', 'OB', [1, 0, 0, 0], [1, 0]],
    ['bytes that end in a blank', 'UN', [1, 0x20], [1, 0]],
  ])('differs in the last bytes of %s', (_, vr, one, other) => {
    const of = (bytes: readonly number[]) => digestsOf(element(0x00711001, vr, ...bytes));
    expect(holdsContent(of(one), of(other))).toBe(false);
  });

  it.each<[string, Vr, number[], Vr, number[]]>([
    ['bytes', 'OB', [1, 2, 3, 0], 'OB', [1, 2, 3]],
    ['bytes that somebody calls words', 'OW', [1, 2, 3, 0], 'OB', [1, 2, 3, 0]],
    ['a UID', 'UI', [0x31, 0], 'UI', [0x31]],
    ['a text that somebody calls unknown', 'UN', [0x41, 0x20], 'ST', [0x41]],
  ])('does not depend on the padding of %s', (_, vr, padded, otherVr, bare) => {
    const of = (as: Vr, bytes: readonly number[]) => digestsOf(element(0x00420010, as, ...bytes));
    expect(same(of(vr, padded), of(otherVr, bare))).toBe(true);
  });

  it('leaves private elements out between two VR forms, and nowhere else', () => {
    const both = (form: VrForm, value: number) => {
      const text = encodeElement(form, 0x0040a160, 'UT', latin1Bytes('Finding'));
      const inPrivate = encodeElement(form, 0x00091001, 'US', Uint8Array.of(value, 0));
      const item = concatBytes([sequence(form, 0x00091010, inPrivate), text]);
      const bytes = concatBytes([sequence(form, 0x0040a730, item), sequence(form, 0x00711010, inPrivate)]);
      return digestsOf(bytes, { syntax: form === 'explicit' ? EXPLICIT : IMPLICIT });
    };
    expect(same(both('explicit', 1), both('implicit', 1))).toBe(true);
    expect([
      holdsContent(both('explicit', 1), both('explicit', 2)),
      holdsContent(both('implicit', 1), both('implicit', 2)),
    ]).toEqual([false, false]);
  });

  it('still counts what follows a private sequence between two VR forms', () => {
    const of = (form: VrForm, text: string) => {
      const inPrivate = encodeElement(form, 0x00091001, 'US', Uint8Array.of(1, 0));
      const item = concatBytes([
        sequence(form, 0x00091010, inPrivate),
        encodeElement(form, 0x0040a160, 'UT', latin1Bytes(text)),
      ]);
      return digestsOf(sequence(form, 0x0040a730, item), { syntax: form === 'explicit' ? EXPLICIT : IMPLICIT });
    };
    expect(holdsContent(of('explicit', 'Finding'), of('implicit', 'Nothing'))).toBe(false);
  });

  it('leaves out pixels and padding', () => {
    const bytes = concatBytes([sample({ kind: 'CT', pixels: 8 }), new Uint8Array(100)]);
    expect([...digestsOf(bytes).whole.keys()].filter((tag) => tag >= 0x7fe00000)).toEqual([]);
  });
});

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
