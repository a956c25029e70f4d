/** Limits and times of queries and retrievals (PS3.4 annex C). */

/** Answers to one query; beyond, a PACS ignores the keys, or the query is no query. */
export const MAX_ANSWERS = 100_000;

/** Until a PACS has ended what was cancelled; then the association is aborted. */
export const CANCEL_WITHIN_MS = 5_000;

/** Silence before the first instance of a retrieval: a nearline archive fetches tapes. */
export const FIRST_INSTANCE_MS = 1_800_000;

/** Silence between two instances of a retrieval. */
export const NEXT_INSTANCE_MS = 300_000;

/** How long instances may be on their way after a PACS said that all were sent. */
export const LATE_INSTANCE_MS = 5_000;

/** How long a PACS may take to say that it is done, when everything that was expected has come. */
export const LATE_ANSWER_MS = 10_000;

/** UIDs in one request: a value of explicit VR has room for a thousand. */
export const MAX_LISTED_UIDS = 256;

/** Bytes looked at to find out which study an instance is of. */
export const MAX_PEEKED_BYTES = 1_048_576;
