import { encodeElements, characterSetOf, TAGS, TRANSFER_SYNTAXES, type NewElement } from '@interhosp/core/dicom';
import { describe, expect, it } from 'vitest';
import { decodeIdentifier, type Identifier } from '../query/identifier.ts';
import { learnAnswer, type AnswersProfile } from './learn-answers.ts';
import { dateRange, key, level } from '../query/query-keys.ts';

const UTF8 = characterSetOf('ISO_IR 192');
if (UTF8 === undefined) throw new Error('UTF-8 is known');

function answerOf(...elements: readonly (readonly NewElement[])[]): Identifier {
  const bytes = encodeElements('explicit', elements.flat(), UTF8 as NonNullable<typeof UTF8>);
  return decodeIdentifier(bytes, { transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRLittleEndian });
}

const KEYS = [
  ...level('STUDY'),
  ...dateRange(TAGS.StudyDate, '2024-01-01', '2024-01-31'),
  ...key(TAGS.AccessionNumber, 'SH', 'acc-*'),
  ...key(TAGS.ModalitiesInStudy, 'CS'),
  ...key(TAGS.PatientID, 'LO', 'P-1'),
];
const FITTING = [
  key(TAGS.StudyDate, 'DA', '20240115'),
  key(TAGS.AccessionNumber, 'SH', 'ACC-1'),
  key(TAGS.PatientID, 'LO', 'p-1'),
];

describe('what answers tell of a PACS', () => {
  it('is which attributes are in none of them', () => {
    const one = learnAnswer({}, answerOf(key(TAGS.PatientID, 'LO', 'P-1')), KEYS);
    expect(one?.absentKeys).toEqual(['00080020', '00080050', '00080061']);
    const two = learnAnswer(one ?? {}, answerOf(...FITTING), KEYS);
    expect(two?.absentKeys).toEqual(['00080061']);
    expect(learnAnswer(two ?? {}, answerOf(...FITTING), KEYS)).toBeUndefined();
    // Empty is there; and what is there once is not told to be absent again.
    const three = learnAnswer(two ?? {}, answerOf(...FITTING, key(TAGS.ModalitiesInStudy, 'CS')), KEYS);
    expect(three?.absentKeys).toEqual([]);
    expect(learnAnswer(three ?? {}, answerOf(), KEYS)).toBeUndefined();
  });

  it('is which keys they do not match', () => {
    const known: AnswersProfile = { absentKeys: [], ignoredKeys: [], answersIn: '' };
    expect(learnAnswer(known, answerOf(...FITTING), KEYS)).toBeUndefined();
    const [date, accession, patient] = [
      key(TAGS.StudyDate, 'DA', '20240201'),
      key(TAGS.AccessionNumber, 'SH', 'X'),
      key(TAGS.PatientID, 'LO', 'P-2'),
    ];
    const one = learnAnswer(known, answerOf(date), KEYS);
    expect(one?.ignoredKeys).toEqual(['00080020']);
    expect(learnAnswer(one ?? {}, answerOf(date), KEYS)).toBeUndefined();
    expect(learnAnswer(one ?? {}, answerOf(accession, patient), KEYS)?.ignoredKeys).toEqual([
      '00080020',
      '00080050',
      '00100020',
    ]);
  });

  it('is the character set that they declare', () => {
    const declared = (term: string) => key(TAGS.SpecificCharacterSet, 'CS', term);
    const known: AnswersProfile = { absentKeys: [], ignoredKeys: [], answersIn: '' };
    expect(learnAnswer(known, answerOf(declared('ISO_IR 100')), [])).toEqual({ ...known, answersIn: 'ISO_IR 100' });
    const latin: AnswersProfile = { ...known, answersIn: 'ISO_IR 100' };
    expect(learnAnswer(latin, answerOf(declared('')), [])).toBeUndefined();
  });
});
