/**
 * How far the journal was once known to be durable: a lower bound, written after each sync of the journal and itself
 * synced about once a second. A journal that ends before it has lost records that somebody was told of.
 *
 * Two slots in two pages, written in turn and each with its own hash, so that a torn write leaves the other.
 */
import type { Crypto, Disk, DiskFile } from '@interhosp/core/world';
import { sha256 } from '@interhosp/core/world';
import { HASH_BYTES } from '../world/crypto.ts';
import { readWhole, writeWhole } from '../world/whole-file.ts';
import { JOURNAL_VERSION } from './format.ts';

/** A place in the journal. */
export interface JournalHead {
  readonly journalId: Uint8Array;
  /** Last durable record; 0 when there is none. */
  readonly seq: number;
  /** Chain hash of that record. */
  readonly hash: Uint8Array;
  readonly segment: number;
  /** Where that record ends in its segment. */
  readonly offset: number;
}

/** File name of the head. */
export const HEAD_FILE = 'head';
/** Distance of the slots: a page, since a torn write stays within one. */
const SLOT_BYTES = 4_096;
const SLOTS = 2;
const MAGIC = Uint8Array.of(0x49, 0x48, 0x48, 0x45, 0x44, 0x0d, 0x0a, 0x1a); // IHHED\r\n^Z
const HASHED_BYTES = 88;

/** The head as far as it can be read; undefined when there is none or no slot verifies. */
export async function readHead(disk: Disk, folder: string, crypto: Crypto): Promise<JournalHead | undefined> {
  const bytes = await readWhole(disk, `${folder}/${HEAD_FILE}`);
  if (bytes === undefined) return undefined;
  return newestOf(bytes, crypto)?.head;
}

/** A head file being kept up to date. */
export class HeadFile {
  readonly #file: DiskFile;
  readonly #crypto: Crypto;
  #counter: number;

  private constructor(file: DiskFile, crypto: Crypto, counter: number) {
    this.#file = file;
    this.#crypto = crypto;
    this.#counter = counter;
  }

  /** Opens the head file, making it when there is none. */
  static async open(disk: Disk, folder: string, crypto: Crypto): Promise<HeadFile> {
    const path = `${folder}/${HEAD_FILE}`;
    const bytes = await readWhole(disk, path);
    // Its room is taken now, so that a later update needs none on a full disk.
    if (bytes?.length !== SLOTS * SLOT_BYTES)
      await writeWhole(disk, folder, HEAD_FILE, new Uint8Array(SLOTS * SLOT_BYTES));
    const counter = bytes === undefined ? 0 : (newestOf(bytes, crypto)?.counter ?? 0);
    return new HeadFile(await disk.open(path, 'write'), crypto, counter);
  }

  /** Writes one slot, not synced: a crash of the process keeps it, a loss of power may not. */
  async write(head: JournalHead): Promise<void> {
    this.#counter += 1;
    await this.#file.write([encodeSlot(head, this.#counter, this.#crypto)], (this.#counter % SLOTS) * SLOT_BYTES);
  }

  /** Writes both slots and syncs, so that no single damaged byte weakens what is said. */
  async writeBoth(head: JournalHead): Promise<void> {
    await this.write(head);
    await this.sync();
    await this.write(head);
    await this.sync();
  }

  async sync(): Promise<void> {
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function newestOf(bytes: Uint8Array, crypto: Crypto): { head: JournalHead; counter: number } | undefined {
  const slots = [0, SLOT_BYTES].flatMap(
    (at) => decodeSlot(bytes.subarray(at, at + HASHED_BYTES + HASH_BYTES), crypto) ?? [],
  );
  return slots.sort((a, b) => b.counter - a.counter)[0];
}

function encodeSlot(head: JournalHead, counter: number, crypto: Crypto): Uint8Array {
  const bytes = Buffer.alloc(HASHED_BYTES + HASH_BYTES);
  bytes.set(MAGIC);
  bytes.writeUInt16BE(JOURNAL_VERSION, 8);
  bytes.writeUInt32BE(head.segment, 12);
  bytes.set(head.journalId, 16);
  bytes.writeBigUInt64BE(BigInt(head.seq), 32);
  bytes.writeBigUInt64BE(BigInt(head.offset), 40);
  bytes.writeBigUInt64BE(BigInt(counter), 48);
  bytes.set(head.hash, 56);
  bytes.set(sha256(crypto, bytes.subarray(0, HASHED_BYTES)), HASHED_BYTES);
  return bytes;
}

function decodeSlot(input: Uint8Array, crypto: Crypto): { head: JournalHead; counter: number } | undefined {
  if (input.length < HASHED_BYTES + HASH_BYTES) return undefined;
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.length);
  if (!bytes.subarray(HASHED_BYTES).equals(sha256(crypto, bytes.subarray(0, HASHED_BYTES)))) return undefined;
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || bytes.readUInt16BE(8) !== JOURNAL_VERSION) return undefined;
  const head: JournalHead = {
    segment: bytes.readUInt32BE(12),
    journalId: new Uint8Array(bytes.subarray(16, 32)),
    seq: Number(bytes.readBigUInt64BE(32)),
    offset: Number(bytes.readBigUInt64BE(40)),
    hash: new Uint8Array(bytes.subarray(56, HASHED_BYTES)),
  };
  return { head, counter: Number(bytes.readBigUInt64BE(48)) };
}
