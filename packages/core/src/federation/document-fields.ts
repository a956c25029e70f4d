/** Fields that several signed documents share, and how each is read. */
import { FederationError } from '../errors/interhosp-error.ts';
import { parseMemberId } from '../study/identifiers.ts';
import { isoSeconds } from '../world/clock.ts';
import { fromBase64url } from './base64url.ts';
import { parsePeerId } from './peer-id.ts';
import { isSoundPublicKey } from './public-key.ts';
import { integer, nullable, parsed, readWhole, text, type Read } from './shape.ts';

/** A hash or key ID: 64 hex digits. */
export const hexDigest = text({ maxCharacters: 64, pattern: /^[0-9a-f]{64}$/ });
/** The hash of the document before this one; null in the first. */
export const previousHash = nullable(hexDigest);
/** Versions count from 1. */
export const version = integer(1, Number.MAX_SAFE_INTEGER);
/** A line for people: no control characters, so that it cannot break a log or a terminal. */
export const line = (maxCharacters: number): Read<string> =>
  text({ maxCharacters, pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u });
/** `be-chu-liege` */
export const memberId = parsed(64, parseMemberId);
/** `12D3Koo…` */
export const peerId = parsed(64, parsePeerId);
/** An instant as documents spell it: `2026-03-01T12:00:00Z`, kept as text. */
export const instant = parsed(20, (value) => {
  if (isoSeconds(epochMs(value)) !== value) throw new RangeError('not an instant');
  return value;
});
/** An Ed25519 public key, base64url of 32 raw bytes, kept as text. */
export const publicKeyText = parsed(43, (value) => {
  if (!isSoundPublicKey(fromBase64url(value))) throw new RangeError('not a sound key');
  return value;
});

/** Milliseconds since 1970 of an instant that was read from a document. */
export function epochMs(instantText: string): number {
  return Date.parse(instantText);
}

/**
 * Reads the payload of a signed document.
 *
 * @param kind - The document's name in errors: `roster`.
 * @throws {FederationError} `FEDERATION_LIMIT` when a list is too long, else `FEDERATION_ENVELOPE_INVALID`; `details.field` is the path.
 */
export function readDocument<T>(read: Read<T>, payload: unknown, kind: string): T {
  return readWhole(read, payload, (field, misfit) => {
    const code = misfit === 'too-many' ? 'FEDERATION_LIMIT' : 'FEDERATION_ENVELOPE_INVALID';
    return new FederationError(code, { details: { kind, field, reason: misfit } });
  });
}
