/** Looks at the beginning of a data set that comes in, and puts back what it took. */
import { createHeaderScanner, TAGS, tryParseUid, vrFormOf, type Uid } from '@interhosp/core/dicom';
import type { DataSetInbox } from '../association/inbox.ts';
import { latin1Text } from '../association/little-endian.ts';
import { PieceList } from '../association/piece-list.ts';
import { MAX_PEEKED_BYTES } from '../query/query-limits.ts';

/**
 * The Study Instance UID of a data set. Undefined when it is not among the first bytes, when they cannot be read, or when
 * the association ends; who reads the data set then sees why.
 */
export async function studyOfDataSet(dataSet: DataSetInbox, transferSyntaxUid: Uid): Promise<Uid | undefined> {
  const taken = new PieceList();
  try {
    const scanner = createHeaderScanner({ form: vrFormOf(transferSyntaxUid), wanted: WANTED });
    while (taken.lengthBytes < MAX_PEEKED_BYTES && scanner.pixelStart === undefined) {
      const pieces = await dataSet.batch();
      // All of them, before any is looked at: what cannot be read is put back too.
      for (const piece of pieces) taken.push(piece);
      if (pieces.length === 0) scanner.end();
      for (const piece of pieces) scanner.push(piece);
      const value = scanner.values.get(TAGS.StudyInstanceUID);
      if (value !== undefined) return tryParseUid(latin1Text(value.bytes.subarray(0, 64)));
      if (pieces.length === 0) return undefined;
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    dataSet.putBack(taken.take());
  }
}

const WANTED: ReadonlySet<number> = new Set([TAGS.StudyInstanceUID]);
