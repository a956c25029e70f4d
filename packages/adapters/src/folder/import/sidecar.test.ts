import { describe, expect, it } from 'vitest';
import { mergeSaid, parseSidecar } from './sidecar.ts';

const bytes = (value: unknown) =>
  Uint8Array.from(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const said = (value: object) => parseSidecar(bytes(value));

describe('the JSON beside a file', () => {
  it('says keywords, with text, whole numbers, several values and codes', () => {
    const code = { CodeValue: '18748-4', CodingSchemeDesignator: 'LN', CodeMeaning: 'Diagnostic imaging report' };
    const { codes, values } = parseSidecar(
      bytes(
        `\uFEFF${JSON.stringify({
          PatientName: ' Vérité^Anne ',
          InstanceNumber: 7,
          OperatorsName: ['A^B', 'C^D'],
          ConceptNameCodeSequence: [code],
        })}`,
      ),
    );
    expect(Object.fromEntries(values)).toEqual({
      PatientName: 'Vérité^Anne',
      InstanceNumber: '7',
      OperatorsName: 'A^B\\C^D',
    });
    expect(codes.get('ConceptNameCodeSequence')).toEqual(code);
  });

  it.each([
    ['a keyword that does not exist', { PatientIdd: 'A' }, { reason: 'keyword' }],
    ['a keyword that describes pixels', { Rows: 512 }, { reason: 'keyword' }],
    ['a name that is not ours to show', { 'Peeters^Jan': 'A' }, { reason: 'keyword' }],
    ['a value of another type', { PatientID: { id: 'A' } }, { reason: 'value', field: 'PatientID' }],
    ['a value that hides two', { PatientID: 'A\\B' }, { reason: 'value', field: 'PatientID' }],
    ['a broken number', { InstanceNumber: 1.5 }, { reason: 'value', field: 'InstanceNumber' }],
    ['half a code', { ConceptNameCodeSequence: { CodeValue: '1' } }, { reason: 'code' }],
    ['no JSON', '{ "PatientID": ', { reason: 'json' }],
    ['no object', '[]', { reason: 'json' }],
    ['other bytes', '\u0000', { reason: 'json' }],
    ['more than it may', JSON.stringify({ PatientID: 'A'.repeat(70_000) }), { reason: 'size' }],
  ])('with %s is refused', (_, value, details) => {
    expect(() => parseSidecar(bytes(value))).toThrow(
      expect.objectContaining({
        code: 'IMPORT_SIDECAR_INVALID',
        details: expect.objectContaining(details) as object,
      }) as Error,
    );
  });

  it('that is no UTF-8 is refused, and its text is not repeated', () => {
    const latin1 = Buffer.from('{"PatientName":"Vérité"}', 'latin1');
    expect(() => parseSidecar(latin1)).toThrow(/^(?!.*rit).*$/s);
  });

  it('of a file goes before that of its folder, but not in whose it is', () => {
    const merged = mergeSaid(
      said({ DocumentTitle: 'own', PatientID: 'A' }),
      said({ DocumentTitle: 'all', StudyID: '1' }),
    );
    expect(Object.fromEntries(merged.values)).toEqual({ DocumentTitle: 'own', PatientID: 'A', StudyID: '1' });
    expect(() => mergeSaid(said({ PatientID: 'A' }), said({ PatientID: 'B' }))).toThrow(
      expect.objectContaining({
        code: 'IMPORT_CONFLICT',
        details: { field: 'PatientID', reason: 'sidecars' },
      }) as Error,
    );
  });
});
