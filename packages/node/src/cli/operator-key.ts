/** The operator's key: an Ed25519 seed in a file of its own, 64 hex digits, mode 0600. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { ConfigError } from '@interhosp/core/errors';
import { toHex } from '@interhosp/core/study';
import type { Signer } from '@interhosp/core/world';
import { ed25519Signer, nodeRandom } from '../world/index.ts';

/** Makes a key file. @throws {ConfigError} `CONFIG_EXISTS`: a key is never overwritten. */
export async function createOperatorKey(file: string): Promise<Signer> {
  const seed = nodeRandom().bytes(32);
  try {
    await writeFile(file, `${toHex(seed)}\n`, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    throw new ConfigError(exists ? 'CONFIG_EXISTS' : 'CONFIG_UNREADABLE', { cause, details: { file } });
  }
  return ed25519Signer(seed);
}

/** Opens a key file. @throws {ConfigError} `CONFIG_UNREADABLE`, `CONFIG_KEY_EXPOSED` */
export async function readOperatorKey(file: string): Promise<Signer> {
  let text: string;
  let mode: number;
  try {
    [text, { mode }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', { cause, details: { file } });
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new ConfigError('CONFIG_KEY_EXPOSED', { details: { file } });
  const digits = text.trim();
  if (!/^[0-9a-f]{64}$/.test(digits)) throw new ConfigError('CONFIG_INVALID', { details: { file, field: 'key' } });
  return ed25519Signer(Buffer.from(digits, 'hex'));
}
