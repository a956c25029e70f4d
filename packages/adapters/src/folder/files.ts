/** The file operations the folder adapter uses, so that a test can let any of them fail. */
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';

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
