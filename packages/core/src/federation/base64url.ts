/**
 * Base64url without padding (RFC 4648 5), strict: one text for one run of bytes. A decoder that forgives padding, line
 * breaks or stray bits would let the same signed document travel in many spellings.
 */
import { FederationError } from '../errors/interhosp-error.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const CODES = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
/** Value of each letter by its code; 255 is not a letter. */
const VALUES = new Uint8Array(128).fill(255);
CODES.forEach((code, value) => (VALUES[code] = value));

/** How many letters `byteCount` bytes take. */
export function base64urlLength(byteCount: number): number {
  return Math.ceil((byteCount * 4) / 3);
}

/** The bytes as letters, without padding. */
export function toBase64url(bytes: Uint8Array): string {
  const letters = new Uint8Array(base64urlLength(bytes.length));
  let at = 0;
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    heldBits += 8;
    while (heldBits >= 6) {
      heldBits -= 6;
      letters[at++] = CODES[(held >> heldBits) & 63] as number;
    }
  }
  if (heldBits > 0) letters[at] = CODES[(held << (6 - heldBits)) & 63] as number;
  return new TextDecoder().decode(letters);
}

/**
 * The bytes of a text, or an error where {@link toBase64url} would have written another one.
 *
 * @throws {FederationError} `FEDERATION_ENVELOPE_INVALID` on a foreign letter, an impossible length, or stray bits.
 */
export function fromBase64url(text: string): Uint8Array {
  if (text.length % 4 === 1) throw invalid();
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let at = 0;
  let held = 0;
  let heldBits = 0;
  for (let index = 0; index < text.length; index++) {
    const value = VALUES[text.charCodeAt(index)] ?? 255;
    if (value === 255) throw invalid();
    held = ((held << 6) | value) & 0xffff;
    heldBits += 6;
    if (heldBits < 8) continue;
    heldBits -= 8;
    bytes[at++] = (held >> heldBits) & 0xff;
  }
  if ((held & ((1 << heldBits) - 1)) !== 0) throw invalid();
  return bytes;
}

function invalid(): FederationError {
  return new FederationError('FEDERATION_ENVELOPE_INVALID', { details: { kind: 'base64url' } });
}
