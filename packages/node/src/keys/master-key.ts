/**
 * The vault's master key, wrapped under a key made from the passphrase (scrypt, RFC 7914), in one file.
 *
 * Layout, 124 bytes: magic (8) | version u8 = 1 | kind u8 = 1 (scrypt) | log2 N u8 | r u8 | p u8 | zero (3) | salt (16) |
 * nonce (12) | ciphertext (32) | tag (16) | SHA-256 of what precedes (32). Additional data: bytes 0..31. A new passphrase
 * rewraps this one file. The hash tells a damaged file from a wrong passphrase.
 */
import { scrypt } from 'node:crypto';
import { ConfigError, StorageError } from '@interhosp/core/errors';
import { sha256, type Crypto, type Random } from '@interhosp/core/world';
import { HASH_BYTES, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from '../world/crypto.ts';

/** Cost of one guess at the passphrase. */
export interface ScryptCost {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

/** 64 MiB twice and about half a second for each guess: as dear as 128 MiB once, and a start needs half the memory. */
export const SCRYPT_COST: ScryptCost = { log2N: 16, r: 8, p: 2 };

const MAGIC = Uint8Array.of(0x49, 0x48, 0x56, 0x4c, 0x54, 0x0d, 0x0a, 0x1a); // IHVLT\r\n^Z
const VERSION = 1;
const KIND_SCRYPT = 1;
const SALT_AT = 16;
const SALT_BYTES = 16;
const HEADER_BYTES = SALT_AT + SALT_BYTES;
const HASH_AT = HEADER_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;
const FILE_BYTES = HASH_AT + HASH_BYTES;

// What a file may ask of us, so that a crafted one cannot take all memory (1 GiB at most).
const MAX_LOG2_N = 20;
const MAX_R = 8;
const MAX_P = 4;

/** The file's bytes. */
export async function wrapMasterKey(
  masterKey: Uint8Array,
  passphrase: Uint8Array,
  { crypto, random, cost = SCRYPT_COST }: { crypto: Crypto; random: Random; cost?: ScryptCost },
): Promise<Uint8Array> {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  header.set([VERSION, KIND_SCRYPT, cost.log2N, cost.r, cost.p], MAGIC.length);
  header.set(random.bytes(SALT_BYTES), SALT_AT);
  const nonce = random.bytes(NONCE_BYTES);
  const wrappingKey = await derive(passphrase, header, cost);
  const body = Buffer.concat([header, nonce, crypto.seal(wrappingKey, nonce, masterKey, header)]);
  return Buffer.concat([body, sha256(crypto, body)]);
}

/**
 * The master key in a file's bytes.
 *
 * @throws {StorageError} `STORAGE_KEY_DAMAGED`, `STORAGE_VERSION`.
 * @throws {ConfigError} `CONFIG_PASSPHRASE`.
 */
export async function unwrapMasterKey(bytes: Uint8Array, passphrase: Uint8Array, crypto: Crypto): Promise<Uint8Array> {
  const header = bytes.subarray(0, HEADER_BYTES);
  const cost = readCost(bytes, crypto);
  const wrappingKey = await derive(passphrase, header, cost);
  const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
  const masterKey = crypto.open(wrappingKey, nonce, bytes.subarray(HEADER_BYTES + NONCE_BYTES, HASH_AT), header);
  if (masterKey === undefined) throw new ConfigError('CONFIG_PASSPHRASE');
  return masterKey;
}

function readCost(bytes: Uint8Array, crypto: Crypto): ScryptCost {
  const damaged = new StorageError('STORAGE_KEY_DAMAGED', { details: { kind: 'master' } });
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) throw damaged;
  const [version = 0, kind = 0, log2N = 0, r = 0, p = 0] = bytes.subarray(MAGIC.length);
  const isWhole =
    bytes.length === FILE_BYTES &&
    Buffer.from(bytes.subarray(HASH_AT)).equals(sha256(crypto, bytes.subarray(0, HASH_AT)));
  if (version > VERSION || (isWhole && kind !== KIND_SCRYPT)) {
    throw new StorageError('STORAGE_VERSION', { details: { kind: 'master', version } });
  }
  const isBounded = log2N >= 1 && log2N <= MAX_LOG2_N && r >= 1 && r <= MAX_R && p >= 1 && p <= MAX_P;
  if (!isWhole || !isBounded) throw damaged;
  return { log2N, r, p };
}

function derive(passphrase: Uint8Array, header: Uint8Array, { log2N, r, p }: ScryptCost): Promise<Uint8Array> {
  const N = 2 ** log2N;
  // Node refuses above 32 MiB unless told; scrypt needs 128 * N * r and a little.
  const maxmem = 128 * r * (N + p + 2) + 1024;
  return new Promise((resolve, reject) => {
    scrypt(passphrase, header.subarray(SALT_AT), KEY_BYTES, { N, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
