/**
 * Finding every whole record of a pack after a crash.
 *
 * Records say how long they are, so a scan hops from one to the next. Where a hop lands on no record (a torn write, a
 * damaged length) it searches on for the next one that opens under the exchange's key. What was once synced, by the
 * marks, is believed until it is read; what came after is opened here.
 */
import { fromHex, type ExchangeId } from '@interhosp/core/study';
import type { DiskFile } from '@interhosp/core/world';
import {
  decodeRecordHeader,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  RECORD_OVERHEAD_BYTES,
  RECORDS_AT,
  type RecordHeader,
} from './format.ts';
import { openRecord, type PackCrypto } from './pack-file.ts';

/** A record that was found. */
export interface FoundRecord extends RecordHeader {
  readonly offset: number;
  /** Undefined for a block that was not opened; empty for a seal. */
  readonly plaintext: Uint8Array | undefined;
}

/** What a scan found. */
export interface PackScan {
  /** In the order of the file. */
  readonly records: readonly FoundRecord[];
  /** End of the last whole record. */
  readonly endBytes: number;
  /** Bytes between records that are none. */
  readonly skippedBytes: number;
  /** Bytes after the last whole record. */
  readonly tailBytes: number;
}

/** What a scan needs. */
export interface PackScanOptions {
  readonly file: DiskFile;
  readonly exchange: ExchangeId;
  readonly key: Uint8Array;
  readonly crypto: PackCrypto;
  /** Opens every block, also those that a mark vouches for. */
  readonly distrustMarks?: boolean;
}

/** Scans a pack from its first record to the end of the file. */
export async function scanPack(options: PackScanOptions): Promise<PackScan> {
  const scanner = new Scanner(options, await options.file.sizeBytes());
  await scanner.walk();
  return await scanner.finish();
}

/** Bytes read for a header: some more, since small records follow closely. */
const HOP_BYTES = 64 * 1024;
const SEARCH_BYTES = 1024 * 1024;

class Scanner {
  readonly #options: PackScanOptions;
  readonly #exchangeBytes: Uint8Array;
  readonly #sizeBytes: number;
  readonly #records: FoundRecord[] = [];
  #skippedBytes = 0;
  #marked = 0;
  #window: Uint8Array = new Uint8Array();
  #windowAt = 0;

  constructor(options: PackScanOptions, sizeBytes: number) {
    this.#options = options;
    this.#exchangeBytes = fromHex(options.exchange);
    this.#sizeBytes = sizeBytes;
  }

  async walk(): Promise<void> {
    let offset = RECORDS_AT;
    while (offset < this.#sizeBytes) {
      const found = await this.#recordAt(offset, false);
      if (found !== undefined) {
        this.#take(found);
        offset = endOf(found);
        continue;
      }
      const from = await this.#searchStart(offset);
      const next = await this.#search(from);
      if (next === undefined) break;
      this.#skippedBytes += next - from;
      offset = next;
    }
  }

  async finish(): Promise<PackScan> {
    const trusted = this.#options.distrustMarks === true ? 0 : this.#marked;
    const declared = new Set(this.#records.flatMap(({ kind, ordinal }) => (kind === 'instance' ? [ordinal] : [])));
    const records: FoundRecord[] = [];
    let skippedBytes = this.#skippedBytes;
    for (const record of this.#records) {
      // A mark vouches for the bytes as they were written. A block of an instance that nobody declared may be one whose
      // number was damaged since, and no number is to be taken from it unseen.
      const isTrusted = endOf(record) <= trusted && declared.has(record.ordinal);
      if (record.plaintext !== undefined || isTrusted || (await this.#opens(record))) records.push(record);
      else skippedBytes += endOf(record) - record.offset;
    }
    const last = records.at(-1);
    const endBytes = last === undefined ? RECORDS_AT : endOf(last);
    return { records, endBytes, skippedBytes, tailBytes: Math.max(0, this.#sizeBytes - endBytes) };
  }

  #take(found: FoundRecord): void {
    this.#records.push(found);
    if (found.kind !== 'mark' || found.plaintext?.length !== 8) return;
    const { buffer, byteOffset } = found.plaintext;
    this.#marked = Math.max(this.#marked, Number(new DataView(buffer, byteOffset, 8).getBigUint64(0)));
  }

  /** The record at an offset, if there is one; blocks are opened only when `strict`. */
  async #recordAt(offset: number, strict: boolean): Promise<FoundRecord | undefined> {
    const header = decodeRecordHeader(await this.#view(offset, RECORD_HEADER_BYTES));
    if (header === undefined || offset + RECORD_OVERHEAD_BYTES + header.lengthBytes > this.#sizeBytes) return undefined;
    const found = { ...header, offset };
    if (header.kind === 'block')
      return !strict || (await this.#opens(found)) ? { ...found, plaintext: undefined } : undefined;
    const plaintext = await this.#open(found);
    if (plaintext === undefined) return undefined;
    // A manifest may be large, and nobody has asked for it yet.
    return { ...found, plaintext: header.kind === 'seal' ? new Uint8Array() : plaintext };
  }

  /** Where to search from when a hop landed nowhere: the record that led here may be the one whose length is wrong. */
  async #searchStart(offset: number): Promise<number> {
    const last = this.#records.at(-1);
    if (last === undefined || last.plaintext !== undefined || endOf(last) !== offset) return offset;
    if (await this.#opens(last)) return offset;
    this.#records.pop();
    return last.offset + RECORD_MAGIC.length;
  }

  /** The next offset at which a record opens. */
  async #search(from: number): Promise<number | undefined> {
    for (let at = from; at < this.#sizeBytes; at += SEARCH_BYTES - RECORD_MAGIC.length + 1) {
      const bytes = Buffer.from(await this.#read(at, SEARCH_BYTES));
      for (let hit = bytes.indexOf(RECORD_MAGIC); hit >= 0; hit = bytes.indexOf(RECORD_MAGIC, hit + 1)) {
        if ((await this.#recordAt(at + hit, true)) !== undefined) return at + hit;
      }
    }
    return undefined;
  }

  async #opens(record: RecordHeader & { readonly offset: number }): Promise<boolean> {
    return (await this.#open(record)) !== undefined;
  }

  async #open({ offset, lengthBytes }: RecordHeader & { readonly offset: number }): Promise<Uint8Array | undefined> {
    return openRecord(
      await this.#view(offset, RECORD_OVERHEAD_BYTES + lengthBytes),
      this.#exchangeBytes,
      this.#options,
    );
  }

  async #view(position: number, length: number): Promise<Uint8Array> {
    const at = position - this.#windowAt;
    if (at < 0 || at + length > this.#window.length) {
      this.#window = await this.#read(position, Math.max(length, HOP_BYTES));
      this.#windowAt = position;
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(at, at + length);
  }

  async #read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.min(length, this.#sizeBytes - position));
    return bytes.subarray(0, await this.#options.file.read(bytes, position));
  }
}

function endOf({ offset, lengthBytes }: RecordHeader & { readonly offset: number }): number {
  return offset + RECORD_OVERHEAD_BYTES + lengthBytes;
}
