/**
 * Every row of the patient index: a space of one letter and a number. No text of a patient stands in a key: a number is a
 * slot that was counted up, or the first bits of a keyed hash.
 */

/** The spaces, in the order of LevelDB. */
export const ROW_SPACES = {
  /** IDs that lead elsewhere since a merge, by the hash of the old one. */
  alias: 0x61,
  /** Slots of patients, by the hash of what an arrival may share with them. */
  key: 0x6b,
  /** What the index is; the one row of its space. */
  meta: 0x6d,
  /** How often names are borne, by the hash of the name. */
  name: 0x6e,
  /** Patients, by slot. */
  record: 0x72,
} as const;

/** A space of rows. */
export type RowSpace = keyof typeof ROW_SPACES;

/** Bytes of a row's key. */
export const ROW_KEY_BYTES = 5;

/** Slots are numbers of 32 bits. */
export const MAX_SLOT = 0xffffffff;

/** The key of a row: the letter, then the number with its highest byte first, so that numbers are in order. */
export function rowKey(space: RowSpace, number: number): Uint8Array {
  // Out of a pool: millions are made in an import.
  const key = Buffer.allocUnsafe(ROW_KEY_BYTES);
  key[0] = ROW_SPACES[space];
  key[1] = number >>> 24;
  key[2] = number >>> 16;
  key[3] = number >>> 8;
  key[4] = number;
  return key;
}

/** The number in a row's key. */
export function rowNumber(key: Uint8Array): number {
  return (((key[1] ?? 0) << 24) | ((key[2] ?? 0) << 16) | ((key[3] ?? 0) << 8) | (key[4] ?? 0)) >>> 0;
}

/** The space of a row's key; undefined for a key that is none of ours. */
export function rowSpace(key: Uint8Array): RowSpace | undefined {
  return key.length === ROW_KEY_BYTES ? SPACE_OF.get(key[0] ?? 0) : undefined;
}

const SPACE_OF: ReadonlyMap<number, RowSpace> = new Map(
  Object.entries(ROW_SPACES).map(([space, letter]) => [letter, space as RowSpace]),
);
