import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORD_TYPES, SAMPLE_PAYLOADS } from '../../test/transfer-records.ts';
import { isInterhospError } from '../errors/interhosp-error.ts';
import { MAX_ATTEMPT, MAX_INSTANCES, MAX_RECEIPT_BYTES, MAX_STUDY_BYTES } from './limits.ts';
import { decodeRecord, encodeRecord } from './record-codec.ts';
import type { RecordPayloads, RecordType } from './records.ts';

/** As the journal gives it back. */
const stored = (type: RecordType, payload: unknown, v: unknown = 1): unknown =>
  JSON.parse(JSON.stringify({ payload: payload ?? SAMPLE_PAYLOADS[type], v }));
const RECORDS = RECORD_TYPES.map((type) => [type, SAMPLE_PAYLOADS[type]] as const);

/** Code and details of what is thrown. */
function problemOf(act: () => unknown): readonly [code: string, details: object] | 'accepted' {
  try {
    act();
  } catch (error) {
    if (isInterhospError(error)) return [error.code, error.details];
    throw error;
  }
  return 'accepted';
}
/** What becomes of a payload with some fields replaced, both ways. */
function changed<T extends RecordType>(type: T, changes: object): unknown {
  const payload = { ...SAMPLE_PAYLOADS[type], ...changes };
  const written = problemOf(() => encodeRecord(type, payload));
  expect(problemOf(() => decodeRecord(type, { payload, v: 1 }))).toEqual(written);
  return written;
}
const invalid = (kind: string, field: string) => ['TRANSFER_RECORD_INVALID', { field, kind }];
const times = <T>(count: number, one: T) => Array.from({ length: count }, () => one);

describe('a record', () => {
  it.each(RECORDS)('%s comes back from the journal as it was written', (type, payload) => {
    const written: unknown = JSON.parse(JSON.stringify(encodeRecord(type, payload)));
    expect(written).toEqual({ payload, v: 1 });
    expect(decodeRecord(type, written)).toEqual(payload);
  });

  it.each(RECORDS)('%s leaves out what a newer program added, at whatever depth', (type, payload) => {
    const grown = JSON.parse(JSON.stringify(payload), (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, later: 1 } : value,
    ) as unknown;
    expect(decodeRecord(type, stored(type, grown))).toEqual(payload);
  });

  it.each(RECORDS.filter(([, payload]) => Object.keys(payload).length > 0))(
    '%s is refused with any one field of another kind, which is named',
    (type, payload) => {
      for (const field of Object.keys(payload)) {
        expect(changed(type, { [field]: Symbol('no JSON') }), field).toEqual([
          'TRANSFER_RECORD_INVALID',
          { field: expect.stringMatching(new RegExp(`^${field}`)) as string, kind: type },
        ]);
      }
    },
  );

  it('whose key was erased has no payload, and is no error', () => {
    for (const type of RECORD_TYPES) expect(decodeRecord(type, undefined)).toBeUndefined();
  });

  it('of a later version is not read as if it were of this one', () => {
    expect(problemOf(() => decodeRecord('CLOSED', stored('CLOSED', {}, 2)))).toEqual([
      'TRANSFER_RECORD_VERSION',
      { kind: 'CLOSED', version: 2 },
    ]);
  });

  it.each([
    ['a text', 'x'],
    ['null', null],
    ['a list', []],
    ['no version', { payload: {} }],
    ['version 0', { v: 0 }],
  ])('is refused when the journal gives back %s', (_, value) => {
    expect(problemOf(() => decodeRecord('CLOSED', value))).toEqual(['TRANSFER_RECORD_INVALID', { kind: 'CLOSED' }]);
  });

  it.each(['LATER', 'constructor', '__proto__'])('of the type %s is not known', (type) => {
    // An error carries only what has the form of an identifier.
    const code = ['TRANSFER_RECORD_INVALID', { kind: type === '__proto__' ? '[refused]' : type }];
    expect(problemOf(() => decodeRecord(type as RecordType, { payload: {}, v: 1 }))).toEqual(code);
    expect(problemOf(() => encodeRecord(type as RecordType, {}))).toEqual(code);
  });

  it('is refused without its payload', () => {
    expect(problemOf(() => decodeRecord('HELD', { v: 1 }))).toEqual(invalid('HELD', 'payload'));
  });

  it('quotes nothing of what it could not read', () => {
    const header = { ...SAMPLE_PAYLOADS.DISCOVERED.header, patient: { birthDate: 'Peeters' } };
    const problem = changed('DISCOVERED', { header });
    expect(problem).toEqual(invalid('DISCOVERED', 'header.patient.birthDate'));
    expect(JSON.stringify(problem)).not.toContain('Peeters');
  });
});

describe('the limits of a record', () => {
  it.each<[RecordType, object, object, string]>([
    ['DISCOVERED', { attempt: MAX_ATTEMPT }, { attempt: MAX_ATTEMPT + 1 }, 'attempt'],
    ['DISCOVERED', { attempt: 1 }, { attempt: 0 }, 'attempt'],
    ['SEALED', { instances: MAX_INSTANCES }, { instances: MAX_INSTANCES + 1 }, 'instances'],
    ['SEALED', { bytes: MAX_STUDY_BYTES }, { bytes: MAX_STUDY_BYTES + 1 }, 'bytes'],
    ['SEALED', { bytes: 0 }, { bytes: -1 }, 'bytes'],
    ['OFFERED', { rosterVersion: 0 }, { rosterVersion: 0.5 }, 'rosterVersion'],
    [
      'R1_SIGNED',
      { envelope: 'x'.repeat(MAX_RECEIPT_BYTES) },
      { envelope: 'x'.repeat(MAX_RECEIPT_BYTES + 1) },
      'envelope',
    ],
    ['STORING', { utcOffsetMinutes: -1_440 }, { utcOffsetMinutes: -1_441 }, 'utcOffsetMinutes'],
    ['STORING', { utcOffsetMinutes: 1_440 }, { utcOffsetMinutes: 1_441 }, 'utcOffsetMinutes'],
    ['STORING', { coercionTimeMs: 8.64e15 }, { coercionTimeMs: 8.64e15 + 1_024 }, 'coercionTimeMs'],
    [
      'STORED',
      { outcomes: times(MAX_INSTANCES, outcome()) },
      { outcomes: times(MAX_INSTANCES + 1, outcome()) },
      'outcomes',
    ],
    ['HELD', { code: 'x'.repeat(160) }, { code: 'x'.repeat(161) }, 'code'],
    ['CANCELLED', { by: 'x'.repeat(256) }, { by: 'x'.repeat(257) }, 'by'],
    ['CANCELLED', { reason: 'x'.repeat(4_096) }, { reason: 'x'.repeat(4_097) }, 'reason'],
  ])('%s: on both sides, case %#', (type, inside, outside, field) => {
    expect(changed(type, inside)).toBe('accepted');
    expect(changed(type, outside)).toEqual(invalid(type, field));
  });

  function outcome() {
    return SAMPLE_PAYLOADS.STORED.outcomes[0];
  }
});

describe('whatever the journal gives back', () => {
  it('is read or refused by name, and what is read is written again the same', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RECORD_TYPES),
        fc.jsonValue(),
        fc.string(),
        fc.jsonValue(),
        (type, payload, field, value) => {
          for (const tried of [payload, { ...SAMPLE_PAYLOADS[type], [field]: value }]) {
            try {
              const read = decodeRecord(type, { payload: tried, v: 1 });
              expect(encodeRecord(type, read as RecordPayloads[typeof type])).toEqual({ payload: read, v: 1 });
            } catch (error) {
              expect(isInterhospError(error) && error.code).toBe('TRANSFER_RECORD_INVALID');
            }
          }
        },
      ),
    );
  });
});
