import { describe, expect, it } from 'vitest';
import { generateStudy, SAMPLE_NATIONAL_ISSUER, type SampleStudyOptions } from '../conformance/sample-studies.ts';
import { bytesSource } from './byte-source.ts';
import { concatBytes, latin1Bytes } from './bytes.ts';
import { encodeElements, type NewElement } from './element.ts';
import { characterSetOf } from './character-set.ts';
import { encodeElement, encodeElementHeader } from './encode.ts';
import { DICOM_LIMITS } from './limits.ts';
import { readStudyHeader, type StudyHeaderOptions } from './read-study-header.ts';
import { TAGS, type Tag } from './tag.ts';
import { TRANSFER_SYNTAXES } from './transfer-syntax.ts';
import type { Vr } from './vr.ts';

const EXPLICIT = TRANSFER_SYNTAXES.ExplicitVRLittleEndian;

async function headerOf(options: SampleStudyOptions, how: StudyHeaderOptions = {}) {
  const instance = generateStudy({ instances: 1, pixels: 2, ...options }).instances[0];
  if (instance === undefined) throw new Error('no instance');
  return readStudyHeader(bytesSource(instance.dataSet), instance.transferSyntaxUid, how);
}

const name = (family: string, given: string) => ({
  alphabetic: { family, given, middle: '', prefix: '', suffix: '' },
});

const text = (tag: Tag, vr: Exclude<Vr, 'SQ'>, value: string): NewElement => ({ tag, value: { vr, text: value } });
const REQUIRED: readonly NewElement[] = [
  text(TAGS.SOPClassUID, 'UI', '1.2.3'),
  text(TAGS.SOPInstanceUID, 'UI', '1.2.4'),
  text(TAGS.StudyInstanceUID, 'UI', '1.2.5'),
  text(TAGS.SeriesInstanceUID, 'UI', '1.2.6'),
];

async function read(elements: readonly NewElement[], how: StudyHeaderOptions = {}, terms = 'ISO_IR 192') {
  const characterSet = characterSetOf(terms);
  if (characterSet === undefined) throw new Error('no such character set');
  const all = [...REQUIRED, text(TAGS.SpecificCharacterSet, 'CS', terms), ...elements];
  return (await readStudyHeader(bytesSource(encodeElements('explicit', all, characterSet)), EXPLICIT, how)).header;
}

describe('readStudyHeader', () => {
  it.each(['explicit', 'implicit'] as const)('tells all that a generated %s header says', async (vrForm) => {
    const patient = {
      patientId: { id: 'P-1', issuer: 'A' },
      name: name('Łódź', 'Zoé'),
      birthName: name('Früh', 'Zoé'),
      birthDate: '1950-12-31',
      sex: 'O' as const,
      nationalNumber: '50123112345',
      otherIds: [{ id: 'X-9', issuer: 'B' }, { id: 'X-10' }],
      street: 'Rue Haute 1',
      phone: '+3221234567',
    };
    const referringPhysician = { name: name('Referrer', 'R'), number: '10012345004' };
    const requestingPhysician = { name: name('Requester', 'Q'), number: '10054321004' };
    const options = { vrForm, patient, referringPhysician, requestingPhysician, studyDate: '2025-02-03' };
    const { identity, header } = await headerOf(options, { nationalNumberIssuers: [SAMPLE_NATIONAL_ISSUER] });
    const study = generateStudy({ instances: 1, pixels: 2, ...options });
    const { dataSet: _, ...expected } = study.instances[0] ?? { dataSet: undefined };
    expect(identity).toEqual(expected);
    expect(header).toEqual({
      studyInstanceUid: study.studyInstanceUid,
      patient,
      modalities: ['CT'],
      studyDate: '2025-02-03',
      studyTime: '09:26:53',
      accessionNumber: 'ACC-2026-0815',
      studyId: '4711',
      description: 'Thorax sans contraste',
      bodyPart: 'CHEST',
      institution: 'Hôpital Exemple',
      referringPhysician,
      requestingPhysician,
    });
  });

  it('takes an identifier for a national number only under an issuer that it is told of', async () => {
    const patient = { patientId: { id: '50.12.31-123.45', issuer: 'niss' } };
    expect((await headerOf({ patient })).header.patient.nationalNumber).toBeUndefined();
    const { header } = await headerOf({ patient }, { nationalNumberIssuers: ['NISS'] });
    expect(header.patient).toMatchObject({ nationalNumber: '50123112345', patientId: patient.patientId });
    const withoutIssuer = { patientId: { id: '50123112345' } };
    const told = await headerOf({ patient: withoutIssuer }, { nationalNumberIssuers: ['', 'NISS'] });
    expect(told.header.patient.nationalNumber).toBeUndefined();
  });

  it('takes the Universal Entity ID for the issuer where there is no other', async () => {
    const qualifiers = [text(TAGS.UniversalEntityID, 'UT', '1.2.3.4'), text(TAGS.UniversalEntityIDType, 'CS', 'ISO')];
    const header = await read([
      text(TAGS.PatientID, 'LO', 'P'),
      { tag: TAGS.IssuerOfPatientIDQualifiersSequence, value: { vr: 'SQ', items: [qualifiers] } },
    ]);
    expect(header.patient.patientId).toEqual({ id: 'P', issuer: '1.2.3.4' });
  });

  it('leaves out values that make no sense rather than refuse the instance', async () => {
    const bad = (tag: Tag, vr: Vr, value: string): NewElement => ({ tag, value: { vr, bytes: latin1Bytes(value) } });
    const header = await read([
      bad(TAGS.PatientBirthDate, 'DA', '19611340'),
      bad(TAGS.PatientSex, 'CS', 'female'),
      bad(TAGS.StudyDate, 'DA', 'tomorrow'),
      bad(TAGS.StudyTime, 'TM', '25'),
      bad(TAGS.PatientName, 'PN', ' ^^ '),
      bad(TAGS.OtherPatientIDsSequence, 'SQ', 'not items at all'),
    ]);
    expect(header).toEqual({ studyInstanceUid: '1.2.5', patient: {}, modalities: [] });
  });

  it('reads text of an item in the character set the item declares', async () => {
    const own = characterSetOf('ISO_IR 144')?.encode('Лю') ?? new Uint8Array(0);
    const item: readonly NewElement[] = [
      text(TAGS.SpecificCharacterSet, 'CS', 'ISO_IR 144'),
      { tag: TAGS.PatientID, value: { vr: 'LO', bytes: own } },
    ];
    const header = await read([{ tag: TAGS.OtherPatientIDsSequence, value: { vr: 'SQ', items: [item] } }]);
    expect(header.patient.otherIds).toEqual([{ id: 'Лю' }]);
  });

  it('reads undeclared text as it is told to, and marks it as unreadable otherwise', async () => {
    const bytes = concatBytes([
      encodeElements('explicit', REQUIRED.slice(0, 2), characterSetOf('') as never),
      encodeElement('explicit', TAGS.PatientName, 'PN', latin1Bytes('V\xe9rit\xe9')),
      encodeElements('explicit', REQUIRED.slice(2), characterSetOf('') as never),
    ]);
    const family = async (how: StudyHeaderOptions) =>
      (await readStudyHeader(bytesSource(bytes), EXPLICIT, how)).header.patient.name?.alphabetic.family;
    expect(await family({ undeclaredCharacterSet: 'ISO_IR 100' })).toBe('Vérité');
    expect(await family({})).toBe('V\ufffdrit\ufffd');
  });

  it('requires each of the four identifiers, and that they are UIDs', async () => {
    for (const missing of REQUIRED.keys()) {
      for (const value of [undefined, '', '../../etc/passwd', '1.2\\1.3', '1'.repeat(65)]) {
        const elements = REQUIRED.flatMap((element, index) => {
          if (index !== missing) return [element];
          return value === undefined ? [] : [{ ...element, value: { vr: 'UI' as const, bytes: latin1Bytes(value) } }];
        });
        const bytes = encodeElements('explicit', elements, characterSetOf('') as never);
        const refused = readStudyHeader(bytesSource(bytes), EXPLICIT);
        await expect(refused, `${missing} ${value}`).rejects.toHaveProperty('code', 'DICOM_IDENTITY_MISSING');
      }
    }
  });

  it('gathers all modalities, sorted and once each', async () => {
    const header = await read([text(TAGS.Modality, 'CS', 'PT'), text(TAGS.ModalitiesInStudy, 'CS', 'PT\\CT\\SR')]);
    expect(header.modalities).toEqual(['CT', 'PT', 'SR']);
  });

  it('collects values up to a limit and leaves longer ones out', async () => {
    const comments = (length: number): NewElement => ({
      tag: TAGS.StudyDescription,
      value: { vr: 'UT', bytes: new Uint8Array(length).fill(0x41) },
    });
    expect((await read([comments(DICOM_LIMITS.valueBytes)])).description).toHaveLength(DICOM_LIMITS.valueBytes);
    expect((await read([comments(DICOM_LIMITS.valueBytes + 2)])).description).toBeUndefined();
  });

  it('says no word of the patient in its errors', async () => {
    const bytes = concatBytes([
      encodeElement('explicit', TAGS.PatientName, 'PN', latin1Bytes('Secret^Patient')),
      encodeElementHeader('explicit', TAGS.PatientID, 'LO', 50),
    ]);
    const error: unknown = await readStudyHeader(bytesSource(bytes), EXPLICIT).catch((caught: unknown) => caught);
    expect(error).toHaveProperty('code', 'DICOM_TRUNCATED');
    expect(JSON.stringify(error) + String(error)).not.toContain('Secret');
  });
});
