/**
 * How many changes an index has seen, in a file of its own beside the tables: LevelDB drops what it cannot read at the end
 * of its log without a word, and what is left looks like the index of an hour ago.
 *
 * Not synced: after a loss of power it may say fewer, which shows nothing, and never more. Layout, twice: number of changes
 * u48 | CRC-32 of it u32.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

const FILE = 'head';
const NUMBER_BYTES = 6;
const COPY_BYTES = NUMBER_BYTES + 4;

/** See the file's head. */
export class HeadFile {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens the one in a folder, making it where it is missing. */
  static async open(folder: string): Promise<HeadFile> {
    const path = join(folder, FILE);
    return new HeadFile(await open(path, 'r+').catch(() => open(path, 'w+')));
  }

  /** The number of changes; undefined when it cannot be read. */
  async read(): Promise<number | undefined> {
    const bytes = Buffer.alloc(2 * COPY_BYTES);
    await this.#file.read(bytes, 0, bytes.length, 0);
    return numberIn(bytes.subarray(0, COPY_BYTES)) ?? numberIn(bytes.subarray(COPY_BYTES));
  }

  async write(changes: number): Promise<void> {
    const copy = Buffer.alloc(COPY_BYTES);
    copy.writeUIntBE(changes, 0, NUMBER_BYTES);
    copy.writeUInt32BE(crc32(copy.subarray(0, NUMBER_BYTES)), NUMBER_BYTES);
    await this.#file.write(Buffer.concat([copy, copy]), 0, 2 * COPY_BYTES, 0);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function numberIn(copy: Uint8Array): number | undefined {
  const bytes = Buffer.from(copy);
  const number = bytes.readUIntBE(0, NUMBER_BYTES);
  // Of nothing but zeros the sum is not zero: an empty file says nothing.
  return bytes.readUInt32BE(NUMBER_BYTES) === crc32(bytes.subarray(0, NUMBER_BYTES)) ? number : undefined;
}
