// Small images as data sets with encapsulated pixels, put together byte by byte.

import { characterSetOf } from '../src/dicom/character-set.ts';
import { encodeElements, type NewElement } from '../src/dicom/element.ts';
import { TAGS } from '../src/dicom/tag.ts';

/** Attributes of group 0028, by element number; the rest is an 8-bit monochrome image of 2 × 4. */
export interface ImageAttributes {
  readonly samplesPerPixel?: number;
  readonly photometric?: string;
  readonly planar?: number;
  readonly frames?: string;
  readonly rows?: number;
  readonly columns?: number;
  readonly bitsAllocated?: number;
  readonly bitsStored?: number;
  readonly highBit?: number;
  readonly isSigned?: boolean;
  readonly more?: readonly NewElement[];
}

/** The header of an image in Explicit VR Little Endian, up to Pixel Data. */
export function imageHeader(attributes: ImageAttributes = {}): Uint8Array {
  const {
    bitsAllocated = 8,
    columns = 4,
    frames,
    more = [],
    photometric = 'MONOCHROME2',
    planar,
    rows = 2,
  } = attributes;
  const { bitsStored = bitsAllocated, isSigned = false, samplesPerPixel = 1 } = attributes;
  const { highBit = bitsStored - 1 } = attributes;
  const us = (tag: number, number: number): NewElement => ({ tag, value: { numbers: [number], vr: 'US' } });
  const elements: readonly NewElement[] = [
    { tag: TAGS.SOPInstanceUID, value: { text: '1.2.3', vr: 'UI' } },
    { tag: TAGS.PatientName, value: { text: 'Test', vr: 'PN' } },
    us(0x00280002, samplesPerPixel),
    { tag: 0x00280004, value: { text: photometric, vr: 'CS' } },
    ...(planar === undefined ? [] : [us(0x00280006, planar)]),
    ...(frames === undefined ? [] : [{ tag: 0x00280008, value: { text: frames, vr: 'IS' } } as const]),
    us(0x00280010, rows),
    us(0x00280011, columns),
    us(0x00280100, bitsAllocated),
    us(0x00280101, bitsStored),
    us(0x00280102, highBit),
    us(0x00280103, isSigned ? 1 : 0),
    ...more,
  ];
  return encodeElements('explicit', elements, characterSetOf('ISO_IR 100')!);
}

/** An item. */
export function item(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(8 + bytes.length);
  whole.set([0xfe, 0xff, 0x00, 0xe0]);
  new DataView(whole.buffer).setUint32(4, bytes.length, true);
  whole.set(bytes, 8);
  return whole;
}

/** Pixel Data as fragments, after a Basic Offset Table. */
export function encapsulated(fragments: readonly Uint8Array[], table: readonly number[] = []): Uint8Array {
  const offsets = new Uint8Array(table.length * 4);
  table.forEach((offset, index) => new DataView(offsets.buffer).setUint32(4 * index, offset, true));
  return join([
    Uint8Array.of(0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff),
    item(offsets),
    ...fragments.map(item),
    Uint8Array.of(0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0),
  ]);
}

/** All parts in order. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** RLE (PS3.5 annex G) of segments that are given packed. */
export function rleOf(...segments: readonly (readonly number[])[]): Uint8Array {
  const padded = segments.map((segment) => (segment.length % 2 === 0 ? segment : [...segment, 0]));
  const header = new DataView(new ArrayBuffer(64));
  header.setUint32(0, padded.length, true);
  let offset = 64;
  padded.forEach((segment, index) => {
    header.setUint32(4 * (index + 1), offset, true);
    offset += segment.length;
  });
  return join([new Uint8Array(header.buffer), ...padded.map((segment) => Uint8Array.from(segment))]);
}
