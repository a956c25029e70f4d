/**
 * The data set of an instance on its way out, held against what was said of it: the UIDs before a byte is sent, the length
 * before the last one is. A PACS keeps whatever a well-formed message brings it, under the name that stands inside.
 */
import {
  bytesSource,
  createHeaderScanner,
  isDeflated,
  TAGS,
  tryParseUid,
  vrFormOf,
  type HeaderScanner,
  type Tag,
  type Uid,
} from '@interhosp/core/dicom';
import { isInterhospError } from '@interhosp/core/errors';
import { readInstance, type PacsOptions, type StorableInstance } from '@interhosp/core/pacs';
import type { InstanceIdentity } from '@interhosp/core/study';

/** Bytes in which the identifiers are looked for. They stand in the first kilobyte or two of real objects. */
const HEAD_BYTES = 1_048_576;
/** The same of a deflated data set, of which a few kilobytes are the header of any. */
const DEFLATED_HEAD_BYTES = 65_536;

/** The source of an instance failed, with its own error as the cause; neither instance nor PACS is to blame. */
export class SourceFailure extends Error {
  override readonly name = 'SourceFailure';
}

/** An instance is not what it was said to be. */
export class NotAsAnnounced extends Error {
  override readonly name = 'NotAsAnnounced';
}

/** See the file's head. Ended when it was iterated, or by {@link close}. */
export class CheckedDataSet implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #lengthBytes: number;
  #head: Uint8Array[] = [];
  #headBytes = 0;
  #isEnded = false;

  private constructor(source: AsyncIterator<Uint8Array>, lengthBytes: number) {
    this.#source = source;
    this.#lengthBytes = lengthBytes;
  }

  /**
   * Opens the data set of an instance and reads as far as its identifiers.
   *
   * @throws {NotAsAnnounced} when they are others, or cannot be found; {SourceFailure}.
   */
  static async open(instance: StorableInstance, options: PacsOptions): Promise<CheckedDataSet> {
    const opened = new CheckedDataSet(begin(instance, options), instance.lengthBytes);
    try {
      await opened.#checkIdentity(instance);
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      let sentBytes = 0;
      for (const piece of this.#head.splice(0)) {
        sentBytes += piece.length;
        yield piece;
      }
      for (let piece = await this.#next(); piece !== undefined; piece = await this.#next()) {
        sentBytes += piece.length;
        if (sentBytes > this.#lengthBytes) throw new NotAsAnnounced('longer than announced');
        yield piece;
      }
      if (sentBytes !== this.#lengthBytes) throw new NotAsAnnounced('another length than announced');
    } finally {
      await this.close();
    }
  }

  /** Ends the source. Calling it twice is fine. */
  async close(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#source.return?.();
  }

  async #checkIdentity(instance: StorableInstance): Promise<void> {
    const said = await this.#identity(instance.transferSyntaxUid).catch((cause: unknown) => {
      throw isInterhospError(cause) ? new NotAsAnnounced('no data set of this syntax', { cause }) : cause;
    });
    const isSame = IDENTIFIERS.every(([, name]) => said[name] === instance[name]);
    if (!isSame) throw new NotAsAnnounced('other identifiers than announced');
  }

  async #identity(transferSyntaxUid: Uid): Promise<Partial<Record<IdentifierName, Uid>>> {
    if (isDeflated(transferSyntaxUid)) {
      while (this.#headBytes < DEFLATED_HEAD_BYTES && (await this.#readAhead()) !== undefined);
      return await readInstance(bytesSource(Buffer.concat(this.#head)), transferSyntaxUid);
    }
    const scanner = createHeaderScanner({ form: vrFormOf(transferSyntaxUid), wanted: WANTED });
    while (!isIdentified(scanner) && this.#headBytes < HEAD_BYTES) {
      const piece = await this.#readAhead();
      if (piece === undefined) {
        scanner.end();
        break;
      }
      scanner.push(piece);
    }
    return Object.fromEntries(IDENTIFIERS.map(([tag, name]) => [name, uidAt(scanner, tag)]));
  }

  async #readAhead(): Promise<Uint8Array | undefined> {
    const piece = await this.#next();
    if (piece === undefined) return undefined;
    this.#head.push(piece);
    this.#headBytes += piece.length;
    return piece;
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#isEnded) return undefined;
    try {
      const next = await this.#source.next();
      if (next.done !== true) return next.value;
      this.#isEnded = true;
      return undefined;
    } catch (cause) {
      this.#isEnded = true;
      throw new SourceFailure('the source of an instance failed', { cause });
    }
  }
}

const IDENTIFIERS = [
  [TAGS.SOPClassUID, 'sopClassUid'],
  [TAGS.SOPInstanceUID, 'sopInstanceUid'],
  [TAGS.StudyInstanceUID, 'studyInstanceUid'],
  [TAGS.SeriesInstanceUID, 'seriesInstanceUid'],
] as const satisfies readonly (readonly [Tag, keyof InstanceIdentity])[];
type IdentifierName = (typeof IDENTIFIERS)[number][1];
const WANTED: ReadonlySet<Tag> = new Set(IDENTIFIERS.map(([tag]) => tag));

function begin(instance: StorableInstance, options: PacsOptions): AsyncIterator<Uint8Array> {
  try {
    return instance.dataSet(options)[Symbol.asyncIterator]();
  } catch (cause) {
    throw new SourceFailure('the source of an instance failed', { cause });
  }
}

function isIdentified(scanner: HeaderScanner): boolean {
  return scanner.pixelStart !== undefined || IDENTIFIERS.every(([tag]) => scanner.values.has(tag));
}

function uidAt(scanner: HeaderScanner, tag: Tag): Uid | undefined {
  const value = scanner.values.get(tag);
  return value === undefined ? undefined : tryParseUid(String.fromCharCode(...value.bytes));
}
