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
  #window: Buffer = Buffer.alloc(0);
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
    if (!this.#holds(chainAt, HASH_BYTES + LENGTH_BYTES)) await this.#load(chainAt, HASH_BYTES + LENGTH_BYTES);
    const length = this.#window.readUInt32BE(offset - this.#windowAt);
    if (length < MIN_RECORD_BYTES || length > MAX_RECORD_BYTES) return this.#stop('length');
    const hashAt = offset + LENGTH_BYTES + length;
    const end = hashAt + HASH_BYTES;
    if (end > this.#end) return this.#stop('short');
    if (!this.#holds(chainAt, end - chainAt)) await this.#load(chainAt, end - chainAt);
    const at = chainAt - this.#windowAt;
    const hash = this.#window.subarray(at + hashAt - chainAt, at + end - chainAt);
    if (!hash.equals(sha256(this.#crypto, this.#window.subarray(at, at + hashAt - chainAt))))
      return this.#stop('chain');
    this.#offset = end;
    return { offset, end, record: this.#window.subarray(at + HASH_BYTES + LENGTH_BYTES, at + hashAt - chainAt), hash };
  }

  #stop(ended: WalkEnd): undefined {
    this.ended = ended;
    return undefined;
  }

  #holds(position: number, length: number): boolean {
    const at = position - this.#windowAt;
    return at >= 0 && at + length <= this.#window.length;
  }

  async #load(position: number, length: number): Promise<void> {
    const bytes = Buffer.alloc(Math.min(Math.max(length, WINDOW_BYTES), this.#end - position));
    const count = await this.#file.read(bytes, position);
    // Another process may shorten the file under an offline check; the zeros in place of what is missing fail the hash.
    this.#window = count < length ? bytes : bytes.subarray(0, count);
    this.#windowAt = position;
  }
}
