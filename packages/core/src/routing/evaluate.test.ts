import { describe, expect, it } from 'vitest';
import { anna, directories, physician, personName, routable, ROUTE_NOW_MS, south } from '../../test/routing.ts';
import type { RoutableStudy } from './attributes.ts';
import { evaluate, type Trial } from './evaluate.ts';
import { parseRuleSet } from './rule-set.ts';

const trial = (study: RoutableStudy, changes: Partial<Trial> = {}): Trial => ({
  study,
  destination: south,
  directories: directories({ 'be-south': [anna] }),
  scheme: 'exact',
  nowMs: ROUTE_NOW_MS,
  ...changes,
});
const condition = (when: object) => {
  const { rules } = parseRuleSet({ rules: [{ id: 'r', when, to: ['be-south'] }] });
  return rules[0]!.when;
};
const truth = (when: object, study: Partial<RoutableStudy> = {}) =>
  evaluate(condition(when), trial(routable(study))).truth;
const [yes, no, unknown] = [{ modality: 'CT' }, { modality: 'MG' }, { tag: { ReferringPhysicianName: '*' } }];

describe('a condition', () => {
  it.each([
    ['one of the modalities', { modality: ['MR', 'SR'] }, 'yes'],
    ['none of the modalities', { modality: ['MR', 'US'] }, 'no'],
    ['a description', { tag: { StudyDescription: '*thorax*' } }, 'yes'],
    ['a description in another case', { tag: { StudyDescription: '*THORAX*' } }, 'no'],
    ['a tag by number', { tag: { '(0018,0015)': 'CHEST' } }, 'yes'],
    ['two tags of which one does not match', { tag: { BodyPartExamined: 'CHEST', AccessionNumber: 'B*' } }, 'no'],
    ['one of several patterns', { tag: { AccessionNumber: ['B*', 'A*'] } }, 'yes'],
    ['the patient’s name in another case', { tag: { PatientName: 'canaryname^*' } }, 'yes'],
    ['a patient ID in another case', { tag: { PatientID: 'canaryid' } }, 'no'],
    ['the birth date in a range', { tag: { PatientBirthDate: '19700101-19701231' } }, 'yes'],
    ['an absent attribute', { tag: { StationName: '*' } }, 'no'],
    ['not an absent attribute', { not: { tag: { StationName: '*' } } }, 'yes'],
    ['a physician’s name, however written', unknown, 'unknown'],
    ['an institution in another case', { institution: 'CLINIQUE*' }, 'yes'],
    ['another institution', { institution: ['Hôpital*'] }, 'no'],
    ['a study of this year', { studyDate: { from: '2026-01-01', to: '2026-12-31' } }, 'yes'],
    ['a study of last year', { studyDate: { to: '2025-12-31' } }, 'no'],
    ['a study of the last day', { studyDate: { withinDays: 1 } }, 'yes'],
    ['an adult', { patientAge: { minYears: 18 } }, 'yes'],
    ['a child', { patientAge: { maxYears: 17 } }, 'no'],
  ])('on %s', (_name, when, expected) => {
    expect(truth(when)).toBe(expected);
  });

  it('takes further elements from the data set where the header has none', () => {
    const attributes = new Map([
      [0x00081010, ['CT-ROOM-2']],
      [0x00181030, ['Routine', 'Angio']],
      [0x0018_0015, ['HEAD']],
      [0x0029_1010, ['private']],
    ]);
    expect(truth({ tag: { StationName: 'CT-ROOM-?' } }, { attributes })).toBe('yes');
    expect(truth({ tag: { ProtocolName: 'Angio' } }, { attributes })).toBe('yes');
    expect(truth({ tag: { BodyPartExamined: 'HEAD' } }, { attributes })).toBe('no');
    expect(truth({ tag: { '(0029,1010)': 'priv*' } }, { attributes })).toBe('yes');
  });

  it('sees a name in any of its component groups', () => {
    const name = { ...personName('Yamada', 'Tarou'), ideographic: personName('山田', '太郎').alphabetic };
    expect(truth({ tag: { PatientName: '山田*' } }, { patient: { name } })).toBe('yes');
    expect(truth({ tag: { PatientName: 'YAMADA^TAROU' } }, { patient: { name } })).toBe('yes');
  });

  it('counts years to the day of the study', () => {
    const child = (birthDate: string) =>
      truth({ patientAge: { maxYears: 17 } }, { patient: { birthDate }, studyDate: '2026-03-03' });
    expect(child('2008-03-04')).toBe('yes');
    expect(child('2008-03-03')).toBe('no');
  });

  it.each([
    ['no birth date', { patient: {} }, { patientAge: { minYears: 18 } }],
    ['a birth date known in part', { patient: { birthDate: '1970-00-00' } }, { patientAge: { minYears: 18 } }],
    ['a birth date after the study', { patient: { birthDate: '2027-01-01' } }, { patientAge: { maxYears: 18 } }],
    ['no study date', { studyDate: '' }, { studyDate: { withinDays: 3 } }],
  ])('that cannot be decided is unknown, and so is its opposite: %s', (_name, study, when) => {
    expect(truth(when, study)).toBe('unknown');
    expect(truth({ not: when }, study)).toBe('unknown');
  });

  it('of conditions follows three-valued logic', () => {
    const table = [
      [yes, yes, 'yes', 'yes'],
      [yes, no, 'no', 'yes'],
      [yes, unknown, 'unknown', 'yes'],
      [no, no, 'no', 'no'],
      [no, unknown, 'no', 'unknown'],
      [unknown, unknown, 'unknown', 'unknown'],
    ] as const;
    for (const [a, b, all, any] of table) {
      expect([truth({ all: [a, b] }), truth({ all: [b, a] })]).toEqual([all, all]);
      expect([truth({ any: [a, b] }), truth({ any: [b, a] })]).toEqual([any, any]);
    }
    expect([truth({ not: yes }), truth({ not: no }), truth({ not: unknown })]).toEqual(['no', 'yes', 'unknown']);
  });

  it('gives the reasons that settle it, as facts that hold also under a not', () => {
    const because = (when: object) => evaluate(condition(when), trial(routable())).because;
    expect(because({ all: [yes, no, unknown] })).toEqual(['no modality is one of MG']);
    expect(because({ any: [no, yes] })).toEqual(['a modality is one of CT']);
    expect(because({ not: no })).toEqual(['no modality is one of MG']);
    expect(because({ all: [yes, unknown] })).toEqual(['ReferringPhysicianName matches, but is only a name']);
    expect(because({ any: [no, { institution: 'x' }] })).toEqual([
      'no modality is one of MG',
      'the institution does not match',
    ]);
  });

  it('on a listed professional number', () => {
    const when = { referringPhysician: { number: ['1-00001-03-580'] } };
    expect(truth(when)).toBe('yes');
    expect(truth(when, { referringPhysician: physician('Any', 'Body', '999') })).toBe('no');
    expect(truth(when, { referringPhysician: physician('Canarydoc', 'Anna') })).toBe('no');
  });

  it('on the requesting physician looks at that one only', () => {
    const when = { requestingPhysician: { practisesAt: 'be-south' } };
    expect(truth(when)).toBe('no');
    expect(truth(when, { requestingPhysician: physician('Canarydoc', 'Anna', '10000103580') })).toBe('yes');
  });
});
