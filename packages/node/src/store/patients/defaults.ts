/** Limits and sizes of the patient index on disk, each with its reason. */

/** Bits of a key's hash that name its row. 2^18 rows of 55 keys each at a million patients: small to rewrite, few to seal. */
export const KEY_ROW_BITS = 18;
/** Rows of names, and rows of IDs that lead elsewhere. */
export const NAME_ROW_BITS = 12;

/** Opened records kept in memory, in bytes: all of a million patients, whose opening would be half of a question's time. */
export const RECORD_CACHE_BYTES = 192 << 20;

/** Keys filed in memory before they are written, 12 bytes each: half a million patients. */
export const MOST_PENDING_KEYS = 8_000_000;
/** Keys changed in one batch of LevelDB unless the caller needs it whole; more are written in several, behind a mark. */
export const MOST_KEYS_IN_ONE_BATCH = 32_768;
/** Rows of keys read, changed and written at once. */
export const KEY_ROWS_AT_ONCE = 4_096;
/** Records written at once, ahead of the keys that lead to them. */
export const RECORDS_AT_ONCE = 512;
/** Patients of a list looked up at once. */
export const PATIENTS_AT_ONCE = 1_024;
/** Rows read at once when all are read. */
export const ROWS_AT_ONCE = 1_000;

/** Random bytes asked for at once; nonces are cut from them. */
export const NONCES_AT_ONCE = 512;

/**
 * Of LevelDB. Sealed values do not compress. Tables are mapped into memory, so that its own cache of blocks stays unused; all
 * stay open, since opening one anew doubles the time of a question.
 */
export const LEVEL_OPTIONS = {
  keyEncoding: 'view',
  valueEncoding: 'view',
  compression: false,
  cacheSize: 4 << 20,
  maxFileSize: 4 << 20,
} as const;
