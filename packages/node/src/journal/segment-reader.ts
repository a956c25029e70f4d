/** Walks the records of one segment file, checking each against the chain. */
import { sha256, type Crypto, type DiskFile } from '@interhosp/core/world';
import { HASH_BYTES } from '../world/crypto.ts';
import { LENGTH_BYTES, MAX_RECORD_BYTES, MIN_RECORD_BYTES } from './format.ts';

/** One record whose place in the chain holds. */
export interface ChainedRecord {
  /** Where its length stands. */
  readonly offset: number;
  /** Where the next record's length would stand. */
  readonly end: number;
  /** A view that is valid until the next record is asked for. */
  readonly record: Uint8Array;
  readonly hash: Uint8Array;
}

/** Why a walk ended: at the end, or at a record that is cut off, has an impossible length or does not fit the chain. */
export type WalkEnd = 'end' | 'short' | 'length' | 'chain';

/** Bytes read at once. */
const WINDOW_BYTES = 1024 * 1024;

/** Reads records one after another; see {@link SegmentReader.next}. */
export class SegmentReader {
  readonly #file: DiskFile;
  readonly #crypto: Crypto;
  readonly #end: number;
  #window: Uint8Array = new Uint8Array();
  #windowAt = 0;
  #offset: number;
  /** Why {@link SegmentReader.next} returned undefined. */
  ended: WalkEnd = 'end';

  /**
   * @param offset - Where a record begins; the 32 bytes before it are its chain predecessor.
   * @param end - Where to stop, in general the size of the file.
   */
  constructor(file: DiskFile, crypto: Crypto, offset: number, end: number) {
    this.#file = file;
    this.#crypto = crypto;
    this.#offset = offset;
    this.#end = end;
  }

  /** Where the next record begins. */
  get offset(): number {
    return this.#offset;
  }

  /** The next record, or undefined; {@link SegmentReader.ended} then says why. */
  async next(): Promise<ChainedRecord | undefined> {
    const offset = this.#offset;
    if (offset === this.#end) return this.#stop('end');
    const chainAt = offset - HASH_BYTES;
    if (this.#end - offset < LENGTH_BYTES) return this.#stop('short');
    const start = await this.#view(chainAt, HASH_BYTES + LENGTH_BYTES);
    const length = new DataView(start.buffer, start.byteOffset, start.length).getUint32(HASH_BYTES);
    if (length < MIN_RECORD_BYTES || length > MAX_RECORD_BYTES) return this.#stop('length');
    const hashAt = offset + LENGTH_BYTES + length;
    const end = hashAt + HASH_BYTES;
    if (end > this.#end) return this.#stop('short');
    const frame = await this.#view(chainAt, end - chainAt);
    const hashed = frame.subarray(0, hashAt - chainAt);
    const hash = frame.subarray(hashAt - chainAt);
    if (!areEqual(hash, sha256(this.#crypto, hashed))) return this.#stop('chain');
    this.#offset = end;
    return { offset, end, record: hashed.subarray(HASH_BYTES + LENGTH_BYTES), hash };
  }

  #stop(ended: WalkEnd): undefined {
    this.ended = ended;
    return undefined;
  }

  async #view(position: number, length: number): Promise<Uint8Array> {
    const at = position - this.#windowAt;
    if (at >= 0 && at + length <= this.#window.length) return this.#window.subarray(at, at + length);
    const bytes = new Uint8Array(Math.min(Math.max(length, WINDOW_BYTES), this.#end - position));
    const count = await this.#file.read(bytes, position);
    // Another process may shorten the file under an offline check; what is missing then fails the hash.
    this.#window = count < length ? bytes.fill(0, count) : bytes.subarray(0, count);
    this.#windowAt = position;
    return this.#window.subarray(0, length);
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
