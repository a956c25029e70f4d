/**
 * The files of received objects: one DICOM file each (PS3.10), there whole and for good or not at all.
 *
 * A name is the SHA-256 of the SOP Instance UID and the length of the file: nothing in it tells of a patient, nothing that
 * came from outside becomes a path, and a file that a loss of power left shorter than its name says was never answered for
 * and is removed at the next start. That leaves one sync for each object, after it has its name: on ext4, XFS, Btrfs and ZFS
 * it makes the name durable with the bytes; elsewhere the folder is synced too.
 */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, writevSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Uid } from '@interhosp/core/dicom';
import { EARLY_SYNC_BYTES, SLOW_DISK_PAUSE_MS, SLOW_SYNC_MS } from './limits.ts';

/** File operations, so that a test can let any of them fail. See node:fs and node:fs/promises. */
export interface ObjectDisk {
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly rm: typeof rm;
  readonly statfs: typeof statfs;
  readonly closeSync: typeof closeSync;
  readonly fsyncSync: typeof fsyncSync;
  readonly openSync: typeof openSync;
  readonly writevSync: typeof writevSync;
}

/** The disk of this machine. */
export const nodeObjectDisk: ObjectDisk = { open, rename, rm, statfs, closeSync, fsyncSync, openSync, writevSync };

const PARTS = 'parts';
const OBJECTS = 'objects';
/** Nobody else on this machine needs to read images. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const SHARDS = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'));
/** `f_type` of file systems whose fsync of a file makes its name durable too: ext4, XFS, Btrfs, ZFS; and tmpfs, where nothing is. */
const ORDERED_FILE_SYSTEMS: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e, 0x2fc12fc1, 0x01021994]);

/** The folder that received objects lie in. */
export class ObjectFolder {
  readonly disk: ObjectDisk;
  readonly #folder: string;
  readonly #syncsFolders: boolean;
  /** Until when the disk is not waited for, on the monotonic clock. */
  #slowUntilMs = 0;

  private constructor(folder: string, disk: ObjectDisk, syncsFolders: boolean) {
    this.#folder = folder;
    this.disk = disk;
    this.#syncsFolders = syncsFolders;
  }

  /** Makes the folders and removes the part files that an earlier run left. @throws {Error} of node:fs */
  static async open(folder: string, disk: ObjectDisk = nodeObjectDisk): Promise<ObjectFolder> {
    const objects = join(folder, OBJECTS);
    await mkdir(objects, { recursive: true, mode: FOLDER_MODE });
    await mkdir(join(folder, PARTS), { recursive: true, mode: FOLDER_MODE });
    for (const name of await readdir(join(folder, PARTS))) await rm(join(folder, PARTS, name), { force: true });
    const shards = new Set(await readdir(objects));
    for (const shard of SHARDS) if (!shards.has(shard)) await mkdir(join(objects, shard), { mode: FOLDER_MODE });
    await syncFolder(disk, objects);
    await syncFolder(disk, folder);
    const { type } = await disk.statfs(folder);
    return new ObjectFolder(folder, disk, process.platform !== 'win32' && !ORDERED_FILE_SYSTEMS.has(type));
  }

  /** Where an object lies, or would lie. @param fileBytes - Length of its file. */
  pathOf(sopInstanceUid: Uid, fileBytes: number): string {
    const name = createHash('sha256').update(sopInstanceUid).digest('hex');
    return join(this.#folder, OBJECTS, name.slice(0, 2), `${name}-${fileBytes}`);
  }

  /** Every object's file, with the length that it must have. */
  async *files(): AsyncGenerator<ObjectFile, void, undefined> {
    for (const shard of SHARDS) {
      const folder = join(this.#folder, OBJECTS, shard);
      for (const name of (await readdir(folder)).toSorted()) {
        const fileBytes = /^[0-9a-f]{64}-(\d{1,15})$/.exec(name)?.[1];
        if (fileBytes !== undefined) yield { path: join(folder, name), fileBytes: Number(fileBytes) };
      }
    }
  }

  /**
   * Writes a whole object, durable on return. @throws {Error} of node:fs; nothing is left of it then.
   *
   * @param isAlone - No other object is being written. Then the disk is waited for here and now: passing each call to a thread
   *   and back takes longer than the call. As soon as the disk is slow, or others could share its syncs, threads do it.
   */
  async write(path: string, pieces: readonly Uint8Array[], isAlone: boolean): Promise<void> {
    const startedMs = performance.now();
    try {
      if (isAlone && startedMs >= this.#slowUntilMs) {
        this.#writeNow(path, pieces);
        const endedMs = performance.now();
        if (endedMs - startedMs > SLOW_SYNC_MS) this.#slowUntilMs = endedMs + SLOW_DISK_PAUSE_MS;
      } else {
        const file = new PartFile(this.disk, path, await this.disk.open(path, 'wx', FILE_MODE));
        await file.append(pieces);
        await file.sync();
      }
      await this.#syncName(path);
    } catch (error) {
      await this.remove(path).catch(() => {});
      throw error;
    }
  }

  #writeNow(path: string, pieces: readonly Uint8Array[]): void {
    const fd = this.disk.openSync(path, 'wx', FILE_MODE);
    try {
      for (let left = pieces; left.length > 0;) left = behind(left, this.disk.writevSync(fd, left));
      this.disk.fsyncSync(fd);
    } finally {
      this.disk.closeSync(fd);
    }
  }

  /** A part file, open and empty, for an object that is too long to be held. */
  async part(): Promise<PartFile> {
    const path = join(this.#folder, PARTS, randomBytes(16).toString('hex'));
    return new PartFile(this.disk, path, await this.disk.open(path, 'wx', FILE_MODE));
  }

  /** Gives a part file its name; durable on return. @throws {Error} of node:fs; nothing is left of it then. */
  async publish(part: PartFile, path: string): Promise<void> {
    try {
      await this.disk.rename(part.path, path);
      await part.sync();
      await this.#syncName(path);
    } catch (error) {
      await part.drop();
      await this.remove(path).catch(() => {});
      throw error;
    }
  }

  /** Makes sure that an object that is there is durable: a run that was killed may have left it unsynced. */
  async syncAgain(path: string): Promise<void> {
    const handle = await this.disk.open(path, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await this.#syncName(path);
  }

  async #syncName(path: string): Promise<void> {
    if (this.#syncsFolders) await syncFolder(this.disk, join(path, '..'));
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

/** A file, and the length that its name says. */
export interface ObjectFile {
  readonly path: string;
  readonly fileBytes: number;
}

/** An object that is being written. Ends with {@link sync} or {@link drop}. */
export class PartFile {
  readonly path: string;
  readonly #disk: ObjectDisk;
  readonly #handle: FileHandle;
  #unsyncedBytes = 0;
  #early: Promise<void> | undefined;
  #earlyError: Error | undefined;

  constructor(disk: ObjectDisk, path: string, handle: FileHandle) {
    this.#disk = disk;
    this.path = path;
    this.#handle = handle;
  }

  /** Appends pieces. @throws {Error} of node:fs */
  async append(pieces: readonly Uint8Array[]): Promise<void> {
    for (let left = pieces; left.length > 0;) {
      const { bytesWritten } = await this.#handle.writev(left);
      this.#unsyncedBytes += bytesWritten;
      left = behind(left, bytesWritten);
    }
    if (this.#earlyError !== undefined) throw this.#earlyError;
    if (this.#unsyncedBytes >= EARLY_SYNC_BYTES && this.#early === undefined) this.#syncEarly();
  }

  /** Makes everything durable and closes. @throws {Error} of node:fs */
  async sync(): Promise<void> {
    await this.#early;
    try {
      if (this.#earlyError !== undefined) throw this.#earlyError;
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
  }

  /** Throws the bytes away. */
  async drop(): Promise<void> {
    await this.#early;
    await this.#handle.close().catch(() => {});
    await this.#disk.rm(this.path, { force: true }).catch(() => {});
  }

  /** While more comes in, so that little is left to do behind the last byte. */
  #syncEarly(): void {
    this.#unsyncedBytes = 0;
    this.#early = this.#handle
      .datasync()
      // A sync that failed once is never trusted again.
      .catch((error: Error) => void (this.#earlyError = error))
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
