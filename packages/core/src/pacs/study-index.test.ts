import { describe, expect, it } from 'vitest';
import { parseUid } from '../dicom/uid.ts';
import { createStudyIndex, type IndexedInstance } from './study-index.ts';
import { matchesStudyQuery } from './study-query.ts';

const study = parseUid('1.2.3');

function instance(
  number: number,
  patientId: string | undefined,
  more: Partial<IndexedInstance['header']> = {},
): IndexedInstance {
  return {
    studyInstanceUid: study,
    seriesInstanceUid: parseUid('1.2.3.1'),
    sopInstanceUid: parseUid(`1.2.3.1.${number}`),
    sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.7'),
    transferSyntaxUid: parseUid('1.2.840.10008.1.2.1'),
    header: {
      studyInstanceUid: study,
      modalities: ['CT'],
      patient: patientId === undefined ? {} : { patientId: { id: patientId } },
      ...more,
    },
  };
}

describe('a study index', () => {
  it('lists a study once under each patient, with the modalities of that patient', () => {
    const index = createStudyIndex();
    index.add(instance(1, 'A', { modalities: ['SR'] }));
    index.add(instance(2, 'A'));
    index.add(instance(3, 'B'));
    const found = index.studies({});
    expect(found.map((each) => [each.patient.patientId.id, each.instances, each.header.modalities])).toEqual([
      ['A', 2, ['CT', 'SR']],
      ['B', 1, ['CT']],
    ]);
    expect(index.instances(study)).toHaveLength(3);
    expect(index.size).toBe(3);
  });

  it('keeps the same UID under two patients apart', () => {
    const index = createStudyIndex();
    index.add(instance(1, 'A'));
    index.add(instance(1, 'B'));
    expect(index.withUid(instance(1, 'A'))).toHaveLength(2);
  });

  it('replaces an instance of the same UID under the same patient, and forgets removed ones', () => {
    const index = createStudyIndex();
    index.add(instance(1, 'A'));
    index.add(instance(1, 'A'));
    expect(index.size).toBe(1);
    index.remove(instance(1, 'A'));
    index.remove(instance(1, 'A'));
    expect(index.size).toBe(0);
    expect(index.studies({})).toEqual([]);
    expect(index.instances(study)).toEqual([]);
  });

  it('lists an instance without a patient ID under an empty one', () => {
    const index = createStudyIndex();
    index.add(instance(1, undefined));
    expect(index.studies({ patientId: '' })[0]?.patient.patientId).toEqual({ id: '' });
  });
});

describe('matching a study query', () => {
  const [summary] = (() => {
    const index = createStudyIndex();
    index.add(instance(1, 'A', { studyDate: '2024-02-29' }));
    return index.studies({});
  })();

  it.each([
    [{}, true],
    [{ studyDateFrom: '2024-02-29', studyDateTo: '2024-02-29' }, true],
    [{ studyDateFrom: '2024-03-01' }, false],
    [{ studyDateTo: '2024-02-28' }, false],
    [{ patientId: 'a' }, false],
    [{ accessionNumber: '' }, true],
    [{ accessionNumber: 'X' }, false],
    [{ studyInstanceUid: parseUid('1.2.4') }, false],
  ])('%o matches: %s', (query, matches) => {
    if (summary === undefined) throw new Error('the index lists its study');
    expect(matchesStudyQuery(summary, query)).toBe(matches);
  });
});
