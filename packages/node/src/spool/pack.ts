/**
 * One exchange's bytes while they wait: blocks by instance and index, the instances' entries, and what the caller keeps
 * at the seal. Everything is sealed under the exchange's key and appended to one file; what `have` lists is durable.
 */
import { StorageError, TransferError } from '@interhosp/core/errors';
import type { ByteSource } from '@interhosp/core/dicom';
import { jcs, parseJcs } from '@interhosp/core/federation';
import {
  BLOCK_BYTES,
  leafDigest,
  MAX_INSTANCES,
  MAX_STUDY_BYTES,
  type ExchangeId,
  type InstanceEntry,
} from '@interhosp/core/study';
import type { Log } from '@interhosp/core/world';
import { blockSource } from './block-source.ts';
import { MAX_META_BYTES, type RecordHeader } from './format.ts';
import { PackFile, type PackFileOptions } from './pack-file.ts';
import { blockCountOf, blockLengthOf, PackInstance, type BlockRun, type RecordPlace } from './pack-index.ts';
import type { PackScan } from './pack-scan.ts';

/** A declared instance. */
export interface DeclaredInstance {
  readonly ordinal: number;
  readonly entry: InstanceEntry;
  /** Whether all its blocks are durable. */
  readonly isComplete: boolean;
}

/** One exchange's pack file, open. */
export interface Pack extends AsyncDisposable {
  readonly exchange: ExchangeId;
  /** Bytes on disk, with what is about to be written. */
  readonly sizeBytes: number;
  /** An ordinal that was never used here, for an instance whose entry will be known at its end. */
  beginInstance(): number;
  /**
   * Says what an instance is. Its blocks may have come before; those of an instance that was never declared are gone
   * after a restart. The same entry again is fine.
   *
   * @throws {TransferError} `TRANSFER_PROTOCOL` for an entry that contradicts itself, an earlier one or blocks already
   *   here; `TRANSFER_LIMIT`.
   */
  declareInstance(ordinal: number, entry: InstanceEntry): Promise<void>;
  /** Forgets an instance that could not be retrieved to its end and was not declared; its ordinal is not used again. */
  discardInstance(ordinal: number): void;
  /**
   * Adds one block; durable after the next sync. Resolves when there is room for more. One that is here already is not
   * written again. The caller has checked its digest. The bytes are free again once the call has returned its promise.
   *
   * @throws {TransferError} `TRANSFER_PROTOCOL` when its length is not the declared one; `TRANSFER_LIMIT`.
   * @throws {StorageError} `STORAGE_FULL` from the moment something was lost until {@link Pack.sync} said so; `STORAGE_FAILED`.
   */
  writeBlock(ordinal: number, index: number, bytes: Uint8Array): Promise<void>;
  /**
   * Returns once everything added before the call is durable.
   *
   * @throws {StorageError} `STORAGE_FULL` when blocks were lost to a full disk since the last call: `have` tells which
   *   are there, the pack goes on. `STORAGE_FAILED`: the pack is closed for writing; open it again, which copies what is sound.
   */
  sync(): Promise<void>;
  /** Runs of the blocks of an instance that are durable, in rising order. */
  have(ordinal: number): readonly BlockRun[];
  /** Declared instances by rising ordinal. */
  instances(): readonly DeclaredInstance[];
  /**
   * Reads one block, checked by its seal and, once the instance is declared, by its digest. A block that does not verify
   * is forgotten, so that it is asked for again.
   *
   * @throws {StorageError} `STORAGE_PACK_DAMAGED`, also for a block that is not here; `STORAGE_FAILED`.
   */
  readBlock(ordinal: number, index: number): Promise<Uint8Array>;
  /** A declared instance as bytes. Reads throw as {@link Pack.readBlock}. */
  source(ordinal: number): ByteSource;
  /** Keeps what belongs to the complete exchange, such as its manifest, and syncs. The same bytes again are fine. */
  seal(info: Uint8Array): Promise<void>;
  /** What was kept at the seal; undefined before. */
  sealed(): Promise<Uint8Array | undefined>;
  /** Makes durable what can be, and closes the file. Calling it twice is fine. */
  close(): Promise<void>;
}

/** What a pack needs, once its file was scanned. */
export interface OpenPackOptions extends PackFileOptions {
  readonly log: Log;
  /** Called when the pack may no longer be written; the file is to be set aside. */
  readonly onFailed: () => void;
  readonly onClosed: () => void;
}

/** Most blocks of one instance: MAX_STUDY_BYTES of them full, and one more for each cut. */
const MAX_BLOCKS = MAX_STUDY_BYTES / BLOCK_BYTES + 3;
/** Ordinals are never reused, so some are lost to retrievals that failed. */
const MAX_ORDINAL = MAX_INSTANCES * 20;
/** A mark is written when this much more was synced than the last one says. */
const MARK_EVERY_BYTES = 1024 * 1024;

/** A pack over its scanned file. */
export function packOf(options: OpenPackOptions, scan: PackScan): Pack {
  return new OpenPack(options, scan);
}

class OpenPack implements Pack {
  readonly exchange: ExchangeId;
  readonly #options: OpenPackOptions;
  readonly #file: PackFile;
  readonly #instances = new Map<number, PackInstance>();
  readonly #entryPlaces = new Map<number, RecordPlace>();
  #seal: RecordPlace | undefined;
  #nextOrdinal = 0;
  #markedBytes = 0;
  #isClosed = false;

  constructor(options: OpenPackOptions, scan: PackScan) {
    this.exchange = options.exchange;
    this.#options = options;
    this.#file = new PackFile(options, scan.endBytes);
    this.#file.onFailed = options.onFailed;
    this.#file.onLost = (fromOffset) => this.#forgetFrom(fromOffset);
    this.#load(scan);
  }

  get sizeBytes(): number {
    return this.#file.endBytes;
  }

  beginInstance(): number {
    const ordinal = this.#nextOrdinal;
    this.#instanceAt(ordinal);
    return ordinal;
  }

  async declareInstance(ordinal: number, entry: InstanceEntry): Promise<void> {
    checkEntry(entry);
    const instance = this.#instanceAt(ordinal);
    const bytes = jcs(entry);
    if (instance.entry !== undefined) {
      if (Buffer.compare(jcs(instance.entry), bytes) !== 0) throw contradiction('entry');
      return;
    }
    this.#refuseForeignBlocks(instance, entry);
    this.#entryPlaces.set(
      ordinal,
      this.#append({ kind: 'instance', ordinal, index: 0, lengthBytes: bytes.length }, bytes),
    );
    instance.entry = entry;
    await this.#file.backPressure();
  }

  discardInstance(ordinal: number): void {
    const instance = this.#instances.get(ordinal);
    if (instance === undefined) return;
    if (instance.entry !== undefined) throw new TypeError('a declared instance is not discarded');
    this.#instances.delete(ordinal);
  }

  async writeBlock(ordinal: number, index: number, bytes: Uint8Array): Promise<void> {
    if (index >= MAX_BLOCKS)
      throw new TransferError('TRANSFER_LIMIT', { details: { kind: 'blocks', limit: MAX_BLOCKS } });
    const instance = this.#instanceAt(ordinal);
    const expected = instance.entry === undefined ? undefined : blockLengthOf(instance.entry, index);
    const isFit =
      instance.entry === undefined ? bytes.length > 0 && bytes.length <= BLOCK_BYTES : bytes.length === expected;
    if (!isFit) throw contradiction('block-length');
    if (instance.at(index) !== undefined) return;
    instance.set(index, this.#append({ kind: 'block', ordinal, index, lengthBytes: bytes.length }, bytes));
    await this.#file.backPressure();
  }

  async sync(): Promise<void> {
    await this.#file.sync();
  }

  have(ordinal: number): readonly BlockRun[] {
    return this.#instances.get(ordinal)?.runs(this.#file.durableBytes) ?? [];
  }

  instances(): readonly DeclaredInstance[] {
    const declared: DeclaredInstance[] = [];
    for (const [ordinal, { entry }] of this.#instances) {
      if (entry === undefined) continue;
      const durable = this.have(ordinal).reduce((sum, { count }) => sum + count, 0);
      declared.push({ ordinal, entry, isComplete: durable === entry.blockDigests.length });
    }
    return declared.sort((a, b) => a.ordinal - b.ordinal);
  }

  async readBlock(ordinal: number, index: number): Promise<Uint8Array> {
    const instance = this.#instances.get(ordinal);
    const place = instance?.at(index);
    if (instance === undefined || place === undefined) throw this.#damaged('missing');
    const bytes = await this.#file.read(place, { kind: 'block', ordinal, index });
    const digest = instance.entry?.blockDigests[index];
    const isSound = bytes !== undefined && (digest === undefined || leafDigest(this.#options.crypto, bytes) === digest);
    if (isSound) return bytes;
    instance.forget(index, place.offset);
    this.#options.log.write('error', 'spool.block-damaged', { exchangeId: this.exchange, offset: place.offset });
    throw this.#damaged('block', place.offset);
  }

  source(ordinal: number): ByteSource {
    const entry = this.#instances.get(ordinal)?.entry;
    if (entry === undefined) throw this.#damaged('undeclared');
    return blockSource(entry, (index) => this.readBlock(ordinal, index));
  }

  async seal(info: Uint8Array): Promise<void> {
    if (info.length > MAX_META_BYTES) {
      throw new TransferError('TRANSFER_LIMIT', {
        details: { kind: 'seal', bytes: info.length, limit: MAX_META_BYTES },
      });
    }
    const before = await this.sealed();
    if (before === undefined)
      this.#seal = this.#append({ kind: 'seal', ordinal: 0, index: 0, lengthBytes: info.length }, info);
    else if (Buffer.compare(before, info) !== 0) throw contradiction('seal');
    await this.sync();
  }

  async sealed(): Promise<Uint8Array | undefined> {
    if (this.#seal === undefined) return undefined;
    const bytes = await this.#file.read(this.#seal, { kind: 'seal', ordinal: 0, index: 0 });
    if (bytes === undefined) throw this.#damaged('seal', this.#seal.offset);
    return bytes;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Whoever needed it durable has called sync; a failure here tells nobody anything new.
    await this.#file.sync().catch(() => {});
    await this.#file.close();
    this.#options.onClosed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #load({ records }: PackScan): void {
    for (const { kind, ordinal, offset, lengthBytes, plaintext } of records) {
      if (kind === 'seal') this.#seal = { offset, lengthBytes };
      if (kind === 'block') this.#nextOrdinal = Math.max(this.#nextOrdinal, ordinal + 1);
      if (kind !== 'instance' || plaintext === undefined) continue;
      this.#instanceAt(ordinal).entry = parseJcs(plaintext, { maxBytes: MAX_META_BYTES }) as unknown as InstanceEntry;
      this.#entryPlaces.set(ordinal, { offset, lengthBytes });
    }
    // Entries may come after their blocks. Blocks of an instance that was never declared stay behind, and so do those
    // whose number was damaged so that it fits nothing.
    for (const { kind, ordinal, index, offset, lengthBytes } of records) {
      const instance = kind === 'block' ? this.#instances.get(ordinal) : undefined;
      if (instance?.entry === undefined || blockLengthOf(instance.entry, index) !== lengthBytes) continue;
      instance.set(index, { offset, lengthBytes });
    }
  }

  #append(header: RecordHeader, plaintext: Uint8Array): RecordPlace {
    const durable = this.#file.durableBytes;
    if (durable - this.#markedBytes >= MARK_EVERY_BYTES) {
      this.#markedBytes = durable;
      const mark = Buffer.alloc(8);
      mark.writeBigUInt64BE(BigInt(durable));
      this.#file.append({ kind: 'mark', ordinal: 0, index: 0, lengthBytes: mark.length }, mark);
    }
    return this.#file.append(header, plaintext);
  }

  #instanceAt(ordinal: number): PackInstance {
    const existing = this.#instances.get(ordinal);
    if (existing !== undefined) return existing;
    if (ordinal > MAX_ORDINAL)
      throw new TransferError('TRANSFER_LIMIT', { details: { kind: 'ordinal', limit: MAX_ORDINAL } });
    const instance = new PackInstance();
    this.#instances.set(ordinal, instance);
    this.#nextOrdinal = Math.max(this.#nextOrdinal, ordinal + 1);
    return instance;
  }

  /** A full disk took nothing from here on. */
  #forgetFrom(offset: number): void {
    if (this.#seal !== undefined && this.#seal.offset >= offset) this.#seal = undefined;
    for (const [ordinal, instance] of this.#instances) {
      instance.forgetFrom(offset);
      if ((this.#entryPlaces.get(ordinal)?.offset ?? 0) < offset) continue;
      this.#entryPlaces.delete(ordinal);
      instance.entry = undefined;
    }
  }

  /** Blocks that came before the entry must be those that it lists: none more, each of its length. */
  #refuseForeignBlocks(instance: PackInstance, entry: InstanceEntry): void {
    const last = instance.lastIndex;
    for (let index = 0; index <= last; index++) {
      const place = instance.at(index);
      if (place !== undefined && place.lengthBytes !== blockLengthOf(entry, index)) throw contradiction('block-length');
    }
  }

  #damaged(reason: string, offset?: number): StorageError {
    const details = { exchangeId: this.exchange, reason, ...(offset === undefined ? {} : { offset }) };
    return new StorageError('STORAGE_PACK_DAMAGED', { details });
  }
}

function checkEntry(entry: InstanceEntry): void {
  const lengthBytes = entry.segments.reduce((sum, segment) => sum + segment.lengthBytes, 0);
  if (entry.lengthBytes > MAX_STUDY_BYTES) {
    throw new TransferError('TRANSFER_LIMIT', {
      details: { kind: 'instance', bytes: entry.lengthBytes, limit: MAX_STUDY_BYTES },
    });
  }
  if (lengthBytes !== entry.lengthBytes || blockCountOf(entry) !== entry.blockDigests.length)
    throw contradiction('segments');
}

function contradiction(kind: string): TransferError {
  return new TransferError('TRANSFER_PROTOCOL', { details: { kind } });
}
