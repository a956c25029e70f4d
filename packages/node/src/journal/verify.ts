/** Checking a journal without opening it for writing: nothing is locked, changed or decrypted. */
import { toHex } from '@interhosp/core/study';
import type { Crypto, Disk } from '@interhosp/core/world';
import { scanJournal, type JournalProblem } from './scan.ts';

/** What a check found. */
export interface JournalReport {
  /** 32 hex digits; undefined when the folder holds no journal. */
  readonly journalId: string | undefined;
  /** Records that verify, from the first on. */
  readonly records: number;
  readonly totalBytes: number;
  /** Chain hash of the last of them, 64 hex digits. */
  readonly headHash: string;
  /** The first place that does not verify; undefined when all does. */
  readonly problem: JournalProblem | undefined;
  /** Bytes of an unfinished write at the end; opening the journal drops them. A running member may be just writing them. */
  readonly unfinishedBytes: number;
}

/**
 * Checks the whole chain of the journal in a folder. Payloads are covered through their ciphertext, so erased exchanges verify too.
 *
 * @throws {StorageError} `STORAGE_FAILED` when a file cannot be read, `STORAGE_VERSION`.
 */
export async function verifyJournal(options: {
  readonly disk: Disk;
  readonly folder: string;
  readonly crypto: Crypto;
}): Promise<JournalReport> {
  const scan = await scanJournal(options.disk, options.folder, options.crypto);
  return {
    journalId: scan.journalId === undefined ? undefined : toHex(scan.journalId),
    records: scan.end.seq,
    totalBytes: scan.totalBytes,
    headHash: toHex(scan.end.hash),
    problem: scan.problem,
    unfinishedBytes: scan.tailBytes,
  };
}
