/**
 * The frames of `/interhosp/roster/1.0.0` (docs/protocol/peer.md): JSON objects with a `type`, and between them the bytes
 * of a document as they are. JSON, because what they announce are documents in JSON: who reads those can read these.
 */
import { PeerError } from '@interhosp/core/errors';
import { z } from 'zod';

/** A signed document in one version: root, roster, organisation, heartbeat … */
export interface DocumentVersion {
  /** `roster`, `org` …: small letters, digits, hyphens, at most 32. */
  readonly kind: string;
  /** Which document of that kind: printable ASCII, at most 128. */
  readonly id: string;
  /** Rises with each version; below 2^53. */
  readonly version: number;
  /** SHA-256 of the document's bytes, 64 hex digits. */
  readonly hash: string;
}

/** Most documents that a hello may name. */
export const MAX_DOCUMENTS = 4_096;
/** Longest document (reference: the roster's own limit). */
export const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;
/** Longest JSON frame: a hello that names every document. */
const MAX_JSON_BYTES = 2 * 1024 * 1024;

const HASH = z.string().regex(/^[0-9a-f]{64}$/);
const NAME = {
  kind: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  id: z.string().regex(/^[\x21-\x7e]{1,128}$/),
};
const VERSION = { ...NAME, version: z.int().min(0), hash: HASH };

const FRAME = z.discriminatedUnion('type', [
  /** The first frame of each side: what it holds. */
  z.strictObject({
    type: z.literal('hello'),
    federationId: HASH,
    documents: z.array(z.strictObject(VERSION)).max(MAX_DOCUMENTS),
  }),
  /** Asks for one document that the other side's hello named. */
  z.strictObject({ type: z.literal('want'), ...NAME, hash: HASH }),
  /** Answers `want`: this many bytes follow, in frames of their own. */
  z.strictObject({ type: z.literal('document'), bytes: z.int().min(0).max(MAX_DOCUMENT_BYTES) }),
  /** Answers `want`: it is no longer held in this version. */
  z.strictObject({ type: z.literal('gone') }),
  /** Wants nothing more. */
  z.strictObject({ type: z.literal('done') }),
]);

/** One frame of the protocol. */
export type DocumentFrame = z.infer<typeof FRAME>;
/** The frame with this type. */
export type DocumentFrameOf<T extends DocumentFrame['type']> = Extract<DocumentFrame, { readonly type: T }>;

/** A frame as bytes. */
export function encodeDocumentFrame(frame: DocumentFrame): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(frame));
}

/**
 * Bytes as a frame.
 *
 * @throws {PeerError} `PEER_PROTOCOL` when they are not exactly a frame of this protocol.
 */
export function decodeDocumentFrame(bytes: Uint8Array): DocumentFrame {
  if (bytes.byteLength > MAX_JSON_BYTES) throw malformed('frame');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw malformed('json');
  }
  const parsed = FRAME.safeParse(value);
  if (!parsed.success) throw malformed('shape');
  return parsed.data;
}

function malformed(reason: string): PeerError {
  return new PeerError('PEER_PROTOCOL', { details: { kind: 'roster', reason } });
}
