/**
 * A video as Video Photographic (PS3.3 A.32.7), Endoscopic (A.32.5) or Microscopic Image (A.32.6), by the modality XC, ES or
 * GM. The whole MP4 is the encapsulated stream (PS3.5 8.2.7): in one fragment where it fits, else in several, for which H.264
 * has transfer syntaxes of its own.
 */
import type { Uid } from '@interhosp/core/dicom';
import { attributes, codeItem, type Attributes } from './attributes.ts';
import { commonModules, neededCode, type Subject } from './common-modules.ts';
import { withPixels, type ComposedObject } from './composed.ts';
import { anatomicRegion, comments, laterality, ratioText } from './image-object.ts';
import { MAX_FRAGMENT_BYTES } from './limits.ts';
import { unsupported } from './refusal.ts';
import type { Video } from './video.ts';

const CLASSES: Readonly<Record<string, Uid>> = {
  ES: '1.2.840.10008.5.1.4.1.1.77.1.1.1' as Uid,
  GM: '1.2.840.10008.5.1.4.1.1.77.1.2.1' as Uid,
  XC: '1.2.840.10008.5.1.4.1.1.77.1.4.1' as Uid,
};
const FRAME_TIME = 0x00181063;
/** What a camera hears (CID 3000). */
const HEARD = { CodeValue: '109112', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Ambient room environment' };
/** EXIF Orientation of so many quarter turns. */
const ORIENTATION = [1, 6, 3, 8] as const;

/** @param mostBytes - Of one fragment; tests make it small. @throws {ImportError} */
export function videoObject(subject: Subject, video: Video, mostBytes = MAX_FRAGMENT_BYTES): ComposedObject {
  const modality = subject.said.values.get('Modality') ?? 'XC';
  const sopClassUid = Object.hasOwn(CLASSES, modality) ? CLASSES[modality] : undefined;
  if (sopClassUid === undefined) throw unsupported('modality');
  const level = commonModules({ sopClassUid, modality }, subject);
  level.text(0x00080008, 'CS', 'ORIGINAL\\PRIMARY');
  level.text(0x00200020, 'CS', '');
  laterality(level, subject);
  level.sequence(0x00400555);
  // A still speaks for itself; of many frames the region must be said (C.8.12.1).
  anatomicRegion(level, neededCode(subject, 'AnatomicRegionSequence'));
  cine(level, video);
  imagePixel(level, video);
  comments(level, subject, ORIENTATION[video.quarterTurns]);
  const isFragmented = video.lengthBytes > mostBytes;
  return {
    sopClassUid,
    transferSyntaxUid: isFragmented ? video.syntax.fragments : video.syntax.single,
    parts: withPixels(level, { from: 0, lengthBytes: video.lengthBytes }, isFragmented),
  };
}

/** Multi-frame (C.7.6.6) and Cine (C.7.6.5). The container keeps the exact times; these are their mean. */
function cine(level: Attributes, { durationMs, frames, sound }: Video): void {
  const frameMs = durationMs / frames;
  const rate = String(Math.max(1, Math.round(1_000 / frameMs)));
  level.text(0x00280008, 'IS', String(frames));
  level.bytes(0x00280009, 'AT', Uint8Array.of(0x18, 0x00, 0x63, 0x10));
  level.text(FRAME_TIME, 'DS', String(Number(frameMs.toPrecision(8))).slice(0, 16));
  level.text(0x00180040, 'IS', rate);
  level.text(0x00082144, 'IS', rate);
  // Required where the stream has sound (C.7.6.5).
  if (sound.length > 0) level.sequence(0x003a0300, ...sound.map(soundItem));
}

function soundItem(mode: 'MONO' | 'STEREO', index: number): Attributes {
  const item = attributes();
  item.text(0x003a0301, 'IS', String(index + 1));
  item.text(0x003a0302, 'CS', mode);
  item.sequence(0x003a0208, codeItem(HEARD));
  return item;
}

/** Image Pixel (C.7.6.3) and VL Image (C.8.12.1) with the values of PS3.5 8.2.7 to 8.2.11. */
function imagePixel(level: Attributes, { bits, columns, frames, lengthBytes, method, rows }: Video): void {
  level.numbers(0x00280002, 'US', 3);
  level.text(0x00280004, 'CS', 'YBR_PARTIAL_420');
  level.numbers(0x00280006, 'US', 0);
  level.numbers(0x00280010, 'US', rows);
  level.numbers(0x00280011, 'US', columns);
  level.numbers(0x00280100, 'US', bits > 8 ? 16 : 8);
  level.numbers(0x00280101, 'US', bits);
  level.numbers(0x00280102, 'US', bits - 1);
  level.numbers(0x00280103, 'US', 0);
  level.text(0x00282110, 'CS', '01');
  level.text(0x00282112, 'DS', ratioText((rows * columns * 3 * frames) / lengthBytes));
  level.text(0x00282114, 'CS', method);
}
