/** One file of many short objects, written from front to end; see object-packs.ts for when, pack-record.ts for how. */
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { PACK_BYTES, ZEROED_BYTES, ZEROED_FOR_BYTES } from '../limits.ts';
import { behind, lengthOf, WrongLengthError, writeFully } from '../../disk/open-file.ts';
import { FILE_MODE, type ObjectDisk, type ObjectPlace } from './object-disk.ts';
import {
  encodePackPage,
  encodeRecordHeader,
  PACK_ID_BYTES,
  PAGE_BYTES,
  RECORD_HEADER_BYTES,
  recordBytes,
  sumOf,
} from './pack-record.ts';

/** An object to be packed: its file (PS3.10) in pieces. */
export interface ObjectToPack {
  readonly pieces: readonly Uint8Array[];
  readonly lengthBytes: number;
  readonly receivedMs: number;
}

/** A sync of the disk that several wait for: each is told of one that began after it asked. */
class SharedSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** @throws {Error} of node:fs, also when another's sync failed: the disk tells of a lost page once, to anybody. */
  async done(): Promise<void> {
    this.#next ??= this.#after(this.#running);
    await this.#next;
  }

  async #after(running: Promise<void> | undefined): Promise<void> {
    await running?.catch(() => {});
    this.#running = this.#next;
    this.#next = undefined;
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      await this.#sync();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

const ZEROS = new Uint8Array(ZEROED_BYTES);
/** Where the next object goes when nothing is written ahead. */
const FIRST_RECORD_AT = PAGE_BYTES;

/** See the file's head. */
export class Pack {
  readonly path: string;
  readonly #disk: ObjectDisk;
  readonly #id: Uint8Array;
  /** Only while it is written. */
  #handle: FileHandle | undefined;
  #endBytes = FIRST_RECORD_AT;
  /** Up to here the disk has been written to: to write there again takes no new space, and half the time. */
  #zeroedBytes = FIRST_RECORD_AT;
  #held = 0;
  #underWay = 0;
  #isFull = false;
  /** A write failed, so that nobody knows what it left. */
  #isSpoilt = false;
  readonly #sync = new SharedSync(async () => await this.#open().datasync());

  private constructor(path: string, id: Uint8Array, disk: ObjectDisk, handle?: FileHandle) {
    this.path = path;
    this.#id = id;
    this.#disk = disk;
    this.#handle = handle;
  }

  /** Makes an empty pack; its bytes are durable on return, its name as far as that follows. @throws {Error} of node:fs */
  static async create(folder: string, disk: ObjectDisk): Promise<Pack> {
    const path = join(folder, randomBytes(16).toString('hex'));
    const id = randomBytes(PACK_ID_BYTES);
    const handle = await disk.open(path, 'wx+', FILE_MODE);
    try {
      await handle.writev([encodePackPage({ id, isSealed: false })], 0);
      await handle.sync();
      return new Pack(path, id, disk, handle);
    } catch (error) {
      await handle.close().catch(() => {});
      await disk.rm(path, { force: true }).catch(() => {});
      throw error;
    }
  }

  /** A pack of an earlier run, to which nothing is added. @param held - Number of its objects. */
  static read(path: string, id: Uint8Array, held: number, disk: ObjectDisk): Pack {
    const pack = new Pack(path, id, disk);
    pack.#held = held;
    pack.#isFull = true;
    return pack;
  }

  /** Whether nothing is held in it and nothing is on its way in. */
  get isEmpty(): boolean {
    return this.#held === 0 && this.#underWay === 0;
  }

  /** Whether nothing more is to be added. */
  get isFull(): boolean {
    return this.#isFull;
  }

  hasRoomFor(lengthBytes: number): boolean {
    return !this.#isFull && this.#endBytes + recordBytes(lengthBytes) <= PACK_BYTES;
  }

  /** Adds an object for which there is room; durable on return. @throws {Error} of node:fs; it is not held then. */
  async add({ lengthBytes, pieces, receivedMs }: ObjectToPack, waitsHere: boolean): Promise<ObjectPlace> {
    const at = this.#endBytes;
    const place = { path: this.path, start: at + RECORD_HEADER_BYTES, lengthBytes };
    this.#endBytes += recordBytes(lengthBytes);
    this.#underWay++;
    try {
      const comeBytes = lengthOf(pieces);
      if (comeBytes !== lengthBytes) throw new WrongLengthError(comeBytes, lengthBytes);
      const header = { isRemoved: false, lengthBytes, receivedMs, sum: sumOf(pieces) };
      const record = [encodeRecordHeader(this.#id, header), ...pieces];
      if (waitsHere && this.#underWay === 1) this.#writeNow(record, at, lengthBytes);
      else await this.#write(record, at);
      this.#held++;
      return place;
    } catch (error) {
      this.#isSpoilt = true;
      this.#isFull = true;
      await this.#strike([place]).catch(() => {});
      throw error;
    } finally {
      this.#underWay--;
    }
  }

  /** Removes objects for good. @throws {Error} of node:fs; they are not held all the same. */
  async remove(places: readonly ObjectPlace[]): Promise<void> {
    this.#held -= places.length;
    if (this.isEmpty) {
      // The file goes, and nothing may be added before it has.
      this.#isFull = true;
      return;
    }
    // Who marks them needs the file open, as one who writes does.
    this.#underWay++;
    try {
      await this.#strike(places);
    } finally {
      this.#underWay--;
    }
  }

  /** Nothing more is added. A pack without defects is marked as such, so that nobody need check it. Twice is fine. */
  async close(): Promise<void> {
    this.#isFull = true;
    const handle = this.#handle;
    if (handle === undefined || this.#underWay > 0) return;
    this.#handle = undefined;
    try {
      if (!this.#isSpoilt) await handle.writev([encodePackPage({ id: this.#id, isSealed: true })], 0);
    } finally {
      await handle.close();
    }
  }

  /** Removes the file; whoever reads it reads on. @throws {Error} of node:fs */
  async drop(): Promise<void> {
    this.#isFull = true;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
    await this.#disk.rm(this.path, { force: true });
  }

  #writeNow(record: readonly Uint8Array[], at: number, lengthBytes: number): void {
    const { fd } = this.#open();
    let left = [...record, ...this.#ahead(at, lengthBytes)];
    for (let to = at; left.length > 0;) {
      const written = this.#disk.writevSync(fd, left, to);
      to += written;
      left = behind(left, written);
    }
    this.#disk.fdatasyncSync(fd);
  }

  /** What goes behind a short record, so that the next ones need no new space. */
  #ahead(at: number, lengthBytes: number): readonly Uint8Array[] {
    const endBytes = at + recordBytes(lengthBytes);
    if (lengthBytes > ZEROED_FOR_BYTES || endBytes <= this.#zeroedBytes) return [];
    const padding = endBytes - at - RECORD_HEADER_BYTES - lengthBytes;
    this.#zeroedBytes = endBytes + ZEROED_BYTES;
    return [ZEROS.subarray(0, padding), ZEROS];
  }

  async #write(record: readonly Uint8Array[], at: number): Promise<void> {
    await writeFully(this.#open(), record, at);
    await this.#sync.done();
  }

  #open(): FileHandle {
    if (this.#handle === undefined) throw new Error('a closed pack takes nothing');
    return this.#handle;
  }

  /** Marks records as removed. That need not be durable: an object that comes back after a loss of power is one too many. */
  async #strike(places: readonly ObjectPlace[]): Promise<void> {
    const own = this.#handle;
    const handle = own ?? (await this.#disk.open(this.path, 'r+'));
    try {
      for (const { lengthBytes, start } of places) {
        const header = { isRemoved: true, lengthBytes, receivedMs: 0, sum: 0 };
        await handle.writev([encodeRecordHeader(this.#id, header)], start - RECORD_HEADER_BYTES);
      }
    } finally {
      if (own === undefined) await handle.close();
    }
  }
}
