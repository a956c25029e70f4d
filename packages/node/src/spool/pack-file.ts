/**
 * Sealing records onto the end of a pack file and reading them back. Records are gathered while a write is under way and
 * go out in one large piece; a sync covers all that was written before it began.
 */
import { errorCodeOf, StorageError } from '@interhosp/core/errors';
import { fromHex, type ExchangeId } from '@interhosp/core/study';
import type { Crypto, DiskFile, Random } from '@interhosp/core/world';
import { crashpoint } from '../world/crashpoint.ts';
import { NONCE_BYTES, type NodeCrypto } from '../world/crypto.ts';
import { release } from '../world/release.ts';
import {
  decodeRecordHeader,
  encodeRecordHeader,
  nonceOf,
  RECORD_HEADER_BYTES,
  RECORD_OVERHEAD_BYTES,
  recordAad,
  type RecordHeader,
} from './format.ts';
import type { RecordPlace } from './pack-index.ts';

/** What sealing needs. */
export interface PackFileOptions {
  readonly file: DiskFile;
  readonly exchange: ExchangeId;
  readonly key: Uint8Array;
  readonly crypto: PackCrypto;
  readonly random: Random;
}

/** A Crypto that may hand out ciphertext and tag in two pieces, which spares a copy. */
export type PackCrypto = Crypto & Partial<Pick<NodeCrypto, 'sealParts'>>;

/** Bytes sealed but not yet handed to the disk; whoever writes waits above. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;
/** One write takes at most this much, so that reads get their turn between. */
const MAX_WRITE_BYTES = 2 * 1024 * 1024;
/** Bytes written but not yet synced; whoever writes waits above, or the system would make everybody wait later. */
const MAX_UNSYNCED_BYTES = 256 * 1024 * 1024;
/** A sync is begun after this many bytes (delivery: every 64 MiB and at seal). */
const SYNC_EVERY_BYTES = 64 * 1024 * 1024;

interface Queued {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

/** The file of one pack, open for appending. */
export class PackFile {
  /** Told when a full disk refused what had been queued from this offset on: it is not there, and may be written again. */
  onLost: (fromOffset: number) => void = () => {};
  /** Told once when a write or sync failed: nothing more is taken, and what was not synced is not to be trusted. */
  onFailed: () => void = () => {};

  readonly #options: PackFileOptions;
  readonly #exchangeBytes: Uint8Array;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #end: number;
  #written: number;
  #synced: number;
  #pumping: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #failure: StorageError | undefined;
  #losses = 0;
  #lossesTold = 0;

  /** @param endBytes - Where the next record goes; all before it is durable. */
  constructor(options: PackFileOptions, endBytes: number) {
    this.#options = options;
    this.#exchangeBytes = fromHex(options.exchange);
    this.#end = this.#written = this.#synced = endBytes;
  }

  /** Everything before this offset survives a loss of power. */
  get durableBytes(): number {
    return this.#synced;
  }

  /** Where the next record goes. */
  get endBytes(): number {
    return this.#end;
  }

  /** Seals a record onto the end, without waiting; see {@link PackFile.drain}. The plaintext is free again on return. */
  append(header: RecordHeader, plaintext: Uint8Array): RecordPlace {
    if (this.#failure !== undefined) throw this.#refusal();
    const { key, crypto, random } = this.#options;
    const nonce = random.bytes(NONCE_BYTES);
    const head = encodeRecordHeader(header, nonce);
    const aad = recordAad(this.#exchangeBytes, head);
    const sealed = crypto.sealParts?.(key, nonce, plaintext, aad) ?? [crypto.seal(key, nonce, plaintext, aad)];
    const bytes = RECORD_OVERHEAD_BYTES + plaintext.length;
    const place = { offset: this.#end, lengthBytes: plaintext.length };
    this.#queue.push({ parts: [head, ...sealed], bytes });
    this.#queuedBytes += bytes;
    this.#end += bytes;
    this.#startPump();
    if (this.#end - this.#synced >= SYNC_EVERY_BYTES) this.#syncing ??= this.#startSync();
    return place;
  }

  /**
   * Waits while much is queued, so that memory stays flat.
   *
   * @throws {StorageError} `STORAGE_FULL` while a loss was not told by {@link PackFile.sync}; `STORAGE_FAILED`.
   */
  async backPressure(): Promise<void> {
    while (this.#queuedBytes > MAX_QUEUED_BYTES && this.#pumping !== undefined) await this.#pumping;
    while (this.#end - this.#synced > MAX_UNSYNCED_BYTES && this.#syncing !== undefined) await this.#syncing;
    if (this.#failure !== undefined) throw this.#refusal();
    if (this.#losses !== this.#lossesTold) throw this.#lossError();
  }

  /**
   * Makes durable what was appended before the call. Calls made while a sync runs share the next one.
   *
   * @throws {StorageError} `STORAGE_FULL` once after something was lost to a full disk; `STORAGE_FAILED` from then on.
   */
  async sync(): Promise<void> {
    const wanted = this.#end;
    while (this.#synced < wanted && this.#failure === undefined && this.#losses === this.#lossesTold) {
      this.#syncing ??= this.#startSync();
      await this.#syncing;
    }
    if (this.#failure !== undefined) throw this.#refusal();
    if (this.#losses === this.#lossesTold) return;
    this.#lossesTold = this.#losses;
    throw this.#lossError();
  }

  /** Reads and opens one record; undefined when it does not verify. */
  async read(
    place: RecordPlace,
    expected: Pick<RecordHeader, 'kind' | 'ordinal' | 'index'>,
  ): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(RECORD_OVERHEAD_BYTES + place.lengthBytes);
    while (place.offset + bytes.length > this.#written && this.#pumping !== undefined) await this.#pumping;
    if ((await this.#options.file.read(bytes, place.offset)) < bytes.length) return undefined;
    const header = decodeRecordHeader(bytes);
    const isExpected =
      header?.kind === expected.kind &&
      header.ordinal === expected.ordinal &&
      header.index === expected.index &&
      header.lengthBytes === place.lengthBytes;
    const plaintext = isExpected ? openRecord(bytes, this.#exchangeBytes, this.#options) : undefined;
    release(bytes);
    return plaintext;
  }

  /** Closes the file without syncing. Calling it twice is fine. */
  async close(): Promise<void> {
    this.#failure ??= new StorageError('STORAGE_FAILED', { details: { kind: 'pack', reason: 'closed' } });
    await this.#pumping;
    await this.#syncing;
    await this.#options.file.close();
  }

  #startPump(): void {
    if (this.#pumping !== undefined || this.#queue.length === 0 || this.#failure !== undefined) return;
    this.#pumping = this.#pump().finally(() => {
      this.#pumping = undefined;
      // What was appended after the last look at the queue.
      this.#startPump();
    });
  }

  async #pump(): Promise<void> {
    // What is appended at the same moment goes out together.
    await Promise.resolve();
    while (this.#queue.length > 0 && this.#failure === undefined) {
      const { parts, bytes } = this.#take();
      try {
        await this.#options.file.write(parts, this.#written);
      } catch (error) {
        if (errorCodeOf(error) === 'STORAGE_FULL') this.#lose();
        else this.#fail(error);
        return;
      }
      this.#written += bytes;
      // All that was queued was made by append.
      for (const part of parts) release(part);
      this.#queuedBytes -= bytes;
    }
  }

  #take(): Queued {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let taken = 0;
    for (const queued of this.#queue) {
      if (bytes > 0 && bytes + queued.bytes > MAX_WRITE_BYTES) break;
      parts.push(...queued.parts);
      bytes += queued.bytes;
      taken += 1;
    }
    this.#queue = this.#queue.slice(taken);
    return { parts, bytes };
  }

  /** A full disk refuses before anything counts as written: the next record goes to the same place. */
  #lose(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#end = this.#written;
    this.#losses += 1;
    this.onLost(this.#end);
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = new StorageError('STORAGE_FAILED', {
      cause: error,
      details: { kind: 'pack', exchangeId: this.#options.exchange },
    });
    this.#queue = [];
    this.#queuedBytes = 0;
    this.onFailed();
  }

  #startSync(): Promise<void> {
    return this.#syncOnce().finally(() => (this.#syncing = undefined));
  }

  async #syncOnce(): Promise<void> {
    while (this.#pumping !== undefined && this.#failure === undefined) await this.#pumping;
    const written = this.#written;
    if (this.#failure !== undefined || written === this.#synced) return;
    crashpoint('C3');
    try {
      await this.#options.file.sync();
      this.#synced = written;
    } catch (error) {
      this.#fail(error);
    }
  }

  #lossError(): StorageError {
    return new StorageError('STORAGE_FULL', { details: { kind: 'pack', exchangeId: this.#options.exchange } });
  }

  #refusal(): StorageError {
    return new StorageError('STORAGE_FAILED', {
      cause: this.#failure,
      details: { kind: 'pack', exchangeId: this.#options.exchange },
    });
  }
}

/** The plaintext of a whole record as it stands in the file; undefined when it does not verify. */
export function openRecord(
  record: Uint8Array,
  exchangeBytes: Uint8Array,
  { key, crypto }: Pick<PackFileOptions, 'key' | 'crypto'>,
): Uint8Array | undefined {
  return crypto.open(key, nonceOf(record), record.subarray(RECORD_HEADER_BYTES), recordAad(exchangeBytes, record));
}
