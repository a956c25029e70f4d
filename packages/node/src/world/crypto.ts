/**
 * The Crypto port over node:crypto: SHA-256 (FIPS 180-4), Ed25519 (RFC 8032) and AES-256-GCM (SP 800-38D).
 *
 * Under an Ed25519 key of low order one signature fits many messages. The OpenSSL of Node 24 refuses such keys, others
 * did not, and a roster must mean the same everywhere: they are refused here before it is asked.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { Crypto, IncrementalHash, Signer } from '@interhosp/core/world';

/** Bytes of an AES-256 key. */
export const KEY_BYTES = 32;
/** Bytes of a GCM nonce (SP 800-38D 8.2.2: random, 96 bits). */
export const NONCE_BYTES = 12;
/** Bytes of a GCM tag. */
export const TAG_BYTES = 16;
/** Bytes of a SHA-256. */
export const HASH_BYTES = 32;

/** The port with one addition that spares the spool a copy of each block. */
export interface NodeCrypto extends Crypto {
  /** As {@link Crypto.seal}, the ciphertext and the tag as two pieces. */
  sealParts(
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ): readonly [Uint8Array, Uint8Array];
}

/** SHA-256, Ed25519 verification and AES-256-GCM of this process. The bytes of a key are not to be changed once it was used. */
export function nodeCrypto(): NodeCrypto {
  return { sha256: () => nodeHash(), verifyEd25519, seal, open, sealParts };
}

/**
 * A signer over an Ed25519 seed; the seed is not kept beside the key object.
 *
 * @param seed - 32 bytes (RFC 8032 5.1.5).
 */
export function ed25519Signer(seed: Uint8Array): Signer {
  if (seed.length !== KEY_BYTES) throw new RangeError('an Ed25519 seed has 32 bytes');
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const publicKey = new Uint8Array(spki.subarray(SPKI_PREFIX.length));
  return {
    keyId: createHash('sha256').update(publicKey).digest('hex'),
    publicKey,
    sign: async (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

// RFC 8410: the DER around a raw Ed25519 seed and a raw public key.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** p = 2^255 - 19, little-endian. */
const FIELD_PRIME = Buffer.from('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'hex');
/** The y coordinates of the eight points whose order divides 8: 0, 1, p - 1 and those of order 8. */
const LOW_ORDER_Y: readonly Buffer[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex'));

function nodeHash(): IncrementalHash {
  const hash = createHash('sha256');
  const self: IncrementalHash = {
    update: (bytes) => {
      hash.update(bytes);
      return self;
    },
    digest: () => hash.digest(),
  };
  return self;
}

function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64 || !isSoundKey(publicKey)) return false;
  try {
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
    return verify(null, message, key, signature);
  } catch {
    return false; // Not a point of the curve.
  }
}

/** Whether 32 bytes are the canonical form of no low-order point; that they are a point at all is left to OpenSSL. */
export function isSoundKey(publicKey: Uint8Array): boolean {
  const y = Buffer.from(publicKey);
  // The top bit is the sign of x. The two points with x = 0, for which it would be ambiguous, are of low order.
  y[31] = (y[31] as number) & 0x7f;
  return isBelowPrime(y) && !LOW_ORDER_Y.some((low) => low.equals(y));
}

function isBelowPrime(littleEndian: Uint8Array): boolean {
  for (let index = 31; index >= 0; index--) {
    const difference = (littleEndian[index] as number) - (FIELD_PRIME[index] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function sealParts(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
): readonly [Uint8Array, Uint8Array] {
  checkNonce(nonce);
  const cipher = createCipheriv('aes-256-gcm', secretKeyOf(key), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return [ciphertext, cipher.getAuthTag()];
}

function seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
  const [ciphertext, tag] = sealParts(key, nonce, plaintext, aad);
  const sealed = new Uint8Array(ciphertext.length + TAG_BYTES);
  sealed.set(ciphertext);
  sealed.set(tag, ciphertext.length);
  return sealed;
}

function open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  checkNonce(nonce);
  if (sealed.length < TAG_BYTES) return undefined;
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', secretKeyOf(key), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(tagAt));
  const plaintext = decipher.update(sealed.subarray(0, tagAt));
  try {
    decipher.final();
    return plaintext;
  } catch {
    return undefined;
  }
}

/** Key objects by the bytes they were made of: making one costs four times what sealing a small record does. */
const secretKeys = new WeakMap<Uint8Array, KeyObject>();

function secretKeyOf(key: Uint8Array): KeyObject {
  let secretKey = secretKeys.get(key);
  if (secretKey === undefined) {
    secretKey = createSecretKey(key);
    secretKeys.set(key, secretKey);
  }
  return secretKey;
}

function checkNonce(nonce: Uint8Array): void {
  // GCM takes other lengths too, with weaker bounds; one of those here is a programming mistake.
  if (nonce.length !== NONCE_BYTES) throw new RangeError('a GCM nonce has 12 bytes');
}
