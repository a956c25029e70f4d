/**
 * Numbers that a seed determines (xoshiro128**), for data that must be the same on every machine; of no worth to security.
 */

/** A stream of numbers. */
export interface PopulationRandom {
  /** From 0 up to, not including, 1. */
  unit(): number;
  /** A whole number from 0 to `limit - 1`; 0 for a limit below 1. */
  below(limit: number): number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of the list, which is not empty. */
  pick<T>(list: readonly T[]): T;
  /** One of the list, the first ones more often: the weight of rank r is about 1 / (r + 6). */
  frequent<T>(list: readonly T[]): T;
}

/** The stream of this seed. Other names give independent streams of one seed. */
export function createRandom(seed: number | string, name: string): PopulationRandom {
  const next = xoshiro128(`${name}:${typeof seed}:${seed}`);
  const unit = (): number => next() / 0x1_0000_0000;
  const below = (limit: number): number => (limit < 1 ? 0 : Math.floor(unit() * limit));
  return {
    unit,
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (probability) => unit() < probability,
    pick: (list) => list[below(list.length)] as (typeof list)[number],
    frequent: (list) => list[rankBelow(list.length, unit())] as (typeof list)[number],
  };
}

/** The list in a random order. */
export function shuffled<T>(list: readonly T[], random: PopulationRandom): T[] {
  const copy = [...list];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
  }
  return copy;
}

/** Ranks that are nearly as frequent as the first, before the tail begins. */
const RANK_OFFSET = 6;

/** Weights 1 / (r + offset) add up to a logarithm, of which this is the inverse. */
function rankBelow(count: number, unit: number): number {
  const rank = RANK_OFFSET * ((count + RANK_OFFSET) / RANK_OFFSET) ** unit - RANK_OFFSET;
  return Math.min(count - 1, Math.floor(rank));
}

function xoshiro128(seed: string): () => number {
  const state = Uint32Array.from({ length: 4 }, (_, index) => hash(`${index}${seed}`));
  const at = (index: number): number => state[index] as number;
  return () => {
    const result = Math.imul(rotate(Math.imul(at(1), 5), 7), 9) >>> 0;
    const shifted = at(1) << 9;
    state[2] = at(2) ^ at(0);
    state[3] = at(3) ^ at(1);
    state[1] = at(1) ^ at(2);
    state[0] = at(0) ^ at(3);
    state[2] = at(2) ^ shifted;
    state[3] = rotate(at(3), 11);
    return result;
  };
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** FNV-1a with a finish that spreads every bit; never the same for the four words, so that the state is never all zero. */
function hash(text: string): number {
  let word = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) word = Math.imul(word ^ text.charCodeAt(index), 0x01000193);
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
  return (word ^ (word >>> 15)) >>> 0;
}
