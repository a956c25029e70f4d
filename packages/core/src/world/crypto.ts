/**
 * Port: the few primitives that the design names. The node backs it with node:crypto; another host may bring its own.
 */

/** A hash fed in pieces. */
export interface IncrementalHash {
  update(bytes: Uint8Array): this;
  /** 32 bytes; the hash cannot be used afterwards. */
  digest(): Uint8Array;
}

/** SHA-256, Ed25519 verification and AES-256-GCM. */
export interface Crypto {
  /** A SHA-256 (FIPS 180-4) that takes bytes in pieces. */
  sha256(): IncrementalHash;
  /**
   * Checks an Ed25519 signature (RFC 8032).
   *
   * @param publicKey - 32 raw bytes; low-order and non-canonical keys are answered with false.
   */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /**
   * AES-256-GCM (SP 800-38D): ciphertext followed by the 16-byte tag.
   *
   * @param nonce - 12 bytes, never used twice with one key.
   */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
  /** Reverses {@link Crypto.seal}; undefined when key, nonce, aad or a byte does not fit. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined;
}

/** A private Ed25519 key that can sign and never leaves its holder. */
export interface Signer {
  /** SHA-256 of the raw public key, 64 hex digits. */
  readonly keyId: string;
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes (RFC 8032). */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** SHA-256 of the concatenation of `parts`. */
export function sha256(crypto: Crypto, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = crypto.sha256();
  for (const part of parts) hash.update(part);
  return hash.digest();
}
