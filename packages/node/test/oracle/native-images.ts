// Images made here, before anybody compressed them: what a decoder has to give back.

import {
  encodeElements,
  characterSetOf,
  part10Header,
  TAGS,
  TRANSFER_SYNTAXES,
  type NewElement,
  type Uid,
} from '@interhosp/core/dicom';

/** How an image is made. */
export interface NativeImage {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samplesPerPixel: 1 | 3;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly isSigned: boolean;
  readonly isPlanar?: boolean;
}

const SOP_CLASS = '1.2.840.10008.5.1.4.1.1.7' as Uid;

/** The value of Pixel Data: slopes with noise and jumps, over the whole range; not padded. */
export function nativePixels(image: NativeImage): Uint8Array {
  const { bitsAllocated, bitsStored, columns, frames, isSigned, rows, samplesPerPixel } = image;
  const samples = rows * columns * frames * samplesPerPixel;
  const bytes = new Uint8Array((samples * bitsAllocated) / 8);
  const view = new DataView(bytes.buffer);
  const range = 2 ** bitsStored;
  let state = 12345 + rows * columns;
  for (let index = 0; index < samples; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const noise = state >>> 16;
    const level = noise % 97 === 0 ? noise * 131 : index * 3 + (noise % 7);
    const value = (level % range) - (isSigned ? range / 2 : 0);
    if (bitsAllocated === 8) view.setInt8(index, value);
    else view.setInt16(2 * index, value, true);
  }
  return bytes;
}

/** The image as a file in Explicit VR Little Endian. */
export function nativeFile(image: NativeImage): Uint8Array {
  const { bitsAllocated, bitsStored, columns, frames, isPlanar, isSigned, rows, samplesPerPixel } = image;
  const us = (tag: number, number: number): NewElement => ({ tag, value: { numbers: [number], vr: 'US' } });
  const text = (tag: number, vr: 'CS' | 'DA' | 'IS' | 'LO' | 'PN' | 'UI', value: string): NewElement => ({
    tag,
    value: { text: value, vr },
  });
  const sopInstanceUid = `1.2.3.${rows}.${columns}.${bitsStored}.${samplesPerPixel}${isSigned ? '1' : '2'}` as Uid;
  const elements: NewElement[] = [
    text(0x00080008, 'CS', 'ORIGINAL\\PRIMARY'),
    text(TAGS.SOPClassUID, 'UI', SOP_CLASS),
    text(TAGS.SOPInstanceUID, 'UI', sopInstanceUid),
    text(TAGS.Modality, 'CS', 'OT'),
    text(TAGS.PatientName, 'PN', 'Test^Decoding'),
    text(TAGS.PatientID, 'LO', 'D-1'),
    text(TAGS.StudyInstanceUID, 'UI', '1.2.3.1'),
    text(TAGS.SeriesInstanceUID, 'UI', '1.2.3.2'),
    us(0x00280002, samplesPerPixel),
    text(0x00280004, 'CS', samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2'),
    ...(samplesPerPixel === 3 ? [us(0x00280006, isPlanar === true ? 1 : 0)] : []),
    ...(frames > 1 ? [text(0x00280008, 'IS', String(frames))] : []),
    us(0x00280010, rows),
    us(0x00280011, columns),
    us(0x00280100, bitsAllocated),
    us(0x00280101, bitsStored),
    us(0x00280102, bitsStored - 1),
    us(0x00280103, isSigned ? 1 : 0),
    { tag: TAGS.PixelData, value: { bytes: nativePixels(image), vr: bitsAllocated === 8 ? 'OB' : 'OW' } },
  ];
  const dataSet = encodeElements('explicit', elements, characterSetOf('ISO_IR 100')!);
  const meta = part10Header({
    sopClassUid: SOP_CLASS,
    sopInstanceUid,
    transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRLittleEndian,
  });
  return Buffer.concat([meta, dataSet]);
}
