import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeDocumentFrame, type DocumentFrame, encodeDocumentFrame, MAX_DOCUMENTS } from './document-frames.ts';

const HASH = 'ab'.repeat(32);
const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const kind = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);
const id = fc.stringMatching(/^[\x21-\x7e]{1,128}$/);
const version = fc.nat(Number.MAX_SAFE_INTEGER);
const frame: fc.Arbitrary<DocumentFrame> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    federationId: hash,
    documents: fc.array(fc.record({ kind, id, version, hash }), { maxLength: 5 }),
  }),
  fc.record({ type: fc.constant('want' as const), kind, id, hash }),
  fc.record({ type: fc.constant('document' as const), bytes: fc.nat(8 * 1024 * 1024) }),
  fc.record({ type: fc.constantFrom('gone' as const, 'done' as const) }),
);

const text = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

describe('frames of the roster protocol', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(frame, (given) => {
        expect(decodeDocumentFrame(encodeDocumentFrame(given))).toEqual(given);
      }),
    );
  });

  it('that are anything else are PEER_PROTOCOL, and touch no prototype', () => {
    const mutated = fc.tuple(frame, fc.nat(), fc.nat(255)).map(([given, place, byte]) => {
      const bytes = encodeDocumentFrame(given);
      bytes[place % bytes.byteLength] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(text), mutated), (bytes) => {
        try {
          decodeDocumentFrame(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PEER_PROTOCOL' });
        }
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      }),
    );
  });

  it.each([
    ['no JSON', '{'],
    ['bytes that are no UTF-8', '"\ud800"'],
    ['an unknown type', { type: 'push' }],
    ['an unknown field', { type: 'done', more: 1 }],
    ['a prototype', '{"type":"done","__proto__":{"polluted":1}}'],
    ['an array', []],
    ['null', null],
    ['a kind in capitals', { type: 'want', kind: 'Roster', id: 'x', hash: HASH }],
    ['an id with a space', { type: 'want', kind: 'roster', id: 'x y', hash: HASH }],
    ['an empty id', { type: 'want', kind: 'roster', id: '', hash: HASH }],
    ['an id of 129', { type: 'want', kind: 'roster', id: 'x'.repeat(129), hash: HASH }],
    ['a short hash', { type: 'want', kind: 'roster', id: 'x', hash: 'ab' }],
    [
      'a negative version',
      { type: 'hello', federationId: HASH, documents: [{ kind: 'a', id: 'b', version: -1, hash: HASH }] },
    ],
    [
      'half a version',
      { type: 'hello', federationId: HASH, documents: [{ kind: 'a', id: 'b', version: 0.5, hash: HASH }] },
    ],
    [
      'a version of 2^53',
      { type: 'hello', federationId: HASH, documents: [{ kind: 'a', id: 'b', version: 2 ** 53, hash: HASH }] },
    ],
    ['a document of 8 MiB and a byte', { type: 'document', bytes: 8 * 1024 * 1024 + 1 }],
    ['a document of -1 byte', { type: 'document', bytes: -1 }],
  ])('refuse %s', (_what, value) => {
    expect(() => decodeDocumentFrame(text(value))).toThrow('PEER_PROTOCOL');
  });

  it('hold as many documents as the limit says, and not one more', () => {
    const hello = (count: number): DocumentFrame => ({
      type: 'hello',
      federationId: HASH,
      documents: Array.from({ length: count }, (_, index) => ({
        kind: 'org',
        id: `x${index}`,
        version: 1,
        hash: HASH,
      })),
    });
    expect(decodeDocumentFrame(encodeDocumentFrame(hello(MAX_DOCUMENTS)))).toMatchObject({ type: 'hello' });
    expect(() => decodeDocumentFrame(encodeDocumentFrame(hello(MAX_DOCUMENTS + 1)))).toThrow('PEER_PROTOCOL');
  });

  it('are not even parsed above 2 MiB', () => {
    expect(() => decodeDocumentFrame(text(`{"type":"done"${' '.repeat(2 * 1024 * 1024)}}`))).toThrow('reason=frame');
    expect(decodeDocumentFrame(text(`{"type":"done"${' '.repeat(1024 * 1024)}}`))).toEqual({ type: 'done' });
  });
});
