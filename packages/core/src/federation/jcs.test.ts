import { describe, expect, it } from 'vitest';
import { errorCodeOf } from '../errors/index.ts';
import { jcs, MAX_JSON_DEPTH, parseJcs, type JsonValue } from './jcs.ts';

const text = (value: JsonValue) => new TextDecoder().decode(jcs(value));
const read = (json: string) => parseJcs(new TextEncoder().encode(json));
const kindOf = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return errorCodeOf(error) === 'FEDERATION_ENVELOPE_INVALID'
      ? (error as { details: { kind?: string } }).details.kind
      : errorCodeOf(error);
  }
  return 'accepted';
};

/** The test data of RFC 8785's author that lie inside the profile, as input and canonical text. */
const RFC_VECTORS: ReadonlyArray<readonly [name: string, input: string, canonical: string]> = [
  [
    'arrays',
    '[\n  56,\n  {\n    "d": true,\n    "10": null,\n    "1": [ ]\n  }\n]',
    '[56,{"1":[],"10":null,"d":true}]',
  ],
  [
    'structures',
    '{"1": {"f": {"f": "hi","F": 5} ,"\\n": 56.0},"10": { },"": "empty","a": { },"111": [ {"e": "yes","E": "no" } ],"A": { }}',
    '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
  ],
  [
    'string and literals of 3.2.3',
    '{"string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals": [null, true, false]}',
    '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  ],
];

describe('canonical JSON', () => {
  it.each(RFC_VECTORS)('writes the RFC 8785 vector "%s"', (_name, input, canonical) => {
    expect(text(JSON.parse(input) as JsonValue)).toBe(canonical);
    expect(jcs(read(canonical))).toEqual(new TextEncoder().encode(canonical));
  });

  it.each([
    ['a fraction', 1.5, 'number'],
    ['an integer of 2^53', 2 ** 53, 'number'],
    ['an infinite number', Number.POSITIVE_INFINITY, 'number'],
    ['a key that is not ASCII', { pêche: 1 }, 'key'],
    ['a key of 65 characters', { ['k'.repeat(65)]: 1 }, 'key'],
    ['a string that is not in NFC', 'A\u030a', 'nfc'],
    ['half a surrogate pair', '\ud800', 'surrogate'],
    ['a missing value', { a: undefined } as unknown as JsonValue, 'type'],
  ])('refuses to write %s', (_name, value, kind) => {
    expect(kindOf(() => jcs(value))).toBe(kind);
  });

  it('writes what lies just inside those limits', () => {
    expect(text([2 ** 53 - 1, -(2 ** 53 - 1), -0, 'Å', '\u{1f600}', { ['k'.repeat(64)]: 0 }])).toContain(
      '9007199254740991',
    );
    expect(text(-0)).toBe('0');
  });

  it.each([
    ['white space', '{"a": 1}'],
    ['keys out of order', '{"b":1,"a":2}'],
    ['a duplicate key', '{"a":1,"a":1}'],
    ['another spelling of a number', '[1.0]'],
    ['an exponent', '[1e2]'],
    ['minus zero', '[-0]'],
    ['an escape that was not needed', '["\\u0041"]'],
    ['an upper-case escape', '["\\u000F"]'],
    ['a slash escaped', '["\\/"]'],
  ])('refuses to read %s', (_name, json) => {
    expect(kindOf(() => read(json))).toBe('not-canonical');
  });

  it.each([
    ['nothing', ''],
    ['a byte order mark', '\ufeff{}'],
    ['something behind the document', '{}{}'],
    ['a comment', '/**/{}'],
    ['an unclosed string', '"abc'],
  ])('refuses %s as no JSON', (_name, json) => {
    expect(kindOf(() => read(json))).toBe('syntax');
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(kindOf(() => parseJcs(Uint8Array.of(0x22, 0xc3, 0x28, 0x22)))).toBe('utf-8');
    expect(kindOf(() => parseJcs(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)))).toBe('utf-8');
  });

  it('nests eight deep and no deeper, in either direction', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(text(read(nested(MAX_JSON_DEPTH)))).toBe(nested(MAX_JSON_DEPTH));
    expect(kindOf(() => read(nested(MAX_JSON_DEPTH + 1)))).toBe('depth');
    expect(kindOf(() => jcs(JSON.parse(nested(MAX_JSON_DEPTH + 1)) as JsonValue))).toBe('depth');
  });

  it('does not count brackets inside strings', () => {
    expect(read('["[[[[[[[[[[\\"[[[[[[[[[[\\\\"]')).toEqual(['[[[[[[[[[["[[[[[[[[[[\\']);
  });

  it('refuses a document over the limit before it reads it, and accepts one on it', () => {
    expect(parseJcs(new TextEncoder().encode('"1234"'), { maxBytes: 6 })).toBe('1234');
    expect(kindOf(() => parseJcs(new TextEncoder().encode('"12345"'), { maxBytes: 6 }))).toBe('FEDERATION_LIMIT');
  });

  it('refuses a key named __proto__ and leaves every prototype alone', () => {
    expect(kindOf(() => read('{"__proto__":{"polluted":1}}'))).toBe('key');
    expect(kindOf(() => jcs(JSON.parse('{"a":{"__proto__":1}}') as JsonValue))).toBe('key');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('gives objects that inherit nothing', () => {
    const value = read('[{"a":{}}]') as unknown as [{ a: object }];
    expect(Object.getPrototypeOf(value[0])).toBeNull();
    expect(Object.getPrototypeOf(value[0].a)).toBeNull();
  });
});
