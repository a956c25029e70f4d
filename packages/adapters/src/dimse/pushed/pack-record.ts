/**
 * How received objects lie in a pack: a page that says which pack it is, then record after record, each on a page boundary,
 * so that writing one never touches the pages of another. All numbers are little endian.
 *
 * A record begins with the 16 random bytes of its pack. Nobody who sends objects knows them, so that nothing within an
 * object can be taken for a record, wherever reading begins.
 */
import { crc32 } from 'node:zlib';

/** The unit that a disk writes. */
export const PAGE_BYTES = 4_096;
/** In front of each object. */
export const RECORD_HEADER_BYTES = 64;
/** Of the random bytes that name a pack. */
export const PACK_ID_BYTES = 16;

const PACK_MAGIC = 0x314b_5049;
const RECORD_MAGIC = 0x3152_5049;
const HEADER_SUM_AT = RECORD_HEADER_BYTES - 4;
const STATE = { open: 0, sealed: 1, held: 2, removed: 3 } as const;

/** What the first page of a pack says. */
export interface PackPage {
  readonly id: Uint8Array;
  /** Nothing was being written when it was closed: its records need no second look. */
  readonly isSealed: boolean;
}

/** What stands in front of an object. */
export interface RecordHeader {
  readonly isRemoved: boolean;
  /** Of the object's file. */
  readonly lengthBytes: number;
  /** CRC-32 of the object's file. */
  readonly sum: number;
  readonly receivedMs: number;
}

/** The first page. */
export function encodePackPage({ id, isSealed }: PackPage): Uint8Array {
  return framed(PACK_MAGIC, id, isSealed ? STATE.sealed : STATE.open);
}

/** Undefined for what is no first page. */
export function decodePackPage(bytes: Uint8Array): PackPage | undefined {
  const id = bytes.subarray(4, 4 + PACK_ID_BYTES);
  const view = unframed(PACK_MAGIC, id, bytes);
  return view === undefined ? undefined : { id: id.slice(), isSealed: view.getUint32(20, true) === STATE.sealed };
}

/** The front of an object. */
export function encodeRecordHeader(packId: Uint8Array, header: RecordHeader): Uint8Array {
  const { isRemoved, lengthBytes, receivedMs, sum } = header;
  return framed(RECORD_MAGIC, packId, isRemoved ? STATE.removed : STATE.held, (view) => {
    view.setUint32(24, lengthBytes, true);
    view.setUint32(28, sum, true);
    view.setFloat64(32, receivedMs, true);
  });
}

/** Undefined for what is no record of this pack. */
export function decodeRecordHeader(packId: Uint8Array, bytes: Uint8Array): RecordHeader | undefined {
  const view = unframed(RECORD_MAGIC, packId, bytes);
  if (view === undefined) return undefined;
  return {
    isRemoved: view.getUint32(20, true) === STATE.removed,
    lengthBytes: view.getUint32(24, true),
    sum: view.getUint32(28, true),
    receivedMs: view.getFloat64(32, true),
  };
}

/** CRC-32 of pieces. @param before - Of what comes before them. */
export function sumOf(pieces: readonly Uint8Array[], before = 0): number {
  return pieces.reduce((sum, piece) => crc32(piece, sum), before);
}

/** How far a record with an object of this length reaches. */
export function recordBytes(lengthBytes: number): number {
  return Math.ceil((RECORD_HEADER_BYTES + lengthBytes) / PAGE_BYTES) * PAGE_BYTES;
}

function framed(magic: number, id: Uint8Array, state: number, fill: (view: DataView) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  bytes.set(id, 4);
  view.setUint32(20, state, true);
  fill(view);
  view.setUint32(HEADER_SUM_AT, crc32(bytes.subarray(0, HEADER_SUM_AT)), true);
  return bytes;
}

function unframed(magic: number, id: Uint8Array, bytes: Uint8Array): DataView | undefined {
  if (bytes.length < RECORD_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
  if (view.getUint32(0, true) !== magic) return undefined;
  if (Buffer.compare(bytes.subarray(4, 4 + PACK_ID_BYTES), id) !== 0) return undefined;
  return view.getUint32(HEADER_SUM_AT, true) === crc32(bytes.subarray(0, HEADER_SUM_AT)) ? view : undefined;
}
