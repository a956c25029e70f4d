/**
 * Watches a data set pass by and tells at its end whose it is: identifiers, patient and study for an index. Nothing is held
 * but the few values that are asked for; a deflated data set (PS3.5 A.5) is read from its beginning, which is.
 */
import {
  bytesSource,
  createHeaderScanner,
  STUDY_HEADER_TAGS,
  vrFormOf,
  type HeaderScanner,
  type Uid,
} from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import { readInstance, type IndexedInstance } from '@interhosp/core/pacs';
import { HeaderMemory } from './header-memory.ts';
import { HELD_HEADER_BYTES } from '../limits.ts';
import { PieceList } from '../association/piece-list.ts';

/** See the file's head. */
export class HeaderWatch {
  readonly #transferSyntaxUid: Uid;
  readonly #memory: HeaderMemory;
  readonly #scanner: HeaderScanner | undefined;
  /** The beginning of a data set that cannot be read as it passes. */
  readonly #held = new PieceList();
  #error: Error | undefined;

  /** @param memory - Of headers that were read before. */
  constructor(transferSyntaxUid: Uid, memory = new HeaderMemory()) {
    this.#transferSyntaxUid = transferSyntaxUid;
    this.#memory = memory;
    this.#scanner = scannerFor(transferSyntaxUid);
  }

  /** Whether the data set cannot be read any more, whatever comes. */
  get isUnreadable(): boolean {
    return this.#error !== undefined;
  }

  /** Takes the next bytes, and looks at them no more afterwards; a defect is told at the end. */
  push(bytes: Uint8Array): void {
    if (this.#error !== undefined) return;
    if (this.#scanner === undefined) return this.#hold(bytes);
    try {
      this.#scanner.push(bytes);
    } catch (error) {
      this.#error = error as Error;
    }
  }

  /** What was read. @throws {DicomError} when the data set is not whole, or names no study, series or instance. */
  async end(): Promise<IndexedInstance> {
    if (this.#error !== undefined) throw this.#error;
    if (this.#scanner === undefined) {
      return await readInstance(bytesSource(Buffer.concat(this.#held.take())), this.#transferSyntaxUid);
    }
    this.#scanner.end();
    return this.#memory.read(this.#scanner.values, this.#transferSyntaxUid);
  }

  #hold(bytes: Uint8Array): void {
    const piece = bytes.subarray(0, HELD_HEADER_BYTES - this.#held.lengthBytes);
    // Copied: the memory of what has passed is given back.
    if (piece.length > 0) this.#held.push(new Uint8Array(piece));
  }
}

/** Undefined for a deflated data set, whose bytes are no elements. */
function scannerFor(transferSyntaxUid: Uid): HeaderScanner | undefined {
  try {
    return createHeaderScanner({ form: vrFormOf(transferSyntaxUid), wanted: STUDY_HEADER_TAGS });
  } catch (error) {
    if (errorCodeOf(error) !== 'DICOM_TRANSFER_SYNTAX_UNSUPPORTED') throw error;
    return undefined;
  }
}
