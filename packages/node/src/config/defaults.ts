/** Defaults of the configuration, each with its unit and its reason. */

/** A minute costs a PACS one search and an emergency at most a minute. */
export const DISCOVERY_POLL_SECONDS = 60;
/** Reconstructions of a CT follow within ten minutes (reference values of modality vendors). */
export const DISCOVERY_QUIET_SECONDS = 600;
/** A month covers late archiving and holidays. */
export const DISCOVERY_WINDOW_DAYS = 31;
/** 20 GiB: room for one hospital's working day while somebody makes space. */
export const SPOOL_LOW_WATER_BYTES = 20 * 1024 ** 3;
/** A day in which a mistake can be noticed and the bytes are still at hand. */
export const SPOOL_KEEP_HOURS = 24;
/** More exchanges at once only share the same line. */
export const CONCURRENT_EXCHANGES = 8;
/** The first pause after a transient failure. */
export const RETRY_FIRST_SECONDS = 1;
/** Fifteen minutes: a PACS that comes back is noticed soon enough. */
export const RETRY_MOST_SECONDS = 900;
/** A week bridges any weekend and most repairs; afterwards a person is asked. */
export const RETRY_FOR_DAYS = 7;
