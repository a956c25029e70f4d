/** The part of a sample instance that depends on its SOP class: pixels, a report, a document. */
import { latin1Bytes } from '../dicom/bytes.ts';
import type { NewElement } from '../dicom/element.ts';
import { TAGS } from '../dicom/tag.ts';
import type { Uid } from '../dicom/uid.ts';
import type { SampleRandom } from './sample-random.ts';
import type { SampleKind } from './sample-studies.ts';

/** What an instance holds beside patient, study and series. */
export interface SampleObject {
  readonly sopClassUid: Uid;
  readonly elements: readonly NewElement[];
}

/** What a sample object is made from. */
export interface SampleObjectOptions {
  readonly kind: SampleKind;
  /** Position in the series, from 0. */
  readonly index: number;
  readonly pixels: number;
  readonly random: SampleRandom;
}

const SOP_CLASSES: Readonly<Record<SampleKind, Uid>> = {
  CT: '1.2.840.10008.5.1.4.1.1.2' as Uid,
  DX: '1.2.840.10008.5.1.4.1.1.1.1' as Uid,
  MR: '1.2.840.10008.5.1.4.1.1.4' as Uid,
  PDF: '1.2.840.10008.5.1.4.1.1.104.1' as Uid,
  SR: '1.2.840.10008.5.1.4.1.1.88.11' as Uid,
};

const BODY_PARTS = { CT: 'CHEST', DX: 'CHEST', MR: 'HEAD' } as const;

/** The elements of one instance of a kind. */
export function sampleObjectElements({ kind, index, pixels, random }: SampleObjectOptions): SampleObject {
  const sopClassUid = SOP_CLASSES[kind];
  switch (kind) {
    case 'SR':
      return { sopClassUid, elements: reportElements(index) };
    case 'PDF':
      return { sopClassUid, elements: documentElements(index) };
    case 'CT':
    case 'DX':
    case 'MR': {
      const image = sampleImageElements({ modality: kind, pixels, frames: 1 });
      const value = { vr: 'OW', bytes: samplePixels(index, pixels, random) } as const;
      const body: NewElement = { tag: TAGS.BodyPartExamined, value: { vr: 'CS', text: BODY_PARTS[kind] } };
      return {
        sopClassUid,
        elements: [...image, body, ...geometryElements(kind, index), { tag: TAGS.PixelData, value }],
      };
    }
    default:
      return kind satisfies never;
  }
}

/** Modality and the description of 12-bit pixels in words; without the pixels. */
export function sampleImageElements(options: {
  readonly modality: string;
  readonly pixels: number;
  readonly frames: number;
}): readonly NewElement[] {
  const us = (tag: number, number: number): NewElement => ({ tag, value: { vr: 'US', numbers: [number] } });
  const frames: NewElement = { tag: 0x00280008, value: { vr: 'IS', text: String(options.frames) } };
  return [
    { tag: 0x00080008, value: { vr: 'CS', text: 'ORIGINAL\\PRIMARY\\AXIAL' } },
    { tag: TAGS.Modality, value: { vr: 'CS', text: options.modality } },
    us(0x00280002, 1),
    { tag: 0x00280004, value: { vr: 'CS', text: 'MONOCHROME2' } },
    ...(options.frames === 1 ? [] : [frames]),
    us(0x00280010, options.pixels),
    us(0x00280011, options.pixels),
    us(0x00280100, 16),
    us(0x00280101, 12),
    us(0x00280102, 11),
    us(0x00280103, 0),
    { tag: 0x00281050, value: { vr: 'DS', text: '1400' } },
    { tag: 0x00281051, value: { vr: 'DS', text: '2400' } },
    { tag: 0x00281052, value: { vr: 'DS', text: '-1024' } },
    { tag: 0x00281053, value: { vr: 'DS', text: '1' } },
  ];
}

function geometryElements(kind: SampleKind, index: number): readonly NewElement[] {
  if (kind === 'DX') return [{ tag: 0x00185101, value: { vr: 'CS', text: 'PA' } }];
  return [
    { tag: 0x00180050, value: { vr: 'DS', text: '2.5' } },
    { tag: 0x00200032, value: { vr: 'DS', text: `-125\\-125\\${index * 2.5}` } },
    { tag: 0x00200037, value: { vr: 'DS', text: '1\\0\\0\\0\\1\\0' } },
    { tag: 0x00280030, value: { vr: 'DS', text: '0.75\\0.75' } },
  ];
}

/** A body with two dark lungs and a bright spine, a little larger on each slice, under three bits of noise. */
function samplePixels(index: number, size: number, random: SampleRandom): Uint8Array {
  const bytes = new Uint8Array(size * size * 2);
  const noise = random.bytes(size * size);
  const growth = 1 + 0.01 * (index % 20);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const x = ((column + 0.5) / size - 0.5) * 2;
      const y = ((row + 0.5) / size - 0.5) * 2;
      const at = row * size + column;
      const value = density(x / growth, y / growth) + ((noise[at] ?? 0) & 7);
      bytes[at * 2] = value & 0xff;
      bytes[at * 2 + 1] = value >> 8;
    }
  }
  return bytes;
}

function density(x: number, y: number): number {
  const inside = (cx: number, cy: number, rx: number, ry: number): boolean =>
    ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
  if (inside(0, 0.55, 0.12, 0.14)) return 1900;
  if (inside(-0.38, 0, 0.27, 0.45) || inside(0.38, 0, 0.27, 0.45)) return 180;
  return inside(0, 0, 0.85, 0.7) ? 1060 : 0;
}

function codeItem(value: string, scheme: string, meaning: string): readonly NewElement[] {
  return [
    { tag: TAGS.CodeValue, value: { vr: 'SH', text: value } },
    { tag: TAGS.CodingSchemeDesignator, value: { vr: 'SH', text: scheme } },
    { tag: TAGS.CodeMeaning, value: { vr: 'LO', text: meaning } },
  ];
}

/** A Basic Text SR: a container with one text (PS3.3 A.35.1). */
function reportElements(index: number): readonly NewElement[] {
  const cs = (tag: number, text: string): NewElement => ({ tag, value: { vr: 'CS', text } });
  const text: readonly NewElement[] = [
    cs(0x0040a010, 'CONTAINS'),
    cs(0x0040a040, 'TEXT'),
    { tag: 0x0040a043, value: { vr: 'SQ', items: [codeItem('121071', 'DCM', 'Finding')] } },
    { tag: 0x0040a160, value: { vr: 'UT', text: `No abnormality seen in series ${index + 1}.` } },
  ];
  return [
    cs(TAGS.Modality, 'SR'),
    cs(0x0040a040, 'CONTAINER'),
    { tag: 0x0040a043, value: { vr: 'SQ', items: [codeItem('18748-4', 'LN', 'Diagnostic imaging report')] } },
    cs(0x0040a050, 'SEPARATE'),
    cs(0x0040a491, 'COMPLETE'),
    cs(0x0040a493, 'UNVERIFIED'),
    { tag: 0x0040a730, value: { vr: 'SQ', items: [text] } },
  ];
}

/** An Encapsulated PDF (PS3.3 A.45.1) of one empty page. */
function documentElements(index: number): readonly NewElement[] {
  const page = '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>';
  const objects = ['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>', page];
  const body = objects.map((object, at) => `${at + 1} 0 obj${object}endobj\n`).join('');
  const document = `%PDF-1.4\n${body}trailer<</Root 1 0 R>>\n%%EOF\n`;
  return [
    { tag: TAGS.Modality, value: { vr: 'CS', text: 'DOC' } },
    { tag: 0x00280301, value: { vr: 'CS', text: 'NO' } },
    { tag: 0x00420010, value: { vr: 'ST', text: `Sample document ${index + 1}` } },
    { tag: 0x00420011, value: { vr: 'OB', bytes: latin1Bytes(document) } },
    { tag: 0x00420012, value: { vr: 'LO', text: 'application/pdf' } },
  ];
}
