import {
  characterSetOf,
  encodeElements,
  TAGS,
  TRANSFER_SYNTAXES,
  type NewElement,
  type Uid,
} from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import { fuzz, fuzzRuns } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { decodeIdentifier, encodeIdentifier, readIdentifier } from './identifier.ts';
import { DataSetInbox } from '../association/inbox.ts';
import { MAX_IDENTIFIER_BYTES } from '../limits.ts';
import { isSingleValue, key, level } from './query-keys.ts';
import { QUERY_TAGS } from './query-tags.ts';

const { ExplicitVRLittleEndian: EXPLICIT, ImplicitVRLittleEndian: IMPLICIT } = TRANSFER_SYNTAXES;
const RUNS = fuzzRuns(20_000, 1_000_000);
const SYNTAXES = [
  ['explicit', EXPLICIT],
  ['implicit', IMPLICIT],
] as const;

function name(text: string): NewElement {
  return { tag: TAGS.PatientName, value: { vr: 'PN', text } };
}

/** A data set that declares a character set, and is written in another if it must. */
function declared(term: string, elements: readonly NewElement[], writtenIn = term): Uint8Array {
  const set = characterSetOf(writtenIn);
  if (set === undefined) throw new Error('no such set');
  const declaration: NewElement = { tag: TAGS.SpecificCharacterSet, value: { vr: 'CS', text: term } };
  return encodeElements('explicit', term === '' ? elements : [declaration, ...elements], set);
}

function read(bytes: Uint8Array, undeclaredCharacterSet?: string) {
  return decodeIdentifier(bytes, { transferSyntaxUid: EXPLICIT, undeclaredCharacterSet });
}

describe.each(SYNTAXES)('an identifier in %s VR', (_, transferSyntaxUid) => {
  it('comes back as it was written', () => {
    const keys = [
      ...level('STUDY'),
      ...key(TAGS.PatientID, 'LO', ' 007 '),
      ...key(TAGS.StudyDate, 'DA', '20240229'),
      ...key(TAGS.StudyTime, 'TM', '0926'),
      ...key(TAGS.ModalitiesInStudy, 'CS', 'CT\\\\SR'),
      ...key(QUERY_TAGS.SOPClassesInStudy, 'UI', '1.2.3\\7\\1.2.4'),
      ...key(QUERY_TAGS.NumberOfStudyRelatedInstances, 'IS', '12'),
      ...key(TAGS.AccessionNumber, 'SH'),
      name('Lemaître^Zoé=山田^太郎'),
      {
        tag: QUERY_TAGS.ScheduledProcedureStepSequence,
        value: { vr: 'SQ', items: [key(QUERY_TAGS.ScheduledProcedureStepStatus, 'CS', 'READY'), []] },
      } as const,
    ];
    const identifier = decodeIdentifier(encodeIdentifier(keys, { transferSyntaxUid }), { transferSyntaxUid });
    expect(identifier.text(QUERY_TAGS.QueryRetrieveLevel)).toBe('STUDY');
    expect(identifier.text(TAGS.PatientID)).toBe('007');
    expect(identifier.date(TAGS.StudyDate)).toBe('2024-02-29');
    expect(identifier.time(TAGS.StudyTime)).toBe('09:26:00');
    expect(identifier.texts(TAGS.ModalitiesInStudy)).toEqual(['CT', 'SR']);
    expect(identifier.uids(QUERY_TAGS.SOPClassesInStudy)).toEqual(['1.2.3', '1.2.4']);
    expect(identifier.uid(QUERY_TAGS.SOPClassesInStudy)).toBe('1.2.3');
    expect(identifier.count(QUERY_TAGS.NumberOfStudyRelatedInstances)).toBe(12);
    expect(identifier.text(TAGS.AccessionNumber)).toBeUndefined();
    expect([identifier.has(TAGS.AccessionNumber), identifier.has(TAGS.StudyID)]).toEqual([true, false]);
    expect(identifier.vr(TAGS.AccessionNumber)).toBe('SH');
    expect(identifier.name(TAGS.PatientName)).toMatchObject({
      alphabetic: { family: 'Lemaître', given: 'Zoé' },
      ideographic: { family: '山田', given: '太郎' },
    });
    const steps = identifier.items(QUERY_TAGS.ScheduledProcedureStepSequence);
    expect(steps.map((step) => step.text(QUERY_TAGS.ScheduledProcedureStepStatus))).toEqual(['READY', undefined]);
  });
});

describe('the character set of an identifier', () => {
  const setOf = (text: string, characterSet?: string) => {
    const bytes = encodeIdentifier([name(text)], { transferSyntaxUid: EXPLICIT, characterSet });
    return read(bytes).raw(TAGS.SpecificCharacterSet);
  };

  it('is the least that holds the text, or the one that the PACS wants where that holds it', () => {
    expect(setOf('Peeters^Jan')).toBeUndefined();
    expect(setOf('Lemaître^Zoé')).toBe('ISO_IR 100');
    expect(setOf('山田^太郎')).toBe('ISO_IR 192');
    expect(setOf('Peeters^Jan', 'ISO_IR 100')).toBe('ISO_IR 100');
    expect(setOf('山田^太郎', 'ISO_IR 100')).toBe('ISO_IR 192');
    expect(setOf('Lemaître^Zoé', 'no such set')).toBe('ISO_IR 192');
  });

  it.each([
    ['ISO_IR 100', 'Lemaître^Zoé'],
    ['ISO_IR 101', 'Dvořák^Antonín'],
    ['ISO_IR 144', 'Люкceмбypг'],
    ['ISO_IR 192', '山田^太郎'],
    ['GB18030', '王^小东'],
    ['ISO 2022 IR 6\\ISO 2022 IR 100', 'Lemaître^Zoé'],
  ])("is the answer's own, %s", (term, text) => {
    expect(read(declared(term, [name(text)])).raw(TAGS.PatientName)).toBe(text);
  });

  it('can be told for a PACS that declares none, and never makes up letters otherwise', () => {
    const bytes = declared('', [name('Lemaître^Zoé')], 'ISO_IR 100');
    expect(read(bytes, 'ISO_IR 100').raw(TAGS.PatientName)).toBe('Lemaître^Zoé');
    expect(read(bytes).raw(TAGS.PatientName)).toBe('Lema\ufffdtre^Zo\ufffd');
    expect(read(declared('ISO_IR 999', [name('Zoé')], 'ISO_IR 100'), 'ISO_IR 100').raw(TAGS.PatientName)).toBe(
      'Zo\ufffd',
    );
  });
});

describe('counts', () => {
  it.each<[string, NewElement['value'], number | undefined]>([
    ['digits', { vr: 'IS', text: '42' }, 42],
    ['padded digits', { vr: 'IS', text: ' 7' }, 7],
    ['two bytes', { vr: 'US', numbers: [40_000] }, 40_000],
    ['four bytes', { vr: 'UL', numbers: [3_000_000_000] }, 3_000_000_000],
    ['a negative number', { vr: 'IS', text: '-1' }, undefined],
    ['text', { vr: 'LO', text: 'many' }, undefined],
    ['nothing', { vr: 'IS', text: '' }, undefined],
  ])('are read from %s', (_, value, count) => {
    const tag = QUERY_TAGS.NumberOfStudyRelatedInstances;
    expect(read(declared('', [{ tag, value }], 'ISO_IR 6')).count(tag)).toBe(count);
  });
});

describe('a key', () => {
  it('is empty where no data set can hold its text', () => {
    const textOf = (elements: readonly NewElement[]) =>
      read(declared('', elements, 'ISO_IR 192')).raw(elements[0]?.tag ?? 0);
    expect(textOf(key(TAGS.PatientID, 'LO', 'X'.repeat(64)))).toBe('X'.repeat(64));
    expect(textOf(key(TAGS.PatientID, 'LO', 'X'.repeat(65)))).toBeUndefined();
    expect(textOf(key(TAGS.PatientID, 'LO', 'A\u001bB'))).toBeUndefined();
    expect(textOf(key(TAGS.Modality, 'CS', 'lower'))).toBeUndefined();
  });

  it('names one thing without wildcards and lists alone', () => {
    const isOne = (text: string) => isSingleValue(TAGS.PatientID, 'LO', text);
    expect(['A', 'A*', 'A?', 'A\\B', '', 'X'.repeat(65)].map(isOne)).toEqual([true, false, false, false, false, false]);
  });
});

describe('an identifier that comes in', () => {
  function inbox(bytes: Uint8Array): DataSetInbox {
    const dataSet = new DataSetInbox({ held: () => {}, awaits: () => {} });
    dataSet.push(bytes);
    dataSet.end();
    return dataSet;
  }

  it('has a limit', async () => {
    const reading = readIdentifier(inbox(new Uint8Array(MAX_IDENTIFIER_BYTES + 2)), { transferSyntaxUid: IMPLICIT });
    await expect(reading).rejects.toMatchObject({ code: 'PACS_PROTOCOL', details: { reason: 'identifier-length' } });
    const most = encodeElements(
      'implicit',
      [{ tag: 0x7fe00010, value: { vr: 'OB', bytes: new Uint8Array(MAX_IDENTIFIER_BYTES - 8) } }],
      characterSetOf('ISO_IR 6') as NonNullable<ReturnType<typeof characterSetOf>>,
    );
    expect((await readIdentifier(inbox(most), { transferSyntaxUid: IMPLICIT })).tags).toEqual([0x7fe00010]);
  });

  it('must be there', async () => {
    await expect(readIdentifier(undefined, { transferSyntaxUid: EXPLICIT })).rejects.toMatchObject({
      code: 'PACS_PROTOCOL',
      details: { reason: 'identifier-missing' },
    });
  });

  it('is read or refused with a code, whatever its bytes', async () => {
    const seeds = SYNTAXES.map(([, transferSyntaxUid]) =>
      encodeIdentifier(
        [
          ...level('IMAGE'),
          name('Lemaître^Zoé=山田^太郎'),
          ...key(TAGS.SOPInstanceUID, 'UI', '1.2.3\\1.2.4'),
          {
            tag: QUERY_TAGS.ScheduledProcedureStepSequence,
            value: { vr: 'SQ', items: [key(TAGS.Modality, 'CS', 'CT')] },
          },
        ],
        { transferSyntaxUid },
      ),
    );
    const { runs } = await fuzz({
      name: 'identifier',
      corpus: seeds,
      runs: RUNS,
      execute: (bytes) => {
        for (const [, transferSyntaxUid] of SYNTAXES) readAll(bytes, transferSyntaxUid);
      },
    });
    expect(runs).toBe(RUNS);
  });
});

/** Reads everything there is. */
function readAll(bytes: Uint8Array, transferSyntaxUid: Uid): void {
  try {
    const identifier = decodeIdentifier(bytes, { transferSyntaxUid });
    for (const tag of identifier.tags) {
      identifier.raw(tag);
      identifier.name(tag);
      identifier.uids(tag);
      identifier.date(tag);
      identifier.time(tag);
      identifier.count(tag);
      for (const item of identifier.items(tag)) item.tags.map((each) => item.raw(each));
    }
  } catch (error) {
    if (errorCodeOf(error) !== 'PACS_PROTOCOL') throw error;
  }
}
