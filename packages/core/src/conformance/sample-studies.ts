/**
 * Small synthetic studies for tests, demonstrations and benchmarks: the same options give the same bytes, everywhere.
 *
 * Every person in them is invented. Pixels look like something (a body of ellipses with noise), since a viewer shows
 * them in the demonstration, and since noise is what keeps compression from flattering a benchmark.
 */
import { characterSetOf, type CharacterSet } from '../dicom/character-set.ts';
import { formatDate, formatTime } from '../dicom/date-time.ts';
import { encodeElements, type NewElement } from '../dicom/element.ts';
import { encodeElementHeader, type VrForm } from '../dicom/encode.ts';
import { formatPersonName } from '../dicom/person-name.ts';
import { TAGS } from '../dicom/tag.ts';
import { TRANSFER_SYNTAXES } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import type { ArrivingPatient, InstanceIdentity, PractitionerMention } from '../study/index.ts';
import { sampleImageElements, sampleObjectElements } from './sample-objects.ts';
import { createSampleRandom, sampleUid } from './sample-random.ts';

/** What a sample study is made of. */
export type SampleKind = 'CT' | 'DX' | 'MR' | 'PDF' | 'SR';

/** Issuer under which sample studies carry the national number in Other Patient IDs Sequence. */
export const SAMPLE_NATIONAL_ISSUER = 'NATIONAL-NUMBER';

/** Options of {@link generateStudy}; every one has a default. */
export interface SampleStudyOptions {
  /** Anything. The seed alone determines the Study UID, seed and kind the others: two kinds make two series. Default `1`. */
  readonly seed?: number | string;
  /** Default `CT`. */
  readonly kind?: SampleKind;
  /** Instances in the one series; default 3. */
  readonly instances?: number;
  /** Rows and columns of images; default 64. */
  readonly pixels?: number;
  /** Traits left out are left out of the header; default: an invented patient with every common trait. */
  readonly patient?: ArrivingPatient;
  readonly referringPhysician?: PractitionerMention;
  readonly requestingPhysician?: PractitionerMention;
  readonly institution?: string;
  readonly accessionNumber?: string;
  /** `YYYY-MM-DD`; default 2026-03-14. */
  readonly studyDate?: string;
  /** `hh:mm:ss`; default 09:26:53. */
  readonly studyTime?: string;
  readonly studyId?: string;
  readonly description?: string;
  /** Default `explicit`. */
  readonly vrForm?: VrForm;
  /** Specific Character Set; default `ISO_IR 100`, or `ISO_IR 192` when a name needs it. */
  readonly characterSet?: string;
}

/** One generated instance: its identifiers, and its data set without preamble and file meta information. */
export interface SampleInstance extends InstanceIdentity {
  readonly dataSet: Uint8Array;
}

/** A generated study. */
export interface SampleStudy {
  readonly studyInstanceUid: Uid;
  readonly seriesInstanceUid: Uid;
  readonly transferSyntaxUid: Uid;
  readonly instances: readonly SampleInstance[];
}

/** The invented patient of a sample study that names none. */
export const SAMPLE_PATIENT: ArrivingPatient = {
  patientId: { id: 'A-104233', issuer: 'HOSPITAL-A' },
  name: { alphabetic: { family: 'Vérité', given: 'Anne-Hélène', middle: '', prefix: '', suffix: '' } },
  birthDate: '1961-04-23',
  sex: 'F',
};

const SAMPLE_PHYSICIAN: PractitionerMention = {
  name: { alphabetic: { family: 'Delcourt', given: 'Marc', middle: '', prefix: 'Dr', suffix: '' } },
  number: '10012345004',
};

/** Most instances of a study and rows of an image, so that a mistyped option does not fill the memory. */
const MAX_INSTANCES = 10_000;
const MAX_PIXELS = 4096;

/** Generates a study of one series. @throws {RangeError} when a count or size is out of range. */
export function generateStudy(options: SampleStudyOptions = {}): SampleStudy {
  const { seed = 1, kind = 'CT', instances = 3, pixels = 64, vrForm = 'explicit' } = options;
  checkRange('instances', instances, MAX_INSTANCES);
  checkRange('pixels', pixels, MAX_PIXELS);
  const studyInstanceUid = sampleUid(seed, 'study');
  const seriesInstanceUid = sampleUid(seed, `${kind} series`);
  const transferSyntaxUid =
    vrForm === 'explicit' ? TRANSFER_SYNTAXES.ExplicitVRLittleEndian : TRANSFER_SYNTAXES.ImplicitVRLittleEndian;
  const common = commonElements(options, studyInstanceUid, seriesInstanceUid);
  const characterSet = characterSetFor(common, options.characterSet);
  const list = Array.from({ length: instances }, (_, index): SampleInstance => {
    const sopInstanceUid = sampleUid(seed, `${kind} instance ${index}`);
    const object = sampleObjectElements({
      kind,
      index,
      pixels,
      random: createSampleRandom(`${seed} ${kind} ${index}`),
    });
    const elements = [...common, ...object.elements, ...identityElements(object.sopClassUid, sopInstanceUid, index)];
    const dataSet = encodeElements(vrForm, [...elements, declaration(characterSet)], characterSet);
    return {
      studyInstanceUid,
      seriesInstanceUid,
      sopInstanceUid,
      sopClassUid: object.sopClassUid,
      transferSyntaxUid,
      dataSet,
    };
  });
  return { studyInstanceUid, seriesInstanceUid, transferSyntaxUid, instances: list };
}

/** A generated instance that is streamed. */
export interface LargeSampleInstance extends InstanceIdentity {
  /** Exact length of what `dataSet` yields. */
  readonly lengthBytes: number;
  /** Yields the data set in chunks of 64 KiB to 1 MiB; may be called again and yields the same bytes. */
  dataSet(): AsyncIterable<Uint8Array>;
}

/** Rows and columns of the frames of a large instance. */
const LARGE_FRAME_PIXELS = 512;
const LARGE_FRAME_BYTES = LARGE_FRAME_PIXELS * LARGE_FRAME_PIXELS * 2;

/**
 * Generates one multi-frame instance in explicit VR little endian, in flat memory: the whole number of 512 KiB frames
 * that comes nearest to `lengthBytes` from below (at least one), plus about a kilobyte of header.
 */
export function generateLargeInstance(
  options: Omit<SampleStudyOptions, 'instances' | 'kind' | 'pixels' | 'vrForm'> & { readonly lengthBytes: number },
): LargeSampleInstance {
  const { seed = 1, lengthBytes } = options;
  const frames = Math.max(1, Math.floor(lengthBytes / LARGE_FRAME_BYTES));
  const pixelBytes = frames * LARGE_FRAME_BYTES;
  if (pixelBytes >= 2 ** 32 - 2)
    throw new RangeError('lengthBytes must be below 4 GiB, the length field of Pixel Data');
  const [studyInstanceUid, seriesInstanceUid] = [sampleUid(seed, 'study'), sampleUid(seed, 'series')];
  const sopInstanceUid = sampleUid(seed, 'large instance');
  // Multi-frame Grayscale Word Secondary Capture.
  const sopClassUid = '1.2.840.10008.5.1.4.1.1.7.3' as Uid;
  const common = commonElements(options, studyInstanceUid, seriesInstanceUid);
  const characterSet = characterSetFor(common, options.characterSet);
  const image = sampleImageElements({ modality: 'OT', pixels: LARGE_FRAME_PIXELS, frames });
  const elements = [...common, ...image, ...identityElements(sopClassUid, sopInstanceUid, 0)];
  const header = encodeElements('explicit', [...elements, declaration(characterSet)], characterSet);
  const pixelHeader = encodeElementHeader('explicit', TAGS.PixelData, 'OW', pixelBytes);
  return {
    studyInstanceUid,
    seriesInstanceUid,
    sopInstanceUid,
    sopClassUid,
    transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRLittleEndian,
    lengthBytes: header.length + pixelHeader.length + pixelBytes,
    async *dataSet() {
      yield header;
      yield pixelHeader;
      const random = createSampleRandom(`${seed} large`);
      for (let frame = 0; frame < frames; frame++) yield random.bytes(LARGE_FRAME_BYTES);
    },
  };
}

function checkRange(name: string, value: number, limit: number): void {
  if (!Number.isInteger(value) || value < 1 || value > limit) {
    throw new RangeError(`${name} must be a whole number from 1 to ${limit}`);
  }
}

function commonElements(options: SampleStudyOptions, studyUid: Uid, seriesUid: Uid): readonly NewElement[] {
  const { accessionNumber = 'ACC-2026-0815', studyId = '4711', institution = 'Hôpital Exemple' } = options;
  const { studyDate = '2026-03-14', studyTime = '09:26:53', description = 'Thorax sans contraste' } = options;
  const { referringPhysician = SAMPLE_PHYSICIAN, requestingPhysician = referringPhysician } = options;
  return [
    { tag: TAGS.StudyDate, value: { vr: 'DA', text: formatDate(studyDate) } },
    { tag: TAGS.StudyTime, value: { vr: 'TM', text: formatTime(studyTime) } },
    { tag: TAGS.AccessionNumber, value: { vr: 'SH', text: accessionNumber } },
    { tag: TAGS.Manufacturer, value: { vr: 'LO', text: 'Interhosp sample studies' } },
    { tag: TAGS.InstitutionName, value: { vr: 'LO', text: institution } },
    { tag: TAGS.StudyDescription, value: { vr: 'LO', text: description } },
    ...physicianElements(
      referringPhysician,
      TAGS.ReferringPhysicianName,
      TAGS.ReferringPhysicianIdentificationSequence,
    ),
    ...physicianElements(requestingPhysician, TAGS.RequestingPhysician, TAGS.RequestingPhysicianIdentificationSequence),
    ...patientElements(options.patient ?? SAMPLE_PATIENT),
    { tag: TAGS.StudyInstanceUID, value: { vr: 'UI', text: studyUid } },
    { tag: TAGS.SeriesInstanceUID, value: { vr: 'UI', text: seriesUid } },
    { tag: TAGS.StudyID, value: { vr: 'SH', text: studyId } },
    { tag: TAGS.SeriesNumber, value: { vr: 'IS', text: '1' } },
  ];
}

function physicianElements({ name, number }: PractitionerMention, nameTag: number, codesTag: number): NewElement[] {
  const elements: NewElement[] = [
    { tag: nameTag, value: { vr: 'PN', text: name === undefined ? '' : formatPersonName(name) } },
  ];
  if (number !== undefined) {
    const code: readonly NewElement[] = [
      { tag: TAGS.CodeValue, value: { vr: 'SH', text: number } },
      { tag: TAGS.CodingSchemeDesignator, value: { vr: 'SH', text: '99NIHDI' } },
      { tag: TAGS.CodeMeaning, value: { vr: 'LO', text: 'Professional number' } },
    ];
    const person: NewElement = { tag: TAGS.PersonIdentificationCodeSequence, value: { vr: 'SQ', items: [code] } };
    const institution: NewElement = { tag: TAGS.InstitutionName, value: { vr: 'LO', text: 'Sample practice' } };
    elements.push({ tag: codesTag, value: { vr: 'SQ', items: [[person, institution]] } });
  }
  return elements;
}

function patientElements(patient: ArrivingPatient): readonly NewElement[] {
  const { name, birthName, birthDate, sex, patientId, nationalNumber, otherIds = [], phone } = patient;
  const address = [patient.street, patient.postcode, patient.city].filter((part) => part !== undefined).join(' ');
  const nationalIds = nationalNumber === undefined ? [] : [{ id: nationalNumber, issuer: SAMPLE_NATIONAL_ISSUER }];
  const items = [...nationalIds, ...otherIds].map(({ id, issuer }): readonly NewElement[] => [
    { tag: TAGS.PatientID, value: { vr: 'LO', text: id } },
    ...(issuer === undefined ? [] : [{ tag: TAGS.IssuerOfPatientID, value: { vr: 'LO', text: issuer } } as const]),
    { tag: TAGS.TypeOfPatientID, value: { vr: 'CS', text: 'TEXT' } },
  ]);
  const text = (tag: number, vr: 'CS' | 'DA' | 'LO' | 'PN' | 'SH', value: string | undefined): readonly NewElement[] =>
    value === undefined || value === '' ? [] : [{ tag, value: { vr, text: value } }];
  return [
    { tag: TAGS.PatientName, value: { vr: 'PN', text: name === undefined ? '' : formatPersonName(name) } },
    { tag: TAGS.PatientID, value: { vr: 'LO', text: patientId?.id ?? '' } },
    ...text(TAGS.IssuerOfPatientID, 'LO', patientId?.issuer),
    { tag: TAGS.PatientBirthDate, value: { vr: 'DA', text: birthDate === undefined ? '' : formatDate(birthDate) } },
    { tag: TAGS.PatientSex, value: { vr: 'CS', text: sex ?? '' } },
    ...(items.length === 0 ? [] : [{ tag: TAGS.OtherPatientIDsSequence, value: { vr: 'SQ', items } } as const]),
    ...text(TAGS.PatientBirthName, 'PN', birthName === undefined ? undefined : formatPersonName(birthName)),
    ...text(TAGS.PatientAddress, 'LO', address),
    ...text(TAGS.PatientTelephoneNumbers, 'SH', phone),
  ];
}

function identityElements(sopClassUid: Uid, sopInstanceUid: Uid, index: number): readonly NewElement[] {
  return [
    { tag: TAGS.SOPClassUID, value: { vr: 'UI', text: sopClassUid } },
    { tag: TAGS.SOPInstanceUID, value: { vr: 'UI', text: sopInstanceUid } },
    { tag: TAGS.InstanceNumber, value: { vr: 'IS', text: String(index + 1) } },
  ];
}

/** The set asked for, else the narrowest that holds every text: old PACS read ISO_IR 100 and not UTF-8. */
function characterSetFor(elements: readonly NewElement[], asked: string | undefined): CharacterSet {
  for (const term of asked === undefined ? ['ISO_IR 100', 'ISO_IR 192'] : [asked]) {
    const characterSet = characterSetOf(term);
    if (characterSet === undefined) throw new RangeError('characterSet must be a defined term of (0008,0005)');
    try {
      encodeElements('implicit', elements, characterSet);
      return characterSet;
    } catch (error) {
      if (asked !== undefined || term === 'ISO_IR 192') throw error;
    }
  }
  throw new RangeError('unreachable: ISO_IR 192 holds every text');
}

function declaration(characterSet: CharacterSet): NewElement {
  return { tag: TAGS.SpecificCharacterSet, value: { vr: 'CS', text: characterSet.terms.join('\\') } };
}
