/** Looks at the beginning of a data set that streams by, and hands it on whole. */
import { bytesSource, type Uid } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import { readInstance, type IndexedInstance, type PacsOptions } from '@interhosp/core/pacs';

/** Bytes looked at first, which hold nearly every header up to the identifiers; doubled until they do. */
const FIRST_BYTES = 65_536;
/** Most bytes held for a header; icons and private elements before the identifiers make some long. */
const MAX_BYTES = 16_777_216;

/** A data set with what its header says. */
export interface PeekedDataSet {
  readonly identity: IndexedInstance;
  /** From its first byte; may be iterated once. */
  readonly dataSet: AsyncIterable<Uint8Array>;
  /** Bytes that were read to look at it. */
  readonly heldBytes: number;
}

/** @throws {DicomError} when the header cannot be read; the stream is then ended. */
export async function peekDataSet(
  dataSet: AsyncIterable<Uint8Array>,
  transferSyntaxUid: Uid,
  options: PacsOptions,
): Promise<PeekedDataSet> {
  const iterator = dataSet[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  let isEnded = false;
  try {
    for (let wanted = FIRST_BYTES; ; wanted *= 2) {
      while (heldBytes < wanted && !isEnded) {
        const next = await iterator.next();
        if (next.done === true) {
          isEnded = true;
        } else {
          held.push(next.value);
          heldBytes += next.value.length;
        }
      }
      try {
        // More follows, so that a value which runs past the end is no defect.
        const source = { ...bytesSource(Buffer.concat(held)), lengthBytes: Number.MAX_SAFE_INTEGER };
        const identity = await readInstance(source, transferSyntaxUid, options);
        return { identity, heldBytes, dataSet: joined(held, iterator) };
      } catch (error) {
        const mayHelp = errorCodeOf(error) === 'DICOM_TRUNCATED' || errorCodeOf(error) === 'DICOM_IDENTITY_MISSING';
        if (isEnded || !mayHelp || heldBytes >= MAX_BYTES) throw error;
      }
    }
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
}

async function* joined(
  held: Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let piece = held.shift(); piece !== undefined; piece = held.shift()) yield piece;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
