/**
 * MPEG-4 AVC/H.264 in an MP4: the decoder configuration record (ISO/IEC 14496-15 5.3.3.1) and its sequence parameter sets
 * (14496-10 7.3.2.1.1), judged by what PS3.5 8.2.7 and 8.2.8 allow.
 */
import type { Uid } from '@interhosp/core/dicom';
import { bitReader, type BitReader } from './bit-reader.ts';
import { malformed, unsupported } from './refusal.ts';
import type { Coding } from './video.ts';

/** Non-fragmentable and fragmentable transfer syntaxes (PS3.6 table A-1). */
const LEVEL_4_1 = { single: '1.2.840.10008.1.2.4.102' as Uid, fragments: '1.2.840.10008.1.2.4.102.1' as Uid };
const LEVEL_4_2 = { single: '1.2.840.10008.1.2.4.104' as Uid, fragments: '1.2.840.10008.1.2.4.104.1' as Uid };

const PROFILE = { baseline: 66, main: 77, high: 100 } as const;
/** Profiles whose parameter sets say chroma format and bit depth (14496-10 7.3.2.1.1). */
const WITH_CHROMA: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const SPS_TYPE = 7;
const EXTENDED_SAR = 255;

/** @throws {ImportError} `IMPORT_MALFORMED`, `IMPORT_UNSUPPORTED` */
export function readAvcConfiguration(record: DataView): Coding {
  if (record.byteLength < 7 || record.getUint8(0) !== 1) throw malformed('avcc');
  const count = record.getUint8(5) & 0x1f;
  if (count === 0) throw unsupported('parameter-sets');
  let at = 6;
  let coding: Coding | undefined;
  for (let index = 0; index < count; index++) {
    if (at + 2 > record.byteLength) throw malformed('avcc');
    const length = record.getUint16(at);
    if (length < 4 || at + 2 + length > record.byteLength) throw malformed('avcc');
    const one = readSps(new Uint8Array(record.buffer, record.byteOffset + at + 2, length));
    if (coding !== undefined && !isSame(coding, one)) throw unsupported('parameter-sets');
    coding = one;
    at += 2 + length;
  }
  if (coding === undefined) throw malformed('avcc');
  return coding;
}

function readSps(nal: Uint8Array): Coding {
  if (((nal[0] ?? 0) & 0x1f) !== SPS_TYPE) throw malformed('sps');
  const [profile = 0, constraints = 0, level = 0] = nal.subarray(1, 4);
  const isHigh = profile === PROFILE.high;
  // A decoder for High decodes these as well (14496-10 A.2.4): Main, and Baseline that is Main too.
  const isDecodable =
    isHigh || profile === PROFILE.main || (profile === PROFILE.baseline && (constraints & 0x40) !== 0);
  if (!isDecodable) throw unsupported('profile');
  if (level > 42) throw unsupported('level');
  const reader = bitReader(nal.subarray(4));
  reader.unsigned();
  if (WITH_CHROMA.has(profile)) checkChroma(reader);
  return {
    method: 'ISO_14496_10',
    syntax: level > 41 ? LEVEL_4_2 : LEVEL_4_1,
    mayBeFragmentedAlways: false,
    bits: 8,
    ...sizeOf(reader),
  };
}

function checkChroma(reader: BitReader): void {
  // Monochrome is 4:0:0, which Photometric Interpretation YBR_PARTIAL_420 is not.
  if (reader.unsigned() !== 1) throw unsupported('chroma');
  if (reader.unsigned() !== 0 || reader.unsigned() !== 0) throw unsupported('bits');
  reader.skip(1);
  if (!reader.flag()) return;
  for (let list = 0; list < 8; list++) if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64);
}

function skipScalingList(reader: BitReader, size: number): void {
  let [last, next] = [8, 8];
  for (let index = 0; index < size; index++) {
    if (next !== 0) next = (last + reader.signed() + 256) % 256;
    if (next !== 0) last = next;
  }
}

function sizeOf(reader: BitReader): { readonly rows: number; readonly columns: number } {
  reader.unsigned();
  const orderType = reader.unsigned();
  if (orderType === 0) reader.unsigned();
  else if (orderType === 1) skipOrderCycle(reader);
  reader.unsigned();
  reader.skip(1);
  const [widthInBlocks, heightInUnits] = [reader.unsigned() + 1, reader.unsigned() + 1];
  const isProgressive = reader.flag();
  if (!isProgressive) reader.skip(1);
  reader.skip(1);
  // In units of two samples, and of two rows of a field (4:2:0; 14496-10 table 6-1).
  const unitRows = isProgressive ? 2 : 4;
  const crop = reader.flag()
    ? [reader.unsigned(), reader.unsigned(), reader.unsigned(), reader.unsigned()]
    : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  if (reader.flag()) checkSquare(reader);
  const columns = widthInBlocks * 16 - 2 * (left + right);
  const rows = heightInUnits * 16 * (isProgressive ? 1 : 2) - unitRows * (top + bottom);
  if (rows < 1 || columns < 1 || rows > 0xffff || columns > 0xffff) throw malformed('size');
  return { rows, columns };
}

function skipOrderCycle(reader: BitReader): void {
  reader.skip(1);
  reader.signed();
  reader.signed();
  const count = reader.unsigned();
  if (count > 255) throw malformed('sps');
  for (let index = 0; index < count; index++) reader.signed();
}

/** Samples are square (PS3.5 8.2.7): aspect_ratio_idc 1, or a ratio that says the same. */
function checkSquare(reader: BitReader): void {
  if (!reader.flag()) return;
  const ratio = reader.bits(8);
  if (ratio === EXTENDED_SAR && reader.bits(16) === reader.bits(16)) return;
  if (ratio > 1) throw unsupported('aspect');
}

function isSame(one: Coding, other: Coding): boolean {
  return one.rows === other.rows && one.columns === other.columns && one.syntax === other.syntax;
}
