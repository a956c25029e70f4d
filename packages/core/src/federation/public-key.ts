/**
 * Which Ed25519 public keys may be admitted. Under a point of low order signatures can be made by anybody, and a key that
 * has two spellings has two key IDs: neither may enter a root or a roster.
 *
 * @see RFC 8032 5.1.3; the points of order 1, 2, 4 and 8 have only five y coordinates.
 */

const KEY_BYTES = 32;
const FIELD_PRIME = 2n ** 255n - 19n;
const ORDER_8_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const LOW_ORDER_Y: ReadonlySet<bigint> = new Set([0n, 1n, FIELD_PRIME - 1n, ORDER_8_Y, FIELD_PRIME - ORDER_8_Y]);

/**
 * Whether a key is 32 bytes, spelled canonically and not of low order. Whether it lies on the curve is left to whoever
 * verifies: under a point that does not exist no signature holds.
 */
export function isSoundPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== KEY_BYTES) return false;
  let y = 0n;
  for (let index = KEY_BYTES - 1; index >= 0; index--) {
    // The highest bit is the sign of x.
    const byte = (publicKey[index] as number) & (index === KEY_BYTES - 1 ? 0x7f : 0xff);
    y = (y << 8n) | BigInt(byte);
  }
  return y < FIELD_PRIME && !LOW_ORDER_Y.has(y);
}
