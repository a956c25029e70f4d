import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SAMPLE_HEADER } from '../../test/transfer-frames.ts';
import { parseUid } from '../dicom/uid.ts';
import { errorCodeOf, isInterhospError } from '../errors/index.ts';
import type { StudyHeader } from '../study/index.ts';
import { canonicalJson, decodeHeader, encodeHeader } from './header.ts';
import { MAX_HEADER_BYTES } from './limits.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return errorCodeOf(error) ?? error;
  }
  return 'accepted';
};
const minimal: StudyHeader = { studyInstanceUid: parseUid('1.2.3'), patient: {}, modalities: [] };

describe('a study header', () => {
  it('comes back as it went', () => {
    expect(decodeHeader(encodeHeader(SAMPLE_HEADER))).toEqual(SAMPLE_HEADER);
    expect(decodeHeader(encodeHeader(minimal))).toEqual(minimal);
  });

  it('is canonical: keys in order, no space, no field that is not there', () => {
    expect(text(encodeHeader(minimal))).toBe('{"modalities":[],"patient":{},"studyInstanceUid":"1.2.3"}');
    const other = { ...minimal, patient: { sex: 'F', birthDate: '1961-03-00' } } as StudyHeader;
    expect(text(encodeHeader(other))).toContain('{"birthDate":"1961-03-00","sex":"F"}');
  });

  it('keeps names as they are written, also decomposed ones', () => {
    const family = 'Ame\u0301lie';
    const name = { alphabetic: { family, given: '', middle: '', prefix: '', suffix: '' } };
    expect(decodeHeader(encodeHeader({ ...minimal, patient: { name } })).patient.name?.alphabetic.family).toBe(family);
  });

  it('leaves out what it does not know, wherever that stands', () => {
    const later = { ...minimal, later: 1, patient: { shoeSize: 43, patientId: { id: 'A', checked: true } } };
    expect(decodeHeader(bytesOf(later))).toEqual({ ...minimal, patient: { patientId: { id: 'A' } } });
  });

  it('never lets a key of the sender become part of an object', () => {
    const hostile = bytesOf(
      '{"__proto__":{"x":1},"modalities":[],"patient":{"__proto__":{"sex":"F"}},"studyInstanceUid":"1.2"}',
    );
    const header = decodeHeader(hostile);
    expect(header.patient.sex).toBeUndefined();
    expect(Object.hasOwn(header, '__proto__')).toBe(false);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['text that is no JSON', '{'],
    ['bytes that are no UTF-8', undefined],
    ['a list', []],
    ['nothing', 'null'],
    ['no study', { patient: {}, modalities: [] }],
    ['a UID that is none', { ...minimal, studyInstanceUid: '1.2/../3' }],
    ['no patient', { studyInstanceUid: '1.2', modalities: [] }],
    ['a date of another form', { ...minimal, studyDate: '20251103' }],
    ['a time of another form', { ...minimal, studyTime: '8:15' }],
    ['a sex that is none', { ...minimal, patient: { sex: 'f' } }],
    ['a name without its parts', { ...minimal, patient: { name: { alphabetic: { family: 'P' } } } }],
    ['a number for a text', { ...minimal, accessionNumber: 7 }],
    ['a text that is too long', { ...minimal, description: 'x'.repeat(4_097) }],
    ['too many modalities', { ...minimal, modalities: Array.from({ length: 257 }, () => 'CT') }],
  ])('is refused with %s', (_, value) => {
    const bytes = value === undefined ? Uint8Array.of(0x7b, 0xff, 0x7d) : bytesOf(value);
    expect(codeOf(() => decodeHeader(bytes))).toBe('TRANSFER_PROTOCOL');
  });

  it('names the field that is at fault, and never what it holds', () => {
    try {
      decodeHeader(bytesOf({ ...minimal, patient: { name: { alphabetic: { family: 7, given: 'Secret' } } } }));
    } catch (error) {
      expect(isInterhospError(error) && error.details).toEqual({ field: 'header.patient.name.alphabetic.family' });
      expect(String(error)).not.toContain('Secret');
      return;
    }
    throw new Error('accepted');
  });

  it('is refused by its size before it is parsed', () => {
    const filler = 'x'.repeat(MAX_HEADER_BYTES - bytesOf({ ...minimal, filler: '' }).length);
    const largest = bytesOf({ ...minimal, filler });
    expect(largest.length).toBe(MAX_HEADER_BYTES);
    expect(codeOf(() => decodeHeader(largest))).toBe('accepted');
    expect(codeOf(() => decodeHeader(bytesOf({ ...minimal, filler: `${filler}x` })))).toBe('TRANSFER_LIMIT');
  });

  it('is checked before it is sent', () => {
    expect(codeOf(() => encodeHeader({ ...minimal, studyDate: '2025' }))).toBe('TRANSFER_PROTOCOL');
    const otherIds = Array.from({ length: 100 }, () => ({ id: 'x'.repeat(4_000) }));
    expect(codeOf(() => encodeHeader({ ...minimal, patient: { otherIds } }))).toBe('TRANSFER_LIMIT');
  });

  it('refuses or understands any JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (json) => {
        expect(['accepted', 'TRANSFER_PROTOCOL']).toContain(codeOf(() => decodeHeader(bytesOf(json))));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('canonical JSON', () => {
  it('is the same for equal values, and reads back as them', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = canonicalJson(value);
        const read: unknown = JSON.parse(written);
        expect(canonicalJson(read)).toBe(written);
      }),
    );
  });

  it('orders keys by UTF-16 units and replaces lone surrogates', () => {
    expect(canonicalJson({ '\ufb33': 1, '\u{1f600}': 2, a: 3, Z: 4 })).toBe('{"Z":4,"a":3,"\u{1f600}":2,"\ufb33":1}');
    expect(canonicalJson('\ud800')).toBe('"\ufffd"');
  });
});
