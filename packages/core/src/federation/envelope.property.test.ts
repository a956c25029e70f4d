import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeCrypto, testSigner } from '../../test/node-crypto.ts';
import { errorCodeOf } from '../errors/index.ts';
import { decodeEnvelope, encodeEnvelope, openEnvelope, signEnvelope } from './envelope.ts';
import { jcs, MAX_JSON_DEPTH, parseJcs, type JsonValue } from './jcs.ts';

const TYPE = 'interhosp/roster@1';
const alice = testSigner('alice');
const keys = new Map([[alice.keyId, alice.publicKey]]);
const open = (envelope: Uint8Array) =>
  openEnvelope({ envelope, payloadType: TYPE, keys, threshold: 1, crypto: nodeCrypto });
/** The code of what was thrown, undefined when nothing was; anything that is not ours fails the test. */
const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === undefined) throw error;
    return code;
  }
  return undefined;
};

const key = fc
  .string({ unit: fc.constantFrom(...Array.from('abcXYZ019_.- "\\\n\0')), maxLength: 8 })
  .filter((name) => name !== '__proto__');
const text = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .map((value) => value.normalize('NFC'))
  .filter((value) => value.isWellFormed());
const leaf = fc.oneof(fc.constant(null), fc.boolean(), fc.maxSafeInteger(), text);
const { document } = fc.letrec<{ document: JsonValue }>((tie) => ({
  document: fc.oneof(
    { maxDepth: MAX_JSON_DEPTH - 1, withCrossShrink: true },
    leaf,
    fc.array(tie('document'), { maxLength: 4 }),
    fc.dictionary(key, tie('document'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

describe('canonical JSON', () => {
  it('comes back from its bytes as it was, whatever the document', () => {
    fc.assert(
      fc.property(document, (value) => {
        // -0 is written as 0 (RFC 8785 3.2.2.3).
        expect(JSON.parse(new TextDecoder().decode(jcs(value)))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(jcs(parseJcs(jcs(value)))).toEqual(jcs(value));
      }),
    );
  });

  it('does not depend on the order in which keys were set', () => {
    fc.assert(
      fc.property(fc.dictionary(key, leaf, { noNullPrototype: true }), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(jcs(reversed)).toEqual(jcs(value));
      }),
    );
  });

  it('of hostile bytes is refused with a code of ours or is canonical, and touches no prototype', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      'u',
      '0',
      '1',
      '-',
      '.',
      'e',
      ' ',
      'null',
      'true',
      '"a"',
      '"__proto__"',
      '"constructor"',
      '"\\ud800"',
      '\ufeff',
      'é',
      'e\u0301',
    );
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(pieces, { maxLength: 20 }).map((parts) => new TextEncoder().encode(parts.join(''))),
    );
    fc.assert(
      fc.property(hostile, (bytes) => {
        let value: JsonValue | undefined;
        const code = codeOf(() => (value = parseJcs(bytes)));
        if (code === undefined) expect(jcs(value as JsonValue)).toEqual(Uint8Array.from(bytes));
        else expect(code).toBe('FEDERATION_ENVELOPE_INVALID');
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads a megabyte of brackets, quotes or backslashes without recursion', () => {
    for (const filler of ['[', '{', '"', '\\', '[{"a":', ']']) {
      const bytes = new TextEncoder().encode(filler.repeat(2 ** 20 / filler.length));
      expect(codeOf(() => parseJcs(bytes))).toBe('FEDERATION_ENVELOPE_INVALID');
    }
  });
});

describe('an envelope', () => {
  it('is refused after any change of any one byte', async () => {
    const bytes = encodeEnvelope(await signEnvelope(TYPE, { version: 1, name: 'a' }, [alice]));
    expect(codeOf(() => open(bytes))).toBeUndefined();
    for (let index = 0; index < bytes.length; index++) {
      for (const flip of [0x01, 0x20, 0x80]) {
        const changed = bytes.slice();
        changed[index] = (changed[index] as number) ^ flip;
        expect(
          codeOf(() => open(changed)),
          `byte ${index} ^ ${flip}`,
        ).toMatch(/^FEDERATION_/);
      }
    }
  });

  it('is refused when cut at any byte, or followed by one', async () => {
    const bytes = encodeEnvelope(await signEnvelope(TYPE, { version: 1 }, [alice]));
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => open(bytes.subarray(0, length)))).toBe('FEDERATION_ENVELOPE_INVALID');
    }
    expect(codeOf(() => open(Uint8Array.from([...bytes, 0x20])))).toBe('FEDERATION_ENVELOPE_INVALID');
  });

  it('of another document never verifies under this signature', async () => {
    await fc.assert(
      fc.asyncProperty(document, document, async (mine, other) => {
        const envelope = await signEnvelope(TYPE, [mine], [alice]);
        const swapped = { ...envelope, payload: (await signEnvelope(TYPE, [other], [])).payload };
        const same = swapped.payload === envelope.payload;
        expect(codeOf(() => open(encodeEnvelope(swapped)))).toBe(same ? undefined : 'FEDERATION_SIGNATURE_INVALID');
      }),
      { numRuns: 50 },
    );
  });

  it('made of hostile fields is refused with a code of ours', () => {
    const hostile = fc.record(
      {
        payloadType: fc.oneof(fc.constant(TYPE), fc.string(), fc.integer()),
        payload: fc.oneof(fc.base64String(), fc.string(), fc.constant(null)),
        signatures: fc.oneof(
          fc.array(
            fc.record({ keyid: fc.constantFrom(alice.keyId, 'x', ''), sig: fc.oneof(fc.base64String(), fc.string()) }),
            { maxLength: 20 },
          ),
          fc.constant({ length: 2 ** 32 }),
        ),
        constructor: fc.constant({ prototype: {} }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(hostile, (value) => {
        const bytes = new TextEncoder().encode(
          JSON.stringify(value, Object.keys(value).sort().concat('keyid', 'sig', 'length')),
        );
        expect(codeOf(() => decodeEnvelope(bytes)) ?? 'FEDERATION_').toMatch(/^FEDERATION_/);
        expect(codeOf(() => open(bytes))).toMatch(/^FEDERATION_/);
      }),
      { numRuns: 500 },
    );
  });
});
