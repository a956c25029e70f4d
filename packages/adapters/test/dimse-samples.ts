// Small instances of studies that are told apart by numbers; the same traits always make the same bytes. Patients are invented.
import {
  characterSetOf,
  encodeElements,
  parseUid,
  TAGS,
  TRANSFER_SYNTAXES,
  vrFormOf,
  type CharacterSet,
  type NewElement,
  type Tag,
  type Uid,
  type Vr,
} from '@interhosp/core/dicom';
import type { StorableInstance } from '@interhosp/core/pacs';

export const { ExplicitVRLittleEndian: EXPLICIT_LITTLE, ImplicitVRLittleEndian: IMPLICIT_LITTLE } = TRANSFER_SYNTAXES;
export const JPEG_BASELINE = parseUid('1.2.840.10008.1.2.4.50');
const SECONDARY_CAPTURE = parseUid('1.2.840.10008.5.1.4.1.1.7');
/** Made from a UUID (PS3.5 B.2). */
const ROOT = '2.25.301187264593017745062184419527730915';
const UTF8 = characterSetOf('ISO_IR 192') as CharacterSet;

/** What varies; the rest has defaults. */
export interface SampleTraits {
  readonly study: number;
  readonly series?: number;
  readonly instance?: number;
  readonly patientId?: string;
  readonly issuer?: string;
  readonly patientName?: string;
  /** `YYYYMMDD` */
  readonly studyDate?: string;
  /** `HHMMSS` */
  readonly studyTime?: string;
  readonly modality?: string;
  readonly sopClassUid?: Uid;
  readonly transferSyntaxUid?: Uid;
  readonly pixelBytes?: number;
}

/** The Study Instance UID of sample study `number`. */
export function sampleStudyUid(number: number): Uid {
  return parseUid(`${ROOT}.${number}`);
}

/** One instance. */
export function sampleInstance(traits: SampleTraits): StorableInstance {
  const { instance = 1, pixelBytes = 1_024, series = 1, study } = traits;
  const { sopClassUid = SECONDARY_CAPTURE, transferSyntaxUid = EXPLICIT_LITTLE } = traits;
  const identity = {
    studyInstanceUid: sampleStudyUid(study),
    seriesInstanceUid: parseUid(`${ROOT}.${study}.${series}`),
    sopInstanceUid: parseUid(`${ROOT}.${study}.${series}.${instance}`),
    sopClassUid,
    transferSyntaxUid,
  };
  let bytes: Uint8Array | undefined;
  const made = (): Uint8Array => (bytes ??= bytesOf(identity, traits, pixelBytes));
  return {
    ...identity,
    get lengthBytes() {
      return made().length;
    },
    async *dataSet() {
      for (let at = 0; at < made().length; at += PIECE_BYTES) yield made().subarray(at, at + PIECE_BYTES);
    },
  };
}

const PIECE_BYTES = 262_144;

type Identity = Pick<
  StorableInstance,
  'seriesInstanceUid' | 'sopClassUid' | 'sopInstanceUid' | 'studyInstanceUid' | 'transferSyntaxUid'
>;

function bytesOf(identity: Identity, traits: SampleTraits, pixelBytes: number): Uint8Array {
  const { series = 1, instance = 1, study } = traits;
  const form = vrFormOf(identity.transferSyntaxUid);
  const text = (tag: Tag, vr: Exclude<Vr, 'SQ'>, value: string): NewElement => ({
    tag,
    // Some are wrong on purpose: what a PACS holds is not always what its VR allows.
    value: value.length > 64 && vr === 'LO' ? { vr, bytes: new TextEncoder().encode(value) } : { vr, text: value },
  });
  const head = encodeElements(
    form,
    [
      text(TAGS.SpecificCharacterSet, 'CS', 'ISO_IR 192'),
      text(TAGS.SOPClassUID, 'UI', identity.sopClassUid),
      text(TAGS.SOPInstanceUID, 'UI', identity.sopInstanceUid),
      text(TAGS.StudyDate, 'DA', traits.studyDate ?? '20240229'),
      text(TAGS.StudyTime, 'TM', traits.studyTime ?? '101500'),
      text(TAGS.AccessionNumber, 'SH', `ACC-${study}`),
      text(TAGS.Modality, 'CS', traits.modality ?? 'OT'),
      text(TAGS.ReferringPhysicianName, 'PN', 'Peeters^Lode'),
      text(TAGS.StudyDescription, 'LO', 'Sample study'),
      text(0x00090010, 'LO', 'INTERHOSP SAMPLE'),
      text(0x00091001, 'LO', `private ${instance}`),
      text(TAGS.PatientName, 'PN', traits.patientName ?? 'Lemaître^Zoé'),
      text(TAGS.PatientID, 'LO', traits.patientId ?? `PAT-${study}`),
      text(TAGS.IssuerOfPatientID, 'LO', traits.issuer ?? 'SAMPLE-HOSPITAL'),
      text(TAGS.PatientBirthDate, 'DA', '19700401'),
      text(TAGS.PatientSex, 'CS', 'F'),
      text(TAGS.StudyInstanceUID, 'UI', identity.studyInstanceUid),
      text(TAGS.SeriesInstanceUID, 'UI', identity.seriesInstanceUid),
      text(TAGS.StudyID, 'SH', `S${study}`),
      text(TAGS.SeriesNumber, 'IS', String(series)),
      text(TAGS.InstanceNumber, 'IS', String(instance)),
      ...[0x00280002, 0x00280010, 0x00280011].map((tag): NewElement => ({
        tag,
        value: { vr: 'US', numbers: [tag === 0x00280002 ? 1 : 32] },
      })),
    ],
    UTF8,
  );
  const pixels = new Uint8Array(pixelBytes);
  // That a lost, doubled or shifted piece shows.
  for (let at = 0; at < pixelBytes; at++) pixels[at] = at * 31 + (at >>> 8) * 17 + instance;
  return Buffer.concat([head, ...pixelData(identity.transferSyntaxUid, pixels)]);
}

/** Pixel Data, in one fragment behind an empty offset table where the syntax encapsulates it (PS3.5 A.4). */
function pixelData(transferSyntaxUid: Uid, pixels: Uint8Array): readonly Uint8Array[] {
  const form = vrFormOf(transferSyntaxUid);
  if (transferSyntaxUid !== JPEG_BASELINE) {
    return [encodeElements(form, [{ tag: TAGS.PixelData, value: { vr: 'OB', bytes: pixels } }], UTF8)];
  }
  const item = (tag: number, length: number): Uint8Array => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt16LE(0xfffe, 0);
    bytes.writeUInt16LE(tag, 2);
    bytes.writeUInt32LE(length, 4);
    return bytes;
  };
  const header = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  return [header, item(0xe000, 0), item(0xe000, pixels.length), pixels, item(0xe0dd, 0)];
}
