import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepSafe, safeFieldProblem, type SafeFields } from './safe-fields.ts';

const UID_FIELDS = ['studyInstanceUid', 'sopInstanceUid', 'sopClassUid', 'transferSyntaxUid'] as const;
/** Fictional. */
const NAMES = ['Peeters^Zoë', 'Zoë Peeters', 'PEETERS', '1961-03-12', 'A-4711'];

describe('safe fields', () => {
  it('refuses a name or a date in a field for UIDs', () => {
    for (const field of UID_FIELDS) {
      for (const name of NAMES) expect([field, safeFieldProblem(field, name)]).toEqual([field, 'form']);
      expect(safeFieldProblem(field, '1.2.840.10008.1.2')).toBeUndefined();
    }
  });

  it('refuses UIDs of more than 64 characters', () => {
    expect(safeFieldProblem('studyInstanceUid', '1'.repeat(64))).toBeUndefined();
    expect(safeFieldProblem('studyInstanceUid', '1'.repeat(65))).toBe('form');
  });

  it('refuses text with a space, a caret or a letter outside ASCII where an identifier is meant', () => {
    for (const field of ['code', 'reason', 'member', 'kind', 'state', 'ruleId', 'field', 'pacs']) {
      for (const text of ['Zoë', 'Peeters^Jan', 'Jan Peeters', '', 'a'.repeat(129), 'a\nb']) {
        expect([field, text, safeFieldProblem(field, text)]).toEqual([field, text, 'form']);
      }
      expect(safeFieldProblem(field, 'a'.repeat(128))).toBeUndefined();
    }
  });

  it('takes only numbers that are finite where a number is meant', () => {
    for (const value of ['7', Number.NaN, Number.POSITIVE_INFINITY, null, {}, true, 7n]) {
      expect(safeFieldProblem('count', value)).toBe('form');
    }
    expect(safeFieldProblem('count', 7)).toBeUndefined();
  });

  it('names a module of an adapter as the configuration writes it', () => {
    for (const use of ['@interhosp/adapters/dimse', './ours.ts', '../ours/pacs.js', '/opt/pacs.js', 'our-pacs']) {
      expect([use, safeFieldProblem('adapter', use)]).toEqual([use, undefined]);
    }
    expect(safeFieldProblem('adapter', 'Peeters^Jan')).toBe('form');
  });

  it('replaces a refused value, leaves out an unknown field, and keeps the rest', () => {
    const fields = { count: 3, patientName: 'Peeters^Jan', studyInstanceUid: 'Peeters^Jan', tag: '00100010' };
    expect(keepSafe(fields as SafeFields)).toEqual({ count: 3, studyInstanceUid: '[refused]', tag: '00100010' });
  });

  it('leaves out a number that is none', () => {
    const fields = { bytes: Number.NaN, count: 'Peeters', limit: Number.POSITIVE_INFINITY, offset: 0 };
    expect(keepSafe(fields as unknown as SafeFields)).toEqual({ offset: 0 });
  });

  it('knows nothing of what every object inherits', () => {
    for (const field of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(safeFieldProblem(field, 'x')).toBe('unknown-field');
    }
  });

  it('lets nothing but allowed fields of allowed form through, whatever it is given', () => {
    const anyField = fc.oneof(fc.constantFrom('count', 'code', 'sopInstanceUid', 'file', 'name'), fc.string());
    fc.assert(
      fc.property(fc.dictionary(anyField, fc.anything()), (given) => {
        for (const [field, value] of Object.entries(keepSafe(given as SafeFields))) {
          expect((value === '[refused]' && field !== 'count') || safeFieldProblem(field, value) === undefined).toBe(
            true,
          );
        }
      }),
    );
  });
});
