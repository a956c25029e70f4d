/**
 * The bytes of a row: sealed, since they hold patients, and under the row's own key, so that a value that was moved or
 * altered opens no more than one that was forged. LevelDB itself gives altered bytes back without a word.
 *
 * Layout: version u8 = 1 | nonce (12) | ciphertext | tag (16). Additional data: the row's key, the version.
 */
import { createHmac } from 'node:crypto';
import { StorageError } from '@interhosp/core/errors';
import type { Crypto, Random } from '@interhosp/core/world';
import { NONCE_BYTES, TAG_BYTES } from '../../world/crypto.ts';
import { NONCES_AT_ONCE } from './defaults.ts';
import { ROW_KEY_BYTES } from './row-keys.ts';

/** Seals and opens rows. */
export interface RowSealer {
  seal(key: Uint8Array, plain: Uint8Array): Uint8Array;
  /** @throws {StorageError} `STORAGE_INDEX_DAMAGED` */
  open(key: Uint8Array, bytes: Uint8Array): Uint8Array;
}

/** The two secrets of an index. */
export interface IndexSecrets {
  /** Seals rows; 32 bytes. */
  readonly sealing: Uint8Array;
  /** Hashes keys; 64 characters of hexadecimal. */
  readonly hashing: string;
}

/** Raised when rows are laid out otherwise; an index of another version is made anew. */
export const ROW_VERSION = 1;

/** Secrets of the index of that name, derived from the node's key for records. */
export function indexSecrets(recordsKey: Uint8Array, name: string): IndexSecrets {
  const derive = (use: string) => createHmac('sha256', recordsKey).update(`patients\0${name}\0${use}`).digest();
  return { sealing: derive('seal'), hashing: derive('hash').toString('hex') };
}

/** A sealer under one secret. */
export function createRowSealer(secret: Uint8Array, { crypto, random }: RowWorld): RowSealer {
  let nonces: Uint8Array = new Uint8Array();
  const nonce = (): Uint8Array => {
    if (nonces.length === 0) nonces = random.bytes(NONCE_BYTES * NONCES_AT_ONCE);
    const next = nonces.subarray(0, NONCE_BYTES);
    nonces = nonces.subarray(NONCE_BYTES);
    return next;
  };
  const additional = new Uint8Array(ROW_KEY_BYTES + 1);
  additional[ROW_KEY_BYTES] = ROW_VERSION;
  const additionalOf = (key: Uint8Array): Uint8Array => {
    additional.set(key);
    return additional;
  };
  return {
    seal(key, plain) {
      const own = nonce();
      const sealed = crypto.seal(secret, own, plain, additionalOf(key));
      const bytes = Buffer.allocUnsafe(BODY_AT + sealed.length);
      bytes[0] = ROW_VERSION;
      bytes.set(own, 1);
      bytes.set(sealed, BODY_AT);
      return bytes;
    },
    open(key, bytes) {
      const isWhole = bytes[0] === ROW_VERSION && bytes.length >= BODY_AT + TAG_BYTES && key.length === ROW_KEY_BYTES;
      const plain = isWhole
        ? crypto.open(secret, bytes.subarray(1, BODY_AT), bytes.subarray(BODY_AT), additionalOf(key))
        : undefined;
      if (plain === undefined) throw damagedIndex('row');
      return plain;
    },
  };
}

/** What sealing needs of the world. */
export interface RowWorld {
  readonly crypto: Crypto;
  readonly random: Random;
}

const BODY_AT = 1 + NONCE_BYTES;

/** A mark of a sealed row, 32 bits and never 0: enough to see that LevelDB gives back an older one, or none. */
export function markOf(bytes: Uint8Array): number {
  const at = Math.max(0, bytes.length - TAG_BYTES);
  const mark =
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>>
    0;
  return mark === 0 ? 1 : mark;
}

/** The error of an index that cannot be believed. @param what - `row`, `lost`, `unfinished`, … */
export function damagedIndex(what: string): StorageError {
  return new StorageError('STORAGE_INDEX_DAMAGED', { details: { kind: 'patients', reason: what } });
}
