/**
 * The bytes of a value in the store. LevelDB gives back altered bytes without a word (classic-level 3, LevelDB 1.20: of
 * 4,876 flips in a table file 3,840 gave wrong values), so each value carries a digest over its key and itself, and is
 * sealed since it may hold what a worklist shows of a patient.
 *
 * Layout: version u8 = 1 | kind u8 (1 records key, 2 exchange key) | digest (16) | exchange (16, kind 2 only) | nonce (12) |
 * ciphertext | tag (16). Digest: the first half of SHA-256(key || 0x00 || kind || what follows). Additional data: the key.
 */
import { StorageError } from '@interhosp/core/errors';
import { fromHex, toHex, type ExchangeId } from '@interhosp/core/study';
import { sha256, type Crypto, type Random } from '@interhosp/core/world';
import type { ExchangeKeys } from '../keys/index.ts';
import { NONCE_BYTES } from '../world/crypto.ts';

/** What sealing values needs. */
export interface ValueSealer {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly keys: ExchangeKeys;
}

/** Bytes of a digest. */
export const DIGEST_BYTES = 16;

const VERSION = 1;
const KIND_RECORDS = 1;
const KIND_EXCHANGE = 2;
const DIGEST_AT = 2;
const BODY_AT = DIGEST_AT + DIGEST_BYTES;
const ID_BYTES = 16;

/**
 * Seals a JSON value under its key.
 *
 * @param exchange - Whose key seals it; undefined when that key was erased, since nobody could read the value.
 */
export async function sealValue(
  key: string,
  value: unknown,
  exchange: ExchangeId | undefined,
  { crypto, random, keys }: ValueSealer,
): Promise<Uint8Array | undefined> {
  const secret = exchange === undefined ? keys.recordsKey : await keys.key(exchange);
  if (secret === undefined) return undefined;
  const keyBytes = new TextEncoder().encode(key);
  const nonce = random.bytes(NONCE_BYTES);
  const sealed = crypto.seal(secret, nonce, new TextEncoder().encode(JSON.stringify(value)), keyBytes);
  const kind = exchange === undefined ? KIND_RECORDS : KIND_EXCHANGE;
  const body = Buffer.concat([exchange === undefined ? new Uint8Array() : fromHex(exchange), nonce, sealed]);
  return Buffer.concat([Uint8Array.of(VERSION, kind), digestOf(keyBytes, kind, body, crypto), body]);
}

/**
 * Reverses {@link sealValue}; undefined when the exchange's key was erased.
 *
 * @throws {StorageError} `STORAGE_INDEX_DAMAGED`
 */
export async function openValue(key: string, bytes: Uint8Array, { crypto, keys }: ValueSealer): Promise<unknown> {
  const keyBytes = new TextEncoder().encode(key);
  const [version, kind = 0] = bytes;
  const body = bytes.subarray(BODY_AT);
  const isSound = version === VERSION && Buffer.from(valueDigest(bytes)).equals(digestOf(keyBytes, kind, body, crypto));
  if (!isSound) throw damaged();
  const idBytes = kind === KIND_EXCHANGE ? ID_BYTES : 0;
  const secret = idBytes === 0 ? keys.recordsKey : await keys.key(toHex(body.subarray(0, idBytes)) as ExchangeId);
  if (secret === undefined) return undefined;
  const sealed = body.subarray(idBytes);
  const text = crypto.open(secret, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES), keyBytes);
  if (text === undefined) throw damaged();
  return JSON.parse(new TextDecoder().decode(text)) as unknown;
}

/** The digest that a value carries; whether it is right is another question. */
export function valueDigest(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(DIGEST_AT, BODY_AT);
}

/** Whether a value is what was put under this key; nothing is opened. */
export function isIntact(key: string, bytes: Uint8Array, crypto: Crypto): boolean {
  const digest = digestOf(new TextEncoder().encode(key), bytes[1] ?? 0, bytes.subarray(BODY_AT), crypto);
  return bytes[0] === VERSION && Buffer.from(valueDigest(bytes)).equals(digest);
}

function digestOf(keyBytes: Uint8Array, kind: number, body: Uint8Array, crypto: Crypto): Uint8Array {
  return sha256(crypto, keyBytes, Uint8Array.of(0, kind), body).subarray(0, DIGEST_BYTES);
}

function damaged(): StorageError {
  return new StorageError('STORAGE_INDEX_DAMAGED', { details: { kind: 'value' } });
}
