/** UIDs that follow from content, so that a restart, or the same file once more, gives the same object. */
import { createHash } from 'node:crypto';
import { parseUid, type Uid } from '@interhosp/core/dicom';

/** Keeps these hashes apart from all others. */
const DOMAIN = 'interhosp/import/1';

/**
 * A UID under 2.25 (PS3.5 B.2): a UUID of version 8 (RFC 9562 5.8) from the SHA-256 of the parts, each with its length so
 * that two lists never run into one.
 */
export function derivedUid(...parts: readonly string[]): Uid {
  const hash = createHash('sha256');
  for (const part of [DOMAIN, ...parts]) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  const uuid = hash.digest().subarray(0, 16);
  uuid[6] = ((uuid[6] as number) & 0x0f) | 0x80;
  uuid[8] = ((uuid[8] as number) & 0x3f) | 0x80;
  return parseUid(`2.25.${BigInt(`0x${uuid.toString('hex')}`)}`);
}
