/** The file operations the folder adapter uses, so that a test can let any of them fail. */
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { HEADER_WINDOW_BYTES } from './defaults.ts';
import type { ByteSource } from '@interhosp/core/dicom';

/** A path as the file system keeps it: names need not be UTF-8. */
export type Path = string | Buffer;

/** See node:fs/promises. */
export interface Files {
  readonly link: typeof link;
  readonly lstat: typeof lstat;
  readonly mkdir: typeof mkdir;
  readonly open: typeof open;
  readonly readdir: typeof readdir;
  readonly rename: typeof rename;
  readonly unlink: typeof unlink;
}

/** The disk of this machine. */
export const nodeFiles: Files = { link, lstat, mkdir, open, readdir, rename, unlink };

/** Neither a link to somewhere else nor a pipe that never answers is opened. Windows knows neither flag. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Opens a regular file for reading. @throws {Error} as node:fs; `ELOOP` for a symbolic link. */
export async function openToRead(files: Files, path: Path): Promise<FileHandle> {
  return await files.open(path, READ_FLAGS);
}

/** The bytes of an open file from an offset on, for random access; small reads share one window. */
export function fileSource(handle: FileHandle, offset: number, lengthBytes: number): ByteSource {
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  return {
    lengthBytes,
    async read(from, length) {
      const wanted = Math.max(0, Math.min(length, lengthBytes - from));
      if (from < windowStart || from + wanted > windowStart + window.length) {
        window = await readFully(handle, offset + from, Math.max(wanted, HEADER_WINDOW_BYTES));
        windowStart = from;
      }
      return window.subarray(from - windowStart, from - windowStart + wanted);
    },
  };
}

/** Reads `length` bytes at `position`; fewer only at the end of the file. */
export async function readFully(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Makes the names in a folder durable. Windows has no such call and needs none. */
export async function syncFolder(files: Files, path: Path): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await files.open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The code of an error of node:fs, `ENOSPC`. */
export function fsCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
