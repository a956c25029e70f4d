import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeFieldProblem, type SafeFields } from '../world/safe-fields.ts';
import { InterhospError, isInterhospError, PacsError, TransferError } from './index.ts';

/** Fictional. */
const NAME = 'Peeters^Zoë';

describe('an error of ours', () => {
  it('shows its details in the text, beside what to do', () => {
    const error = new TransferError('TRANSFER_LIMIT', { details: { kind: 'blocks', limit: 7 } });
    expect(error.message).toContain('TRANSFER_LIMIT: ');
    expect(error.message).toContain('(kind=blocks, limit=7)');
    expect(error.message).toContain(error.fix);
  });

  it('keeps no name, whatever field it is put into', () => {
    const details = { count: NAME, patientName: NAME, reason: NAME, status: 7, studyInstanceUid: NAME };
    const error = new PacsError('PACS_REFUSED', { details: details as unknown as SafeFields });
    expect(error.details).toEqual({ reason: '[refused]', status: 7, studyInstanceUid: '[refused]' });
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain('Peeters');
  });

  it('is not moved by what happens to the options later', () => {
    const details = { reason: 'busy' };
    const error = new PacsError('PACS_BUSY', { details });
    details.reason = NAME;
    expect(error.details).toEqual({ reason: 'busy' });
    expect(() => Object.assign(error.details, { reason: NAME })).toThrow(TypeError);
  });

  it('holds only allowed fields of allowed form, whatever it is given', () => {
    const anyField = fc.oneof(fc.constantFrom('count', 'code', 'sopInstanceUid', 'file', 'name'), fc.string());
    fc.assert(
      fc.property(fc.dictionary(anyField, fc.anything()), (given) => {
        const { details } = new InterhospError('PACS_BUSY', { details: given });
        for (const [field, value] of Object.entries(details)) {
          expect(value === '[refused]' || safeFieldProblem(field, value) === undefined).toBe(true);
        }
      }),
    );
  });

  it('keeps its cause, and takes the advice of the catalogue unless told better', () => {
    const cause = new Error('socket');
    expect(new PacsError('PACS_UNREACHABLE', { cause }).cause).toBe(cause);
    expect('cause' in new PacsError('PACS_UNREACHABLE')).toBe(false);
    expect(new PacsError('PACS_UNREACHABLE', { retry: 'no' }).retry).toBe('no');
  });

  it('is known by its code, also when another copy of the package made it', () => {
    expect(isInterhospError(Object.assign(new Error('x'), { code: 'PACS_BUSY' }))).toBe(true);
    expect(isInterhospError(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe(false);
    expect(isInterhospError({ code: 'PACS_BUSY' })).toBe(false);
  });
});
