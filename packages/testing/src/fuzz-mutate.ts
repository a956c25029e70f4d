/**
 * Damage as a fuzzer does it, reproducible from a seed: flipped bits, wrong lengths, pieces cut out, doubled, moved or
 * taken from another input. And random ways to cut a stream into chunks.
 */

/** Numbers that a seed determines; of no worth to security. */
export interface FuzzRandom {
  /** A whole number from 0 to `limit - 1`; 0 for a limit below 1. */
  below(limit: number): number;
  /** True once in `times`. */
  oneIn(times: number): boolean;
  /** One of the list, which is not empty. */
  pick<T>(list: readonly T[]): T;
  bytes(count: number): Uint8Array;
}

/** What {@link mutate} may use. */
export interface MutateOptions {
  /** Longest result; default 64 KiB. */
  readonly maxBytes?: number;
  /** Most mutations on top of one another; default 8. */
  readonly maxRounds?: number;
  /** Inputs of which pieces may be mixed in. */
  readonly others?: readonly Uint8Array[];
  /** Runs of bytes that mean something to the parser: tags, marks, boundaries. */
  readonly dictionary?: readonly Uint8Array[];
}

/** Numbers (splitmix32 over a Weyl sequence) that follow from the seed alone. */
export function fuzzRandom(seed: number): FuzzRandom {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  };
  const below = (limit: number): number => (limit < 1 ? 0 : Math.floor((next() / 0x1_0000_0000) * limit));
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick: (list) => list[below(list.length)] as (typeof list)[number],
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
  };
}

const MAX_BYTES = 64 * 1024;
const MAX_ROUNDS = 8;
/** Longest piece that is cut, doubled or inserted in most mutations; long ones are rarer. */
const PIECE_BYTES = 32;

/** A damaged copy; the input is not written to. */
export function mutate(bytes: Uint8Array, random: FuzzRandom, options: MutateOptions = {}): Uint8Array {
  const { maxBytes = MAX_BYTES, maxRounds = MAX_ROUNDS } = options;
  let mutated: Uint8Array = bytes.slice(0, maxBytes);
  // Few at a time: an input that is wrong everywhere is refused at its first byte.
  const rounds = 1 + random.below(random.oneIn(2) ? 2 : maxRounds);
  for (let round = 0; round < rounds; round++) {
    mutated = random.pick(MUTATIONS)(mutated, random, options).subarray(0, maxBytes);
  }
  return mutated;
}

/** The bytes as chunks of random lengths, some of them empty or of one byte. */
export function splits(bytes: Uint8Array, random: FuzzRandom): readonly Uint8Array[] {
  const longest = random.pick([1, 2, 3, 7, 16, 100, 1000, bytes.length + 1]);
  const chunks: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const length = random.oneIn(16) ? 0 : 1 + random.below(longest);
    chunks.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return chunks;
}

type Mutation = (bytes: Uint8Array, random: FuzzRandom, options: MutateOptions) => Uint8Array;

/** Lengths and counts at which parsers go wrong. */
const NUMBERS = [
  0, 1, 2, 3, 7, 8, 9, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
  0xfffffffe, 0xffffffff,
];

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  (bytes, random) => written(bytes, random, Uint8Array.of(random.below(256))),
  (bytes, random) => written(bytes, random, numberBytes(random.pick(NUMBERS), random)),
  nudgeNumber,
  (bytes, random) => inserted(bytes, random, random.bytes(1 + random.below(PIECE_BYTES))),
  (bytes, random) => inserted(bytes, random, pieceOf(bytes, random)),
  (bytes, random) => written(bytes, random, pieceOf(bytes, random)),
  (bytes, random, { others = [] }) =>
    others.length === 0 ? bytes : inserted(bytes, random, pieceOf(random.pick(others), random)),
  crossOver,
  (bytes, random, { dictionary = [] }) =>
    dictionary.length === 0 ? flipBit(bytes, random) : inserted(bytes, random, random.pick(dictionary)),
  (bytes, random, { dictionary = [] }) =>
    dictionary.length === 0 ? flipBit(bytes, random) : written(bytes, random, random.pick(dictionary)),
  cutOut,
  (bytes, random) => (random.oneIn(4) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes),
  repeatPiece,
];

function flipBit(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const copy = bytes.slice();
  const at = random.below(copy.length);
  if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}

/** A number that may be a length becomes a little longer or shorter. */
function nudgeNumber(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const copy = bytes.slice();
  const width = random.pick([1, 2, 4]);
  if (copy.length < width) return copy;
  const at = random.below(copy.length - width + 1);
  const isLittle = random.oneIn(2);
  const delta = random.below(70) - 35;
  const view = new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
  if (width === 1) view.setUint8(at, view.getUint8(at) + delta);
  else if (width === 2) view.setUint16(at, view.getUint16(at, isLittle) + delta, isLittle);
  else view.setUint32(at, view.getUint32(at, isLittle) + delta, isLittle);
  return copy;
}

function crossOver(bytes: Uint8Array, random: FuzzRandom, { others = [] }: MutateOptions): Uint8Array {
  if (others.length === 0) return bytes;
  const other = random.pick(others);
  return joined([bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1))]);
}

function cutOut(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(random.oneIn(8) ? bytes.length : PIECE_BYTES);
  return joined([bytes.subarray(0, at), bytes.subarray(at + length)]);
}

/** Many times the same: deep nesting and long lists come from this. */
function repeatPiece(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const piece = pieceOf(bytes, random);
  const times = 2 + random.below(random.oneIn(8) ? 200 : 6);
  const at = random.below(bytes.length + 1);
  return joined([bytes.subarray(0, at), ...Array.from({ length: times }, () => piece), bytes.subarray(at)]);
}

function pieceOf(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const at = random.below(bytes.length);
  return bytes.subarray(at, at + 1 + random.below(random.oneIn(8) ? bytes.length : PIECE_BYTES));
}

function inserted(bytes: Uint8Array, random: FuzzRandom, piece: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  return joined([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}

function written(bytes: Uint8Array, random: FuzzRandom, piece: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const at = random.below(copy.length);
  copy.set(piece.subarray(0, copy.length - at), at);
  return copy;
}

function numberBytes(number: number, random: FuzzRandom): Uint8Array {
  const width = random.pick([1, 2, 4]);
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number, true);
  const little = bytes.slice(0, width);
  return random.oneIn(2) ? little : little.reverse();
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
