/**
 * The journal: what happened at this member, in order, append-only, hash-chained and synced. The fold of its records is
 * the only state of an exchange (DESIGN.md §4); docs/protocol/journal.md has the format.
 *
 * One writer. Appends made while a sync is under way share the next one. After any failed write or sync nothing more is
 * taken until the journal was closed and opened again, which reads back and verifies what is there.
 */
import { StorageError, errorCodeOf } from '@interhosp/core/errors';
import type { ExchangeId } from '@interhosp/core/study';
import {
  isoSeconds,
  safeFieldProblem,
  sha256,
  type Clock,
  type Crypto,
  type Disk,
  type Log,
  type Random,
} from '@interhosp/core/world';
import type { ExchangeKeys } from '../keys/index.ts';
import { NONCE_BYTES } from '../world/crypto.ts';
import { lockFolder, type FolderLock } from '../world/folder-lock.ts';
import { nodeHost, type Host } from '../world/host.ts';
import {
  encodeClear,
  encodeRecord,
  MAX_CLEAR_BYTES,
  MAX_RECORD_BYTES,
  LENGTH_BYTES,
  sealPayload,
  type ClearIds,
} from './format.ts';
import { SeqIndex } from './seq-index.ts';
import { readEntries, type JournalEntry, type ReadEntriesOptions } from './entries.ts';
import { recoverJournal } from './recover.ts';
import { RESERVE_BYTES, takeReserve } from './reserve.ts';
import { SegmentWriter } from './segment-writer.ts';

/** What is appended. */
export interface JournalInput {
  /** A literal in the code: letters, digits, dots, dashes; at most 64 characters. */
  readonly type: string;
  /** Whose key seals the payload; without one, the payload is sealed under the node's records key. */
  readonly exchange?: ExchangeId;
  /** Readable without any key and never erased: identifiers and counts, nothing that identifies a patient. */
  readonly ids?: ClearIds;
  /** Anything that JSON keeps. Sealed; gone when the exchange's key is erased. */
  readonly payload?: object;
}

/** A record's place in the journal. */
export interface JournalPosition {
  /** From 1, without gaps. */
  readonly seq: number;
  /** Chain hash up to and including this record; 32 bytes. */
  readonly hash: Uint8Array;
}

/** The truth of one member. */
export interface Journal extends AsyncDisposable {
  /** 16 random bytes given at creation. */
  readonly journalId: Uint8Array;
  /**
   * Appends one record; order is the order of the calls.
   *
   * @param options.sync - With true (the default) it is durable on return. With false it is durable within a second or
   *   with the next synced append, and lost if the machine stops before: only for what may be repeated harmlessly.
   * @throws {StorageError} `STORAGE_KEY_ERASED`: nothing was appended. `STORAGE_FULL`, `STORAGE_FAILED`: whether it was
   *   appended is not known, and every later call throws the same until the journal is opened again.
   */
  append(input: JournalInput, options?: { readonly sync?: boolean }): Promise<JournalPosition>;
  /** Returns once everything appended so far is durable. Throws as {@link Journal.append}. */
  flush(): Promise<void>;
  /** The last durable record; seq 0 while there is none. */
  head(): JournalPosition;
  /** Records in order, from `from` (default 1) to the last one appended when the call was made. */
  entries(options?: ReadEntriesOptions): AsyncIterable<JournalEntry>;
  /** Makes what is pending durable, closes the files and releases the folder. Calling it twice is fine. */
  close(): Promise<void>;
}

/** What a journal needs of the world. */
export interface JournalOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly clock: Clock;
  readonly keys: ExchangeKeys;
  readonly log: Log;
  /** Default: this process. */
  readonly host?: Host;
  /** A segment of this size is followed by a new one; default {@link SEGMENT_BYTES}. */
  readonly segmentBytes?: number;
  /** Room kept aside on the disk, 0 for none; default {@link RESERVE_BYTES}. */
  readonly reserveBytes?: number;
}

/** Some hundred thousand records a file. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * Opens the journal in a folder, making it when there is none: takes the folder's lock, verifies the whole chain, drops
 * what a crash cut off at the end and no one was told of.
 *
 * @throws {StorageError} `STORAGE_LOCKED`; `STORAGE_JOURNAL_DAMAGED` with file, offset and seq; `STORAGE_JOURNAL_TORN`
 *   when acknowledged records are missing; `STORAGE_VERSION`, `STORAGE_FULL`, `STORAGE_FAILED`.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { disk, folder, clock, random, host = nodeHost(), reserveBytes = RESERVE_BYTES } = options;
  const log = options.log.forComponent('interhosp:journal');
  await disk.makeFolder(folder);
  const lock = await lockFolder(folder, { disk, clock, random, host, log });
  try {
    const index = new SeqIndex();
    const end = await recoverJournal({ ...options, log }, index);
    const writerOptions = { ...options, log, reserveBytes, segmentBytes: options.segmentBytes ?? SEGMENT_BYTES };
    await takeReserve(writerOptions);
    return new FolderJournal({ ...options, log }, lock, await SegmentWriter.open(writerOptions, end), index);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** A lazy record is durable after this long. */
const LAZY_MS = 1_000;
/** Pending bytes that start a write even if nobody waits. */
const LAZY_BYTES = 1024 * 1024;
const TYPE = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;

interface Pending extends JournalPosition {
  readonly frame: readonly [Uint8Array, Uint8Array];
  readonly frameBytes: number;
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

class FolderJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #lock: FolderLock;
  readonly #writer: SegmentWriter;
  readonly #index: SeqIndex;
  readonly #closing = new AbortController();
  #last: JournalPosition;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #failure: StorageError | undefined;
  /** Sealing may wait for a key; calls pass through here in order, so that their order is the order of records. */
  #turn: Promise<unknown> = Promise.resolve();
  #flushing: Promise<void> | undefined;
  #lazyTimer: Promise<void> | undefined;

  constructor(options: JournalOptions, lock: FolderLock, writer: SegmentWriter, index: SeqIndex) {
    this.#options = options;
    this.#lock = lock;
    this.#writer = writer;
    this.#index = index;
    this.#last = writer.durable;
  }

  get journalId(): Uint8Array {
    return this.#writer.durable.journalId;
  }

  head(): JournalPosition {
    const { seq, hash } = this.#writer.durable;
    return { seq, hash };
  }

  async append(input: JournalInput, options: { readonly sync?: boolean } = {}): Promise<JournalPosition> {
    const admitted = this.#turn.then(() => this.#admit(input));
    this.#turn = admitted.catch(() => {});
    const { position, durable } = await admitted;
    if (options.sync ?? true) {
      this.#startFlush();
      await durable;
    } else {
      durable.catch(() => {}); // The failed state tells the next caller.
      if (this.#pendingBytes >= LAZY_BYTES) this.#startFlush();
      else this.#startLazyTimer();
    }
    return position;
  }

  async flush(): Promise<void> {
    await this.#turn;
    this.#startFlush();
    await this.#flushing;
    if (this.#failure !== undefined) throw this.#refusal();
  }

  async *entries(options: ReadEntriesOptions = {}): AsyncIterable<JournalEntry> {
    // A journal that failed can still be read up to what was known to be durable.
    await this.#turn;
    if (this.#failure === undefined) await this.flush();
    yield* readEntries(this.#options, this.#index, this.#writer.durable, options);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#turn;
    this.#startFlush();
    while (this.#flushing !== undefined) await this.#flushing;
    await this.#lazyTimer;
    try {
      await this.#writer.close(this.#failure === undefined);
    } finally {
      await this.#lock.release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #admit(input: JournalInput): Promise<{ position: JournalPosition; durable: Promise<void> }> {
    checkInput(input);
    this.#refuseUnlessOpen();
    const key = await this.#keyFor(input);
    this.#refuseUnlessOpen();
    const { crypto, random, clock } = this.#options;
    const seq = this.#last.seq + 1;
    const { type, exchange, ids = {}, payload } = input;
    const clear = encodeClear({
      type,
      seq,
      at: isoSeconds(clock.now()),
      ...(exchange === undefined ? {} : { exchange }),
      ids,
    });
    const sealed =
      key === undefined || payload === undefined
        ? []
        : sealPayload(payload, clear, key, random.bytes(NONCE_BYTES), crypto);
    const record = encodeRecord(clear, sealed);
    if (clear.length > MAX_CLEAR_BYTES || record.length - LENGTH_BYTES > MAX_RECORD_BYTES) {
      throw new RangeError('a journal record exceeds its limit');
    }
    return this.#queue(seq, record);
  }

  #queue(seq: number, record: Uint8Array): { position: JournalPosition; durable: Promise<void> } {
    const hash = sha256(this.#options.crypto, this.#last.hash, record);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#last = { seq, hash };
    this.#pending.push({ seq, hash, frame: [record, hash], frameBytes: record.length + hash.length, resolve, reject });
    this.#pendingBytes += record.length + hash.length;
    return { position: this.#last, durable: promise };
  }

  async #keyFor({ exchange, payload }: JournalInput): Promise<Uint8Array | undefined> {
    if (payload === undefined) return undefined;
    const { keys } = this.#options;
    if (exchange === undefined) return keys.recordsKey;
    const key = await keys.key(exchange);
    if (key === undefined) throw new StorageError('STORAGE_KEY_ERASED', { details: { exchangeId: exchange } });
    return key;
  }

  #startFlush(): void {
    if (this.#flushing !== undefined || this.#pending.length === 0) return;
    this.#flushing = this.#flushAll().finally(() => {
      this.#flushing = undefined;
      // What was appended after the last look at the queue.
      this.#startFlush();
    });
  }

  /** Writes batch after batch until nothing is pending. Never rejects: whoever waits is told through its own promise. */
  async #flushAll(): Promise<void> {
    while (this.#pending.length > 0) {
      // Appends of the same moment share the sync.
      await new Promise((resolve) => setImmediate(resolve));
      const batch = this.#pending;
      this.#pending = [];
      this.#pendingBytes = 0;
      await this.#commit(batch);
    }
  }

  async #commit(batch: readonly Pending[]): Promise<void> {
    const last = batch.at(-1);
    if (last === undefined) return;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#lock.lost.aborted) throw new StorageError('STORAGE_LOCKED');
      const { segment, offset } = await this.#writer.commit(
        batch.flatMap(({ frame }) => frame),
        last,
      );
      let at = offset;
      for (const { seq, frameBytes } of batch) {
        this.#index.add(seq, segment, at);
        at += frameBytes;
      }
    } catch (error) {
      return this.#fail(error, batch);
    }
    for (const { resolve } of batch) resolve();
    await this.#writer.updateHead().catch((error: unknown) => this.#fail(error, []));
  }

  #fail(error: unknown, batch: readonly Pending[]): void {
    this.#failure ??=
      error instanceof StorageError
        ? error
        : new StorageError('STORAGE_FAILED', { cause: error, details: { kind: 'journal' } });
    this.#options.log.write('error', 'journal.failed', { code: this.#failure.code, seq: this.#writer.durable.seq });
    for (const { reject } of batch) reject(this.#refusal());
  }

  #refuseUnlessOpen(): void {
    if (this.#closing.signal.aborted)
      throw new StorageError('STORAGE_FAILED', { details: { kind: 'journal', reason: 'closed' } });
    if (this.#failure !== undefined) throw this.#refusal();
  }

  #refusal(): StorageError {
    const isFull = errorCodeOf(this.#failure) === 'STORAGE_FULL';
    return new StorageError(isFull ? 'STORAGE_FULL' : 'STORAGE_FAILED', {
      cause: this.#failure,
      details: { kind: 'journal' },
    });
  }

  #startLazyTimer(): void {
    this.#lazyTimer ??= this.#options.clock
      .sleep(LAZY_MS, { signal: this.#closing.signal })
      .then(() => this.#startFlush())
      .catch(() => {}) // Closing flushes by itself.
      .finally(() => (this.#lazyTimer = undefined));
  }
}

/** What does not fit here is a mistake in our code, found by its first test. */
function checkInput({ type, ids = {} }: JournalInput): void {
  if (!TYPE.test(type)) throw new TypeError('a record type is dotted words');
  for (const [field, value] of Object.entries(ids)) {
    const isFixed = field === 'seq' || field === 'file';
    if (isFixed || safeFieldProblem(field, value) !== undefined)
      throw new TypeError(`a record may not carry ${field} in clear`);
  }
}
