/** Reads a whole journal from disk and says how far it holds: what opening it and checking it offline have in common. */
import { StorageError } from '@interhosp/core/errors';
import { toHex } from '@interhosp/core/study';
import type { Crypto, Disk, DiskFile } from '@interhosp/core/world';
import {
  decodeSegmentHeader,
  firstHash,
  JOURNAL_VERSION,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentOf,
} from './format.ts';
import { readHead, type JournalHead } from './head-file.ts';
import { SegmentReader, type ChainedRecord } from './segment-reader.ts';

/** Where and why a journal does not hold. */
export interface JournalProblem {
  /** `damaged`: bytes differ from what was written. `torn`: records that had been acknowledged are missing at the end. */
  readonly kind: 'damaged' | 'torn';
  readonly file: string;
  /** Start of the first record (or header) that does not verify. */
  readonly offset: number;
  /** Sequence which that record has or had. */
  readonly seq: number;
  /** What was found: `header`, `missing`, `head`, `length`, `chain`, `short`. */
  readonly reason: string;
}

/** How far a journal holds. */
export interface JournalScan {
  /** Undefined when the folder holds no journal. */
  readonly journalId: Uint8Array | undefined;
  /** The last record that verifies. */
  readonly end: JournalHead;
  /** What the head file says, if anything. */
  readonly head: JournalHead | undefined;
  /** Bytes after the last record of the last segment that are no record: a write that a crash cut off. */
  readonly tailBytes: number;
  /** All segment files together. */
  readonly totalBytes: number;
  readonly problem: JournalProblem | undefined;
}

/** What is told of each record on the way. */
export type RecordVisitor = (seq: number, segment: number, record: ChainedRecord) => void;

/**
 * Reads all segments in order. Stops at the first problem.
 *
 * @throws {StorageError} `STORAGE_VERSION`; `STORAGE_FAILED` when a file cannot be read.
 */
export async function scanJournal(
  disk: Disk,
  folder: string,
  crypto: Crypto,
  visit: RecordVisitor = () => {},
): Promise<JournalScan> {
  const segments = (await disk.list(folder)).flatMap((file) => segmentOf(file) ?? []);
  const head = await readHead(disk, folder, crypto);
  const state = new ScanState(crypto, head, visit);
  for (const [index, segment] of segments.entries()) {
    if (segment !== index) state.fail('damaged', segmentName(index), 0, 'missing');
    if (state.problem !== undefined) break;
    const file = await disk.open(`${folder}/${segmentName(segment)}`, 'read');
    try {
      await state.readSegment(file, segment, index === segments.length - 1);
    } finally {
      await file.close();
    }
  }
  return state.finish();
}

/** The error that a problem is when a journal is to be used. */
export function problemError({ kind, file, offset, seq, reason }: JournalProblem): StorageError {
  const details = { file, offset, seq, reason };
  return new StorageError(kind === 'torn' ? 'STORAGE_JOURNAL_TORN' : 'STORAGE_JOURNAL_DAMAGED', { details });
}

class ScanState {
  problem: JournalProblem | undefined;
  readonly #crypto: Crypto;
  readonly #head: JournalHead | undefined;
  readonly #visit: RecordVisitor;
  #journalId: Uint8Array | undefined;
  #seq = 0;
  #hash: Uint8Array = new Uint8Array();
  #segment = 0;
  #offset = SEGMENT_HEADER_BYTES;
  #tailBytes = 0;
  #totalBytes = 0;

  constructor(crypto: Crypto, head: JournalHead | undefined, visit: RecordVisitor) {
    this.#crypto = crypto;
    this.#head = head;
    this.#visit = visit;
  }

  fail(kind: JournalProblem['kind'], file: string, offset: number, reason: string): void {
    this.problem ??= { kind, file, offset, seq: this.#seq + 1, reason };
  }

  async readSegment(file: DiskFile, segment: number, isLast: boolean): Promise<void> {
    const sizeBytes = await file.sizeBytes();
    this.#totalBytes += sizeBytes;
    await this.#readHeader(file, segment);
    if (this.problem !== undefined) return;
    this.#segment = segment;
    this.#offset = SEGMENT_HEADER_BYTES;
    const reader = new SegmentReader(file, this.#crypto, this.#offset, sizeBytes);
    for (let record = await reader.next(); record !== undefined; record = await reader.next()) {
      this.#take(segment, record);
      if (this.problem !== undefined) return;
    }
    if (reader.ended === 'end') return;
    if (isLast && !this.#isBeforeHead()) this.#tailBytes = sizeBytes - this.#offset;
    else
      this.fail(
        this.#isCutOff(segment, sizeBytes) ? 'torn' : 'damaged',
        segmentName(segment),
        this.#offset,
        reader.ended,
      );
  }

  finish(): JournalScan {
    const journalId = this.#journalId;
    if (this.problem === undefined && this.#isBeforeHead()) {
      this.fail('torn', segmentName(this.#head?.segment ?? 0), this.#offset, 'missing');
    }
    const end = {
      journalId: journalId ?? new Uint8Array(16),
      seq: this.#seq,
      hash: new Uint8Array(this.#hash),
      segment: this.#segment,
      offset: this.#offset,
    };
    const { problem } = this;
    return { journalId, end, head: this.#head, tailBytes: this.#tailBytes, totalBytes: this.#totalBytes, problem };
  }

  async #readHeader(file: DiskFile, segment: number): Promise<void> {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    await file.read(bytes, 0);
    const header = decodeSegmentHeader(bytes, this.#crypto);
    if (header === undefined) return this.fail('damaged', segmentName(segment), 0, 'header');
    if (segment === 0) {
      this.#journalId = header.journalId;
      this.#hash = firstHash(this.#crypto, header.journalId);
    }
    const fits =
      header.segment === segment &&
      header.firstSeq === this.#seq + 1 &&
      toHex(header.journalId) === toHex(this.#journalId ?? new Uint8Array()) &&
      toHex(header.previousHash) === toHex(this.#hash);
    if (!fits) this.fail('damaged', segmentName(segment), 0, 'header');
    if (this.#head !== undefined && toHex(this.#head.journalId) !== toHex(header.journalId)) {
      this.fail('damaged', segmentName(segment), 0, 'head');
    }
  }

  #take(segment: number, record: ChainedRecord): void {
    const version = record.record[0] ?? 0;
    if (version !== JOURNAL_VERSION) {
      throw new StorageError('STORAGE_VERSION', { details: { kind: 'record', version, offset: record.offset } });
    }
    const seq = this.#seq + 1;
    const isHead = this.#head?.seq === seq;
    if (isHead && (toHex(record.hash) !== toHex(this.#head.hash) || record.end !== this.#head.offset)) {
      return this.fail('damaged', segmentName(segment), record.offset, 'head');
    }
    this.#seq = seq;
    this.#hash = record.hash;
    this.#offset = record.end;
    this.#visit(seq, segment, record);
  }

  #isBeforeHead(): boolean {
    return this.#head !== undefined && this.#seq < this.#head.seq;
  }

  /** Whether the file ends before what the head says was durable in it. */
  #isCutOff(segment: number, sizeBytes: number): boolean {
    return this.#head?.segment === segment && sizeBytes < this.#head.offset;
  }
}
