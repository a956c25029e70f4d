/** Numbers and UIDs that follow from a seed alone, for sample studies. Not random in any sense that matters to security. */
import type { Uid } from '../dicom/uid.ts';

/** A stream of numbers that a seed determines. */
export interface SampleRandom {
  /** A whole number from 0 to 2^32 - 1. */
  next(): number;
  /** `count` bytes. */
  bytes(count: number): Uint8Array;
}

/** The stream of one seed (xoshiro128**, seeded by FNV-1a and splitmix32). */
export function createSampleRandom(seed: string): SampleRandom {
  let mixed = fnv1a(seed);
  const mix = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let word = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return (word ^ (word >>> 15)) | 0;
  };
  let [a, b, c, d] = [mix(), mix(), mix(), mix() | 1];
  const next = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  return {
    next,
    bytes(count) {
      const words = new Uint32Array(Math.ceil(count / 4));
      for (let index = 0; index < words.length; index++) words[index] = next();
      return new Uint8Array(words.buffer, 0, count);
    },
  };
}

/** A UID under 2.25 (PS3.5 B.2) that follows from the seed and what it names. */
export function sampleUid(seed: number | string, name: string): Uid {
  const random = createSampleRandom(`uid ${seed} ${name}`);
  let number = 0n;
  for (let word = 0; word < 4; word++) number = (number << 32n) | BigInt(random.next());
  return `2.25.${number}` as Uid;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}
