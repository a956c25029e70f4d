/**
 * The spool: one folder with one pack file for each exchange whose bytes are here. File names are random and say nothing.
 * The member's lock is the journal's; a spool has none of its own.
 *
 * A pack whose write or sync failed is renamed to `.suspect`, and opening it copies every record that verifies into a new
 * file: after a failed sync the system may read back bytes that are on no disk.
 */
import { errorCodeOf, StorageError } from '@interhosp/core/errors';
import { toHex, type ExchangeId } from '@interhosp/core/study';
import type { Disk, DiskFile, Log, Random } from '@interhosp/core/world';
import type { ExchangeKeys } from '../keys/index.ts';
import { crashpoint } from '../world/crashpoint.ts';
import { UNFINISHED_SUFFIX } from '../world/whole-file.ts';
import { decodePackHeader, encodePackHeader, RECORD_OVERHEAD_BYTES, RECORDS_AT } from './format.ts';
import { packOf, type Pack } from './pack.ts';
import type { PackCrypto } from './pack-file.ts';
import { scanPack, type PackScan } from './pack-scan.ts';
import { Space } from './space.ts';

/** The waiting bytes of one member. */
export interface Spool extends AsyncDisposable {
  /**
   * Makes the pack of an exchange, or opens the one it has, so that a repeated step is harmless. Its key must exist.
   *
   * @throws {StorageError} `STORAGE_KEY_ERASED`, `STORAGE_FULL`, `STORAGE_FAILED`.
   */
  create(exchange: ExchangeId): Promise<Pack>;
  /**
   * Opens the pack of an exchange: finds every whole record, drops what a crash cut off. The pack that is open is shared.
   *
   * @throws {StorageError} `STORAGE_PACK_DAMAGED` when the exchange has none; `STORAGE_KEY_ERASED`, `STORAGE_FAILED`.
   */
  open(exchange: ExchangeId): Promise<Pack>;
  /** Closes and deletes a pack, durable on return; erase its key first. Removing what is not there is fine. */
  remove(exchange: ExchangeId): Promise<void>;
  /** Exchanges that have a pack, in no order. */
  list(): readonly ExchangeId[];
  /** Files whose header no longer says which exchange they belong to; they are kept for a person to look at. */
  unreadable(): readonly string[];
  /**
   * Sets room aside for an exchange until it is removed; a second call replaces the first. Reservations are not kept
   * over a restart: the caller repeats them for what is under way.
   *
   * @param bytes - What the exchange will hold in all.
   * @throws {StorageError} `STORAGE_FULL`: ask the sender to come again later.
   */
  reserve(exchange: ExchangeId, bytes: number): Promise<void>;
  /** Closes all packs. Calling it twice is fine. */
  close(): Promise<void>;
}

/** What a spool needs of the world. */
export interface SpoolOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly crypto: PackCrypto;
  readonly random: Random;
  readonly keys: ExchangeKeys;
  readonly log: Log;
  /** Free bytes below which nothing new is admitted; see `lowWaterOf`. */
  readonly lowWaterBytes: number;
}

/**
 * Opens the spool in a folder, making it when there is none.
 *
 * @throws {StorageError} `STORAGE_VERSION`, `STORAGE_FAILED`.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const log = options.log.forComponent('interhosp:spool');
  await options.disk.makeFolder(options.folder);
  const spool = new FolderSpool({ ...options, log });
  await spool.load();
  return spool;
}

const PACK_SUFFIX = '.pack';
const SUSPECT_SUFFIX = '.suspect';

interface PackPlace {
  /** Without suffix. */
  readonly packId: string;
  readonly isSuspect: boolean;
  readonly sizeBytes: number;
}

class FolderSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #space: Space;
  readonly #places = new Map<ExchangeId, PackPlace>();
  readonly #open = new Map<ExchangeId, Pack>();
  #unreadable: string[] = [];
  /** One change of the folder at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #setAside: Promise<unknown> = Promise.resolve();

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#space = new Space(options.lowWaterBytes);
  }

  async load(): Promise<void> {
    const { disk, folder } = this.#options;
    for (const name of await disk.list(folder)) {
      if (name.endsWith(UNFINISHED_SUFFIX)) await disk.remove(`${folder}/${name}`);
      else if (name.endsWith(PACK_SUFFIX) || name.endsWith(SUSPECT_SUFFIX)) await this.#loadPack(name);
    }
  }

  create(exchange: ExchangeId): Promise<Pack> {
    return this.#inTurn(async () => {
      if (!this.#places.has(exchange)) {
        const key = await this.#keyOf(exchange);
        const place = await this.#newPack(exchange, () => Promise.resolve());
        await this.#openPlace(exchange, place, key);
      }
      return await this.#openInTurn(exchange);
    });
  }

  open(exchange: ExchangeId): Promise<Pack> {
    return this.#inTurn(() => this.#openInTurn(exchange));
  }

  remove(exchange: ExchangeId): Promise<void> {
    return this.#inTurn(async () => {
      const { disk, folder } = this.#options;
      await this.#open.get(exchange)?.close();
      await this.#setAside;
      this.#space.release(exchange);
      const place = this.#places.get(exchange);
      if (place === undefined) return;
      // Where renaming failed, a suspect pack still has its first name.
      for (const isSuspect of [place.isSuspect, false])
        await disk.remove(`${folder}/${fileOf({ ...place, isSuspect })}`);
      await disk.syncFolder(folder);
      this.#places.delete(exchange);
    });
  }

  list(): readonly ExchangeId[] {
    return [...this.#places.keys()];
  }

  unreadable(): readonly string[] {
    return this.#unreadable;
  }

  reserve(exchange: ExchangeId, bytes: number): Promise<void> {
    return this.#inTurn(async () => {
      const freeBytes = await this.#options.disk.freeBytes(this.#options.folder);
      this.#space.reserve(
        exchange,
        bytes,
        freeBytes,
        (of) => this.#open.get(of)?.sizeBytes ?? this.#places.get(of)?.sizeBytes ?? 0,
      );
    });
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      await Promise.all([...this.#open.values()].map((pack) => pack.close()));
      await this.#setAside;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #openInTurn(exchange: ExchangeId): Promise<Pack> {
    await this.#setAside;
    const open = this.#open.get(exchange);
    if (open !== undefined) return open;
    const place = this.#places.get(exchange);
    if (place === undefined) {
      throw new StorageError('STORAGE_PACK_DAMAGED', { details: { exchangeId: exchange, reason: 'missing' } });
    }
    const key = await this.#keyOf(exchange);
    return await this.#openPlace(exchange, place.isSuspect ? await this.#salvage(exchange, place, key) : place, key);
  }

  async #openPlace(exchange: ExchangeId, place: PackPlace, key: Uint8Array): Promise<Pack> {
    const { disk, folder, log } = this.#options;
    const file = await disk.open(`${folder}/${fileOf(place)}`, 'write');
    let scan: PackScan;
    try {
      scan = await scanPack({ ...this.#options, file, exchange, key });
      if (scan.tailBytes > 0) {
        log.write('warn', 'spool.tail-dropped', { exchangeId: exchange, offset: scan.endBytes, bytes: scan.tailBytes });
        await file.truncate(Math.max(scan.endBytes, RECORDS_AT));
      }
      if (scan.skippedBytes > 0)
        log.write('warn', 'spool.bytes-skipped', { exchangeId: exchange, bytes: scan.skippedBytes });
      // What was found was perhaps never synced; from here on it is.
      await file.sync();
    } catch (error) {
      await file.close();
      throw error;
    }
    const pack = packOf(
      {
        ...this.#options,
        file,
        exchange,
        key,
        onFailed: () => void (this.#setAside = this.#setAside.then(() => this.#suspect(exchange))),
        onClosed: () => this.#closed(exchange, pack),
      },
      scan,
    );
    this.#open.set(exchange, pack);
    return pack;
  }

  #closed(exchange: ExchangeId, pack: Pack): void {
    if (this.#open.get(exchange) !== pack) return;
    this.#open.delete(exchange);
    const place = this.#places.get(exchange);
    if (place !== undefined) this.#places.set(exchange, { ...place, sizeBytes: pack.sizeBytes });
  }

  /** A write or sync failed: whoever opens the pack next is to copy it. */
  async #suspect(exchange: ExchangeId): Promise<void> {
    const { disk, folder, log } = this.#options;
    const place = this.#places.get(exchange);
    this.#open.delete(exchange);
    if (place === undefined || place.isSuspect) return;
    log.write('error', 'spool.pack-suspect', { exchangeId: exchange });
    const suspect = { ...place, isSuspect: true };
    this.#places.set(exchange, suspect);
    try {
      await disk.rename(`${folder}/${fileOf(place)}`, `${folder}/${fileOf(suspect)}`);
      await disk.syncFolder(folder);
    } catch (error) {
      // The disk refuses even that. In this process the pack stays suspect; `#salvage` finds it under its old name.
      log.write('error', 'spool.suspect-unnamed', { exchangeId: exchange, code: errorCodeOf(error) ?? 'unknown' });
    }
  }

  /** Copies every record that opens into a new pack, and only then lets go of the suspect one. */
  async #salvage(exchange: ExchangeId, place: PackPlace, key: Uint8Array): Promise<PackPlace> {
    const { disk, folder, log } = this.#options;
    const named = `${folder}/${fileOf(place)}`;
    const path = (await disk.exists(named)) ? named : `${folder}/${fileOf({ ...place, isSuspect: false })}`;
    const file = await disk.open(path, 'read');
    let fresh: PackPlace;
    try {
      const scan = await scanPack({ ...this.#options, file, exchange, key, distrustMarks: true });
      fresh = await this.#newPack(exchange, (target) => copyRecords(file, target, scan));
      log.write('warn', 'spool.pack-salvaged', { exchangeId: exchange, count: scan.records.length });
    } finally {
      await file.close();
    }
    await disk.remove(path);
    await disk.syncFolder(folder);
    return fresh;
  }

  /** Makes a pack file that appears only when it is whole and durable. */
  async #newPack(exchange: ExchangeId, fill: (file: DiskFile) => Promise<void>): Promise<PackPlace> {
    const { disk, folder, crypto, random } = this.#options;
    const place = { packId: toHex(random.bytes(16)), isSuspect: false, sizeBytes: RECORDS_AT };
    const path = `${folder}/${fileOf(place)}`;
    const file = await disk.open(`${path}${UNFINISHED_SUFFIX}`, 'create');
    try {
      await file.write([encodePackHeader({ exchange, packId: place.packId }, crypto)], 0);
      await fill(file);
      await file.sync();
    } catch (error) {
      await file.close();
      await disk.remove(`${path}${UNFINISHED_SUFFIX}`).catch(() => {});
      throw error;
    }
    await file.close();
    await disk.rename(`${path}${UNFINISHED_SUFFIX}`, path);
    crashpoint('C4');
    await disk.syncFolder(folder);
    this.#places.set(exchange, place);
    return place;
  }

  async #loadPack(name: string): Promise<void> {
    const { disk, folder, crypto, log } = this.#options;
    const file = await disk.open(`${folder}/${name}`, 'read');
    const bytes = new Uint8Array(RECORDS_AT);
    const sizeBytes = await file.sizeBytes().catch(() => 0);
    const count = await file.read(bytes, 0).finally(() => void file.close());
    const header = decodePackHeader(bytes.subarray(0, count), crypto);
    if (header === 'newer') throw new StorageError('STORAGE_VERSION', { details: { kind: 'pack' } });
    if (header === undefined || !name.startsWith(header.packId)) {
      log.write('error', 'spool.pack-unreadable', { bytes: sizeBytes });
      this.#unreadable.push(name);
      return;
    }
    await this.#keepBetter(header.exchange, {
      packId: header.packId,
      isSuspect: name.endsWith(SUSPECT_SUFFIX),
      sizeBytes,
    });
  }

  /** A salvage that was cut off leaves two files for one exchange: the copy is whole, the suspect one goes. */
  async #keepBetter(exchange: ExchangeId, place: PackPlace): Promise<void> {
    const { disk, folder } = this.#options;
    const other = this.#places.get(exchange);
    if (other === undefined) return void this.#places.set(exchange, place);
    const [kept, dropped] = place.isSuspect ? [other, place] : [place, other];
    if (!dropped.isSuspect) {
      this.#unreadable.push(fileOf(dropped));
      return;
    }
    this.#places.set(exchange, kept);
    await disk.remove(`${folder}/${fileOf(dropped)}`);
  }

  async #keyOf(exchange: ExchangeId): Promise<Uint8Array> {
    const key = await this.#options.keys.key(exchange);
    if (key === undefined) throw new StorageError('STORAGE_KEY_ERASED', { details: { exchangeId: exchange } });
    return key;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

function fileOf({ packId, isSuspect }: Pick<PackPlace, 'packId' | 'isSuspect'>): string {
  return `${packId}${isSuspect ? SUSPECT_SUFFIX : PACK_SUFFIX}`;
}

/** Records are bound to the exchange, not to the file, so they are copied as they are; marks speak of the old file and stay behind. */
async function copyRecords(from: DiskFile, to: DiskFile, { records }: PackScan): Promise<void> {
  let at = RECORDS_AT;
  for (const { kind, offset, lengthBytes } of records) {
    if (kind === 'mark') continue;
    const bytes = new Uint8Array(RECORD_OVERHEAD_BYTES + lengthBytes);
    await from.read(bytes, offset);
    await to.write([bytes], at);
    at += bytes.length;
  }
}
