import { expect, it } from 'vitest';
import { PieceMemory } from './piece-memory.ts';

const CHUNK_BYTES = 65_536;

function chunk(): Uint8Array {
  return new Uint8Array(CHUNK_BYTES).fill(7);
}

it('frees what holds nothing but the data set, and neither the first nor the last', () => {
  const [first, second, third, last] = [chunk(), chunk(), chunk(), chunk()];
  const memory = new PieceMemory();
  memory.arrived([first.subarray(100), second.subarray(0, 10), second.subarray(16)]);
  memory.arrived([third, last.subarray(0, 100)]);
  memory.free();
  expect([first, second, third, last].map(({ length }) => length)).toEqual([CHUNK_BYTES, 0, 0, CHUNK_BYTES]);
});

it('frees nothing before it is asked to, and nothing twice', () => {
  const chunks = Array.from({ length: 4 }, chunk);
  const memory = new PieceMemory();
  memory.arrived(chunks.slice(0, 3));
  expect(chunks.map(({ length }) => length)).toEqual(Array.from({ length: 4 }, () => CHUNK_BYTES));
  memory.free();
  memory.arrived(chunks.slice(3));
  memory.free();
  memory.free();
  expect(chunks.map(({ length }) => length)).toEqual([CHUNK_BYTES, 0, 0, CHUNK_BYTES]);
});

it('leaves memory alone that is shared between threads', () => {
  const shared = Array.from({ length: 3 }, () => new Uint8Array(new SharedArrayBuffer(CHUNK_BYTES)));
  const memory = new PieceMemory();
  memory.arrived(shared);
  memory.free();
  expect(shared.every(({ length }) => length === CHUNK_BYTES)).toBe(true);
});
