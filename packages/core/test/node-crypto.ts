/**
 * The Crypto port over node:crypto, and signers with keys made from a seed, for tests of core. The node has its own;
 * this one exists so that core's tests need no other package.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  sign as signWith,
  verify as verifyWith,
  type KeyObject,
} from 'node:crypto';
import { toHex } from '../src/study/hex.ts';
import type { Crypto, Signer } from '../src/world/index.ts';

/** RFC 8410: what precedes the 32 raw bytes of an Ed25519 key in DER. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const TAG_BYTES = 16;

/** node:crypto behind the port. */
export const nodeCrypto: Crypto = {
  sha256() {
    const hash = createHash('sha256');
    return {
      update(bytes) {
        hash.update(bytes);
        return this;
      },
      digest: () => new Uint8Array(hash.digest()),
    };
  },
  verifyEd25519(publicKey, message, signature) {
    // OpenSSL overlooks what follows a key in DER.
    if (publicKey.length !== 32) return false;
    try {
      return verifyWith(null, message, publicKeyOf(publicKey), signature);
    } catch {
      return false;
    }
  },
  seal(key, nonce, plaintext, aad) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  },
  open(key, nonce, sealed, aad) {
    try {
      const at = sealed.length - TAG_BYTES;
      const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(aad).setAuthTag(sealed.subarray(at));
      return Buffer.concat([decipher.update(sealed.subarray(0, at)), decipher.final()]);
    } catch {
      return undefined;
    }
  },
};

/** A signer whose private key is SHA-256 of `seed`: the same name, the same key. */
export function testSigner(seed: string): Signer & { readonly secret: Uint8Array } {
  const secret = createHash('sha256').update(seed).digest();
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' });
  const publicKey = new Uint8Array(
    createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length),
  );
  return {
    secret: new Uint8Array(secret),
    publicKey,
    keyId: toHex(createHash('sha256').update(publicKey).digest()),
    sign: (message) => Promise.resolve(new Uint8Array(signWith(null, message, key))),
  };
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
}
