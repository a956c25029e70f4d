import { parseUid } from '@interhosp/core/dicom';
import { createStudyIndex, type IndexedInstance } from '@interhosp/core/pacs';
import { describe, expect, it } from 'vitest';
import { parseSidecar } from './sidecar.ts';
import { contradictionAmong, placementOf } from './placement.ts';

const STUDY = '1.2.3';
const NEW = { PatientID: 'A', PatientName: 'Peeters^Jan', PatientBirthDate: '19700101', StudyInstanceUID: '2.25.9' };

interface Held extends IndexedInstance {
  readonly isImported?: boolean;
}

function held(sop: string, patientId: string, more: Partial<IndexedInstance['header']> = {}, uid = STUDY): Held {
  const studyInstanceUid = parseUid(uid);
  return {
    studyInstanceUid,
    seriesInstanceUid: parseUid('1.2.3.1'),
    sopInstanceUid: parseUid(sop),
    sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.7'),
    transferSyntaxUid: parseUid('1.2.840.10008.1.2.1'),
    header: {
      studyInstanceUid,
      modalities: ['CT'],
      accessionNumber: 'ACC1',
      studyDate: '2026-03-14',
      studyTime: '09:30:00',
      patient: {
        patientId: { id: patientId, issuer: 'HOSP' },
        name: { alphabetic: { family: 'Vérité', given: 'Anne', middle: '', prefix: '', suffix: '' } },
        birthDate: '1961-04-23',
        sex: 'F',
      },
      ...more,
    },
  };
}

function place(said: object, ...instances: readonly Held[]) {
  const studies = createStudyIndex<Held>();
  for (const instance of instances) studies.add(instance);
  const bytes = Uint8Array.from(Buffer.from(JSON.stringify(said)));
  return placementOf(parseSidecar(bytes), studies, ({ isImported }) => isImported === true);
}

const refused = (code: string, details?: object) =>
  expect.objectContaining({ code, ...(details && { details: expect.objectContaining(details) as object }) }) as Error;

describe('the study of a file', () => {
  it('speaks for itself where the folder holds it', () => {
    const { isNew, values } = place({ StudyInstanceUID: STUDY }, held('1.2.3.4', 'A'));
    expect(isNew).toBe(false);
    expect(Object.fromEntries(values)).toEqual({
      PatientName: 'Vérité^Anne',
      PatientID: 'A',
      IssuerOfPatientID: 'HOSP',
      PatientBirthDate: '19610423',
      PatientSex: 'F',
      StudyInstanceUID: STUDY,
      StudyDate: '20260314',
      StudyTime: '093000',
      AccessionNumber: 'ACC1',
    });
  });

  it('is told by the instance of the lowest UID, whichever came first', () => {
    const [low, high] = [held('1.2.3.1', 'A', { description: 'low' }), held('1.2.3.2', 'A', { description: 'high' })];
    for (const order of [
      [low, high],
      [high, low],
    ]) {
      expect(place({ StudyInstanceUID: STUDY }, ...order).values.get('StudyDescription')).toBe('low');
    }
  });

  it('is found by its accession number only with the patient beside it', () => {
    const by = (said: object) => place(said, held('1.2.3.4', 'A'));
    expect(by({ AccessionNumber: 'ACC1', PatientID: 'A' }).studyInstanceUid).toBe(STUDY);
    expect(() => by({ AccessionNumber: 'ACC1' })).toThrow(refused('IMPORT_IDENTITY_MISSING', { field: 'PatientID' }));
    expect(() => by({ AccessionNumber: 'ACC1', PatientID: 'B' })).toThrow(
      refused('IMPORT_CONFLICT', { field: 'PatientID' }),
    );
    expect(() => by({ AccessionNumber: 'ACC2', PatientID: 'A' })).toThrow(refused('IMPORT_STUDY_UNKNOWN'));
  });

  it.each([
    [{ PatientID: 'B' }, 'PatientID'],
    [{ IssuerOfPatientID: 'OTHER' }, 'IssuerOfPatientID'],
    [{ PatientName: 'Peeters^Jan' }, 'PatientName'],
    [{ PatientBirthDate: '19610424' }, 'PatientBirthDate'],
    [{ PatientSex: 'M' }, 'PatientSex'],
    [{ StudyDate: '20260315' }, 'StudyDate'],
    [{ AccessionNumber: 'ACC2' }, 'AccessionNumber'],
  ])('is refused where %j contradicts it', (said, field) => {
    expect(() => place({ StudyInstanceUID: STUDY, ...said }, held('1.2.3.4', 'A'))).toThrow(
      refused('IMPORT_CONFLICT', { field, reason: 'study' }),
    );
  });

  it.each([{ PatientName: 'VÉRITÉ^ANNE' }, { StudyTime: '0930' }, { PatientID: ' A ' }, { StudyID: '7' }])(
    'is not contradicted by %j',
    (said) => {
      expect(place({ StudyInstanceUID: STUDY, ...said }, held('1.2.3.4', 'A')).isNew).toBe(false);
    },
  );

  it('of two patients is ambiguous, until one of them is named', () => {
    const both = [held('1.2.3.4', 'A'), held('1.2.3.5', 'B')];
    expect(() => place({ StudyInstanceUID: STUDY }, ...both)).toThrow(refused('IMPORT_STUDY_AMBIGUOUS'));
    expect(place({ StudyInstanceUID: STUDY, PatientID: 'B' }, ...both).values.get('PatientID')).toBe('B');
  });

  it('that has the accession number of another is ambiguous', () => {
    const both = [held('1.2.3.4', 'A'), held('1.2.9.4', 'A', {}, '1.2.9')];
    expect(() => place({ AccessionNumber: 'ACC1', PatientID: 'A' }, ...both)).toThrow(
      refused('IMPORT_STUDY_AMBIGUOUS'),
    );
  });

  it('that is new needs a whole identity, and is not known by what was imported', () => {
    expect(place(NEW)).toMatchObject({ isNew: true, studyInstanceUid: '2.25.9' });
    for (const keyword of ['PatientID', 'PatientName', 'PatientBirthDate']) {
      expect(() => place({ ...NEW, [keyword]: '' })).toThrow(refused('IMPORT_STUDY_UNKNOWN'));
    }
    const imported = { ...held('1.2.3.4', 'A'), isImported: true };
    expect(() => place({ StudyInstanceUID: STUDY }, imported)).toThrow(refused('IMPORT_STUDY_UNKNOWN'));
  });

  it.each([
    [{}, 'IMPORT_IDENTITY_MISSING'],
    [{ PatientID: 'A', PatientName: 'Peeters^Jan' }, 'IMPORT_IDENTITY_MISSING'],
    [{ StudyInstanceUID: 'report' }, 'IMPORT_SIDECAR_INVALID'],
  ])('is never guessed from %j', (said, code) => {
    expect(() => place(said, held('1.2.3.4', 'A'))).toThrow(refused(code));
  });
});

describe('files of one new study', () => {
  it('contradict each other where two say different things', () => {
    const [one, same, other, less] = [NEW, NEW, { ...NEW, PatientID: 'B' }, { ...NEW, StudyDate: '20260101' }].map(
      (said) => place(said),
    );
    if (one === undefined || same === undefined || other === undefined || less === undefined) throw new Error('four');
    expect(contradictionAmong([one, same, less])).toBeUndefined();
    expect(contradictionAmong([one, less, other])).toBe('PatientID');
  });
});
