/** Which slots share most with an arrival; the order is that of the index in memory. */
import { LONGEST_LIST, SHOWN_OF_LONG_LIST } from '@interhosp/core/patients';

/** The slots under one key of an arrival. */
export interface KeyVote {
  readonly slots: readonly number[];
  readonly votes: number;
}

/**
 * Counts the votes of keys. A list that is too long votes only for whom another key found, and shows a few of its own.
 *
 * @returns At most `limit` slots, those with most votes first, of equal ones the earlier.
 */
export function nearestSlots(keys: readonly KeyVote[], limit: number): readonly number[] {
  const votes = new Map<number, number>();
  const long = keys.filter(({ slots }) => slots.length > LONGEST_LIST);
  for (const { slots, votes: worth } of keys) {
    if (slots.length > LONGEST_LIST) continue;
    for (const slot of slots) votes.set(slot, (votes.get(slot) ?? 0) + worth);
  }
  for (const { slots } of long) {
    for (const slot of slots.slice(0, SHOWN_OF_LONG_LIST)) votes.set(slot, votes.get(slot) ?? 0);
  }
  if (long.length > 0) addLongVotes(votes, long);
  return highest(votes, limit);
}

function addLongVotes(votes: Map<number, number>, long: readonly KeyVote[]): void {
  for (const { slots, votes: worth } of long) {
    // Lists rise: those who were found are looked for in them, not the reverse.
    for (const [slot, count] of votes) if (isIn(slots, slot)) votes.set(slot, count + worth);
  }
}

function isIn(rising: readonly number[], wanted: number): boolean {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return rising[low] === wanted;
}

/** One number holds both, so that plain numbers are sorted: the votes that are missing to the most, then the slot. */
function highest(votes: ReadonlyMap<number, number>, limit: number): readonly number[] {
  const ranks = new Float64Array(votes.size);
  let index = 0;
  for (const [slot, count] of votes) ranks[index++] = (MOST_VOTES - count) * 2 ** 32 + slot;
  return Array.from(ranks.sort().subarray(0, limit), (rank) => rank % 2 ** 32);
}

/** Above what the keys of one arrival come to. */
const MOST_VOTES = 2 ** 20;
