/** Limits and defaults of the folder adapter. */

/** A file is listed when it did not change for so long; copies over a network pause for a second or two. */
export const DEFAULT_STABLE_MS = 5_000;
/** A file whose last change lies so far back is listed at once: nobody is writing it any more. */
export const OLD_FILE_MS = 600_000;
/** Searches closer together than this share one look at the folder; a look at 100,000 files takes about a second. */
export const DEFAULT_RESCAN_MS = 2_000;
/** Files in one folder tree; beyond it the folder is no exchange folder but an archive, and wants a PACS. */
export const MAX_FILES = 1_000_000;
/** Folders inside one another. */
export const MAX_DEPTH = 32;
/** Headers read at the same time; the thread pool of Node has four threads. */
export const PARALLEL_READS = 8;
/** Instances written at the same time. */
export const PARALLEL_WRITES = 4;
/** Bytes read and written at a time: large enough for disks, small enough to hold many. */
export const PIECE_BYTES = 524_288;
/** Bytes read at once while a header is walked. */
export const HEADER_WINDOW_BYTES = 65_536;
/** Part files of a run that ended badly are removed at the start when they are older than this. */
export const STALE_PART_MS = 3_600_000;
