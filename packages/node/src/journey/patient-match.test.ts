import { SAMPLE_PATIENT } from '@interhosp/core/conformance';
import type { ArrivingPatient } from '@interhosp/core/study';
import { describe, expect, it } from 'vitest';
import { sameArrivingPatient } from './patient-match.ts';

const { patientId: _, ...nobody } = SAMPLE_PATIENT;
const named = (family: string, given = ''): ArrivingPatient => ({
  ...nobody,
  name: { alphabetic: { family, given, middle: '', prefix: '', suffix: '' } },
});

describe('an instance that comes with a study', () => {
  it('goes by its Patient ID where there is one, however the name is written', () => {
    const offered = { ...named('Peeters'), patientId: { id: 'P1' } };
    expect(sameArrivingPatient({ patientId: { id: 'P1 ' } }, offered)).toBe(true);
    expect(sameArrivingPatient({ ...offered, patientId: { id: 'P2' } }, offered)).toBe(false);
    expect(sameArrivingPatient(named('Peeters'), offered)).toBe(false);
  });

  it('goes by name and birth date where neither has an ID', () => {
    const offered = named('Peeters', 'Anna');
    expect(sameArrivingPatient({ ...named('PEETERS', 'Anna'), patientId: { id: ' ' } }, offered)).toBe(true);
    expect(sameArrivingPatient(named('Peeters', 'Maria'), offered)).toBe(false);
    expect(sameArrivingPatient({ ...offered, birthDate: '2001-02-03' }, offered)).toBe(false);
    const { birthDate: __, ...undated } = offered;
    expect(sameArrivingPatient(undated, offered)).toBe(false);
  });

  it('tells two names apart that differ in their ideographic group alone', () => {
    const written = (family: string): ArrivingPatient => {
      const { alphabetic } = named('').name ?? {};
      if (alphabetic === undefined) throw new Error('was named');
      return { ...nobody, name: { alphabetic, ideographic: { ...alphabetic, family } } };
    };
    expect(sameArrivingPatient(written('\u5c71\u7530'), written('\u5c71\u7530'))).toBe(true);
    expect(sameArrivingPatient(written('\u5c71\u7530'), written('\u7530\u4e2d'))).toBe(false);
  });
});
