/** Limits and defaults of the DICOMweb client and server. */

/** Longest boundary of a multipart message (RFC 2046 5.1.1). */
export const MAX_BOUNDARY_CHARACTERS = 70;
/** All headers of one part; real ones take about 200 bytes. */
export const MAX_PART_HEADER_BYTES = 8_192;
/** Parts of one message: instances of one study. */
export const MAX_PARTS = 50_000;
/** Bytes before the first boundary and after the last one; both are to be ignored, and usually empty. */
export const MAX_PREAMBLE_BYTES = 65_536;
/** White space a gateway may have added behind a boundary (RFC 2046 5.1.1). */
export const MAX_PADDING_BYTES = 64;
/** One part; whole-slide images are the largest objects, and stay far below. */
export const MAX_PART_BYTES = 68_719_476_736;

/** An answer to a search or a store; a page of 200 studies takes about 400 kB. */
export const MAX_JSON_BYTES = 16_777_216;
/** Nested sequences in an answer; search answers have two levels. */
export const MAX_JSON_DEPTH = 64;
/** An answer of a token endpoint. */
export const MAX_TOKEN_BYTES = 65_536;
/** What is read of the text of an error, so that the connection can be used again. */
export const MAX_ERROR_BYTES = 65_536;

/** Studies or instances asked for at a time. */
export const DEFAULT_PAGE_SIZE = 200;
/** Answers to one search; beyond it a PACS ignores limit and offset, or the search is no search. */
export const MAX_ANSWERS = 100_000;

/** Instances in one store request. */
export const DEFAULT_BATCH_INSTANCES = 50;
/** Bytes in one store request of several instances: Orthanc and others hold a request in memory. A bigger instance goes alone. */
export const DEFAULT_BATCH_BYTES = 16_777_216;
/**
 * A study that seems bigger is retrieved instance by instance, since Orthanc makes the whole answer in memory. Estimated
 * from rows, columns and frames, uncompressed.
 */
export const DEFAULT_WHOLE_STUDY_BYTES = 67_108_864;

/** Instances that are asked for while one is read, as long as they come in answers of up to so many bytes. */
export const ASKED_AHEAD = 3;
export const SMALL_ANSWER_BYTES = 4_194_304;
/** Store requests at the same time: one is sent while the PACS works on the other. A big instance goes alone. */
export const STORES_AT_ONCE = 2;

/** Time to reach the PACS. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
/** Silence, not total time: a PACS that parses a gigabyte before it answers is slow, not dead. */
export const DEFAULT_INACTIVITY_MS = 120_000;
/** Connections to one PACS. */
export const DEFAULT_CONNECTIONS = 4;
/**
 * How long before the service would close an idle connection we do. Orthanc announces one second, and the client library's
 * own margin of two would mean a new connection for every request.
 */
export const KEEP_ALIVE_MARGIN_MS = 250;
/** An access token is renewed when so much of its life is over. */
export const TOKEN_RENEWAL_SHARE = 0.8;
/** Life of a token whose endpoint does not tell (RFC 6749 5.1 only recommends that it does). */
export const DEFAULT_TOKEN_SECONDS = 300;

/** Small pieces are joined into writes of this size. */
export const WRITE_BYTES = 65_536;
/** Time to look for instances that nobody answered for; without it they stay in doubt, and the next attempt looks again. */
export const VERIFY_WITHIN_MS = 30_000;
