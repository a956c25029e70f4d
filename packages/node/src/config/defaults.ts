/** Defaults of the configuration, each with its unit and its reason. */

/** A minute costs a PACS one search and an emergency at most a minute. */
export const DISCOVERY_POLL_SECONDS = 60;
/**
 * What a poll asks for again: a night's examinations are dated yesterday, and an archive may lag by hours. With the day
 * before, a poll of a large hospital lists some 1,500 studies.
 */
export const DISCOVERY_OVERLAP_HOURS = 24;
/** A month covers late archiving and holidays. */
export const DISCOVERY_WINDOW_DAYS = 31;
/** At two, scanners and archives rest. */
export const DISCOVERY_SWEEP_HOUR = 2;
/** Technologists who close an order at the end of their shift, or the next morning, are waited for. */
export const DISCOVERY_ORDER_OPEN_HOURS = 24;
/** Seconds for modalities of which nothing is said: views, clips and reports follow each other within minutes. */
export const DISCOVERY_QUIET_SECONDS = 600;
/** Seconds for which the count of a study must stay equal, by modality (0008,0060). */
export const DISCOVERY_QUIET_SECONDS_BY_MODALITY: Readonly<Record<string, number>> = {
  /** Thin slices and reformats are reconstructed after the scan, one series after the other. */
  CT: 900,
  /** The next sequence, and maps that are computed of the last. */
  MR: 900,
  /** Whole bodies are reconstructed when the last bed position is done; the CT of the same study was there long before. */
  PT: 900,
  NM: 900,
  /** Runs follow each other for as long as the intervention lasts; rotations are reconstructed. */
  XA: 900,
  /** Projections come one by one as they are taken; nothing is computed afterwards. */
  CR: 300,
  DX: 300,
  /** Single images, stored at once. */
  IO: 300,
  PX: 300,
};
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
