/**
 * Lists the files of a folder tree. Symbolic links are not followed, names that begin with a dot are left out (part files
 * of ours and of rsync), and what is no regular file is not touched.
 */
import { PacsError } from '@interhosp/core/errors';
import { MAX_DEPTH, MAX_FILES } from './defaults.ts';
import { fsCodeOf } from '../disk/open-file.ts';
import { type Files } from './files.ts';
import type { FileState } from './read-file.ts';

/** A file that was seen. */
export interface SeenFile {
  readonly path: Buffer;
  readonly state: FileState;
}

/** Limits of a look at a folder; see defaults.ts. */
export interface TreeLimits {
  readonly maxFiles?: number;
  readonly maxDepth?: number;
}

const SEPARATOR = Buffer.from('/');
const DOT = '.'.codePointAt(0);

/**
 * Yields every file below a folder, folder by folder, in the order of names.
 *
 * @throws {PacsError} `PACS_UNREACHABLE` when the folder itself cannot be listed: an unmounted share must not look like an
 *   empty one. `PACS_TOO_MANY` beyond a limit.
 */
export async function* filesBelow(
  files: Files,
  root: string,
  { maxFiles = MAX_FILES, maxDepth = MAX_DEPTH }: TreeLimits = {},
  signal?: AbortSignal,
): AsyncGenerator<SeenFile> {
  let count = 0;
  const pending: { readonly path: Buffer; readonly depth: number }[] = [{ path: Buffer.from(root), depth: 0 }];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    signal?.throwIfAborted();
    const { path, depth } = folder;
    for (const entry of await namesIn(files, path, depth)) {
      const child = Buffer.concat([path, SEPARATOR, entry.name]);
      if (entry.isDirectory()) {
        if (depth >= maxDepth) throw new PacsError('PACS_TOO_MANY', { details: { depth, limit: maxDepth } });
        pending.push({ path: child, depth: depth + 1 });
      } else if (entry.isFile()) {
        if (++count > maxFiles) throw new PacsError('PACS_TOO_MANY', { details: { count, limit: maxFiles } });
        const state = await stateOf(files, child);
        if (state !== undefined) yield { path: child, state };
      }
    }
  }
}

async function namesIn(files: Files, path: Buffer, depth: number) {
  try {
    const entries = await files.readdir(path, { withFileTypes: true, encoding: 'buffer' });
    return entries.filter((entry) => entry.name[0] !== DOT).toSorted((a, b) => Buffer.compare(a.name, b.name));
  } catch (cause) {
    // A folder inside the tree may have been removed since its parent was listed, or may not be ours to read.
    if (depth > 0) return [];
    throw new PacsError('PACS_UNREACHABLE', { cause, details: { reason: fsCodeOf(cause) ?? 'folder' } });
  }
}

async function stateOf(files: Files, path: Buffer): Promise<FileState | undefined> {
  try {
    const { size, mtimeMs } = await files.lstat(path);
    return { sizeBytes: size, mtimeMs };
  } catch {
    return undefined;
  }
}
