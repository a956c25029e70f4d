/**
 * The bytes of a pack file (docs/protocol/spool.md). Integers are big-endian.
 *
 * A pack is two copies of a header, each in a page of its own, and then records one after another. Each record is sealed
 * by itself and says what it is, so that a scan finds every whole record whatever lies between.
 */
import type { ExchangeId } from '@interhosp/core/study';
import { BLOCK_BYTES, fromHex, MAX_MANIFEST_BYTES, toHex } from '@interhosp/core/study';
import { sha256, type Crypto } from '@interhosp/core/world';
import { HASH_BYTES, NONCE_BYTES, TAG_BYTES } from '../world/crypto.ts';

/** What a record holds. */
export const RECORD_KINDS = {
  /** One block of one instance. */
  block: 1,
  /** An instance's entry, canonical JSON; its blocks may come before or after. */
  instance: 2,
  /** What the caller keeps about the exchange when it is complete. */
  seal: 3,
  /** u64: everything before this offset was once synced. */
  mark: 4,
} as const;
/** What a record holds. */
export type RecordKind = keyof typeof RECORD_KINDS;

/** The clear start of a record, authenticated by its seal. */
export interface RecordHeader {
  readonly kind: RecordKind;
  /** Which instance; 0 where there is none. */
  readonly ordinal: number;
  /** Which block; 0 where there is none. */
  readonly index: number;
  /** Length of the plaintext, which is that of the ciphertext. */
  readonly lengthBytes: number;
}

/** Which exchange a pack belongs to. */
export interface PackHeader {
  readonly exchange: ExchangeId;
  /** 32 hex digits, random; the file's name. */
  readonly packId: string;
}

/** Version of packs. */
export const PACK_VERSION = 1;
/** Where the first record begins. */
export const RECORDS_AT = 8_192;
/** Bytes before a record's ciphertext. */
export const RECORD_HEADER_BYTES = 32;
/** Bytes of a record beside its plaintext. */
export const RECORD_OVERHEAD_BYTES = RECORD_HEADER_BYTES + TAG_BYTES;
/** Largest record other than a block: a manifest. */
export const MAX_META_BYTES = MAX_MANIFEST_BYTES;
/** What every record begins with. */
export const RECORD_MAGIC = Uint8Array.of(0x49, 0x48, 0x52, 0x43); // IHRC

const PACK_MAGIC = Uint8Array.of(0x49, 0x48, 0x50, 0x41, 0x4b, 0x0d, 0x0a, 0x1a); // IHPAK\r\n^Z
const HEADER_COPY_AT = 4_096;
const HEADER_HASHED_BYTES = 48;
const HEADER_BYTES = HEADER_HASHED_BYTES + HASH_BYTES;
const NONCE_AT = RECORD_HEADER_BYTES - NONCE_BYTES;
const BOUND_AT = RECORD_MAGIC.length;
const CONTEXT = new TextEncoder().encode('interhosp/pack/1');

/** The first {@link RECORDS_AT} bytes of a pack. */
export function encodePackHeader({ exchange, packId }: PackHeader, crypto: Crypto): Uint8Array {
  const bytes = Buffer.alloc(RECORDS_AT);
  bytes.set(PACK_MAGIC);
  bytes.writeUInt16BE(PACK_VERSION, 8);
  bytes.set(fromHex(exchange), 16);
  bytes.set(fromHex(packId), 32);
  bytes.set(sha256(crypto, bytes.subarray(0, HEADER_HASHED_BYTES)), HEADER_HASHED_BYTES);
  bytes.copyWithin(HEADER_COPY_AT, 0, HEADER_BYTES);
  return bytes;
}

/** Reads a pack's header from its first {@link RECORDS_AT} bytes; `'newer'` for a later version, undefined when neither copy verifies. */
export function decodePackHeader(bytes: Uint8Array, crypto: Crypto): PackHeader | 'newer' | undefined {
  return (
    decodeCopy(bytes.subarray(0, HEADER_BYTES), crypto) ??
    decodeCopy(bytes.subarray(HEADER_COPY_AT, HEADER_COPY_AT + HEADER_BYTES), crypto)
  );
}

function decodeCopy(input: Uint8Array, crypto: Crypto): PackHeader | 'newer' | undefined {
  if (input.length < HEADER_BYTES) return undefined;
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.length);
  if (!bytes.subarray(HEADER_HASHED_BYTES).equals(sha256(crypto, bytes.subarray(0, HEADER_HASHED_BYTES))))
    return undefined;
  if (!bytes.subarray(0, PACK_MAGIC.length).equals(PACK_MAGIC)) return undefined;
  if (bytes.readUInt16BE(8) > PACK_VERSION) return 'newer';
  return { exchange: toHex(bytes.subarray(16, 32)) as ExchangeId, packId: toHex(bytes.subarray(32, 48)) };
}

/** A record's clear start. */
export function encodeRecordHeader({ kind, ordinal, index, lengthBytes }: RecordHeader, nonce: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES);
  bytes.set(RECORD_MAGIC);
  bytes.writeUInt8(RECORD_KINDS[kind], 4);
  bytes.writeUInt32BE(ordinal, 8);
  bytes.writeUInt32BE(index, 12);
  bytes.writeUInt32BE(lengthBytes, 16);
  bytes.set(nonce, NONCE_AT);
  return bytes;
}

/** Reads a record's clear start, which proves nothing yet; undefined when it cannot be one. */
export function decodeRecordHeader(input: Uint8Array): RecordHeader | undefined {
  if (input.length < RECORD_HEADER_BYTES) return undefined;
  const view = new DataView(input.buffer, input.byteOffset, RECORD_HEADER_BYTES);
  if (!RECORD_MAGIC.every((byte, index) => input[index] === byte)) return undefined;
  const kind = KIND_OF.get(view.getUint8(4));
  if (kind === undefined || view.getUint32(4) << 8 !== 0) return undefined;
  const lengthBytes = view.getUint32(16);
  if (lengthBytes > (kind === 'block' ? BLOCK_BYTES : MAX_META_BYTES)) return undefined;
  return { kind, ordinal: view.getUint32(8), index: view.getUint32(12), lengthBytes };
}

const KIND_OF: ReadonlyMap<number, RecordKind> = new Map(
  Object.entries(RECORD_KINDS).map(([kind, code]) => [code, kind as RecordKind]),
);

/** The nonce in a record's clear start. */
export function nonceOf(recordHeader: Uint8Array): Uint8Array {
  return recordHeader.subarray(NONCE_AT, RECORD_HEADER_BYTES);
}

/**
 * What a record's seal binds it to: context (16), exchange (16), and bytes 4..19 of its clear start: kind, ordinal,
 * index, length. So no record can stand for another, in this exchange or in any.
 */
export function recordAad(exchangeBytes: Uint8Array, recordHeader: Uint8Array): Uint8Array {
  const aad = new Uint8Array(48);
  aad.set(CONTEXT);
  aad.set(exchangeBytes, 16);
  aad.set(recordHeader.subarray(BOUND_AT, NONCE_AT), 32);
  return aad;
}
