/**
 * Every key of the store, named once. A key is `space!rest`; keys are not sealed, so `rest` is an id of ours or a
 * pseudonym (see `Store.pseudonym`), never a name, a number or a date of a patient.
 */

/** The spaces of keys; within one, keys are in byte order. */
export const KEY_SPACES = {
  /** `meta!position`: how far the journal was read. Not touched by projections. */
  meta: 'meta!',
  /** `job!<exchangeId>`: an exchange as the job list shows it. */
  job: 'job!',
  /** `work!<exchangeId>`: what waits for a person. */
  work: 'work!',
} as const;

/** A space of keys. */
export type KeySpace = keyof typeof KEY_SPACES;

/** Longest key, in bytes. */
export const MAX_KEY_BYTES = 256;

/** Where the store stands; see store.ts. */
export const POSITION_KEY = `${KEY_SPACES.meta}position`;

/** The key of something in a space. */
export function storeKey(space: Exclude<KeySpace, 'meta'>, rest: string): string {
  return KEY_SPACES[space] + rest;
}

/** Refuses what would sort or read oddly; a mistake in our code. */
export function checkKey(key: string): void {
  if (!KEY.test(key) || key.length > MAX_KEY_BYTES)
    throw new TypeError('a store key is printable ASCII, at most 256 bytes');
}

const KEY = /^[a-z]+![\x21-\x7d]+$/;
