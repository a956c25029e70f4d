/** The files below a folder, in the order of their names: what a person meant by naming the folder. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '@interhosp/core/errors';

/** What is left out. */
export interface FilesBelowOptions {
  /** A folder that is not entered, as a real path below the real path of the root. */
  readonly except?: string;
  /** Told of a folder below the path that cannot be read, which is then passed over; without, it ends the walk. */
  readonly onUnreadable?: (folder: string, error: ConfigError) => void;
}

/**
 * Yields a file itself, or every file below a folder. A link to a file counts as one; a link to a folder is not followed,
 * since it may lead out of the folder or back into it. Sockets and the like are passed over.
 *
 * @throws {ConfigError} `CONFIG_UNREADABLE` when the path, or a folder below it, cannot be read.
 */
export async function* filesBelow(path: string, options: FilesBelowOptions = {}): AsyncGenerator<string> {
  const found = await readable(path, () => stat(path));
  if (found.isDirectory()) yield* filesIn(path, options, true);
  else yield path;
}

async function* filesIn(folder: string, options: FilesBelowOptions, isRoot = false): AsyncGenerator<string> {
  const entries = await entriesOf(folder, isRoot ? {} : options);
  for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (path === options.except) continue;
    if (entry.isDirectory()) yield* filesIn(path, options);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path)))) yield path;
  }
}

async function entriesOf(folder: string, { onUnreadable }: FilesBelowOptions): Promise<readonly Dirent[]> {
  try {
    return await readable(folder, () => readdir(folder, { withFileTypes: true }));
  } catch (error) {
    if (onUnreadable === undefined || !(error instanceof ConfigError)) throw error;
    onUnreadable(folder, error);
    return [];
  }
}

/** A link that leads nowhere is given too: whoever reads it then says so. */
async function isFile(link: string): Promise<boolean> {
  return stat(link).then(
    (found) => found.isFile(),
    () => true,
  );
}

async function readable<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', { cause, details: { file } });
  }
}
