/**
 * A JPEG as a visible light image (PS3.3 A.32) or Secondary Capture (A.8.1): the compressed picture, byte for byte, in one
 * fragment. The modality chooses: XC photographic (default), ES endoscopic, GM microscopic, everything else Secondary Capture.
 */
import type { Uid } from '@interhosp/core/dicom';
import { codeItem, type Attributes } from './attributes.ts';
import { commonModules, setIfKnown, setValue, type Subject } from './common-modules.ts';
import { withPixels, type ComposedObject } from './composed.ts';
import type { Picture } from './jpeg.ts';
import { unsupported } from './refusal.ts';
import type { Code } from './sidecar.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7' as Uid;
const VISIBLE_LIGHT: Readonly<Record<string, Uid>> = {
  ES: '1.2.840.10008.5.1.4.1.1.77.1.1' as Uid,
  GM: '1.2.840.10008.5.1.4.1.1.77.1.2' as Uid,
  XC: '1.2.840.10008.5.1.4.1.1.77.1.4' as Uid,
};

const SYNTAXES: Readonly<Record<Picture['process'], Uid>> = {
  baseline: '1.2.840.10008.1.2.4.50' as Uid,
  extended: '1.2.840.10008.1.2.4.51' as Uid,
  lossless: '1.2.840.10008.1.2.4.57' as Uid,
  'lossless-sv1': '1.2.840.10008.1.2.4.70' as Uid,
};

/** How a viewer has to turn what lies, by EXIF Orientation; those that mirror are not here. */
const TURNED: Readonly<Record<number, number>> = { 1: 0, 3: 180, 6: 90, 8: 270 };

/** @throws {ImportError} `IMPORT_UNSUPPORTED` for a mirrored picture, or one that the modality's object has no place for */
export function imageObject(subject: Subject, picture: Picture): ComposedObject {
  const modality = subject.said.values.get('Modality') ?? 'XC';
  const visibleLight = Object.hasOwn(VISIBLE_LIGHT, modality) ? VISIBLE_LIGHT[modality] : undefined;
  const sopClassUid = visibleLight ?? SECONDARY_CAPTURE;
  const level = commonModules({ sopClassUid, modality }, subject);
  if (visibleLight === undefined) secondaryCapture(level, subject);
  else visibleLightImage(level, picture);
  laterality(level, subject);
  const region = subject.said.codes.get('AnatomicRegionSequence');
  if (region !== undefined) anatomicRegion(level, region);
  imagePixel(level, picture);
  if (picture.process === 'baseline' || picture.process === 'extended') lossyCompression(level, picture);
  comments(level, subject, picture.orientation);
  const range = { from: 0, lengthBytes: picture.lengthBytes };
  return { sopClassUid, transferSyntaxUid: SYNTAXES[picture.process], parts: withPixels(level, range, false) };
}

/** SC Equipment (C.8.6.1), General Image (C.7.6.1). */
function secondaryCapture(level: Attributes, subject: Subject): void {
  setValue(level, subject, 'ConversionType', subject.said.values.get('ConversionType') ?? 'DI');
  level.text(0x00080008, 'CS', 'DERIVED\\SECONDARY');
  // C.7.6.1: must be there where nothing says how the picture lies in space.
  level.text(0x00200020, 'CS', '');
}

/** VL Image (C.8.12.1), General Image (C.7.6.1), Acquisition Context (C.7.6.14). */
function visibleLightImage(level: Attributes, { bits, photometric }: Picture): void {
  // C.8.12.1.1: eight bits, and no full chroma outside JPEG 2000.
  if (bits !== 8) throw unsupported('bits');
  if (photometric === 'YBR_FULL') throw unsupported('colour');
  level.text(0x00080008, 'CS', 'ORIGINAL\\PRIMARY');
  level.text(0x00200020, 'CS', '');
  level.text(0x00282110, 'CS', '00');
  level.sequence(0x00400555);
}

/** Image Pixel (C.7.6.3) with the values of PS3.5 8.2.1. */
function imagePixel(level: Attributes, { bits, columns, photometric, rows }: Picture): void {
  const samples = photometric === 'MONOCHROME2' ? 1 : 3;
  level.numbers(0x00280002, 'US', samples);
  level.text(0x00280004, 'CS', photometric);
  if (samples === 3) level.numbers(0x00280006, 'US', 0);
  level.numbers(0x00280010, 'US', rows);
  level.numbers(0x00280011, 'US', columns);
  level.numbers(0x00280100, 'US', bits > 8 ? 16 : 8);
  level.numbers(0x00280101, 'US', bits);
  level.numbers(0x00280102, 'US', bits - 1);
  level.numbers(0x00280103, 'US', 0);
}

function lossyCompression(level: Attributes, { bits, columns, lengthBytes, photometric, rows }: Picture): void {
  const samples = photometric === 'MONOCHROME2' ? 1 : 3;
  level.text(0x00282110, 'CS', '01');
  level.text(0x00282112, 'DS', ratioText((rows * columns * samples * Math.ceil(bits / 8)) / lengthBytes));
  level.text(0x00282114, 'CS', 'ISO_10918_1');
}

/**
 * DICOM has no word for a picture that lies on its side, and turning it would change its bytes: said in Image Comments. A
 * mirrored one would show left for right.
 */
export function comments(level: Attributes, subject: Subject, orientation: number): void {
  const degrees = TURNED[orientation];
  if (degrees === undefined) throw unsupported('mirrored');
  const own = subject.said.values.get('ImageComments');
  const turn = degrees === 0 ? undefined : `Turn ${degrees} degrees clockwise to view upright.`;
  setIfKnown(level, subject, 'ImageComments', [own, turn].filter((each) => each !== undefined).join(' '));
}

/**
 * Laterality (C.7.3.1) must be there for one of a pair, and must not be there for what is single. Where nobody names a body
 * part it is unknown: there, and empty.
 */
export function laterality(level: Attributes, subject: Subject): void {
  const { codes, values } = subject.said;
  const isKnownPart = values.has('BodyPartExamined') || codes.has('AnatomicRegionSequence');
  if (!isKnownPart && !values.has('Laterality')) setValue(level, subject, 'Laterality', '');
}

/** General Anatomy macro (10.7). */
export function anatomicRegion(level: Attributes, code: Code): void {
  level.sequence(0x00082218, codeItem(code));
}

/** A ratio as DS holds one. */
export function ratioText(ratio: number): string {
  return ratio >= 0.01 ? ratio.toFixed(2) : '0.01';
}
