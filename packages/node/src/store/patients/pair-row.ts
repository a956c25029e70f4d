/** A row of texts with what belongs to each: names with their counts, IDs with those they lead to. */
import { damagedIndex } from './row-seal.ts';

/** What belongs to a text. */
export type PairValue = string | number;

/** The pairs of a row. @throws {StorageError} `STORAGE_INDEX_DAMAGED` */
export function readPairs(row: Uint8Array): ReadonlyArray<readonly [string, PairValue]> {
  try {
    return JSON.parse(Buffer.from(row).toString('utf8')) as [string, PairValue][];
  } catch {
    throw damagedIndex('pairs');
  }
}

/** Makes changes, where undefined takes out. @returns undefined when nothing is left. */
export function changePairs(
  row: Uint8Array | undefined,
  changes: ReadonlyMap<string, PairValue | undefined>,
): Uint8Array | undefined {
  const pairs = new Map<string, PairValue>(row === undefined ? [] : readPairs(row));
  for (const [text, value] of changes) {
    if (value === undefined) pairs.delete(text);
    else pairs.set(text, value);
  }
  return pairs.size === 0 ? undefined : Buffer.from(JSON.stringify([...pairs]), 'utf8');
}
