/** Limits and periods of the federation, each with its reason. */

/** Largest roster, in bytes: 2,000 organisations at about 500 bytes, with room. */
export const MAX_ROSTER_BYTES = 8 * 1024 * 1024;
/** Largest root, in bytes: a few keys and roles. */
export const MAX_ROOT_BYTES = 64 * 1024;
/** Largest practitioner directory, in bytes: 20,000 practitioners at about 150 bytes. */
export const MAX_PRACTITIONERS_BYTES = 4 * 1024 * 1024;
/** Largest join request, in bytes: one card. */
export const MAX_JOIN_BYTES = 16 * 1024;

/** Most organisations in a roster: more than a country's hospitals. */
export const MAX_ORGANISATIONS = 2000;
/** Most nodes of one organisation. */
export const MAX_NODES = 16;
/** Most addresses of one node. */
export const MAX_ADDRESSES = 8;
/** Most keys in a root. */
export const MAX_ROOT_KEYS = 64;
/** Most practitioners in one directory: the largest university hospitals have some 3,000 physicians. */
export const MAX_PRACTITIONERS = 20_000;
/** Most documents handled in one call: the longest gap that is still walked. */
export const MAX_DOCUMENTS = 1000;
/** Versions whose hashes are remembered, to tell a repeated document from a forged one. */
export const MAX_REMEMBERED_HASHES = 2000;

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What was under way when the roster expired may go on for this long. */
export const EXPIRED_IN_FLIGHT_MS = 60 * MINUTE_MS;
/** What was under way with a suspended member may go on for this long: a suspension is an open question. */
export const SUSPENDED_IN_FLIGHT_MS = 72 * HOUR_MS;
/** What was under way with a member that left may be finished within this time. */
export const LEFT_IN_FLIGHT_MS = 60 * SECOND_MS;
/** Receipts of a member that left are taken for this long: they only say what was done. */
export const LEFT_RECEIPTS_MS = 7 * DAY_MS;
/** A document issued further in the future than this shows that one of two clocks is wrong. */
export const CLOCK_TOLERANCE_MS = 5 * MINUTE_MS;
/** How long a roster is valid unless its makers say otherwise. */
export const ROSTER_VALID_MS = 14 * DAY_MS;
/** How long a root is valid unless its makers say otherwise. */
export const ROOT_VALID_MS = 365 * DAY_MS;
