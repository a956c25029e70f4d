/**
 * The files of received objects, there whole and for good or not at all: short ones in packs (object-packs.ts), each long one
 * in a DICOM file of its own (PS3.10).
 *
 * Its name is a random number and the length of the file: nothing that came from outside becomes a path. It is synced before it
 * has its name, and again after: on ext4, XFS, Btrfs and ZFS that makes the name durable; elsewhere the folder is synced too.
 */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, WrongLengthError, writeFully } from '../../disk/open-file.ts';
import { EARLY_SYNC_BYTES } from '../limits.ts';
import { FILE_MODE, FOLDER_MODE, nodeObjectDisk, type ObjectDisk, type ObjectPlace } from './object-disk.ts';
import { ObjectPacks } from './object-packs.ts';
import type { ObjectToPack } from './pack.ts';
import type { PackedObject } from './read-pack.ts';

const PARTS = 'parts';
const OBJECTS = 'objects';
const PACKS = 'packs';
const SHARDS = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'));
/** `f_type` of file systems whose fsync of a file makes its name durable too: ext4, XFS, Btrfs, ZFS; and tmpfs, where nothing is. */
const ORDERED_FILE_SYSTEMS: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e, 0x2fc12fc1, 0x01021994]);

/** The folder that received objects lie in. */
export class ObjectFolder {
  readonly disk: ObjectDisk;
  readonly #folder: string;
  readonly #syncsFolders: boolean;
  readonly #packs: ObjectPacks;

  private constructor(folder: string, disk: ObjectDisk, syncsFolders: boolean) {
    this.#folder = folder;
    this.disk = disk;
    this.#syncsFolders = syncsFolders;
    this.#packs = new ObjectPacks(join(folder, PACKS), disk, syncsFolders);
  }

  /** Makes the folders and removes the part files that an earlier run left. @throws {Error} of node:fs */
  static async open(folder: string, disk: ObjectDisk = nodeObjectDisk): Promise<ObjectFolder> {
    const objects = join(folder, OBJECTS);
    await mkdir(objects, { recursive: true, mode: FOLDER_MODE });
    for (const name of [PARTS, PACKS]) await mkdir(join(folder, name), { recursive: true, mode: FOLDER_MODE });
    for (const name of await readdir(join(folder, PARTS))) await rm(join(folder, PARTS, name), { force: true });
    const shards = new Set(await readdir(objects));
    for (const shard of SHARDS) if (!shards.has(shard)) await mkdir(join(objects, shard), { mode: FOLDER_MODE });
    await syncFolder(disk, objects);
    await syncFolder(disk, folder);
    const { type } = await disk.statfs(folder);
    return new ObjectFolder(folder, disk, process.platform !== 'win32' && !ORDERED_FILE_SYSTEMS.has(type));
  }

  /**
   * Every object that earlier runs left, before anything is added.
   *
   * @param unreadable - Told of each file that cannot be read; it stays where it is.
   */
  async *held(unreadable: () => void): AsyncGenerator<PackedObject, void, undefined> {
    yield* this.#packs.held(unreadable);
    for (const shard of SHARDS) {
      const folder = join(this.#folder, OBJECTS, shard);
      for (const name of (await readdir(folder)).toSorted()) {
        const lengthBytes = Number(/^[0-9a-f]{64}-(\d{1,15})$/.exec(name)?.[1]);
        if (Number.isNaN(lengthBytes)) continue;
        const path = join(folder, name);
        const { mtimeMs, size } = await lstat(path);
        // Cut short by a loss of power: nobody was told that it is here.
        if (size === lengthBytes) yield { place: { path, start: 0, lengthBytes }, receivedMs: mtimeMs };
        else await this.disk.rm(path, { force: true });
      }
    }
  }

  /** Adds a short object, durable on return. @throws {Error} of node:fs. See `ObjectPacks.add`. */
  async pack(object: ObjectToPack, isAlone: boolean): Promise<ObjectPlace> {
    return await this.#packs.add(object, isAlone);
  }

  /** A part file, open and empty, for an object that is too long to be held. */
  async part(): Promise<PartFile> {
    const path = join(this.#folder, PARTS, randomBytes(16).toString('hex'));
    return new PartFile(this.disk, path, await this.disk.open(path, 'wx', FILE_MODE));
  }

  /** Gives a part file its name; durable on return. @throws {Error} of node:fs; nothing is left of it then. */
  async publish(part: PartFile, lengthBytes: number): Promise<ObjectPlace> {
    // Never that of another, also of the same object, which may be going at this moment.
    const name = randomBytes(32).toString('hex');
    const path = join(this.#folder, OBJECTS, name.slice(0, 2), `${name}-${lengthBytes}`);
    try {
      // In this order: what has a name is whole.
      await part.sync(lengthBytes);
      await this.disk.rename(part.path, path);
      await part.close();
      await this.#syncName(path);
      return { path, start: 0, lengthBytes };
    } catch (error) {
      await part.drop();
      await this.disk.rm(path, { force: true }).catch(() => {});
      throw error;
    }
  }

  /** Makes sure that an object that is there is durable: a run that was killed may have left it unsynced. */
  async syncAgain({ path }: ObjectPlace): Promise<void> {
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

  /** Removes objects that are held. @throws {Error} of node:fs */
  async remove(places: readonly ObjectPlace[]): Promise<void> {
    const packed = places.filter((place) => this.#packs.has(place));
    const single = places.filter((place) => !this.#packs.has(place));
    await this.#packs.remove(packed);
    for (const { path } of single) await this.disk.rm(path, { force: true });
  }

  /** Nothing more is added. Calling it twice is fine. @throws {Error} of node:fs */
  async close(): Promise<void> {
    await this.#packs.close();
  }
}

/** An object that is being written. Ends with {@link close} or {@link drop}. */
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
    this.#unsyncedBytes += await writeFully(this.#handle, pieces);
    if (this.#earlyError !== undefined) throw this.#earlyError;
    if (this.#unsyncedBytes >= EARLY_SYNC_BYTES && this.#early === undefined) this.#syncEarly();
  }

  /** Makes the bytes durable. @throws {Error} of node:fs @throws {WrongLengthError} They are not as many as came in. */
  async sync(lengthBytes: number): Promise<void> {
    await this.#early;
    if (this.#earlyError !== undefined) throw this.#earlyError;
    const { size } = await this.#handle.stat();
    if (size !== lengthBytes) throw new WrongLengthError(size, lengthBytes);
    await this.#handle.datasync();
  }

  /** Makes the name durable that it was given, and closes. @throws {Error} of node:fs */
  async close(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
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
