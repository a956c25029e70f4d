/**
 * HEVC/H.265 in an MP4: the decoder configuration record (ISO/IEC 14496-15 8.3.3.1) and the beginning of its sequence
 * parameter sets (23008-2 7.3.2.2), judged by what PS3.5 8.2.10 and 8.2.11 allow. Such a stream may be in several fragments.
 */
import type { Uid } from '@interhosp/core/dicom';
import { bitReader, type BitReader } from './bit-reader.ts';
import { malformed, unsupported } from './refusal.ts';
import type { Coding } from './video.ts';

const MAIN = '1.2.840.10008.1.2.4.107' as Uid;
const MAIN_10 = '1.2.840.10008.1.2.4.108' as Uid;
/** general_level_idc of level 5.1. */
const LEVEL_5_1 = 153;
const SPS_TYPE = 33;
const MAX_ARRAYS = 64;
const MAX_SETS = 64;

/** @throws {ImportError} `IMPORT_MALFORMED`, `IMPORT_UNSUPPORTED` */
export function readHevcConfiguration(record: DataView): Coding {
  if (record.byteLength < 23 || record.getUint8(0) !== 1) throw malformed('hvcc');
  const profileByte = record.getUint8(1);
  const isMain = (profileByte & 0x1f) === 1 || ((profileByte & 0x1f) === 2 && (record.getUint32(2) & 0x40000000) !== 0);
  const isMain10 = (profileByte & 0x1f) === 2;
  if (!isMain && !isMain10) throw unsupported('profile');
  if ((profileByte & 0x20) !== 0) throw unsupported('tier');
  if (record.getUint8(12) > LEVEL_5_1) throw unsupported('level');
  const bits = isMain ? 8 : 10;
  const sets = spsIn(record);
  const [first] = sets;
  if (first === undefined) throw unsupported('parameter-sets');
  const sizes = sets.map((nal) => readSps(nal, bits));
  const [size] = sizes;
  if (size === undefined || sizes.some(({ columns, rows }) => columns !== size.columns || rows !== size.rows)) {
    throw unsupported('parameter-sets');
  }
  const uid = isMain ? MAIN : MAIN_10;
  return { method: 'ISO_23008_2', syntax: { single: uid, fragments: uid }, mayBeFragmentedAlways: true, bits, ...size };
}

function spsIn(record: DataView): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  const arrays = record.getUint8(22);
  if (arrays > MAX_ARRAYS) throw malformed('hvcc');
  let at = 23;
  for (let array = 0; array < arrays; array++) {
    if (at + 3 > record.byteLength) throw malformed('hvcc');
    const [type, count] = [record.getUint8(at) & 0x3f, record.getUint16(at + 1)];
    if (count > MAX_SETS) throw malformed('hvcc');
    at += 3;
    for (let index = 0; index < count; index++) {
      if (at + 2 > record.byteLength) throw malformed('hvcc');
      const length = record.getUint16(at);
      if (at + 2 + length > record.byteLength) throw malformed('hvcc');
      if (type === SPS_TYPE) found.push(new Uint8Array(record.buffer, record.byteOffset + at + 2, length));
      at += 2 + length;
    }
  }
  return found;
}

function readSps(nal: Uint8Array, bits: number): { readonly rows: number; readonly columns: number } {
  if (nal.length < 3 || (((nal[0] ?? 0) >>> 1) & 0x3f) !== SPS_TYPE) throw malformed('sps');
  const reader = bitReader(nal.subarray(2));
  reader.skip(4);
  const subLayers = reader.bits(3);
  reader.skip(1);
  skipProfileTierLevel(reader, subLayers);
  reader.unsigned();
  if (reader.unsigned() !== 1) throw unsupported('chroma');
  const [width, height] = [reader.unsigned(), reader.unsigned()];
  const window = reader.flag()
    ? [reader.unsigned(), reader.unsigned(), reader.unsigned(), reader.unsigned()]
    : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = window;
  if (reader.unsigned() !== bits - 8 || reader.unsigned() !== bits - 8) throw unsupported('bits');
  const [columns, rows] = [width - 2 * (left + right), height - 2 * (top + bottom)];
  if (rows < 1 || columns < 1 || rows > 0xffff || columns > 0xffff) throw malformed('size');
  return { rows, columns };
}

/** 23008-2 7.3.3 */
function skipProfileTierLevel(reader: BitReader, subLayers: number): void {
  reader.skip(96);
  const present = Array.from({ length: subLayers }, () => [reader.flag(), reader.flag()] as const);
  if (subLayers > 0) reader.skip(2 * (8 - subLayers));
  for (const [hasProfile, hasLevel] of present) reader.skip((hasProfile ? 88 : 0) + (hasLevel ? 8 : 0));
}
