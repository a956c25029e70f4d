/**
 * The bytes of a journal (docs/protocol/journal.md). Integers are big-endian.
 *
 * In a segment, each record stands right after the chain hash that its own hash covers first, so that one hash over one
 * run of bytes checks a record, and the hash before the first record is the end of the segment header.
 */
import { StorageError } from '@interhosp/core/errors';
import { jcs } from '@interhosp/core/federation';
import type { ExchangeId } from '@interhosp/core/study';
import { sha256, type Crypto, type SafeFields } from '@interhosp/core/world';
import { HASH_BYTES, NONCE_BYTES, TAG_BYTES } from '../world/crypto.ts';

/** What may stand in the clear part of a record beside type, sequence, time and exchange: what a log line may carry. */
export type ClearIds = Omit<SafeFields, 'seq' | 'file'>;

/** The clear part of a record. */
export interface ClearPart {
  /** Dotted words, a literal in the code: `transfer.sealed`. */
  readonly type: string;
  readonly seq: number;
  /** `YYYY-MM-DDThh:mm:ssZ` */
  readonly at: string;
  readonly exchange?: ExchangeId;
  readonly ids: ClearIds;
}

/** The start of a segment file. */
export interface SegmentHeader {
  /** 16 random bytes, the same in all segments. */
  readonly journalId: Uint8Array;
  /** From 0, without gaps. */
  readonly segment: number;
  /** Sequence of the first record; the first of a journal is 1. */
  readonly firstSeq: number;
  /** Chain hash of the record before. */
  readonly previousHash: Uint8Array;
}

/** Version of segments, records and the head file. */
export const JOURNAL_VERSION = 1;
/** Bytes of a segment header. */
export const SEGMENT_HEADER_BYTES = 104;
/** Bytes of the length before a record. */
export const LENGTH_BYTES = 4;
/** Largest record: a receipt that names 50,000 instances, with room to spare. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;
/** Largest clear part. */
export const MAX_CLEAR_BYTES = 16 * 1024;
/** Smallest record: version, length and `{}`. */
export const MIN_RECORD_BYTES = 7;

const MAGIC = Uint8Array.of(0x49, 0x48, 0x4a, 0x52, 0x4e, 0x0d, 0x0a, 0x1a); // IHJRN\r\n^Z
const HASHED_BYTES = 40;
const RECORD_HEADER_BYTES = 5;

/** The chain hash before record 1. */
export function firstHash(crypto: Crypto, journalId: Uint8Array): Uint8Array {
  return sha256(crypto, new TextEncoder().encode('interhosp/journal/1\0'), journalId);
}

/** File name of a segment. */
export function segmentName(segment: number): string {
  return `journal-${String(segment).padStart(8, '0')}.log`;
}

/** Number in a segment's file name, or undefined for other files. */
export function segmentOf(file: string): number | undefined {
  const digits = /^journal-(\d{8})\.log$/.exec(file)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The bytes of a segment header. */
export function encodeSegmentHeader(header: SegmentHeader, crypto: Crypto): Uint8Array {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  bytes.set(MAGIC);
  bytes.writeUInt16BE(JOURNAL_VERSION, 8);
  bytes.writeUInt16BE(SEGMENT_HEADER_BYTES, 10);
  bytes.writeUInt32BE(header.segment, 12);
  bytes.set(header.journalId, 16);
  bytes.writeBigUInt64BE(BigInt(header.firstSeq), 32);
  bytes.set(sha256(crypto, bytes.subarray(0, HASHED_BYTES), header.previousHash), HASHED_BYTES);
  bytes.set(header.previousHash, HASHED_BYTES + HASH_BYTES);
  return bytes;
}

/**
 * Reads a segment header; undefined when it does not verify.
 *
 * @throws {StorageError} `STORAGE_VERSION`
 */
export function decodeSegmentHeader(input: Uint8Array, crypto: Crypto): SegmentHeader | undefined {
  if (input.length < SEGMENT_HEADER_BYTES) return undefined;
  const bytes = Buffer.from(input.buffer, input.byteOffset, SEGMENT_HEADER_BYTES);
  const previousHash = bytes.subarray(HASHED_BYTES + HASH_BYTES);
  const hash = bytes.subarray(HASHED_BYTES, HASHED_BYTES + HASH_BYTES);
  if (!hash.equals(sha256(crypto, bytes.subarray(0, HASHED_BYTES), previousHash))) return undefined;
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const version = bytes.readUInt16BE(8);
  if (version > JOURNAL_VERSION) throw new StorageError('STORAGE_VERSION', { details: { kind: 'journal', version } });
  if (bytes.readUInt16BE(10) !== SEGMENT_HEADER_BYTES) return undefined;
  return {
    segment: bytes.readUInt32BE(12),
    journalId: new Uint8Array(bytes.subarray(16, 32)),
    firstSeq: Number(bytes.readBigUInt64BE(32)),
    previousHash: new Uint8Array(previousHash),
  };
}

/** The clear part's bytes, canonical JSON; the ids stand beside the fixed fields. */
export function encodeClear({ ids, ...fixed }: ClearPart): Uint8Array {
  return jcs({ ...ids, ...fixed });
}

/** A sealed payload: nonce, ciphertext and tag. The clear bytes are authenticated with it. */
export function sealPayload(
  payload: object,
  clear: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
  crypto: Crypto,
): readonly Uint8Array[] {
  // Not canonical JSON: nothing is ever compared by these bytes, and names are kept exactly as they arrived.
  const text = new TextEncoder().encode(JSON.stringify(payload));
  return [nonce, crypto.seal(key, nonce, text, clear)];
}

/** Reverses {@link sealPayload}; undefined when it does not verify. */
export function openPayload(sealed: Uint8Array, clear: Uint8Array, key: Uint8Array, crypto: Crypto): unknown {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const text = crypto.open(key, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES), clear);
  return text === undefined ? undefined : (JSON.parse(new TextDecoder().decode(text)) as unknown);
}

/** Length and record, as they stand in the file before their chain hash. */
export function encodeRecord(clear: Uint8Array, sealed: readonly Uint8Array[]): Uint8Array {
  const sealedBytes = sealed.reduce((sum, part) => sum + part.length, 0);
  const recordBytes = RECORD_HEADER_BYTES + clear.length + sealedBytes;
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + recordBytes);
  bytes.writeUInt32BE(recordBytes, 0);
  bytes.writeUInt8(JOURNAL_VERSION, LENGTH_BYTES);
  bytes.writeUInt32BE(clear.length, LENGTH_BYTES + 1);
  let at = LENGTH_BYTES + RECORD_HEADER_BYTES;
  for (const part of [clear, ...sealed]) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A record cut into its clear and its sealed bytes; `sealed` is empty when there is no payload. */
export interface RecordParts {
  readonly clearBytes: Uint8Array;
  readonly sealed: Uint8Array;
}

/** Cuts a record whose chain hash was checked. */
export function splitRecord(record: Uint8Array): RecordParts | undefined {
  const clearLength = new DataView(record.buffer, record.byteOffset, record.length).getUint32(1);
  if (clearLength > MAX_CLEAR_BYTES || RECORD_HEADER_BYTES + clearLength > record.length) return undefined;
  const sealedAt = RECORD_HEADER_BYTES + clearLength;
  return { clearBytes: record.subarray(RECORD_HEADER_BYTES, sealedAt), sealed: record.subarray(sealedAt) };
}

/** Reads the clear part of a record whose chain hash was checked; undefined when it is none of ours. */
export function decodeClear(clearBytes: Uint8Array): ClearPart | undefined {
  const value: unknown = JSON.parse(new TextDecoder().decode(clearBytes));
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, seq, at, exchange, ...ids } = value as Record<string, unknown>;
  if (typeof type !== 'string' || typeof seq !== 'number' || typeof at !== 'string') return undefined;
  return { type, seq, at, ...(typeof exchange === 'string' ? { exchange: exchange as ExchangeId } : {}), ids };
}
