/** DICOM files (PS3.10 chapter 7): preamble and file meta information around a data set that is not touched. */
import { DicomError } from '../errors/interhosp-error.ts';
import { concatBytes, latin1Bytes, latin1Text } from './bytes.ts';
import { encodeElement } from './encode.ts';
import { DICOM_LIMITS } from './limits.ts';
import type { Tag } from './tag.ts';
import { tryParseUid, type Uid } from './uid.ts';
import { DatasetWalker, LONG_HEADER_BYTES, malformed, readTag, SHORT_HEADER_BYTES } from './walker.ts';

/** Our Implementation Class UID (0002,0012): a UUID under 2.25 (PS3.5 B.2), the same in every release. */
export const IMPLEMENTATION_CLASS_UID = '2.25.264282062635456217785331706432424563595' as Uid;
/** Our Implementation Version Name (0002,0013), at most 16 characters. */
export const IMPLEMENTATION_VERSION_NAME = 'INTERHOSP';

/** A file taken apart. */
export interface Part10 {
  readonly transferSyntaxUid: Uid;
  readonly sopClassUid?: Uid;
  readonly sopInstanceUid?: Uid;
  /** The data set, byte for byte; may be iterated once. */
  readonly dataSet: AsyncIterable<Uint8Array>;
}

const PREAMBLE_BYTES = 128;
const PREFIX = latin1Bytes('DICM');

const META = {
  FileMetaInformationGroupLength: 0x00020000,
  FileMetaInformationVersion: 0x00020001,
  MediaStorageSOPClassUID: 0x00020002,
  MediaStorageSOPInstanceUID: 0x00020003,
  TransferSyntaxUID: 0x00020010,
  ImplementationClassUID: 0x00020012,
  ImplementationVersionName: 0x00020013,
} as const satisfies Record<string, Tag>;

/**
 * Reads preamble and file meta information, and hands the data set through.
 *
 * The meta information is walked element by element, since its group length is often missing or wrong. A file that begins
 * with group 0002, without preamble, is read; a bare data set is not: its transfer syntax could only be guessed.
 *
 * @throws {DicomError} `DICOM_NOT_PART10`; `DICOM_TRUNCATED` within the meta information; `DICOM_MALFORMED`, also without
 *   a Transfer Syntax UID; `DICOM_LIMIT` when the meta information exceeds `DICOM_LIMITS.metaBytes`.
 */
export async function readPart10(chunks: AsyncIterable<Uint8Array>): Promise<Part10> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    const reader = createPrefixReader(iterator);
    const start = await metaStart(reader);
    const { values, end } = await readMeta(reader, start);
    const transferSyntaxUid = uidOf(values, META.TransferSyntaxUID);
    if (transferSyntaxUid === undefined) throw malformed('no-transfer-syntax', META.TransferSyntaxUID, end);
    const sopClassUid = uidOf(values, META.MediaStorageSOPClassUID);
    const sopInstanceUid = uidOf(values, META.MediaStorageSOPInstanceUID);
    return {
      transferSyntaxUid,
      ...(sopClassUid !== undefined && { sopClassUid }),
      ...(sopInstanceUid !== undefined && { sopInstanceUid }),
      dataSet: rest(reader.bytes().subarray(end), iterator),
    };
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
}

/**
 * What stands before a data set in a file: a preamble of zeros (an executable may hide in a foreign one, CVE-2019-11687),
 * `DICM`, and meta information of our own (PS3.10 7.1).
 */
export function part10Header(instance: {
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly transferSyntaxUid: Uid;
}): Uint8Array {
  const ui = (tag: Tag, uid: string): Uint8Array => encodeElement('explicit', tag, 'UI', latin1Bytes(uid));
  const elements = concatBytes([
    encodeElement('explicit', META.FileMetaInformationVersion, 'OB', Uint8Array.of(0, 1)),
    ui(META.MediaStorageSOPClassUID, instance.sopClassUid),
    ui(META.MediaStorageSOPInstanceUID, instance.sopInstanceUid),
    ui(META.TransferSyntaxUID, instance.transferSyntaxUid),
    ui(META.ImplementationClassUID, IMPLEMENTATION_CLASS_UID),
    encodeElement('explicit', META.ImplementationVersionName, 'SH', latin1Bytes(IMPLEMENTATION_VERSION_NAME)),
  ]);
  const groupLength = new Uint8Array(4);
  new DataView(groupLength.buffer).setUint32(0, elements.length, true);
  const first = encodeElement('explicit', META.FileMetaInformationGroupLength, 'UL', groupLength);
  return concatBytes([new Uint8Array(PREAMBLE_BYTES), PREFIX, first, elements]);
}

interface PrefixReader {
  /** Reads on until `count` bytes are held or the stream ends; whether they are. */
  ensure(count: number): Promise<boolean>;
  bytes(): Uint8Array;
}

function createPrefixReader(iterator: AsyncIterator<Uint8Array>): PrefixReader {
  let held: Uint8Array = new Uint8Array(0);
  let isEnded = false;
  return {
    async ensure(count) {
      if (count > DICOM_LIMITS.metaBytes) {
        throw new DicomError('DICOM_LIMIT', { details: { bytes: count, limit: DICOM_LIMITS.metaBytes } });
      }
      const parts = held.length === 0 ? [] : [held];
      let length = held.length;
      while (length < count && !isEnded) {
        const next = await iterator.next();
        if (next.done === true) {
          isEnded = true;
        } else {
          parts.push(next.value);
          length += next.value.length;
        }
      }
      // Most often one piece holds all of it, and need not be copied.
      held = parts.length > 1 ? concatBytes(parts) : (parts[0] ?? held);
      return length >= count;
    },
    bytes: () => held,
  };
}

async function metaStart(reader: PrefixReader): Promise<number> {
  await reader.ensure(PREAMBLE_BYTES + PREFIX.length);
  const bytes = reader.bytes();
  if (PREFIX.every((byte, index) => bytes[PREAMBLE_BYTES + index] === byte)) return PREAMBLE_BYTES + PREFIX.length;
  // File meta information whose preamble was left out.
  if (bytes.length >= SHORT_HEADER_BYTES && isMetaElement(bytes, 0)) return 0;
  throw new DicomError('DICOM_NOT_PART10');
}

async function readMeta(
  reader: PrefixReader,
  start: number,
): Promise<{ readonly values: ReadonlyMap<Tag, Uint8Array>; readonly end: number }> {
  const values = new Map<Tag, Uint8Array>();
  const walker = new DatasetWalker('explicit', { offset: start });
  let declaredEnd = 0;
  for (;;) {
    const at = walker.position;
    const isThere = await reader.ensure(at + LONG_HEADER_BYTES);
    const bytes = reader.bytes();
    const left = bytes.length - at;
    if (!isThere && left < SHORT_HEADER_BYTES) {
      // What is shorter than a header is an empty data set's, unless the meta information itself is said to be longer.
      if (declaredEnd > bytes.length) throw metaTruncated(at);
      break;
    }
    if (!isMetaElement(bytes, at)) break;
    if (left < walker.headerBytes(bytes, at)) throw metaTruncated(at);
    const visit = walker.step(bytes, at);
    if (visit.lengthBytes === undefined) throw malformed('undefined-length', visit.tag, at);
    // Two sets of meta information may name two transfer syntaxes (seen in an archive's export).
    if (values.has(visit.tag)) throw malformed('duplicate', visit.tag, at);
    if (!(await reader.ensure(walker.position))) throw metaTruncated(at);
    const value = reader.bytes().subarray(visit.valueOffset, walker.position);
    values.set(visit.tag, value);
    if (visit.tag === META.FileMetaInformationGroupLength && value.length === 4) {
      declaredEnd = walker.position + new DataView(value.buffer, value.byteOffset, 4).getUint32(0, true);
    }
  }
  return { values, end: walker.position };
}

/** Group 0002 and a VR in capitals; meta information is always in explicit VR (PS3.10 7.1). */
function isMetaElement(bytes: Uint8Array, at: number): boolean {
  return readTag(bytes, at) >>> 16 === 2 && /^[A-Z]{2}$/.test(latin1Text(bytes.subarray(at + 4, at + 6)));
}

function metaTruncated(offset: number): DicomError {
  return new DicomError('DICOM_TRUNCATED', { details: { offset } });
}

function uidOf(values: ReadonlyMap<Tag, Uint8Array>, tag: Tag): Uid | undefined {
  const value = values.get(tag);
  return value === undefined ? undefined : tryParseUid(latin1Text(value));
}

/** By hand rather than as a generator: ended before its first chunk, it still ends what it reads from. */
function rest(first: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncIterableIterator<Uint8Array> {
  let held: Uint8Array | undefined = first.length > 0 ? first : undefined;
  const chunks: AsyncIterableIterator<Uint8Array> = {
    async next() {
      if (held === undefined) return iterator.next();
      const value = held;
      held = undefined;
      return { done: false, value };
    },
    async return() {
      held = undefined;
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => chunks,
  };
  return chunks;
}
