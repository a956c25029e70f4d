/**
 * The outside of a DICOM object: the Part 10 wrapping (PS3.10 7.1) and the multipart bodies of DICOMweb (PS3.18 8.6.1).
 * Written apart from the product's own, so that the demonstration does not check bytes with the code that moved them.
 */
import type { SampleInstance } from '@interhosp/core/conformance';

const PREAMBLE_BYTES = 128;
const META_START = PREAMBLE_BYTES + 4;

/** A data set as it came from a PACS, with its transfer syntax. */
export interface UnwrappedObject {
  readonly transferSyntaxUid: string;
  readonly dataSet: Uint8Array;
}

/** An instance as a Part 10 object: preamble, file meta information, data set. */
export function wrap(instance: SampleInstance): Uint8Array {
  const meta = Buffer.concat([
    metaElement(0x0001, 'OB', Buffer.from([0, 1])),
    metaElement(0x0002, 'UI', uidValue(instance.sopClassUid)),
    metaElement(0x0003, 'UI', uidValue(instance.sopInstanceUid)),
    metaElement(0x0010, 'UI', uidValue(instance.transferSyntaxUid)),
    metaElement(0x0012, 'UI', uidValue('2.25.63049182733028149105733618259410728395')),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  return Buffer.concat([preamble, Buffer.from('DICM'), metaElement(0x0000, 'UL', length), meta, instance.dataSet]);
}

/** Takes the wrapping off. @throws {Error} when this is no Part 10 object. */
export function unwrap(bytes: Uint8Array): UnwrappedObject {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.toString('latin1', PREAMBLE_BYTES, META_START) !== 'DICM') throw new Error('not a Part 10 object');
  let at = META_START;
  let transferSyntaxUid = '';
  // Group 0002 is always explicit VR little endian, whatever follows.
  while (at + 8 <= buffer.length && buffer.readUInt16LE(at) === 0x0002) {
    const long = ['OB', 'UN'].includes(buffer.toString('latin1', at + 4, at + 6));
    const start = at + (long ? 12 : 8);
    const end = start + (long ? buffer.readUInt32LE(at + 8) : buffer.readUInt16LE(at + 6));
    if (buffer.readUInt16LE(at + 2) === 0x0010) transferSyntaxUid = trimmed(buffer.subarray(start, end));
    at = end;
  }
  return { transferSyntaxUid, dataSet: bytes.subarray(at) };
}

/** A body of several Part 10 objects, and its media type. */
export function multipart(parts: readonly Uint8Array[]): { readonly body: Uint8Array; readonly type: string } {
  const boundary = `demo-${crypto.randomUUID()}`;
  const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
  const pieces = parts.flatMap((part) => [Buffer.from(head), part, Buffer.from('\r\n')]);
  const body = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
  return { body, type: `multipart/related; type="application/dicom"; boundary=${boundary}` };
}

/** The parts of a body. @throws {Error} without a boundary, or when the closing delimiter is missing. */
export function partsOf(body: Uint8Array, type: string): readonly Uint8Array[] {
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (boundary === undefined) throw new Error('an answer without a boundary');
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: Uint8Array[] = [];
  let at = buffer.indexOf(delimiter);
  while (at !== -1) {
    const afterDelimiter = at + delimiter.length;
    if (buffer.toString('latin1', afterDelimiter, afterDelimiter + 2) === '--') return parts;
    const start = buffer.indexOf('\r\n\r\n', afterDelimiter) + 4;
    const end = buffer.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), start);
    if (end === -1) break;
    parts.push(buffer.subarray(start, end));
    at = end + 2;
  }
  throw new Error('an answer that ends before its closing delimiter');
}

function metaElement(element: number, vr: string, value: Uint8Array): Uint8Array {
  const long = vr === 'OB';
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(0x0002, 0);
  head.writeUInt16LE(element, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(value.length, 8);
  else head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}

function uidValue(uid: string): Uint8Array {
  return Buffer.from(uid.length % 2 === 0 ? uid : `${uid}\0`, 'latin1');
}

function trimmed(value: Uint8Array): string {
  return Buffer.from(value)
    .toString('latin1')
    .replace(/[\0 ]+$/, '');
}
