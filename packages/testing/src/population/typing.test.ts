import { expect, it } from 'vitest';
import { createRandom, shuffled } from './random.ts';
import { withTypingError, withWrongDigit } from './typing.ts';

it('makes one typing error of every kind, never none', () => {
  const random = createRandom(1, 'typing');
  const seen = new Set(Array.from({ length: 2_000 }, () => withTypingError('Lambert', random)));
  expect(seen.has('Lambert')).toBe(false);
  for (const wrong of ['Labmert', 'Lamert', 'Lammbert', 'Lambrrt', 'Lanbert', 'Lampert']) expect(seen).toContain(wrong);
  expect([...seen].every((text) => Math.abs(text.length - 7) <= 1)).toBe(true);
  expect(withTypingError('X', random)).toBe('X');
});

it('makes one digit wrong, or swaps two', () => {
  const random = createRandom(2, 'typing');
  for (let tried = 0; tried < 500; tried++) {
    const wrong = withWrongDigit('85073003328', random);
    expect(wrong).toMatch(/^\d{11}$/);
    expect(wrong).not.toBe('85073003328');
  }
});

it('draws evenly from a list, more often from the front where told so, and loses nothing in shuffling', () => {
  const random = createRandom('even', 'random');
  const list = Array.from({ length: 50 }, (_, index) => index);
  const count = (draw: () => number): number => Array.from({ length: 10_000 }, draw).filter((rank) => rank < 10).length;
  expect(Math.abs(count(() => random.pick(list)) - 2_000)).toBeLessThan(200);
  const front = count(() => random.frequent(list));
  expect(front).toBeGreaterThan(4_000);
  expect(front).toBeLessThan(5_500);
  expect(shuffled(list, random).toSorted((a, b) => a - b)).toEqual(list);
});
