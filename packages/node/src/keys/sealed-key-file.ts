/**
 * One 32-byte secret in one small file, sealed under the vault's master key.
 *
 * Layout, 88 bytes, big-endian: magic (8) | version u8 = 1 | kind u8 | zero (2) | id (16) | nonce (12) | ciphertext (32) | tag (16).
 * AES-256-GCM with bytes 0..27 as additional data, so that no file can be passed off as another. A file appears whole or
 * not at all (written beside, synced, renamed), and is erased so that no moment shows half of it as a living key.
 */
import { StorageError } from '@interhosp/core/errors';
import type { Crypto, Disk, DiskFile, Random } from '@interhosp/core/world';
import { KEY_BYTES, NONCE_BYTES, TAG_BYTES } from '../world/crypto.ts';
import { crashpoint } from '../world/crashpoint.ts';

/** What a secret is for; part of the sealed format. */
export const KEY_KINDS = { exchange: 1, records: 2, identity: 3 } as const;
/** What a secret is for. */
export type KeyKind = keyof typeof KEY_KINDS;

/** Which secret a file holds. */
export interface KeyName {
  readonly kind: KeyKind;
  /** 16 bytes: the exchange's id, zero for the others. */
  readonly id: Uint8Array;
}

/** Suffix of a key that is being erased and is no key any more; finished when the vault opens. */
export const ERASING_SUFFIX = '.erasing';

const MAGIC = Uint8Array.of(0x49, 0x48, 0x4b, 0x45, 0x59, 0x0d, 0x0a, 0x1a); // IHKEY\r\n^Z
const VERSION = 1;
const HEADER_BYTES = 28;
const FILE_BYTES = HEADER_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/** The file's bytes. */
export function sealKey(
  secret: Uint8Array,
  name: KeyName,
  masterKey: Uint8Array,
  { crypto, random }: { readonly crypto: Crypto; readonly random: Random },
): Uint8Array {
  const header = headerOf(name);
  const nonce = random.bytes(NONCE_BYTES);
  return Buffer.concat([header, nonce, crypto.seal(masterKey, nonce, secret, header)]);
}

/**
 * The secret in a file's bytes.
 *
 * @throws {StorageError} `STORAGE_KEY_DAMAGED`, `STORAGE_VERSION`.
 */
export function openKey(bytes: Uint8Array, name: KeyName, masterKey: Uint8Array, crypto: Crypto): Uint8Array {
  const header = headerOf(name);
  const isOurs = MAGIC.every((byte, index) => bytes[index] === byte);
  const version = bytes[MAGIC.length] ?? 0;
  if (isOurs && bytes.length >= HEADER_BYTES && version > VERSION) {
    throw new StorageError('STORAGE_VERSION', { details: { kind: name.kind, version } });
  }
  const secret =
    bytes.length === FILE_BYTES && header.every((byte, index) => bytes[index] === byte)
      ? crypto.open(
          masterKey,
          bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES),
          bytes.subarray(HEADER_BYTES + NONCE_BYTES),
          header,
        )
      : undefined;
  if (secret === undefined) throw new StorageError('STORAGE_KEY_DAMAGED', { details: { kind: name.kind } });
  return secret;
}

/**
 * Erases a key file for good: from the first rename on it is no key any more, whatever happens after.
 *
 * On media that write elsewhere than where they were told (flash, copy-on-write) the overwritten bytes may linger; they
 * are then still sealed under the master key.
 */
export async function eraseFile(disk: Disk, folder: string, file: string, random: Random): Promise<void> {
  if (await disk.exists(`${folder}/${file}`)) {
    await disk.rename(`${folder}/${file}`, `${folder}/${file}${ERASING_SUFFIX}`);
    await disk.syncFolder(folder);
  }
  await finishErasing(disk, folder, `${file}${ERASING_SUFFIX}`, random);
}

/** The second half of {@link eraseFile}, also for what a crash left half done. */
export async function finishErasing(disk: Disk, folder: string, erasing: string, random: Random): Promise<void> {
  const path = `${folder}/${erasing}`;
  if (!(await disk.exists(path))) return;
  crashpoint('C24');
  const handle: DiskFile = await disk.open(path, 'write');
  try {
    await handle.write([random.bytes(FILE_BYTES)], 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await disk.remove(path);
  await disk.syncFolder(folder);
}

function headerOf({ kind, id }: KeyName): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  header[8] = VERSION;
  header[9] = KEY_KINDS[kind];
  header.set(id, 12);
  return header;
}
