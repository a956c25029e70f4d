/** Reading records back: from a place in the index to the durable end, through as many segments as there are. */
import { StorageError } from '@interhosp/core/errors';
import type { ExchangeId } from '@interhosp/core/study';
import type { Crypto, Disk } from '@interhosp/core/world';
import type { ExchangeKeys } from '../keys/index.ts';
import {
  decodeClear,
  openPayload,
  SEGMENT_HEADER_BYTES,
  segmentName,
  splitRecord,
  type ClearIds,
  type ClearPart,
} from './format.ts';
import type { JournalHead } from './head-file.ts';
import { SegmentReader, type ChainedRecord } from './segment-reader.ts';
import type { SeqIndex } from './seq-index.ts';

/** One record read back. */
export interface JournalEntry {
  readonly seq: number;
  readonly type: string;
  /** `YYYY-MM-DDThh:mm:ssZ` */
  readonly at: string;
  readonly exchange?: ExchangeId;
  readonly ids: ClearIds;
  /** Chain hash up to and including this record. */
  readonly hash: Uint8Array;
  /** What was sealed; `'erased'` when its key is gone, undefined when there was none or it was not asked for. */
  readonly payload: JournalPayload | 'erased' | undefined;
}

/** A payload as JSON gives it back. */
export type JournalPayload = Readonly<Record<string, unknown>>;

/** What to read. */
export interface ReadEntriesOptions {
  /** First sequence; default 1. */
  readonly from?: number;
  /** Whether payloads are opened; default true. */
  readonly payloads?: boolean;
}

/** What reading needs of the world. */
export interface EntryReaderOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly crypto: Crypto;
  readonly keys: ExchangeKeys;
}

/**
 * Records from `from` to `end`, each checked against the chain again.
 *
 * @throws {StorageError} `STORAGE_JOURNAL_DAMAGED`, `STORAGE_KEY_DAMAGED`, `STORAGE_FAILED`.
 */
export async function* readEntries(
  options: EntryReaderOptions,
  index: SeqIndex,
  end: JournalHead,
  { from = 1, payloads = true }: ReadEntriesOptions,
): AsyncIterable<JournalEntry> {
  const place = index.before(Math.max(1, from));
  if (place === undefined || from > end.seq) return;
  let { seq } = place;
  for (let segment = place.segment; segment <= end.segment; segment++) {
    const start = segment === place.segment ? place.offset : SEGMENT_HEADER_BYTES;
    const file = await options.disk.open(`${options.folder}/${segmentName(segment)}`, 'read');
    try {
      const stop = segment === end.segment ? end.offset : await file.sizeBytes();
      const reader = new SegmentReader(file, options.crypto, start, stop);
      for (let record = await reader.next(); record !== undefined; record = await reader.next(), seq++) {
        if (seq >= from) yield await entryOf(options, seq, record, payloads);
      }
      if (reader.ended !== 'end') throw damaged(seq, reader.offset);
    } finally {
      await file.close();
    }
  }
}

async function entryOf(
  options: EntryReaderOptions,
  seq: number,
  { record, offset, hash }: ChainedRecord,
  payloads: boolean,
): Promise<JournalEntry> {
  const parts = splitRecord(record);
  const clear = parts === undefined ? undefined : decodeClear(parts.clearBytes);
  if (parts === undefined || clear === undefined || clear.seq !== seq) throw damaged(seq, offset);
  const payload =
    payloads && parts.sealed.length > 0
      ? await payloadOf(options, clear, parts.clearBytes, parts.sealed, offset)
      : undefined;
  return { ...clear, hash: new Uint8Array(hash), payload };
}

async function payloadOf(
  { crypto, keys }: EntryReaderOptions,
  { exchange, seq }: ClearPart,
  clearBytes: Uint8Array,
  sealed: Uint8Array,
  offset: number,
): Promise<JournalPayload | 'erased'> {
  // The views must outlive the wait for a key: the reader goes on only after this record was handed out.
  const key = exchange === undefined ? keys.recordsKey : await keys.key(exchange);
  if (key === undefined) return 'erased';
  const payload = openPayload(sealed, clearBytes, key, crypto);
  if (typeof payload !== 'object' || payload === null) throw damaged(seq, offset);
  return payload as JournalPayload;
}

function damaged(seq: number, offset: number): StorageError {
  return new StorageError('STORAGE_JOURNAL_DAMAGED', { details: { seq, offset } });
}
