/**
 * Reads values from outside field by field: what comes out holds the named fields, each of its type and size, and nothing
 * else. Used for headers, journal payloads and receipts; objects are copied, so that no key of a stranger survives.
 */

/** Turns a value of unknown form into a `T`. @throws {ShapeProblem} */
export type Shape<T> = (value: unknown) => T;

/** A field that may be absent. */
export interface OptionalShape<T> {
  readonly optional: Shape<T>;
}

/** Says where a value does not fit, as `patient.name.family`; never what it held. Caught where the value came in. */
export class ShapeProblem extends Error {
  override readonly name: string = 'ShapeProblem';
  /** The field names only; keys come from our own shapes. */
  readonly path: string;

  constructor(path: string) {
    super(`does not fit: ${path}`);
    this.path = path;
  }
}

type FieldShape<T, K extends keyof T> =
  Record<never, never> extends Pick<T, K> ? OptionalShape<Exclude<T[K], undefined>> : Shape<T[K]>;
type FieldShapes<T> = { readonly [K in keyof T]-?: FieldShape<T, K> };

/** An object with these fields; others are refused, or with `ignoreUnknown` left out. */
export function object<T extends object>(
  fields: FieldShapes<T>,
  options: { readonly ignoreUnknown?: boolean } = {},
): Shape<T> {
  const known = Object.entries<Shape<unknown> | OptionalShape<unknown>>(fields);
  return (value) => {
    if (!isRecord(value)) throw new ShapeProblem('');
    const copy: Record<string, unknown> = {};
    let used = 0;
    for (const [key, shape] of known) {
      const item = Object.hasOwn(value, key) ? value[key] : undefined;
      if (Object.hasOwn(value, key)) used++;
      if (typeof shape === 'function') copy[key] = at(key, () => shape(item));
      else if (item !== undefined) copy[key] = at(key, () => shape.optional(item));
    }
    if (options.ignoreUnknown !== true && used < Object.keys(value).length) throw new ShapeProblem('unknown');
    return copy as T;
  };
}

/** Marks a field that may be absent. */
export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  return { optional: shape };
}

/** A list of at most `most` items. */
export function list<T>(item: Shape<T>, most: number): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > most) throw new ShapeProblem('');
    return value.map((one, index) => at(String(index), () => item(one)));
  };
}

/** Text of at most `most` UTF-16 units, of this form where one is given. */
export function text(most: number, form?: RegExp): Shape<string> {
  return (value) => {
    if (typeof value !== 'string' || value.length > most) throw new ShapeProblem('');
    if (form !== undefined && !form.test(value)) throw new ShapeProblem('');
    return value;
  };
}

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number): Shape<number> {
  return (value) => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
      throw new ShapeProblem('');
    }
    return value as number;
  };
}

/** One of these words. */
export function word<const W extends readonly string[]>(words: W): Shape<W[number]> {
  return (value) => {
    if (typeof value !== 'string' || !words.includes(value)) throw new ShapeProblem('');
    return value;
  };
}

/** Whatever `parse` makes of a text; its error becomes a {@link ShapeProblem}. */
export function parsed<T>(parse: (value: string) => T): Shape<T> {
  return (value) => {
    if (typeof value !== 'string') throw new ShapeProblem('');
    try {
      return parse(value);
    } catch {
      throw new ShapeProblem('');
    }
  };
}

/** An object whose field `key` says which of these shapes it has. */
export function variant<T extends object>(
  key: keyof T & string,
  shapes: { readonly [word: string]: Shape<T> },
): Shape<T> {
  return (value) => {
    const name = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    const shape = typeof name === 'string' && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    if (shape === undefined) throw new ShapeProblem(key);
    return shape(value);
  };
}

/** True or false. */
export const truth: Shape<boolean> = (value) => {
  if (typeof value !== 'boolean') throw new ShapeProblem('');
  return value;
};

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ShapeProblem)) throw error;
    throw new ShapeProblem(error.path === '' ? key : `${key}.${error.path}`);
  }
}
