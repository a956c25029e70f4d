import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { corpusFiles, dataSetOf, plainElements } from '../../test/corpus-files.ts';
import { collect } from '../../test/streams.ts';
import { tinyForm, tinyWalk } from '../../test/tiny-walker.ts';
import { generateStudy, SAMPLE_PATIENT, type SampleKind } from '../conformance/sample-studies.ts';
import { bytesSource } from '../dicom/byte-source.ts';
import { concatBytes, latin1Bytes, latin1Text } from '../dicom/bytes.ts';
import { ASCII_CHARACTER_SET } from '../dicom/character-set.ts';
import { encodeElements, type NewElement } from '../dicom/element.ts';
import {
  encodeElement,
  encodeElementHeader,
  encodeItem,
  encodeSequence,
  encodeSequenceEnd,
  type VrForm,
} from '../dicom/encode.ts';
import { parseElements, parseItems, type ParsedElement } from '../dicom/parse.ts';
import { interpretIncomplete, readHeaderValues, STUDY_HEADER_TAGS } from '../dicom/read-study-header.ts';
import { spliceStream } from '../dicom/splice.ts';
import { formatTag, TAGS, type Tag } from '../dicom/tag.ts';
import { isDeflated, TRANSFER_SYNTAXES, vrFormOf } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import { UNDEFINED_LENGTH, type Vr } from '../dicom/vr.ts';
import { parseMemberId } from '../study/index.ts';
import { coerceInstance, type CoerceOptions } from './coerce-instance.ts';
import type { CoercionInput } from './coercion.ts';

const EXPLICIT = TRANSFER_SYNTAXES.ExplicitVRLittleEndian;
const IMPLICIT = TRANSFER_SYNTAXES.ImplicitVRLittleEndian;
const BIG_ENDIAN = TRANSFER_SYNTAXES.ExplicitVRBigEndian;
const SYNTAXES = { explicit: EXPLICIT, 'explicit-big-endian': BIG_ENDIAN, implicit: IMPLICIT } as const;

const INPUT: CoercionInput = {
  patient: {
    patientId: { id: 'L-77', issuer: 'LOCAL' },
    name: { alphabetic: { family: 'Lefèvre', given: 'Zoé', middle: '', prefix: '', suffix: '' } },
    birthDate: '1961-04-23',
    sex: 'F',
  },
  sender: parseMemberId('be-sender'),
  receiver: parseMemberId('be-receiver'),
  time: { epochMs: Date.UTC(2026, 2, 14, 9, 0, 0), utcOffsetMinutes: 60 },
};
const TIME = '20260314100000.000000+0100';

async function coerce(
  bytes: Uint8Array,
  syntax: Uid = EXPLICIT,
  input: Partial<CoercionInput> = {},
  options: CoerceOptions = {},
) {
  const source = bytesSource(bytes);
  const coercion = await coerceInstance(source, syntax, { ...INPUT, ...input }, options);
  const result = await collect(spliceStream(coercion.plan, source));
  expect(result.length).toBe(coercion.plan.lengthBytes);
  return { ...coercion, result };
}

const text = (tag: Tag, vr: Exclude<Vr, 'SQ'>, value: string): NewElement => ({ tag, value: { vr, text: value } });
const items = (tag: Tag, ...list: readonly (readonly NewElement[])[]): NewElement => ({
  tag,
  value: { vr: 'SQ', items: list },
});
const UIDS: readonly NewElement[] = [
  text(TAGS.SOPClassUID, 'UI', '1.2.3'),
  text(TAGS.SOPInstanceUID, 'UI', '1.2.4'),
  text(TAGS.StudyInstanceUID, 'UI', '1.2.5'),
  text(TAGS.SeriesInstanceUID, 'UI', '1.2.6'),
];
/** A data set of the required UIDs and some more, with elements that are bytes already put in their place. */
function dataSet(elements: readonly NewElement[], form: VrForm = 'explicit'): Uint8Array {
  return encodeElements(form, [...UIDS, ...elements], ASCII_CHARACTER_SET);
}

const find = (bytes: Uint8Array, tag: Tag, form: VrForm = 'explicit'): ParsedElement | undefined =>
  parseElements(bytes, form).find((element) => element.tag === tag);
const valueOf = (bytes: Uint8Array, tag: Tag, form: VrForm = 'explicit'): string | undefined => {
  const element = find(bytes, tag, form);
  return element === undefined ? undefined : latin1Text(element.value).replace(/[\0 ]+$/, '');
};
const itemsOf = (bytes: Uint8Array, tag: Tag, form: VrForm = 'explicit') => {
  const element = find(bytes, tag, form);
  return element === undefined ? [] : parseItems(element.value, element.innerForm, element);
};
const lastOriginal = (bytes: Uint8Array, form: VrForm = 'explicit') =>
  itemsOf(bytes, TAGS.OriginalAttributesSequence, form).at(-1)?.content ?? new Uint8Array(0);
const modified = (bytes: Uint8Array, form: VrForm = 'explicit') => {
  const list = itemsOf(lastOriginal(bytes, form), TAGS.ModifiedAttributesSequence, form);
  expect(list).toHaveLength(1);
  return list[0]?.content ?? new Uint8Array(0);
};

describe('coerceInstance on every corpus file', () => {
  it('refuses with a code, or changes what it names and nothing else, and files under the local patient', async () => {
    let accepted = 0;
    for (const file of corpusFiles()) {
      let before: Uint8Array;
      let coerced: Awaited<ReturnType<typeof coerce>>;
      let syntax: Uid;
      try {
        ({ dataSet: before, transferSyntaxUid: syntax } = await dataSetOf(file));
        coerced = await coerce(before, syntax);
      } catch (error) {
        expect(error, file.name).toHaveProperty('code', expect.stringMatching(/^DICOM_/));
        continue;
      }
      accepted++;
      const isExplicit = tinyForm(syntax);
      const form = isDeflated(syntax) ? 'explicit' : vrFormOf(syntax);
      const values = await readHeaderValues(bytesSource(coerced.result), syntax, STUDY_HEADER_TAGS);
      const { header } = interpretIncomplete(values);
      expect(header.patient.name, file.name).toEqual(INPUT.patient.name);
      expect(header.patient.patientId, file.name).toEqual(INPUT.patient.patientId);
      before = plainElements(before, syntax);
      const result = plainElements(coerced.result, syntax);
      const untouched = (bytes: Uint8Array) =>
        tinyWalk(bytes, isExplicit)
          .filter(({ tag }) => !coerced.changed.includes(formatTag(tag)) && (tag & 0xffff) !== 0)
          .map(({ from, to }) => Buffer.from(bytes.subarray(from, to)).toString('base64'));
      expect(untouched(result), file.name).toEqual(untouched(before));
      // Every element that was replaced or removed stands in Original Attributes as the bytes it was.
      const kept = parseElements(modified(result, form), form);
      for (const { tag, valueFrom, to } of tinyWalk(before, isExplicit)) {
        if (!coerced.changed.includes(formatTag(tag)) || tag === TAGS.OriginalAttributesSequence) continue;
        const old = kept.find((element) => element.tag === tag);
        if (old?.value.length !== 0)
          expect(old?.value, `${file.name} ${formatTag(tag)}`).toEqual(before.subarray(valueFrom, to));
      }
    }
    expect(accepted).toBeGreaterThan(50);
  });

  it('ends with a code or a result wherever a generated study is cut off', async () => {
    for (const kind of ['CT', 'SR', 'PDF'] as const) {
      const bytes = generateStudy({ kind, instances: 1, pixels: 4 }).instances[0]?.dataSet ?? new Uint8Array(0);
      for (let length = 0; length < bytes.length; length += 3) {
        const error: unknown = await coerce(bytes.subarray(0, length)).then(
          () => undefined,
          (caught: unknown) => caught,
        );
        if (error !== undefined) expect(error).toHaveProperty('code', expect.stringMatching(/^DICOM_/));
      }
    }
  });
});

describe('coerceInstance', () => {
  const study = (kind: SampleKind = 'CT', vrForm: VrForm = 'explicit') =>
    generateStudy({ kind, instances: 1, pixels: 4, vrForm }).instances[0]?.dataSet ?? new Uint8Array(0);

  it('gives the same bytes for the same input', async () => {
    expect((await coerce(study())).result).toEqual((await coerce(study())).result);
  });

  it('replaces identity as one unit and leaves nothing of the source beside it', async () => {
    const foreign: readonly NewElement[] = [
      text(TAGS.PatientName, 'PN', 'Source^Name'),
      text(TAGS.PatientID, 'LO', 'S-1'),
      text(TAGS.IssuerOfPatientID, 'LO', 'SOURCE'),
      text(TAGS.TypeOfPatientID, 'CS', 'BARCODE'),
      items(TAGS.IssuerOfPatientIDQualifiersSequence, [text(TAGS.UniversalEntityID, 'UT', '1.2.3')]),
      text(TAGS.PatientBirthDate, 'DA', '19000101'),
      text(TAGS.PatientBirthTime, 'TM', '0101'),
      text(TAGS.PatientSex, 'CS', 'M'),
      text(TAGS.OtherPatientIDs, 'LO', 'S-2'),
      text(TAGS.OtherPatientNames, 'PN', 'Alias^Source'),
      text(TAGS.PatientBirthName, 'PN', 'Born^Source'),
      text(TAGS.PatientAddress, 'LO', 'Source Street'),
      text(TAGS.PatientMotherBirthName, 'PN', 'Mother^Source'),
      text(TAGS.PatientTelephoneNumbers, 'SH', '123'),
      text(TAGS.PatientTelecomInformation, 'LT', 'mail'),
      text(TAGS.PatientComments, 'LT', 'Source comment'),
      text(TAGS.AccessionNumber, 'SH', 'ACC1'),
      items(TAGS.IssuerOfAccessionNumberSequence, [text(TAGS.LocalNamespaceEntityID, 'UT', 'SOURCE')]),
      items(TAGS.RequestAttributesSequence, [text(TAGS.RequestedProcedureID, 'SH', 'RP1')]),
      text(TAGS.PlacerOrderNumberImagingServiceRequest, 'LO', 'PL1'),
      text(TAGS.FillerOrderNumberImagingServiceRequest, 'LO', 'FI1'),
      text(TAGS.RequestedProcedureDescription, 'LO', 'Source procedure'),
      text(TAGS.AdmissionID, 'LO', 'ADM1'),
    ];
    const kept = [
      text(TAGS.ReferringPhysicianName, 'PN', 'Doctor^Who'),
      text(TAGS.RequestingPhysician, 'PN', 'Doctor^Which'),
      text(TAGS.InstitutionName, 'LO', 'Source hospital'),
      text(TAGS.StudyID, 'SH', 'ST1'),
      text(TAGS.StudyDescription, 'LO', 'Thorax'),
      text(0x00101010, 'AS', '065Y'),
    ];
    const { result, changed } = await coerce(dataSet([...foreign, ...kept]));
    const rest = tinyWalk(result, true)
      .filter(({ tag }) => tag >>> 16 === 0x0010)
      .map(({ tag }) => tag);
    expect(rest).toEqual([
      TAGS.PatientName,
      TAGS.PatientID,
      TAGS.IssuerOfPatientID,
      TAGS.PatientBirthDate,
      TAGS.PatientSex,
      TAGS.OtherPatientIDsSequence,
      0x00101010,
    ]);
    expect(valueOf(result, TAGS.PatientName)).toBe('Lef\xe8vre^Zo\xe9');
    expect(
      [TAGS.PatientID, TAGS.IssuerOfPatientID, TAGS.PatientBirthDate, TAGS.PatientSex].map((tag) =>
        valueOf(result, tag),
      ),
    ).toEqual(['L-77', 'LOCAL', '19610423', 'F']);
    for (const { tag } of foreign.slice(17)) expect(find(result, tag), formatTag(tag)).toBeUndefined();
    expect(valueOf(result, TAGS.AccessionNumber)).toBe('');
    for (const { tag, value } of kept) expect(valueOf(result, tag)).toBe('text' in value ? value.text : undefined);
    expect(valueOf(result, TAGS.InstanceCoercionDateTime)).toBe(TIME);
    expect(valueOf(result, TAGS.InstanceOriginStatus)).toBe('IMPORTED');
    // All of it is kept, each as it was.
    const old = parseElements(modified(result), 'explicit');
    for (const element of foreign) {
      const written = encodeElements('explicit', [element], ASCII_CHARACTER_SET);
      const found = old.find(({ tag }) => tag === element.tag);
      expect(found?.value, formatTag(element.tag)).toEqual(
        written.subarray(written.length - (found?.value.length ?? 0)),
      );
      expect(found?.value.length).toBeGreaterThan(0);
    }
    expect(changed).toContain('00104000');
    expect(changed).toEqual(changed.toSorted());
  });

  it('removes the source issuer when the local record has none', async () => {
    const bytes = dataSet([
      text(TAGS.PatientID, 'LO', 'S-1'),
      text(TAGS.IssuerOfPatientID, 'LO', 'SOURCE'),
      items(TAGS.IssuerOfPatientIDQualifiersSequence, [text(TAGS.UniversalEntityID, 'UT', '1.2.3')]),
    ]);
    const { result } = await coerce(bytes, EXPLICIT, { patient: { patientId: { id: 'L-77' } } });
    expect(valueOf(result, TAGS.PatientID)).toBe('L-77');
    expect(find(result, TAGS.IssuerOfPatientID)).toBeUndefined();
    expect(find(result, TAGS.IssuerOfPatientIDQualifiersSequence)).toBeUndefined();
    // What the record does not know is emptied, never left to the source.
    expect([TAGS.PatientName, TAGS.PatientBirthDate, TAGS.PatientSex].map((tag) => valueOf(result, tag))).toEqual([
      '',
      '',
      '',
    ]);
  });

  it('says an issuer that is an OID also as Universal Entity ID', async () => {
    const { result } = await coerce(dataSet([]), EXPLICIT, { patient: { patientId: { id: 'L', issuer: '1.2.40.0' } } });
    const qualifiers = itemsOf(result, TAGS.IssuerOfPatientIDQualifiersSequence)[0]?.content ?? new Uint8Array(0);
    expect(valueOf(qualifiers, TAGS.UniversalEntityID)).toBe('1.2.40.0');
    expect(valueOf(qualifiers, TAGS.UniversalEntityIDType)).toBe('ISO');
  });

  it('writes what the local record knows beside the name, and leaves out what does not fit', async () => {
    const name = { alphabetic: { family: 'Born', given: 'Z', middle: '', prefix: '', suffix: '' } };
    const patient = { ...INPUT.patient, birthName: name, street: 'Rue Haute 1', postcode: '4000', city: 'Liège' };
    const { result } = await coerce(dataSet([]), EXPLICIT, {
      patient: { ...patient, phone: '+32 4 000 00 00 00 00', birthDate: '1961-04-00' },
    });
    expect(valueOf(result, TAGS.PatientBirthName)).toBe('Born^Z');
    expect(valueOf(result, TAGS.PatientAddress)).toBe('Rue Haute 1, 4000 Li\xe8ge');
    expect(find(result, TAGS.PatientTelephoneNumbers)).toBeUndefined();
    expect(valueOf(result, TAGS.PatientBirthDate)).toBe('');
  });

  it('refuses a local record that cannot be written', async () => {
    const bad = [{ id: '' }, { id: 'A\\B' }, { id: 'x'.repeat(65) }, { id: 'A', issuer: 'X\\Y' }];
    for (const patientId of bad) {
      await expect(coerce(dataSet([]), EXPLICIT, { patient: { patientId } })).rejects.toHaveProperty(
        'code',
        'DICOM_VALUE_INVALID',
      );
    }
    await expect(coerce(dataSet([]), EXPLICIT, { systemName: 'Système' })).rejects.toHaveProperty(
      'code',
      'DICOM_VALUE_INVALID',
    );
  });

  describe('other patient IDs', () => {
    const other = (id: string, issuer?: string): readonly NewElement[] => [
      text(TAGS.PatientID, 'LO', id),
      ...(issuer === undefined ? [] : [text(TAGS.IssuerOfPatientID, 'LO', issuer)]),
    ];
    const idsOf = (bytes: Uint8Array, form: VrForm = 'explicit') =>
      itemsOf(bytes, TAGS.OtherPatientIDsSequence, form).map(({ content }) => [
        valueOf(content, TAGS.PatientID, form),
        valueOf(content, TAGS.IssuerOfPatientID, form),
        valueOf(content, TAGS.TypeOfPatientID, form),
      ]);

    it.each(['explicit', 'implicit'] as const)('gain the source ID with its issuer, in %s VR', async (form) => {
      const bytes = dataSet(
        [...other('S-1', 'SOURCE'), items(TAGS.OtherPatientIDsSequence, other('X', 'OTHER'))],
        form,
      );
      const { result } = await coerce(bytes, SYNTAXES[form]);
      expect(idsOf(result, form)).toEqual([
        ['X', 'OTHER', undefined],
        ['S-1', 'SOURCE', 'TEXT'],
      ]);
    });

    it('name the sender where the source ID has no issuer', async () => {
      expect(idsOf((await coerce(dataSet(other('S-1')))).result)).toEqual([['S-1', 'be-sender', 'TEXT']]);
    });

    it('lose items without an issuer, which could be taken for local ones', async () => {
      const bytes = dataSet([items(TAGS.OtherPatientIDsSequence, other('L-77'), other('X', 'OTHER'))]);
      expect(idsOf((await coerce(bytes)).result)).toEqual([['X', 'OTHER', undefined]]);
    });

    it('lose national numbers, also as source ID, unless policy writes them', async () => {
      const bytes = dataSet([
        ...other('50123112345', 'niss'),
        items(TAGS.OtherPatientIDsSequence, other('50123112345', 'NISS')),
      ]);
      const forbid = { policy: { nationalNumberIssuers: ['NISS'] } };
      const without = await coerce(bytes, EXPLICIT, forbid);
      expect(find(without.result, TAGS.OtherPatientIDsSequence)).toBeUndefined();
      const allow = { policy: { nationalNumberIssuers: ['NISS'], writeNationalNumber: { issuer: 'NISS' } } };
      const patient = { ...INPUT.patient, nationalNumber: '50123112345' };
      const { result } = await coerce(
        dataSet([items(TAGS.OtherPatientIDsSequence, other('50123112345', 'NISS'))]),
        EXPLICIT,
        { ...allow, patient },
      );
      expect(idsOf(result)).toEqual([['50123112345', 'NISS', 'TEXT']]);
      expect(idsOf((await coerce(dataSet([]), EXPLICIT, { patient })).result)).toEqual([]);
    });

    it('do not gain the local ID of a study that comes home', async () => {
      expect(idsOf((await coerce(dataSet(other('L-77', 'LOCAL')))).result)).toEqual([]);
    });

    it('do not gain a source ID that is none, which stays in Original Attributes', async () => {
      const bytes = dataSet([{ tag: TAGS.PatientID, value: { vr: 'LO', bytes: latin1Bytes('A\\B') } }]);
      const { result } = await coerce(bytes);
      expect(idsOf(result)).toEqual([]);
      expect(valueOf(modified(result), TAGS.PatientID)).toBe('A\\B');
    });
  });

  describe('accession number and order', () => {
    const withAccession = (accession: string) => dataSet([text(TAGS.AccessionNumber, 'SH', accession)]);
    const accession = async (value: string, input: Partial<CoercionInput> = {}) =>
      valueOf((await coerce(withAccession(value), EXPLICIT, input)).result, TAGS.AccessionNumber);

    it('is emptied, or prefixed where that fits into 16 characters', async () => {
      const policy = { accession: { kind: 'prefix', prefix: 'ULG-' } } as const;
      expect(await accession('ACC1')).toBe('');
      expect(await accession('ACC1', { policy })).toBe('ULG-ACC1');
      expect(await accession('123456789012', { policy })).toBe('ULG-123456789012');
      expect(await accession('1234567890123', { policy })).toBe('');
      expect(valueOf((await coerce(dataSet([]), EXPLICIT, { policy })).result, TAGS.AccessionNumber)).toBe('');
    });

    it("are the local order's where one is known", async () => {
      const order = {
        accessionNumber: 'LOC-1',
        accessionIssuer: 'RIS',
        placerOrderNumber: 'PL9',
        requestedProcedureId: 'RP9',
      };
      const { result } = await coerce(withAccession('ACC1'), EXPLICIT, { order });
      expect(
        [TAGS.AccessionNumber, TAGS.PlacerOrderNumberImagingServiceRequest, TAGS.RequestedProcedureID].map((tag) =>
          valueOf(result, tag),
        ),
      ).toEqual(['LOC-1', 'PL9', 'RP9']);
      expect(
        valueOf(
          itemsOf(result, TAGS.IssuerOfAccessionNumberSequence)[0]?.content ?? new Uint8Array(0),
          TAGS.LocalNamespaceEntityID,
        ),
      ).toBe('RIS');
    });
  });

  describe('Original Attributes', () => {
    it('say when, by whom, from whom and why', async () => {
      const { result } = await coerce(study(), EXPLICIT, { systemName: 'Interhosp 1' });
      const item = lastOriginal(result);
      const values = [
        TAGS.AttributeModificationDateTime,
        TAGS.ModifyingSystem,
        TAGS.SourceOfPreviousValues,
        TAGS.ReasonForTheAttributeModification,
      ];
      expect(values.map((tag) => valueOf(item, tag))).toEqual([TIME, 'Interhosp 1', 'be-sender', 'COERCE']);
    });

    it('list the issuer with the ID, empty where there was none, and attributes that were absent', async () => {
      const { result } = await coerce(dataSet([text(TAGS.PatientID, 'LO', 'S-1')]));
      const old = modified(result);
      expect(valueOf(old, TAGS.PatientID)).toBe('S-1');
      expect(valueOf(old, TAGS.IssuerOfPatientID)).toBe('');
      expect(valueOf(old, TAGS.PatientName)).toBe('');
      const same = dataSet([text(TAGS.PatientID, 'LO', 'S-1'), text(TAGS.IssuerOfPatientID, 'LO', 'LOCAL')]);
      expect(valueOf(modified((await coerce(same)).result), TAGS.IssuerOfPatientID)).toBe('LOCAL');
    });

    it('do not list what stays the same', async () => {
      const { result } = await coerce(dataSet([text(TAGS.PatientSex, 'CS', 'F')]));
      expect(find(modified(result), TAGS.PatientSex)).toBeUndefined();
      expect(find(result, TAGS.PatientSex)).toBeDefined();
    });

    it('hold the character set the old values are written in when it changes, so that they stay readable', async () => {
      const cyrillic = concatBytes([
        encodeElement('explicit', TAGS.SpecificCharacterSet, 'CS', latin1Bytes('ISO_IR 144')),
        dataSet([{ tag: TAGS.PatientName, value: { vr: 'PN', bytes: Uint8Array.of(0xbb, 0xee) } }]),
      ]);
      const { result, changed } = await coerce(cyrillic);
      expect(valueOf(result, TAGS.SpecificCharacterSet)).toBe('ISO_IR 100');
      expect(valueOf(modified(result), TAGS.SpecificCharacterSet)).toBe('ISO_IR 144');
      expect(find(modified(result), TAGS.PatientName)?.value).toEqual(Uint8Array.of(0xbb, 0xee));
      expect(changed).toContain('00080005');
      const latin = await coerce(study());
      expect(find(modified(latin.result), TAGS.SpecificCharacterSet)).toBeUndefined();
    });

    it('hold illegal old values as bytes beside an empty attribute', async () => {
      const bytes = dataSet([
        { tag: TAGS.PatientBirthDate, value: { vr: 'DA', bytes: latin1Bytes('23.4.1961x') } },
        { tag: TAGS.AccessionNumber, value: { vr: 'SH', bytes: latin1Bytes('12345678901234567 ') } },
      ]);
      const { result } = await coerce(bytes);
      expect(valueOf(modified(result), TAGS.PatientBirthDate)).toBe('');
      const illegal = itemsOf(lastOriginal(result), TAGS.NonconformingModifiedAttributesSequence).map(({ content }) => [
        Buffer.from(find(content, TAGS.SelectorAttribute)?.value ?? []).toString('hex'),
        latin1Text(find(content, TAGS.NonconformingDataElementValue)?.value ?? new Uint8Array(0)),
      ]);
      expect(illegal).toEqual([
        ['08005000', '12345678901234567 '],
        ['10003000', '23.4.1961x'],
      ]);
    });

    const EARLIER = [
      text(TAGS.ReasonForTheAttributeModification, 'CS', 'CORRECT'),
      text(TAGS.SourceOfPreviousValues, 'LO', 'elsewhere'),
    ];
    const earlierItem = (form: VrForm): Uint8Array =>
      encodeItem(form, [encodeElements(form, EARLIER, ASCII_CHARACTER_SET)]);
    const undefinedItem = (form: VrForm): Uint8Array =>
      concatBytes([
        encodeElementHeader(form, TAGS.Item, 'UN', UNDEFINED_LENGTH),
        encodeElements(form, EARLIER, ASCII_CHARACTER_SET),
        encodeElementHeader(form, TAGS.ItemDelimitationItem, 'UN', 0),
      ]);
    const tag = TAGS.OriginalAttributesSequence;
    const ROWS: Tag = 0x00280010;
    const undefinedLength = (form: VrForm, vr: Vr, content: Uint8Array): Uint8Array =>
      concatBytes([
        encodeElementHeader(form, tag, vr, UNDEFINED_LENGTH),
        content,
        encodeSequenceEnd(vr === 'UN' ? 'implicit' : form),
      ]);

    it.each([
      [
        'explicit VR, defined length',
        'explicit',
        encodeSequence('explicit', tag, [earlierItem('explicit')]),
        earlierItem('explicit'),
      ],
      [
        'explicit VR, undefined length',
        'explicit',
        undefinedLength('explicit', 'SQ', undefinedItem('explicit')),
        undefinedItem('explicit'),
      ],
      [
        'implicit VR, defined length',
        'implicit',
        encodeSequence('implicit', tag, [earlierItem('implicit')]),
        earlierItem('implicit'),
      ],
      [
        'implicit VR, undefined length',
        'implicit',
        undefinedLength('implicit', 'SQ', undefinedItem('implicit')),
        undefinedItem('implicit'),
      ],
      [
        'UN, defined length',
        'explicit',
        encodeElement('explicit', tag, 'UN', earlierItem('implicit')),
        earlierItem('implicit'),
      ],
      [
        'UN, undefined length',
        'explicit',
        undefinedLength('explicit', 'UN', undefinedItem('implicit')),
        undefinedItem('implicit'),
      ],
      [
        'big endian, defined length',
        'explicit-big-endian',
        encodeSequence('explicit-big-endian', tag, [earlierItem('explicit-big-endian')]),
        earlierItem('explicit-big-endian'),
      ],
      [
        'big endian, undefined length',
        'explicit-big-endian',
        undefinedLength('explicit-big-endian', 'SQ', undefinedItem('explicit-big-endian')),
        undefinedItem('explicit-big-endian'),
      ],
      [
        'big endian, as UN in implicit VR little endian',
        'explicit-big-endian',
        undefinedLength('explicit-big-endian', 'UN', undefinedItem('implicit')),
        undefinedItem('implicit'),
      ],
    ] as const)('append to what is there, earlier items byte for byte: %s', async (_what, form, sequence, item) => {
      const issuer = items(TAGS.IssuerOfPatientIDQualifiersSequence, [
        { tag: ROWS, value: { vr: 'US', numbers: [258] } },
        text(TAGS.UniversalEntityID, 'UT', '1.2.3'),
      ]);
      const bytes = concatBytes([dataSet([text(TAGS.PatientID, 'LO', 'S-1'), issuer], form), sequence]);
      const { result } = await coerce(bytes, SYNTAXES[form]);
      const list = itemsOf(result, tag, form);
      expect(list).toHaveLength(2);
      expect(list[0]?.itemBytes).toEqual(item);
      const element = find(result, tag, form);
      expect(element?.vr).toBe(find(bytes, tag, form)?.vr);
      expect(element?.isUndefinedLength).toBe(find(bytes, tag, form)?.isUndefinedLength);
      const inner = element?.innerForm ?? form;
      const old =
        itemsOf(list[1]?.content ?? new Uint8Array(0), TAGS.ModifiedAttributesSequence, inner)[0]?.content ??
        new Uint8Array(0);
      expect(valueOf(old, TAGS.PatientID, inner)).toBe('S-1');
      const qualifiers = itemsOf(old, TAGS.IssuerOfPatientIDQualifiersSequence, inner)[0]?.content ?? new Uint8Array(0);
      expect(valueOf(qualifiers, TAGS.UniversalEntityID, inner)).toBe('1.2.3');
      // A number goes in the order of bytes of the sequence it stands in.
      expect([...(find(qualifiers, ROWS, inner)?.value ?? [])]).toEqual(
        inner === 'explicit-big-endian' ? [1, 2] : [2, 1],
      );
      // A second hospital on.
      const again = await coerce(result, SYNTAXES[form], {
        time: { epochMs: 0, utcOffsetMinutes: 0 },
      });
      const thrice = itemsOf(again.result, tag, form);
      expect(thrice.slice(0, 2).map(({ itemBytes }) => itemBytes)).toEqual(list.map(({ itemBytes }) => itemBytes));
      expect(thrice).toHaveLength(3);
    });

    it('are begun anew where an empty element stands, and refused where it is no sequence', async () => {
      const empty = concatBytes([dataSet([]), encodeElement('explicit', tag, 'UN', new Uint8Array(0))]);
      expect(itemsOf((await coerce(empty)).result, tag)).toHaveLength(1);
      const broken = concatBytes([dataSet([]), encodeElement('explicit', tag, 'SQ', latin1Bytes('no items here'))]);
      await expect(coerce(broken)).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
      const letters = concatBytes([dataSet([]), encodeElement('explicit', tag, 'LO', latin1Bytes('no items here'))]);
      await expect(coerce(letters)).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
    });
  });

  it('appends this node to the contributing equipment', async () => {
    const earlier = [text(TAGS.Manufacturer, 'LO', 'Scanner')];
    const { result } = await coerce(dataSet([items(TAGS.ContributingEquipmentSequence, earlier)]));
    const list = itemsOf(result, TAGS.ContributingEquipmentSequence);
    expect(list.map(({ content }) => valueOf(content, TAGS.Manufacturer))).toEqual(['Scanner', 'Interhosp']);
    const purpose = itemsOf(list[1]?.content ?? new Uint8Array(0), TAGS.PurposeOfReferenceCodeSequence)[0]?.content;
    expect(valueOf(purpose ?? new Uint8Array(0), TAGS.CodeValue)).toBe('109103');
  });

  describe('flags', () => {
    const flags = async (bytes: Uint8Array, input: Partial<CoercionInput> = {}, options: CoerceOptions = {}) =>
      (await coerce(bytes, EXPLICIT, input, options)).flags;

    it('tell of reports, documents, nested identifiers and burned-in text', async () => {
      expect(await flags(study('CT'))).toEqual([]);
      expect(await flags(study('SR'))).toEqual(['contains-source-identifiers']);
      expect(await flags(study('PDF'))).toEqual(['contains-source-identifiers']);
      const nested = items(0x00081140, [items(0x00081199, [text(TAGS.PatientID, 'LO', 'S-1')])]);
      expect(await flags(dataSet([nested]))).toEqual(['contains-source-identifiers']);
      expect(await flags(dataSet([text(0x00280301, 'CS', 'YES')]))).toEqual(['contains-source-identifiers']);
      const inUn: NewElement = {
        tag: 0x00091050,
        value: {
          vr: 'UN',
          bytes: encodeItem('implicit', [encodeElement('implicit', TAGS.PatientName, 'PN', latin1Bytes('A'))]),
        },
      };
      expect(await flags(dataSet([inUn]))).toEqual(['contains-source-identifiers']);
    });

    it('do not take what a coercion itself writes for a leftover', async () => {
      const first = (await coerce(study('CT'))).result;
      expect(await flags(first)).toEqual([]);
    });

    it('tell of signatures, which policy may remove', async () => {
      const signatures = items(TAGS.DigitalSignaturesSequence, [text(0x04000100, 'UI', '1.2')]);
      const mac = items(TAGS.MACParametersSequence, [text(0x04000010, 'UI', '1.2')]);
      const pixels: NewElement = { tag: TAGS.PixelData, value: { vr: 'OW', bytes: new Uint8Array(100) } };
      const bytes = dataSet([mac, pixels, signatures]);
      expect(await flags(bytes)).toEqual(['digital-signatures-invalid']);
      const removed = await coerce(bytes, EXPLICIT, { policy: { digitalSignatures: 'remove' } });
      expect(removed.flags).toEqual([]);
      expect(find(removed.result, TAGS.DigitalSignaturesSequence)).toBeUndefined();
      expect(find(modified(removed.result), TAGS.MACParametersSequence)).toBeDefined();
    });

    it('tell when a nested structure cannot be read', async () => {
      const broken: NewElement = { tag: 0x00081140, value: { vr: 'SQ', bytes: latin1Bytes('not items at all') } };
      expect(await flags(dataSet([broken]), { patient: { patientId: { id: 'L' } } })).toEqual(['structure-unreadable']);
      // An item in UN whose element runs past it: the data set is whole all the same.
      const cut = encodeItem('implicit', [encodeElementHeader('implicit', 0x00081030, 'LO', 100)]);
      const unknown: NewElement = { tag: 0x00091050, value: { vr: 'UN', bytes: cut } };
      expect(await flags(dataSet([unknown]), { patient: { patientId: { id: 'L' } } })).toEqual([
        'structure-unreadable',
      ]);
    });
  });

  it('inflates a deflated data set and deflates it again, the same bytes each time', async () => {
    const syntax = TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
    const before = study();
    const deflated = new Uint8Array(deflateRawSync(before));
    const { changed, result } = await coerce(deflated, syntax);
    const plain = await coerce(before);
    expect(plainElements(result, syntax)).toEqual(plain.result);
    expect(changed).toEqual(plain.changed);
    expect(result.length % 2).toBe(0);
    expect((await coerce(deflated, syntax)).result).toEqual(result);
    await expect(coerce(before, syntax)).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
    for (const length of [0, 1, deflated.length >> 1, deflated.length - 1]) {
      await expect(coerce(deflated.subarray(0, length), syntax)).rejects.toHaveProperty('code', 'DICOM_TRUNCATED');
    }
  });

  it('coerces what lacks identifiers, too, and says so: others refuse it', async () => {
    expect((await coerce(new Uint8Array(0))).flags).toEqual(['identifiers-missing']);
    for (const tag of [TAGS.SOPClassUID, TAGS.SOPInstanceUID, TAGS.StudyInstanceUID, TAGS.SeriesInstanceUID]) {
      const rest = UIDS.filter((element) => element.tag !== tag);
      for (const uid of ['', '1', 'no UID']) {
        const bytes = encodeElements('explicit', [...rest, text(tag, 'LO', uid)], ASCII_CHARACTER_SET);
        expect((await coerce(bytes)).flags).toEqual(['identifiers-missing']);
      }
    }
    expect((await coerce(dataSet([]))).flags).toEqual([]);
  });

  it('reads a header once, and of long values behind it only where they begin', async () => {
    const reads: (readonly [offset: number, length: number])[] = [];
    const readOf = async (bytes: Uint8Array, options: CoerceOptions): Promise<number> => {
      reads.length = 0;
      const source = bytesSource(bytes);
      const counting = {
        ...source,
        read: (from: number, to: number) => (reads.push([from, to]), source.read(from, to)),
      };
      await coerceInstance(counting, EXPLICIT, INPUT, options);
      return reads.reduce((sum, [offset, length]) => sum + Math.min(length, bytes.length - offset), 0);
    };
    const fragments = Array.from({ length: 20 }, () => encodeItem('explicit', [new Uint8Array(100_000)]));
    const image = concatBytes([
      dataSet([
        text(TAGS.SpecificCharacterSet, 'CS', 'ISO_IR 100'),
        text(TAGS.PatientID, 'LO', 'OLD'),
        text(TAGS.StudyID, 'SH', '7'),
      ]),
      encodeElementHeader('explicit', 0x7fe00010, 'OB', UNDEFINED_LENGTH),
      ...fragments,
      encodeSequenceEnd('explicit'),
    ]);
    expect(await readOf(image, { checkToEnd: false })).toBe(65_536);
    expect(reads).toHaveLength(1);
    // Twice over the fragments: for the order of elements, and for what stands behind them.
    expect(await readOf(image, {})).toBeLessThan(65_536 + 2 * 21 * 4_096 + 65_536);
  });

  it('passes on that the data set is cut short', async () => {
    await expect(coerce(study().subarray(0, -1))).rejects.toHaveProperty('code', 'DICOM_TRUNCATED');
    await expect(coerce(study().subarray(0, -1), EXPLICIT, {}, { checkToEnd: false })).rejects.toHaveProperty(
      'code',
      'DICOM_TRUNCATED',
    );
  });

  it('keeps the sample patient out of every byte but Original Attributes and Other Patient IDs', async () => {
    const { result } = await coerce(study());
    const family = latin1Bytes(SAMPLE_PATIENT.name?.alphabetic.family ?? '');
    for (const { tag, from, to } of tinyWalk(result, true)) {
      if (tag !== TAGS.OriginalAttributesSequence)
        expect(Buffer.from(result.subarray(from, to)).includes(Buffer.from(family)), formatTag(tag)).toBe(false);
    }
  });
});
