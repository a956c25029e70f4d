/**
 * Random access to what a deflated data set holds (PS3.5 A.5). DEFLATE can only be read from its beginning: the header is
 * kept once it has passed, the rest passes again for each reader that goes through it, and nobody holds it whole.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import type { Inflate } from '../world/inflate.ts';
import type { ByteSource } from './byte-source.ts';
import { concatBytes } from './bytes.ts';
import { DICOM_LIMITS } from './limits.ts';

/** How a deflated source is read. */
export interface InflatedSourceOptions {
  readonly inflate: Inflate;
  /** A stream that breaks ends there, as one whose rest has not come yet: enough to read a header. Default false. */
  readonly isTolerant?: boolean;
  readonly signal?: AbortSignal;
}

/** The inflated bytes; to be closed, or an inflater stays open. */
export interface InflatedSource extends ByteSource {
  /** `Number.MAX_SAFE_INTEGER` until the end has been seen. */
  readonly lengthBytes: number;
  /** Reads to the end once. @throws {DicomError} `DICOM_LIMIT`, `DICOM_TRUNCATED`, `DICOM_MALFORMED` */
  measure(): Promise<number>;
  close(): Promise<void>;
}

/** Bytes read from the deflated source at once. */
const READ_BYTES = 64 * 1024;
/** Beginning of the data set that stays once it was inflated. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** What passed last and can be read again, for readers that go a little back. */
const RECENT_BYTES = 1024 * 1024;
/** Times that a data set is inflated anew for one purpose; reading headers in order takes a few. */
const MAX_PASSES = 32;

/** See the file's head. Reads are one after another, never two at a time. */
export function inflatedSource(deflated: ByteSource, options: InflatedSourceOptions): InflatedSource {
  return new Inflated(deflated, options);
}

/**
 * Inflates under the limits of `DICOM_LIMITS`: in all, and in proportion to what was read.
 *
 * @throws {DicomError} `DICOM_LIMIT`, `DICOM_TRUNCATED`, `DICOM_MALFORMED`
 */
export async function* inflateCapped(
  bytes: AsyncIterable<Uint8Array>,
  inflate: Inflate,
): AsyncGenerator<Uint8Array, void, undefined> {
  let readBytes = 0;
  let inflatedBytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      readBytes += piece.length;
      yield piece;
    }
  };
  for await (const piece of inflate.inflateRaw(counted(), { maxBytes: DICOM_LIMITS.inflatedBytes })) {
    inflatedBytes += piece.length;
    const limit = Math.max(DICOM_LIMITS.inflatedFreeBytes, readBytes * DICOM_LIMITS.inflatedRatio);
    if (inflatedBytes > limit) throw new DicomError('DICOM_LIMIT', { details: { bytes: inflatedBytes, limit } });
    yield piece;
  }
}

class Inflated implements InflatedSource {
  lengthBytes: number = Number.MAX_SAFE_INTEGER;
  readonly #deflated: ByteSource;
  readonly #options: InflatedSourceOptions;
  #pieces: AsyncIterator<Uint8Array, void, undefined> | undefined;
  #passes = 0;
  #isBroken = false;
  /** The beginning, from every pass. */
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** What this pass inflated last, up to `#position`. */
  #recent: Uint8Array[] = [];
  #recentBytes = 0;
  #position = 0;

  constructor(deflated: ByteSource, options: InflatedSourceOptions) {
    this.#deflated = deflated;
    this.#options = options;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(offset + length, this.lengthBytes);
    if (end > this.#keptBytes) {
      if (this.#pieces === undefined || offset < this.#position - this.#recentBytes) await this.#restart();
      await this.#advance(end, offset);
    }
    if (end <= this.#keptBytes) return this.#fromKept(offset, end);
    return this.#fromRecent(offset, end);
  }

  async measure(): Promise<number> {
    if (this.#pieces === undefined) await this.#restart();
    await this.#advance(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    return this.lengthBytes;
  }

  async close(): Promise<void> {
    const pieces = this.#pieces;
    this.#pieces = undefined;
    await pieces?.return?.();
  }

  #fromKept(offset: number, end: number): Uint8Array {
    const kept = concatBytes(this.#kept);
    this.#kept = [kept];
    return kept.subarray(Math.min(offset, end), end);
  }

  /** The pieces that hold it, and no others: a window is read by many small steps. */
  #fromRecent(offset: number, end: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let at = this.#position - this.#recentBytes;
    for (const piece of this.#recent) {
      if (at + piece.length > offset && at < end) {
        parts.push(piece.subarray(Math.max(0, offset - at), Math.min(piece.length, end - at)));
      }
      at += piece.length;
    }
    return concatBytes(parts);
  }

  async #restart(): Promise<void> {
    await this.close();
    this.#passes++;
    if (this.#passes > MAX_PASSES) {
      throw new DicomError('DICOM_LIMIT', { details: { count: this.#passes, limit: MAX_PASSES } });
    }
    [this.#recent, this.#recentBytes, this.#position] = [[], 0, 0];
    this.#pieces = inflateCapped(piecesOf(this.#deflated, this.#options.signal), this.#options.inflate);
  }

  /** Inflates up to an offset, or to the end, and lets go of what lies before `from` and is not recent. */
  async #advance(to: number, from: number): Promise<void> {
    while (this.#position < to && !this.#isBroken) {
      const piece = await this.#next();
      if (piece === undefined) return;
      this.#keep(piece);
      this.#position += piece.length;
      this.#recent.push(piece);
      this.#recentBytes += piece.length;
      for (let first = this.#recent[0]; first !== undefined; first = this.#recent[0]) {
        const isNeeded = this.#position - this.#recentBytes + first.length > from;
        if (isNeeded || this.#recentBytes - first.length < RECENT_BYTES) break;
        this.#recent.shift();
        this.#recentBytes -= first.length;
      }
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    const { isTolerant = false, signal } = this.#options;
    try {
      const next = await this.#pieces?.next();
      if (next?.done === false) return next.value;
      this.lengthBytes = this.#position;
    } catch (error) {
      signal?.throwIfAborted();
      // Bytes of which more would follow: a value that runs past them is no defect, a header that is missing is one.
      if (!isTolerant) throw error;
      this.#isBroken = true;
    }
    return undefined;
  }

  /** Copied, so that what stays holds no more than itself. */
  #keep(piece: Uint8Array): void {
    if (this.#keptBytes >= KEPT_BYTES || this.#position + piece.length <= this.#keptBytes) return;
    const added = piece.slice(this.#keptBytes - this.#position);
    this.#kept.push(added);
    this.#keptBytes += added.length;
  }
}

async function* piecesOf(source: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < source.lengthBytes; offset += READ_BYTES) {
    signal?.throwIfAborted();
    const piece = await source.read(offset, READ_BYTES);
    if (piece.length === 0) return;
    yield piece;
  }
}
