/**
 * What exactly was sent: the sorted list of a study's instances, its Merkle root, and the name of the transfer.
 *
 * A leaf is SHA-256(0x00 || entry), the entry being canonical JSON (RFC 8785) of
 * `{class, digest, length, segments: [{kind, length}], series, sop, syntax}`: text that an auditor can read and a second
 * implementation can write. Leaves are ordered by SOP Instance UID, byte by byte, so that the order in which instances
 * were retrieved leaves no trace. docs/protocol/transfer.md holds test vectors.
 */
import type { Uid } from '../dicom/uid.ts';
import { TransferError } from '../errors/interhosp-error.ts';
import { sha256, type Crypto } from '../world/crypto.ts';
import type { InstanceEntry } from './blocks.ts';
import { toHex } from './hex.ts';
import type { Digest, MemberId, TransferId } from './identifiers.ts';
import { leafDigest, merkleRoot } from './merkle.ts';
import type { Purpose } from './study.ts';

/** Most instances in one exchange: ten times the largest study seen in practice. */
export const MAX_INSTANCES = 50_000;
/** Most bytes in one exchange: 4 TiB, so that every offset is an exact number with room to spare. */
export const MAX_STUDY_BYTES = 4 * 1024 ** 4;
/** Most bytes of all canonical entries together. */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** One instance as the manifest names it; an {@link InstanceEntry} is one. */
export type ManifestEntry = Pick<
  InstanceEntry,
  'seriesInstanceUid' | 'sopInstanceUid' | 'sopClassUid' | 'transferSyntaxUid' | 'lengthBytes' | 'segments' | 'digest'
>;

/** What a transfer is the transfer of. */
export interface TransferIdentity {
  /** 64 hex digits. */
  readonly federationId: string;
  readonly sender: MemberId;
  readonly receiver: MemberId;
  readonly studyInstanceUid: Uid;
  readonly manifestRoot: Digest;
  readonly purpose: Purpose;
}

/** The canonical bytes of one entry, without the leaf prefix. */
export function manifestEntryBytes(entry: ManifestEntry): Uint8Array<ArrayBuffer> {
  // Keys are written in order, and every value is ASCII without escapes or a whole number: this is RFC 8785.
  const canonical = {
    class: entry.sopClassUid,
    digest: entry.digest,
    length: entry.lengthBytes,
    segments: entry.segments.map(({ kind, lengthBytes }) => ({ kind, length: lengthBytes })),
    series: entry.seriesInstanceUid,
    sop: entry.sopInstanceUid,
    syntax: entry.transferSyntaxUid,
  };
  return new TextEncoder().encode(JSON.stringify(canonical));
}

/** The entries in the manifest's order: by SOP Instance UID, byte by byte. */
export function sortManifest<E extends ManifestEntry>(entries: readonly E[]): readonly E[] {
  // UIDs are ASCII, where JavaScript's order of strings is the order of bytes.
  return entries.toSorted((a, b) => (a.sopInstanceUid < b.sopInstanceUid ? -1 : 1));
}

/**
 * Merkle root over the entries, in whatever order they are given. A manifest without instances has the root of no leaves.
 *
 * @throws {TransferError} `TRANSFER_LIMIT` beyond {@link MAX_INSTANCES} or {@link MAX_MANIFEST_BYTES}; `TRANSFER_PROTOCOL`
 *   when two entries carry the same SOP Instance UID.
 */
export function manifestRootOf(entries: readonly ManifestEntry[], crypto: Crypto): Digest {
  if (entries.length > MAX_INSTANCES) throw limit('instances', entries.length, MAX_INSTANCES);
  const sorted = sortManifest(entries);
  let totalBytes = 0;
  const leaves = sorted.map((entry, index) => {
    if (sorted[index - 1]?.sopInstanceUid === entry.sopInstanceUid) {
      throw new TransferError('TRANSFER_PROTOCOL', { details: { kind: 'duplicate-instance' } });
    }
    const bytes = manifestEntryBytes(entry);
    totalBytes += bytes.length;
    return leafDigest(crypto, bytes);
  });
  if (totalBytes > MAX_MANIFEST_BYTES) throw limit('manifest', totalBytes, MAX_MANIFEST_BYTES);
  return merkleRoot(crypto, leaves);
}

/**
 * The name of a transfer: the same content to the same member for the same purpose is the same transfer.
 *
 * SHA-256 over `interhosp/transfer-id@1`, a line feed, and canonical JSON of
 * `{federation, manifest, purpose, receiver, sender, study}`.
 */
export function transferIdOf(identity: TransferIdentity, crypto: Crypto): TransferId {
  const canonical = {
    federation: identity.federationId,
    manifest: identity.manifestRoot,
    purpose: identity.purpose,
    receiver: identity.receiver,
    sender: identity.sender,
    study: identity.studyInstanceUid,
  };
  const text = `interhosp/transfer-id@1\n${JSON.stringify(canonical)}`;
  return toHex(sha256(crypto, new TextEncoder().encode(text))) as TransferId;
}

function limit(kind: string, count: number, most: number): TransferError {
  return new TransferError('TRANSFER_LIMIT', { details: { kind, count, limit: most } });
}
