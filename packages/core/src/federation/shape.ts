/**
 * Reading what others wrote, field by field: signed documents and rule files. A shape is data, a field that it does not
 * name is refused, and a misfit is told by the path of the field and never by its value.
 */

/** Reads one value, or throws a {@link Misfit} that names `path`. */
export type Read<T> = (value: unknown, path: string) => T;
/** A field that may be left out. */
export interface Optional<T> {
  readonly optional: Read<T>;
}
/** The fields of an object. */
export type Fields = Readonly<Record<string, Read<unknown> | Optional<unknown>>>;
/** What {@link object} reads from such fields. */
export type ObjectOf<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Read<unknown> ? K : never]: F[K] extends Read<infer T> ? T : never;
} & {
  readonly [K in keyof F as F[K] extends Read<unknown> ? never : K]?: F[K] extends Optional<infer T> ? T : never;
};

/** Why a value does not fit. */
export type MisfitKind =
  'type' | 'missing' | 'unknown-field' | 'form' | 'range' | 'choice' | 'too-many' | 'too-few' | 'duplicate' | 'rule';

/** A value that does not fit its shape; never leaves the reader of a whole document. */
export class Misfit extends Error {
  override readonly name = 'Misfit';
  /** Path of the field, parts joined by dots: `orgs.3.nodes.0.peerId`; empty for the whole. */
  readonly path: string;
  readonly kind: MisfitKind;

  constructor(path: string, kind: MisfitKind) {
    super(`${path}: ${kind}`);
    this.path = path;
    this.kind = kind;
  }
}

/** Longest path told, in characters: what a log field may hold. */
const PATH_CHARACTERS = 128;

/**
 * Reads a whole document.
 *
 * @param toError - Makes the error to throw from a path fit for logs (see SafeFields) and a kind.
 */
export function readWhole<T>(read: Read<T>, value: unknown, toError: (field: string, kind: MisfitKind) => Error): T {
  try {
    return read(value, '');
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw toError(loggable(error.path), error.kind);
  }
}

/** Adds a part to a path. */
export function at(path: string, part: string | number): string {
  return path === '' ? String(part) : `${path}.${part}`;
}

/** An object with exactly these fields. */
export function object<F extends Fields>(fields: F): Read<ObjectOf<F>> {
  return (value, path) => {
    const source = asObject(value, path);
    for (const name of Object.keys(source)) {
      if (!Object.hasOwn(fields, name)) throw new Misfit(at(path, name), 'unknown-field');
    }
    const result: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) {
      const present = Object.hasOwn(source, name) && source[name] !== undefined;
      if (typeof field !== 'function' && !present) continue;
      if (!present) throw new Misfit(at(path, name), 'missing');
      result[name] = (typeof field === 'function' ? field : field.optional)(source[name], at(path, name));
    }
    return result as ObjectOf<F>;
  };
}

/** A field that may be left out; present, it must fit. */
export function optional<T>(read: Read<T>): Optional<T> {
  return { optional: read };
}

/** A value or null. */
export function nullable<T>(read: Read<T>): Read<T | null> {
  return (value, path) => (value === null ? null : read(value, path));
}

/** Text in NFC of at least one character. Patterns must be linear: they meet hostile text of `maxCharacters`. */
export function text(options: { readonly maxCharacters: number; readonly pattern?: RegExp }): Read<string> {
  return (value, path) => {
    if (typeof value !== 'string') throw new Misfit(path, 'type');
    if (value.length === 0 || value.length > options.maxCharacters) throw new Misfit(path, 'range');
    if (!value.isWellFormed() || value.normalize('NFC') !== value) throw new Misfit(path, 'form');
    if (options.pattern !== undefined && !options.pattern.test(value)) throw new Misfit(path, 'form');
    return value;
  };
}

/** A whole number within bounds, both inclusive. */
export function integer(min: number, max: number): Read<number> {
  return (value, path) => {
    if (typeof value !== 'number') throw new Misfit(path, 'type');
    if (!Number.isSafeInteger(value) || value < min || value > max) throw new Misfit(path, 'range');
    return value;
  };
}

/** True or false. */
export const flag: Read<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new Misfit(path, 'type');
  return value;
};

/** One of these texts. */
export function oneOf<const T extends string>(choices: readonly T[]): Read<T> {
  return (value, path) => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new Misfit(path, typeof value === 'string' ? 'choice' : 'type');
    return found;
  };
}

/** A list; with `unique`, no two items may have the same name. */
export function list<T>(
  read: Read<T>,
  options: { readonly max: number; readonly min?: number; readonly unique?: (item: T) => string },
): Read<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new Misfit(path, 'type');
    if (value.length > options.max) throw new Misfit(path, 'too-many');
    if (value.length < (options.min ?? 0)) throw new Misfit(path, 'too-few');
    const items = value.map((item, index) => read(item, at(path, index)));
    const { unique } = options;
    if (unique !== undefined && new Set(items.map(unique)).size < items.length) throw new Misfit(path, 'duplicate');
    return items;
  };
}

/** An object used as a table, read into a map. */
export function table<T>(
  read: Read<T>,
  options: { readonly keys: RegExp; readonly max: number },
): Read<ReadonlyMap<string, T>> {
  return (value, path) => {
    const entries = Object.entries(asObject(value, path));
    if (entries.length > options.max) throw new Misfit(path, 'too-many');
    return new Map(
      entries.map(([key, item]) => {
        if (!options.keys.test(key)) throw new Misfit(at(path, key), 'form');
        return [key, read(item, at(path, key))];
      }),
    );
  };
}

/** A reader that makes its value with a parser of ours; the parser's error becomes a misfit of form. */
export function parsed<T>(maxCharacters: number, parse: (value: string) => T): Read<T> {
  const readText = text({ maxCharacters });
  return (value, path) => {
    const source = readText(value, path);
    try {
      return parse(source);
    } catch {
      throw new Misfit(path, 'form');
    }
  };
}

/** The value as an object without inherited surprises: own fields only are ever looked at. */
export function asObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Misfit(path, 'type');
  return value as Readonly<Record<string, unknown>>;
}

/** A path may quote a field name from outside, so it is cut down to what a log may carry. */
function loggable(path: string): string {
  const kept = path.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, PATH_CHARACTERS);
  return /^[A-Za-z0-9]/.test(kept) ? kept : `document${kept}`.slice(0, PATH_CHARACTERS);
}
