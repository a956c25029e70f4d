/** The Random port over the operating system's generator. */
import { randomBytes } from 'node:crypto';
import type { Random } from '@interhosp/core/world';

/** Randomness fit for keys. */
export function nodeRandom(): Random {
  return { bytes: (count) => randomBytes(count) };
}
