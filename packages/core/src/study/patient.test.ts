import { describe, expect, it } from 'vitest';
import { samePatientId } from './patient.ts';

describe('two patient IDs', () => {
  it.each([
    [{ id: 'P1' }, { id: 'P1 ' }, true],
    [{ id: 'P1' }, { id: 'P1', issuer: 'NORTH' }, true],
    [{ id: 'P1', issuer: 'NORTH' }, { id: 'P1', issuer: ' NORTH' }, true],
    [{ id: 'P1', issuer: 'NORTH' }, { id: 'P1', issuer: 'SOUTH' }, false],
    [{ id: 'P1' }, { id: 'p1' }, false],
  ])('%o and %o are of one patient: %s', (one, other, isSame) => {
    expect([samePatientId(one, other), samePatientId(other, one)]).toEqual([isSame, isSame]);
  });
});
