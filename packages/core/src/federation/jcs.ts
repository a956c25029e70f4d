/**
 * Canonical JSON: RFC 8785 (JCS) narrowed to what signed documents need, so that one document has one run of bytes and
 * one hash. Keys are ASCII, numbers are whole and exact, strings are well-formed and in NFC, nothing is deeper than eight.
 *
 * Reading goes the hard way: the bytes are parsed, written again and compared. Duplicate keys, other spellings of a
 * number, white space, escapes that were not needed: whatever would not come out the same is refused.
 */
import { FederationError } from '../errors/interhosp-error.ts';

/** What a signed document may hold. Objects made by {@link parseJcs} have no prototype. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Deepest nesting of arrays and objects: a roster needs five. */
export const MAX_JSON_DEPTH = 8;
/** Largest document read, in bytes, unless the caller says less: 2,000 organisations with room to spare. */
export const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;

const ASCII_KEY = /^[\0-\x7f]{0,64}$/;

/**
 * The canonical bytes of a value (UTF-8).
 *
 * @param value - Anything made of {@link JsonValue}s; whatever else an object may hold is refused while writing.
 * @param options.maxDepth - Deepest nesting; more than {@link MAX_JSON_DEPTH} only for what is hashed and never read back.
 * @throws {FederationError} `FEDERATION_ENVELOPE_INVALID` when the value does not fit the profile; `details.kind` names the rule.
 */
export function jcs(value: JsonValue | object, options: { readonly maxDepth?: number } = {}): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(write(value as JsonValue, options.maxDepth ?? MAX_JSON_DEPTH));
}

/**
 * Reads canonical bytes.
 *
 * @param options.maxBytes - More than this is `FEDERATION_LIMIT`, before anything is parsed; default {@link MAX_DOCUMENT_BYTES}.
 * @throws {FederationError} `FEDERATION_LIMIT`, `FEDERATION_ENVELOPE_INVALID`.
 */
export function parseJcs(bytes: Uint8Array, options: { readonly maxBytes?: number } = {}): JsonValue {
  const { maxBytes = MAX_DOCUMENT_BYTES } = options;
  if (bytes.length > maxBytes) {
    throw new FederationError('FEDERATION_LIMIT', {
      details: { kind: 'document', bytes: bytes.length, limit: maxBytes },
    });
  }
  checkDepth(bytes);
  const text = decode(bytes);
  const value = parse(text);
  // Decoding is one-to-one, so equal texts are equal bytes.
  if (write(value, MAX_JSON_DEPTH) !== text) throw invalid('not-canonical');
  return value;
}

/** `depth` counts down: how many levels may still be opened. */
function write(value: JsonValue, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'string') return writeString(value);
  if (typeof value !== 'object') throw invalid('type');
  if (depth <= 0) throw invalid('depth');
  if (isList(value)) return `[${Array.from(value, (item) => write(item, depth - 1)).join(',')}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => writeMember(key, value[key] as JsonValue, depth - 1)).join(',')}}`;
}

function writeMember(key: string, value: JsonValue, depth: number): string {
  if (!ASCII_KEY.test(key)) throw invalid('key');
  // Nobody needs a field of this name, and one assignment in careless code would turn it into a prototype.
  if (key === '__proto__') throw invalid('key');
  return `${JSON.stringify(key)}:${write(value, depth)}`;
}

function writeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw invalid('number');
  return String(value);
}

function writeString(value: string): string {
  if (!value.isWellFormed()) throw invalid('surrogate');
  if (value.normalize('NFC') !== value) throw invalid('nfc');
  // The escapes of JSON.stringify are those of RFC 8785 3.2.2.2, which took them from ECMAScript.
  return JSON.stringify(value);
}

/** Counts brackets outside strings, since a parser would build eight million nested arrays before anybody could object. */
function checkDepth(bytes: Uint8Array): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === 0x22) inString = !inString;
    else if (inString && byte === 0x5c) index++;
    else if (inString) continue;
    else if (byte === 0x5b || byte === 0x7b) depth++;
    else if (byte === 0x5d || byte === 0x7d) depth--;
    if (depth > MAX_JSON_DEPTH) throw invalid('depth');
  }
}

function decode(bytes: Uint8Array): string {
  try {
    // A byte order mark is kept, and then refused by the parser.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid('utf-8');
  }
}

function parse(text: string): JsonValue {
  try {
    return withoutPrototypes(JSON.parse(text) as JsonValue);
  } catch {
    // The parser's message quotes the text, so it is not kept as a cause.
    throw invalid('syntax');
  }
}

/** Objects from outside inherit nothing, so that `document.constructor` is as absent as any other key that is not there. */
function withoutPrototypes(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (!isList(value)) Object.setPrototypeOf(value, null);
  for (const item of Object.values(value)) withoutPrototypes(item);
  return value;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function invalid(kind: string): FederationError {
  return new FederationError('FEDERATION_ENVELOPE_INVALID', { details: { kind } });
}
