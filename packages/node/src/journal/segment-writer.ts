/**
 * Puts encoded records on disk: the one place that writes to segment files. A batch is written and synced as one; the
 * head follows. Any failure is final: what a failed write or sync left behind is not known.
 */
import { errorCodeOf, StorageError } from '@interhosp/core/errors';
import type { Clock, Crypto, Disk, DiskFile } from '@interhosp/core/world';
import { crashpoint } from '../world/crashpoint.ts';
import { writeWhole } from '../world/whole-file.ts';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentName } from './format.ts';
import { HeadFile, type JournalHead } from './head-file.ts';
import { freeReserve, type ReserveOptions } from './reserve.ts';

/** What writing needs of the world. */
export interface SegmentWriterOptions extends ReserveOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** A segment that has reached this size is closed and a new one begun. */
  readonly segmentBytes: number;
}

/** Where a batch of records went. */
export interface WrittenBatch {
  readonly segment: number;
  /** Where its first record begins. */
  readonly offset: number;
}

/** How long the head file may lag behind on the platter. */
const HEAD_SYNC_MS = 1_000;

/** The open end of a journal. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  readonly #headFile: HeadFile;
  #file: DiskFile;
  #durable: JournalHead;
  #headSyncedMs: number;

  private constructor(options: SegmentWriterOptions, headFile: HeadFile, file: DiskFile, durable: JournalHead) {
    this.#options = options;
    this.#headFile = headFile;
    this.#file = file;
    this.#durable = durable;
    this.#headSyncedMs = options.clock.monotonicMs();
  }

  /** Opens the last segment at a place where the journal was found to hold, and says so in the head. */
  static async open(options: SegmentWriterOptions, end: JournalHead): Promise<SegmentWriter> {
    const headFile = await HeadFile.open(options.disk, options.folder, options.crypto);
    const file = await options.disk.open(`${options.folder}/${segmentName(end.segment)}`, 'write');
    await headFile.writeBoth(end);
    return new SegmentWriter(options, headFile, file, end);
  }

  /** The last durable record. */
  get durable(): JournalHead {
    return this.#durable;
  }

  /** Writes and syncs whole frames (length, record, hash) that continue the chain up to `last`. */
  async commit(
    frames: readonly Uint8Array[],
    last: { readonly seq: number; readonly hash: Uint8Array },
  ): Promise<WrittenBatch> {
    const { segmentBytes } = this.#options;
    if (this.#durable.offset >= segmentBytes && this.#durable.offset > SEGMENT_HEADER_BYTES) await this.#rotate();
    const { segment, offset } = this.#durable;
    await this.#write(frames, offset);
    await this.#file.sync();
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    this.#durable = { ...this.#durable, seq: last.seq, hash: last.hash, offset: offset + bytes };
    return { segment, offset };
  }

  /** Notes in the head what is durable; synced about once a second. */
  async updateHead(): Promise<void> {
    await this.#headFile.write(this.#durable);
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#headSyncedMs < HEAD_SYNC_MS) return;
    this.#headSyncedMs = nowMs;
    await this.#headFile.sync();
  }

  /** Closes the files; `isSound` says whether the head may be brought up to date first. */
  async close(isSound: boolean): Promise<void> {
    try {
      if (isSound) await this.#headFile.writeBoth(this.#durable);
    } finally {
      await this.#headFile.close();
      await this.#file.close();
    }
  }

  /** A full disk refuses before anything counts as written, so the same bytes may be tried once more in the freed room. */
  async #write(frames: readonly Uint8Array[], offset: number): Promise<void> {
    try {
      await this.#file.write(frames, offset);
    } catch (error) {
      if (errorCodeOf(error) !== 'STORAGE_FULL' || !(await freeReserve(this.#options))) throw error;
      await this.#file.write(frames, offset);
    }
  }

  async #rotate(): Promise<void> {
    const { disk, folder, crypto } = this.#options;
    const { journalId, seq, hash, segment } = this.#durable;
    const next = segment + 1;
    if (next > MAX_SEGMENT)
      throw new StorageError('STORAGE_FAILED', { details: { kind: 'segments', limit: MAX_SEGMENT } });
    crashpoint('C25');
    await writeSegment(
      disk,
      folder,
      encodeSegmentHeader({ journalId, segment: next, firstSeq: seq + 1, previousHash: hash }, crypto),
      next,
    );
    crashpoint('C25');
    await this.#file.close();
    this.#file = await disk.open(`${folder}/${segmentName(next)}`, 'write');
    this.#durable = { ...this.#durable, segment: next, offset: SEGMENT_HEADER_BYTES };
  }
}

/** What eight digits of a file name can count. */
const MAX_SEGMENT = 99_999_999;

/** Makes a segment file that holds only its header; whole or not at all. */
export async function writeSegment(disk: Disk, folder: string, header: Uint8Array, segment: number): Promise<void> {
  await writeWhole(disk, folder, segmentName(segment), header);
}
