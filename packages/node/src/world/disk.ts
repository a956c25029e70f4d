/**
 * The Disk port over node:fs. Files are 0600 and folders 0700 from the moment they exist.
 *
 * Errors of the system arrive here once: no space becomes `STORAGE_FULL`, all else `STORAGE_FAILED` with the errno name
 * as `reason`. A short write is continued where it stopped.
 */
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { StorageError } from '@interhosp/core/errors';
import type { Disk, DiskFile, OpenMode } from '@interhosp/core/world';

/** The port with two questions that only a real file system can answer. */
export interface NodeDisk extends Disk {
  /** Permission bits, e.g. 0o600; undefined when there is no such file, or where a system keeps none (Windows). */
  permissionsOf(path: string): Promise<number | undefined>;
  /** Size of the volume that holds the path, for a low-water mark in percent. */
  volumeBytes(path: string): Promise<number>;
}

/** The files of this machine. */
export function nodeDisk(): NodeDisk {
  return {
    open: (path, mode) => guarded('open', async () => new NodeFile(path, await open(path, FLAGS[mode], FILE_MODE))),
    makeFolder: (path) =>
      guarded('mkdir', async () => void (await mkdir(path, { recursive: true, mode: FOLDER_MODE }))),
    list: (path) => guarded('list', () => list(path)),
    exists: (path) => guarded('stat', () => exists(path)),
    rename: (from, to) => guarded('rename', () => rename(from, to)),
    remove: (path) => guarded('unlink', () => rm(path, { force: true })),
    syncFolder: (path) => guarded('fsync', () => syncFolder(path)),
    freeBytes: (path) => guarded('statfs', async () => blocksToBytes(await statfs(path), 'bavail')),
    permissionsOf: (path) => guarded('stat', () => permissionsOf(path)),
    volumeBytes: (path) => guarded('statfs', async () => blocksToBytes(await statfs(path), 'blocks')),
  };
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** Most pieces in one pwritev: IOV_MAX is 1024 on Linux, and POSIX promises only 16. */
const MAX_WRITE_PARTS = 512;

// No link is followed at the last step of a path: all names below the data folder are our own.
const NO_LINK = constants.O_NOFOLLOW ?? 0;
const FLAGS: Readonly<Record<OpenMode, number>> = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_LINK,
  write: constants.O_RDWR | NO_LINK,
  read: constants.O_RDONLY | NO_LINK,
};

class NodeFile implements DiskFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #isClosed = false;

  constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  sizeBytes(): Promise<number> {
    return guarded('stat', async () => (await this.#handle.stat()).size);
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return guarded('read', async () => {
      let done = 0;
      while (done < into.length) {
        const { bytesRead } = await this.#handle.read(into, done, into.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    });
  }

  write(parts: readonly Uint8Array[], position: number): Promise<void> {
    return guarded('write', () => writeAll(this.#handle, parts, position));
  }

  truncate(sizeBytes: number): Promise<void> {
    return guarded('truncate', () => this.#handle.truncate(sizeBytes));
  }

  sync(): Promise<void> {
    return guarded('fsync', () => this.#handle.datasync());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await guarded('close', () => this.#handle.close());
  }
}

async function writeAll(handle: FileHandle, parts: readonly Uint8Array[], position: number): Promise<void> {
  let rest = parts.filter((part) => part.length > 0);
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest.slice(0, MAX_WRITE_PARTS), at);
    at += bytesWritten;
    rest = withoutFirst(rest, bytesWritten);
  }
}

/** What is left of the parts after their first `bytes` bytes. */
function withoutFirst(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  let index = 0;
  for (; index < parts.length; index++) {
    const part = parts[index] as Uint8Array;
    if (part.length > skip) break;
    skip -= part.length;
  }
  const rest = parts.slice(index);
  if (skip > 0) rest[0] = (rest[0] as Uint8Array).subarray(skip);
  return rest;
}

async function list(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

async function permissionsOf(path: string): Promise<number | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder, and NTFS journals names by itself.
  if (process.platform === 'win32') return;
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function blocksToBytes(stats: { bsize: number; bavail: number; blocks: number }, field: 'bavail' | 'blocks'): number {
  return stats[field] * stats.bsize;
}

async function guarded<T>(operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = errnoOf(error);
    const isFull = reason === 'ENOSPC' || reason === 'EDQUOT';
    throw new StorageError(isFull ? 'STORAGE_FULL' : 'STORAGE_FAILED', {
      cause: error,
      details: { kind: operation, reason: reason ?? 'unknown' },
    });
  }
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
