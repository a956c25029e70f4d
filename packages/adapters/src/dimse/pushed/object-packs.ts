/**
 * Short objects, many to a file: to make a file for each costs more than its bytes do, and to sync a new file costs twice the
 * sync of one that is there. Packs are written by this process alone; the next start reads them. A pack goes when nothing
 * in it is held any more.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fsCodeOf, syncFolder } from '../../disk/open-file.ts';
import { PACK_BYTES, SLOW_DISK_PAUSES, SLOW_SYNC_MS } from '../limits.ts';
import type { ObjectDisk, ObjectPlace } from './object-disk.ts';
import { Pack, type ObjectToPack } from './pack.ts';
import { PAGE_BYTES, recordBytes } from './pack-record.ts';
import { readPack, type PackedObject } from './read-pack.ts';

const PACK_NAME = /^[0-9a-f]{32}$/;

/** One bad sector keeps nobody from what lies elsewhere. */
function ofDiskAlone(error: unknown): undefined {
  if (fsCodeOf(error) === undefined) throw error;
}

/** See the file's head. */
export class ObjectPacks {
  readonly #folder: string;
  readonly #disk: ObjectDisk;
  readonly #syncsFolder: boolean;
  readonly #packs = new Map<string, Pack>();
  /** The one that is added to. */
  #current: Pack | undefined;
  #opening: Promise<void> | undefined;
  /** Until when the disk is not waited for, on the monotonic clock. */
  #slowUntilMs = 0;

  /**
   * @param folder - Which is there.
   * @param syncsFolder - Whether a synced file is not enough to make its name durable.
   */
  constructor(folder: string, disk: ObjectDisk, syncsFolder: boolean) {
    this.#folder = folder;
    this.#disk = disk;
    this.#syncsFolder = syncsFolder;
  }

  /**
   * Reads what earlier runs left, before anything is added. A pack that cannot be read stays where it is.
   *
   * @param unreadable - Told of each of those, and of each object that a crash cut.
   */
  async *held(unreadable: () => void): AsyncGenerator<PackedObject, void, undefined> {
    for (const name of (await readdir(this.#folder)).toSorted()) {
      if (!PACK_NAME.test(name)) continue;
      const path = join(this.#folder, name);
      const read = await readPack(this.#disk, path).catch(ofDiskAlone);
      const torn = typeof read === 'object' ? read.torn : 0;
      for (let count = 0; count < torn; count++) unreadable();
      if (read === undefined) {
        unreadable();
      } else if (read === 'empty' || read.objects.length === 0) {
        await this.#disk.rm(path, { force: true });
      } else {
        this.#packs.set(path, Pack.read(path, read.id, read.objects.length, this.#disk));
        yield* read.objects;
      }
    }
  }

  /**
   * Adds an object, durable on return. @throws {Error} of node:fs; it is not held then.
   *
   * @param isAlone - No other object is being received. Then the disk is waited for here and now: passing each call to a thread
   *   and back takes longer than the call. As soon as the disk is slow, or others could share its syncs, threads do it.
   */
  async add(object: ObjectToPack, isAlone: boolean): Promise<ObjectPlace> {
    if (PAGE_BYTES + recordBytes(object.lengthBytes) > PACK_BYTES) throw new RangeError('too long for a pack');
    for (;;) {
      const pack = this.#current;
      if (pack?.hasRoomFor(object.lengthBytes) === true) return await this.#addTo(pack, object, isAlone);
      this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
      await this.#opening;
    }
  }

  /** Whether this is where a pack of ours lies. */
  has({ path }: ObjectPlace): boolean {
    return this.#packs.has(path);
  }

  /** Removes objects that are held. @throws {Error} of node:fs */
  async remove(places: readonly ObjectPlace[]): Promise<void> {
    for (const [path, own] of Map.groupBy(places, (place) => place.path)) {
      const pack = this.#packs.get(path);
      if (pack === undefined) continue;
      try {
        await pack.remove(own);
      } finally {
        await this.#tidy(pack);
      }
    }
  }

  /** Nothing more is added. Calling it twice is fine. @throws {Error} of node:fs */
  async close(): Promise<void> {
    await this.#opening?.catch(() => {});
    const pack = this.#current;
    this.#current = undefined;
    if (pack === undefined) return;
    await pack.close();
    await this.#tidy(pack);
  }

  async #addTo(pack: Pack, object: ObjectToPack, isAlone: boolean): Promise<ObjectPlace> {
    const startedMs = performance.now();
    const waitsHere = isAlone && startedMs >= this.#slowUntilMs;
    try {
      return await pack.add(object, waitsHere);
    } finally {
      const tookMs = performance.now() - startedMs;
      if (waitsHere && tookMs > SLOW_SYNC_MS) this.#slowUntilMs = startedMs + SLOW_DISK_PAUSES * tookMs;
      if (pack.isFull) await this.#tidy(pack);
    }
  }

  async #open(): Promise<void> {
    const full = this.#current;
    this.#current = undefined;
    await full?.close();
    const pack = await Pack.create(this.#folder, this.#disk);
    try {
      if (this.#syncsFolder) await syncFolder(this.#disk, this.#folder);
    } catch (error) {
      await pack.drop().catch(() => {});
      throw error;
    }
    this.#packs.set(pack.path, pack);
    this.#current = pack;
  }

  /** Removes a pack of which nothing is held, and closes one that takes nothing more. */
  async #tidy(pack: Pack): Promise<void> {
    if (!pack.isEmpty) {
      if (pack.isFull) await pack.close();
      return;
    }
    this.#packs.delete(pack.path);
    if (this.#current === pack) this.#current = undefined;
    await pack.drop();
  }
}
