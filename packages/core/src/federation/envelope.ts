/**
 * The envelope of every signed document: roster, practitioner directory, join request, receipt. The signed bytes travel
 * verbatim inside it and are never made again by the reader, so nobody has to trust two encoders to agree.
 *
 * What is signed (all lengths are 8 bytes, big endian):
 * `"interhosp-v1" || len(payloadType) || payloadType || len(payload) || payload`. The type is part of it, so that a
 * signature under one kind of document is worth nothing under another.
 *
 * No envelope carries a patient's name; practitioners and persons of contact are named in some.
 */
import { FederationError } from '../errors/interhosp-error.ts';
import { toHex } from '../study/hex.ts';
import { sha256, type Crypto, type Signer } from '../world/crypto.ts';
import { base64urlLength, fromBase64url, toBase64url } from './base64url.ts';
import { jcs, MAX_DOCUMENT_BYTES, parseJcs, type JsonValue } from './jcs.ts';

/** Most signatures in one envelope. */
export const MAX_SIGNATURES = 16;
/** Most signatures verified in one envelope: each costs about 0.1 ms, which nobody may spend on our behalf without end. */
export const MAX_SIGNATURES_VERIFIED = 8;
/** Room for what surrounds the payload: the type, sixteen signatures, punctuation. */
const ENVELOPE_OVERHEAD_BYTES = 4096;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const CONTEXT = 'interhosp-v1';

/** One signature: `keyid` is SHA-256 of the raw public key in hex, `sig` 64 bytes in base64url. */
export interface EnvelopeSignature {
  readonly keyid: string;
  readonly sig: string;
}

/** A signed document as it travels. */
export interface Envelope {
  /** `interhosp/roster@1` */
  readonly payloadType: string;
  /** Base64url of the exact bytes that were signed. */
  readonly payload: string;
  readonly signatures: readonly EnvelopeSignature[];
}

/** Public keys trusted for one kind of document: key ID to 32 raw bytes. */
export type TrustedKeys = ReadonlyMap<string, Uint8Array>;

/** What {@link openEnvelope} needs. */
export interface OpenEnvelopeOptions {
  /** The envelope as it came over the wire. */
  readonly envelope: Uint8Array;
  /** The one type accepted. */
  readonly payloadType: string;
  readonly keys: TrustedKeys;
  /** How many different keys must have signed; at least 1. */
  readonly threshold: number;
  readonly crypto: Crypto;
  /** Largest payload, in bytes; default {@link MAX_DOCUMENT_BYTES}. */
  readonly maxBytes?: number;
}

/** A document whose signatures hold. */
export interface OpenedEnvelope {
  /** The parsed payload; whether its fields make sense is for the reader of that type. */
  readonly payload: JsonValue;
  /** The exact bytes that were signed. */
  readonly bytes: Uint8Array;
  /** The trusted keys that signed, in the envelope's order. */
  readonly keyids: readonly string[];
}

/**
 * Signs a document.
 *
 * @throws {FederationError} `FEDERATION_ENVELOPE_INVALID` when the payload does not fit the canonical profile or the type
 *   has another form; `FEDERATION_LIMIT` on too many signers.
 */
export async function signEnvelope(
  payloadType: string,
  payload: JsonValue | object,
  signers: readonly Signer[],
): Promise<Envelope> {
  return addSignatures({ payloadType, payload: toBase64url(jcs(payload)), signatures: [] }, signers);
}

/** The same document with further signatures: several persons sign one after another, each where their key is. */
export async function addSignatures(envelope: Envelope, signers: readonly Signer[]): Promise<Envelope> {
  const message = signedMessage(envelope.payloadType, fromBase64url(envelope.payload));
  const added = await Promise.all(
    signers.map(async (signer) => ({ keyid: signer.keyId, sig: toBase64url(await signer.sign(message)) })),
  );
  const signatures = [
    ...envelope.signatures.filter(({ keyid }) => added.every((other) => other.keyid !== keyid)),
    ...added,
  ];
  if (signatures.length > MAX_SIGNATURES) throw limit('signatures', signatures.length, MAX_SIGNATURES);
  return { ...envelope, signatures };
}

/** The envelope's bytes for wire and disk: canonical JSON. */
export function encodeEnvelope(envelope: Envelope): Uint8Array<ArrayBuffer> {
  const signatures = envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig }));
  return jcs({ payloadType: envelope.payloadType, payload: envelope.payload, signatures });
}

/**
 * Reads an envelope without believing it: no signature is checked here.
 *
 * @param options.maxBytes - Largest payload, in bytes; the size is checked before anything is parsed.
 * @throws {FederationError} `FEDERATION_LIMIT`, `FEDERATION_ENVELOPE_INVALID`.
 */
export function decodeEnvelope(bytes: Uint8Array, options: { readonly maxBytes?: number } = {}): Envelope {
  const { maxBytes = MAX_DOCUMENT_BYTES } = options;
  const value = parseJcs(bytes, { maxBytes: base64urlLength(maxBytes) + ENVELOPE_OVERHEAD_BYTES });
  const { payloadType, payload, signatures } = fields(value, ['payload', 'payloadType', 'signatures']);
  if (typeof payloadType !== 'string' || !PAYLOAD_TYPE.test(payloadType)) throw invalid('payloadType');
  if (typeof payload !== 'string') throw invalid('payload');
  if (payload.length > base64urlLength(maxBytes)) throw limit('payload', payload.length, base64urlLength(maxBytes));
  if (!Array.isArray(signatures)) throw invalid('signatures');
  if (signatures.length > MAX_SIGNATURES) throw limit('signatures', signatures.length, MAX_SIGNATURES);
  return { payloadType, payload, signatures: signatures.map(readSignature) };
}

/**
 * Reads an envelope and believes it only when enough trusted keys signed its exact bytes. Signatures by keys that are
 * not trusted are passed over, so that a document can be signed for old and new keys at once.
 *
 * @throws {FederationError} `FEDERATION_SIGNATURE_INVALID` below the threshold, `FEDERATION_LIMIT`,
 *   `FEDERATION_ENVELOPE_INVALID` also when the type is another.
 */
export function openEnvelope(options: OpenEnvelopeOptions): OpenedEnvelope {
  const { maxBytes = MAX_DOCUMENT_BYTES } = options;
  const envelope = decodeEnvelope(options.envelope, { maxBytes });
  if (envelope.payloadType !== options.payloadType) throw invalid('payloadType');
  const bytes = fromBase64url(envelope.payload);
  const keyids = signersOf(envelope, bytes, options.keys, options.crypto);
  if (!(options.threshold >= 1) || keyids.length < options.threshold) {
    throw new FederationError('FEDERATION_SIGNATURE_INVALID', {
      details: { count: keyids.length, limit: options.threshold },
    });
  }
  return { payload: parseJcs(bytes, { maxBytes }), bytes, keyids };
}

/** The bytes that a signature of this document covers; see the top of this file. */
export function signedMessage(payloadType: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  if (!PAYLOAD_TYPE.test(payloadType)) throw invalid('payloadType');
  const encoder = new TextEncoder();
  const type = encoder.encode(payloadType);
  const parts = [encoder.encode(CONTEXT), length64(type.length), type, length64(payload.length), payload];
  const message = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}

/** The name of a public key in documents: SHA-256 of its 32 raw bytes, 64 hex digits. */
export function keyIdOf(publicKey: Uint8Array, crypto: Crypto): string {
  return toHex(sha256(crypto, publicKey));
}

const PAYLOAD_TYPE = /^interhosp\/[a-z][a-z-]{0,39}@[1-9][0-9]?$/;
const KEY_ID = /^[0-9a-f]{64}$/;

function signersOf(envelope: Envelope, bytes: Uint8Array, keys: TrustedKeys, crypto: Crypto): readonly string[] {
  const message = signedMessage(envelope.payloadType, bytes);
  const signed: string[] = [];
  const seenIds = new Set<string>();
  const seenKeys = new Set<string>();
  for (const { keyid, sig } of envelope.signatures) {
    const key = keys.get(keyid);
    if (key === undefined || key.length !== PUBLIC_KEY_BYTES || seenIds.has(keyid)) continue;
    if (seenIds.size === MAX_SIGNATURES_VERIFIED) break;
    seenIds.add(keyid);
    // Two names for one key would let one person be two.
    if (seenKeys.has(toHex(key)) || keyIdOf(key, crypto) !== keyid) continue;
    if (!crypto.verifyEd25519(key, message, fromBase64url(sig))) continue;
    seenKeys.add(toHex(key));
    signed.push(keyid);
  }
  return signed;
}

function readSignature(value: JsonValue): EnvelopeSignature {
  const { keyid, sig } = fields(value, ['keyid', 'sig']);
  if (typeof keyid !== 'string' || !KEY_ID.test(keyid)) throw invalid('keyid');
  if (typeof sig !== 'string' || fromBase64url(sig).length !== SIGNATURE_BYTES) throw invalid('sig');
  return { keyid, sig };
}

function fields(value: JsonValue, names: readonly string[]): { readonly [name: string]: JsonValue | undefined } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('envelope');
  if (Object.keys(value).sort().join() !== names.join()) throw invalid('fields');
  return value as { readonly [name: string]: JsonValue };
}

function length64(length: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length));
  return bytes;
}

function invalid(kind: string): FederationError {
  return new FederationError('FEDERATION_ENVELOPE_INVALID', { details: { kind } });
}

function limit(kind: string, count: number, most: number): FederationError {
  return new FederationError('FEDERATION_LIMIT', { details: { kind, count, limit: most } });
}
