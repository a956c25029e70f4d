/** The file that holds the passphrase. It belongs outside the data folder, so that a stolen backup lacks it. */
import { ConfigError } from '@interhosp/core/errors';
import type { Random } from '@interhosp/core/world';
import type { NodeDisk } from '../world/disk.ts';
import { readWhole } from '../world/whole-file.ts';

/** Shortest passphrase taken, in bytes; one that we generate has 43. */
export const MIN_PASSPHRASE_BYTES = 12;
/** Longest passphrase taken, in bytes. */
export const MAX_PASSPHRASE_BYTES = 200;

/**
 * Reads a passphrase file. One line break at its end is not part of the passphrase.
 *
 * @throws {ConfigError} `CONFIG_UNREADABLE`; `CONFIG_KEY_EXPOSED` when others than the owner may read or write it;
 *   `CONFIG_PASSPHRASE` when it is too short or too long.
 */
export async function readPassphrase(path: string, disk: NodeDisk): Promise<Uint8Array> {
  const bytes = await readWhole(disk, path).catch((cause: unknown) => {
    throw new ConfigError('CONFIG_UNREADABLE', { cause, details: { file: path } });
  });
  if (bytes === undefined) throw new ConfigError('CONFIG_UNREADABLE', { details: { file: path } });
  await refuseExposed(path, disk);
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace(/\r?\n$/, '');
  if (text.length < MIN_PASSPHRASE_BYTES || text.length > MAX_PASSPHRASE_BYTES) {
    throw new ConfigError('CONFIG_PASSPHRASE', { details: { file: path, bytes: text.length } });
  }
  return Buffer.from(text, 'latin1');
}

/** A passphrase nobody has to remember: 256 bits, base64url, with a line break for the file. */
export function newPassphrase(random: Random): string {
  return `${Buffer.from(random.bytes(32)).toString('base64url')}\n`;
}

/**
 * Refuses a file or folder that others than its owner may use (T24).
 *
 * @throws {ConfigError} `CONFIG_KEY_EXPOSED`
 */
export async function refuseExposed(path: string, disk: Pick<NodeDisk, 'permissionsOf'>): Promise<void> {
  const permissions = await disk.permissionsOf(path);
  if (permissions !== undefined && (permissions & OTHERS) !== 0) {
    throw new ConfigError('CONFIG_KEY_EXPOSED', { details: { file: path } });
  }
}

/** Any right of the group or of the world. */
const OTHERS = 0o077;
