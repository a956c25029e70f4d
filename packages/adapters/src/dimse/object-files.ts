/**
 * The files of received objects: one DICOM file each (PS3.10), there whole and for good or not at all. Bytes go into a part
 * file, are synced, and only then get the name under which they are found: the SHA-256 of the SOP Instance UID, so that
 * nothing in a name tells of a patient and nothing that came from outside becomes a path.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Uid } from '@interhosp/core/dicom';
import { EARLY_SYNC_BYTES } from './limits.ts';

/** File operations, so that a test can let any of them fail. See node:fs/promises. */
export interface ObjectDisk {
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly rm: typeof rm;
  readonly statfs: typeof statfs;
}

/** The disk of this machine. */
export const nodeObjectDisk: ObjectDisk = { open, rename, rm, statfs };

const PARTS = 'parts';
const OBJECTS = 'objects';
/** Nobody else on this machine needs to read images. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const SHARDS = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'));

/** The folder that received objects lie in. */
export class ObjectFolder {
  readonly disk: ObjectDisk;
  readonly #folder: string;

  private constructor(folder: string, disk: ObjectDisk) {
    this.#folder = folder;
    this.disk = disk;
  }

  /** Makes the folders and removes the part files that an earlier run left. @throws {Error} of node:fs */
  static async open(folder: string, disk: ObjectDisk = nodeObjectDisk): Promise<ObjectFolder> {
    const objects = join(folder, OBJECTS);
    await mkdir(objects, { recursive: true, mode: FOLDER_MODE });
    await mkdir(join(folder, PARTS), { recursive: true, mode: FOLDER_MODE });
    for (const name of await readdir(join(folder, PARTS))) await rm(join(folder, PARTS, name), { force: true });
    for (const shard of SHARDS) await mkdir(join(objects, shard), { recursive: true, mode: FOLDER_MODE });
    await syncFolder(disk, objects);
    await syncFolder(disk, folder);
    return new ObjectFolder(folder, disk);
  }

  /** Where the object of a UID lies, or would lie. */
  pathOf(sopInstanceUid: Uid): string {
    const name = createHash('sha256').update(sopInstanceUid).digest('hex');
    return join(this.#folder, OBJECTS, name.slice(0, 2), name);
  }

  /** Every object's file, in the order of names. */
  async *paths(): AsyncGenerator<string, void, undefined> {
    for (const shard of SHARDS) {
      const folder = join(this.#folder, OBJECTS, shard);
      for (const name of (await readdir(folder)).toSorted()) yield join(folder, name);
    }
  }

  /** A part file, open and empty. */
  async part(): Promise<PartFile> {
    const path = join(this.#folder, PARTS, randomBytes(16).toString('hex'));
    return new PartFile(this.disk, path, await this.disk.open(path, 'wx+', FILE_MODE));
  }

  /** Bytes that may still be written here. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await this.disk.statfs(this.#folder);
    return bavail * bsize;
  }

  /** Removes an object. Removing what is not there is fine. */
  async remove(path: string): Promise<void> {
    await this.disk.rm(path, { force: true });
  }
}

/** An object that is being written. Ends with {@link publish} or {@link drop}. */
export class PartFile {
  readonly #disk: ObjectDisk;
  readonly #path: string;
  readonly #handle: FileHandle;
  #unsyncedBytes = 0;
  #early: Promise<void> | undefined;
  #earlyError: unknown;

  constructor(disk: ObjectDisk, path: string, handle: FileHandle) {
    this.#disk = disk;
    this.#path = path;
    this.#handle = handle;
  }

  /** Appends pieces. @throws {Error} of node:fs */
  async append(pieces: readonly Uint8Array[]): Promise<void> {
    let left = pieces;
    while (left.length > 0) {
      const { bytesWritten } = await this.#handle.writev(left);
      this.#unsyncedBytes += bytesWritten;
      left = behind(left, bytesWritten);
    }
    if (this.#earlyError !== undefined) throw this.#earlyError;
    if (this.#unsyncedBytes >= EARLY_SYNC_BYTES && this.#early === undefined) this.#syncEarly();
  }

  /** Gives the object its name once its bytes are durable, and makes the name durable. @throws {Error} of node:fs */
  async publish(path: string): Promise<void> {
    await this.#early;
    if (this.#earlyError !== undefined) throw this.#earlyError;
    await this.#handle.datasync();
    await this.#handle.close();
    await this.#disk.rename(this.#path, path);
    await syncFolder(this.#disk, join(path, '..'));
  }

  /** Throws the bytes away. */
  async drop(): Promise<void> {
    await this.#early;
    await this.#handle.close().catch(() => {});
    await this.#disk.rm(this.#path, { force: true }).catch(() => {});
  }

  /** While more comes in, so that little is left to do behind the last byte. */
  #syncEarly(): void {
    this.#unsyncedBytes = 0;
    this.#early = this.#handle
      .datasync()
      // A sync that failed once is never trusted again.
      .catch((error: unknown) => void (this.#earlyError = error))
      .finally(() => (this.#early = undefined));
  }
}

/** Makes the names in a folder durable. Windows has no such call and needs none. */
export async function syncFolder(disk: Pick<ObjectDisk, 'open'>, path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await disk.open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What is left of pieces when so many bytes of them are written. */
function behind(pieces: readonly Uint8Array[], bytesWritten: number): readonly Uint8Array[] {
  let written = bytesWritten;
  return pieces.flatMap((piece) => {
    const skipped = Math.min(written, piece.length);
    written -= skipped;
    return skipped === piece.length ? [] : [piece.subarray(skipped)];
  });
}
