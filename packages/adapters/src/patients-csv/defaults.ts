/** Limits and defaults of the CSV directory, each with its reason. */

/** How often the file is looked at. A new registration is then found before the next study of that patient is filed. */
export const POLL_MS = 5_000;
/** Patients of one file. The index is held in memory, about 1.4 kB each, and twice while a new file is read. */
export const MOST_ROWS = 2_000_000;
/** Bytes of one row; a quote that is never closed would otherwise swallow the file. */
export const MOST_ROW_BYTES = 65_536;
/** Columns of the file, of which at most twelve are used. */
export const MOST_COLUMNS = 256;
/**
 * Least share of the rows held that a new file must have. A file that is cut off while it is written parses well, and
 * patients missing from it would be declared new.
 */
export const LEAST_SHARE_KEPT = 0.5;
