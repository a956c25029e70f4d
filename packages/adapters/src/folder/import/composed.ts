/** An object as it will be read: runs of bytes that were made, and ranges of the file that were not touched. */
import { bytesSource, encodeElementHeader, type ByteSource, type Tag, type Uid, type Vr } from '@interhosp/core/dicom';
import { readInstance, type IndexedInstance } from '@interhosp/core/pacs';

import { characterSetFor, encoded, type Attributes } from './attributes.ts';
import { FRAGMENT_BYTES } from './limits.ts';

/** One run of a data set. */
export type DataSetPart =
  | { readonly bytes: Uint8Array }
  /** Bytes of the file, `to` not included. */
  | { readonly from: number; readonly to: number };

/** A data set in parts. */
export interface ComposedObject {
  readonly sopClassUid: Uid;
  readonly transferSyntaxUid: Uid;
  readonly parts: readonly DataSetPart[];
}

/** A range of the file. */
export interface Range {
  readonly from: number;
  readonly lengthBytes: number;
}

const PIXEL_DATA: Tag = 0x7fe00010;
const TOTAL_LENGTH: Tag = 0x7fe00003;
const ITEM: Tag = 0xfffee000;
const SEQUENCE_END: Tag = 0xfffee0dd;
const UNDEFINED_LENGTH = 0xffffffff;
const NOTHING = new Uint8Array(0);

/** A value of defined length somewhere among the attributes: a document. */
export function withValue(level: Attributes, tag: Tag, vr: Vr, range: Range): readonly DataSetPart[] {
  const set = characterSetFor(level);
  const elements = level.list();
  const before = elements.filter((element) => element.tag < tag);
  const after = elements.filter((element) => element.tag > tag);
  return [
    { bytes: encoded(before, set) },
    ...valueParts(tag, vr, range),
    { bytes: after.length === 0 ? NOTHING : encoded(after, set) },
  ].filter((part) => !('bytes' in part) || part.bytes.length > 0);
}

/** A value of defined length at the end of the one item of the last sequence: samples of a waveform. */
export function withItemValue(
  level: Attributes,
  sequence: Tag,
  item: Attributes,
  tag: Tag,
  vr: Vr,
  range: Range,
): readonly DataSetPart[] {
  const set = characterSetFor(level);
  const content = encoded(item.list(), set);
  const value = valueParts(tag, vr, range);
  const itemLength = content.length + value.reduce((sum, part) => sum + lengthOf(part), 0);
  return [
    { bytes: encoded(level.list(), set) },
    { bytes: encodeElementHeader('explicit', sequence, 'SQ', itemLength + ITEM_HEADER_BYTES) },
    { bytes: encodeElementHeader('implicit', ITEM, 'UN', itemLength) },
    { bytes: content },
    ...value,
  ];
}

const ITEM_HEADER_BYTES = 8;

/**
 * Encapsulated Pixel Data (PS3.5 A.4): an empty Basic Offset Table, the stream in one fragment or in several, the end. Of a
 * stream that was cut, Encapsulated Pixel Data Value Total Length (7FE0,0003) says how long it was (PS3.3 C.7.6.3); its VR is
 * one that older readers stumble over, so that a mere byte of padding, which no decoder minds, is not worth it.
 */
export function withPixels(level: Attributes, range: Range, isFragmented: boolean): readonly DataSetPart[] {
  const set = characterSetFor(level);
  if (isFragmented) level.bytes(TOTAL_LENGTH, 'UV', unsigned64(range.lengthBytes));
  const parts: DataSetPart[] = [
    { bytes: encoded(level.list(), set) },
    { bytes: encodeElementHeader('explicit', PIXEL_DATA, 'OB', UNDEFINED_LENGTH) },
    { bytes: encodeElementHeader('implicit', ITEM, 'UN', 0) },
  ];
  const most = isFragmented ? FRAGMENT_BYTES : range.lengthBytes;
  for (let at = 0; at < range.lengthBytes; at += most) {
    const length = Math.min(most, range.lengthBytes - at);
    parts.push({ bytes: encodeElementHeader('implicit', ITEM, 'UN', length + (length % 2)) });
    parts.push({ from: range.from + at, to: range.from + at + length });
    if (length % 2 === 1) parts.push({ bytes: Uint8Array.of(0) });
  }
  parts.push({ bytes: encodeElementHeader('implicit', SEQUENCE_END, 'UN', 0) });
  return parts;
}

/** Bytes of a data set. */
export function composedLength(parts: readonly DataSetPart[]): number {
  return parts.reduce((sum, part) => sum + lengthOf(part), 0);
}

/** The object as an index knows one: read back from the bytes that were made, so that the two cannot differ. */
export async function indexedObject({ parts, transferSyntaxUid }: ComposedObject): Promise<IndexedInstance> {
  return await readInstance(headSource(parts), transferSyntaxUid);
}

/** What comes before the first range of the file; the rest is there, and not asked for. */
function headSource(parts: readonly DataSetPart[]): ByteSource {
  const first = parts.findIndex((part) => !('bytes' in part));
  const head = parts
    .slice(0, first === -1 ? parts.length : first)
    .flatMap((part) => ('bytes' in part ? [part.bytes] : []));
  return { ...bytesSource(Buffer.concat(head)), lengthBytes: composedLength(parts) };
}

/** Header, range, and the byte that makes it even. */
function valueParts(tag: Tag, vr: Vr, { from, lengthBytes }: Range): readonly DataSetPart[] {
  const padding = lengthBytes % 2;
  return [
    { bytes: encodeElementHeader('explicit', tag, vr, lengthBytes + padding) },
    { from, to: from + lengthBytes },
    ...(padding === 0 ? [] : [{ bytes: Uint8Array.of(0) }]),
  ];
}

function lengthOf(part: DataSetPart): number {
  return 'bytes' in part ? part.bytes.length : part.to - part.from;
}

function unsigned64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
