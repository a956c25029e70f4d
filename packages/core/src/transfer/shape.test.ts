import { describe, expect, it } from 'vitest';
import {
  list,
  object,
  optional,
  parsed,
  ShapeProblem,
  text,
  truth,
  variant,
  whole,
  word,
  type Shape,
} from './shape.ts';

interface Person {
  readonly name: string;
  readonly age?: number;
  readonly pets: readonly { readonly kind: 'cat' | 'dog' }[];
}
const person = object<Person>({
  name: text(5),
  age: optional(whole(0, 150)),
  pets: list(object<{ readonly kind: 'cat' | 'dog' }>({ kind: word(['cat', 'dog']) }), 2),
});
/** Where a value does not fit, or `fits`. */
const problemOf = (shape: Shape<unknown>, value: unknown) => {
  try {
    shape(value);
  } catch (error) {
    if (error instanceof ShapeProblem) return error.path;
    throw error;
  }
  return 'fits';
};

describe('a shape', () => {
  it('copies what fits', () => {
    const value = { name: 'Mia', age: 3, pets: [{ kind: 'cat' }] };
    expect(person(value)).toEqual(value);
    expect(person(value)).not.toBe(value);
  });

  it.each<[string, unknown]>([
    ['name', { pets: [] }],
    ['name', { name: 7, pets: [] }],
    ['name', { name: 'Amelie', pets: [] }],
    ['age', { name: 'Mia', age: 151, pets: [] }],
    ['age', { name: 'Mia', age: 1.5, pets: [] }],
    ['age', { name: 'Mia', age: null, pets: [] }],
    ['pets', { name: 'Mia', pets: {} }],
    ['pets', { name: 'Mia', pets: [{ kind: 'cat' }, { kind: 'cat' }, { kind: 'cat' }] }],
    ['pets.1.kind', { name: 'Mia', pets: [{ kind: 'cat' }, { kind: 'cow' }] }],
    ['unknown', { name: 'Mia', pets: [], more: 1 }],
    ['', []],
    ['', null],
  ])('says that %s does not fit in %j', (path, value) => {
    expect(problemOf(person, value)).toBe(path);
  });

  it('does not take inherited fields for its own', () => {
    expect(problemOf(person, Object.create({ name: 'Mia', pets: [] }))).toBe('name');
    expect(problemOf(variant<{ readonly kind: string }>('kind', {}), { kind: 'toString' })).toBe('kind');
  });

  it('keeps each limit on both sides', () => {
    expect([whole(1, 2)(1), whole(1, 2)(2)]).toEqual([1, 2]);
    expect([problemOf(whole(1, 2), 0), problemOf(whole(1, 2), 3)]).toEqual(['', '']);
    expect([problemOf(text(2), 'ab'), problemOf(text(2), 'abc'), problemOf(text(2, /^a+$/), 'ab')]).toEqual([
      'fits',
      '',
      '',
    ]);
    expect([problemOf(truth, true), problemOf(truth, 1)]).toEqual(['fits', '']);
  });

  it('turns a parser into a shape, whatever the parser throws', () => {
    const never = parsed<string>(() => {
      throw new TypeError('no');
    });
    expect([problemOf(never, 'x'), problemOf(never, 7)]).toEqual(['', '']);
  });
});
