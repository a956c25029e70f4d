/**
 * The instances that the PACS suite stores and expects back: small data sets with the elements a search shows, and one
 * big instance whose pixels are computed as they are read. The patients are invented.
 */
import { parseUid, type Uid } from '../dicom/uid.ts';
import type { PacsOptions, StorableInstance } from '../pacs/index.ts';

/** Explicit VR Little Endian (PS3.5 A.2). */
export const EXPLICIT_LITTLE = parseUid('1.2.840.10008.1.2.1');
/** Implicit VR Little Endian (PS3.5 A.1). */
export const IMPLICIT_LITTLE = parseUid('1.2.840.10008.1.2');
/** JPEG Baseline (PS3.5 A.4.1): pixels in fragments, which an adapter must not open. */
export const JPEG_BASELINE = parseUid('1.2.840.10008.1.2.4.50');
/** JPEG-LS Lossless (PS3.5 A.4.3). */
export const JPEG_LS_LOSSLESS = parseUid('1.2.840.10008.1.2.4.80');
/** Explicit VR Big Endian (retired in PS3.5 2016b; archives are full of it). */
export const EXPLICIT_BIG = parseUid('1.2.840.10008.1.2.2');
/** Deflated Explicit VR Little Endian (PS3.5 A.5); made by {@link deflatedSample}. */
export const DEFLATED = parseUid('1.2.840.10008.1.2.1.99');
const SECONDARY_CAPTURE = parseUid('1.2.840.10008.5.1.4.1.1.7');
/** A root made from a UUID (PS3.5 B.2), so that no sample meets an object of somebody else. */
const ROOT = '2.25.267491833904211876310254498127645319';
/** Bytes of big pixels computed at a time. */
const PIECE_BYTES = 262_144;

/** What varies between samples; the rest has defaults. */
export interface SampleTraits {
  readonly study: number;
  readonly series?: number;
  readonly instance?: number;
  readonly patientId?: string;
  /** `null` leaves the issuer out. */
  readonly issuer?: string | null;
  readonly patientName?: string;
  /** `YYYYMMDD`; `null` leaves the date out. */
  readonly studyDate?: string | null;
  readonly accessionNumber?: string;
  readonly modality?: string;
  readonly transferSyntaxUid?: Uid;
  readonly pixelBytes?: number;
  /** Changes the pixels and nothing else. */
  readonly pixelSeed?: number;
  /** Comes back in the study description, which is otherwise a constant. */
  readonly description?: string;
}

/** A sample as it is stored, with the traits it was made from. */
export interface SampleInstance extends StorableInstance {
  readonly traits: SampleTraits;
}

/** The Study Instance UID of sample study `number`. */
export function sampleStudyUid(number: number): Uid {
  return parseUid(`${ROOT}.${number}`);
}

/** One instance; the same traits always make the same bytes. */
export function sampleInstance(traits: SampleTraits): SampleInstance {
  const { study, series = 1, instance = 1, pixelBytes = 1024, pixelSeed = 1 } = traits;
  const transferSyntaxUid = traits.transferSyntaxUid ?? EXPLICIT_LITTLE;
  const identity = {
    studyInstanceUid: sampleStudyUid(study),
    seriesInstanceUid: parseUid(`${ROOT}.${study}.${series}`),
    sopInstanceUid: parseUid(`${ROOT}.${study}.${series}.${instance}`),
    sopClassUid: SECONDARY_CAPTURE,
    transferSyntaxUid,
  };
  const fragmented = transferSyntaxUid === JPEG_BASELINE || transferSyntaxUid === JPEG_LS_LOSSLESS;
  const form = { explicit: transferSyntaxUid !== IMPLICIT_LITTLE, little: transferSyntaxUid !== EXPLICIT_BIG };
  const head = joined([
    ...headerElements(identity, traits).map(([tag, vr, value]) => element(tag, vr, value, form)),
    pixelHead(pixelBytes, form, fragmented),
  ]);
  const tail = fragmented ? item(0xfffe_e0dd, 0) : new Uint8Array(0);
  return {
    ...identity,
    traits,
    lengthBytes: head.length + pixelBytes + tail.length,
    dataSet: (options) => pieces(head, pixelBytes, pixelSeed, tail, options),
  };
}

/** The same as a deflated data set, which no splice and no search can look into without inflating it. */
export async function deflatedSample(traits: Omit<SampleTraits, 'transferSyntaxUid'>): Promise<SampleInstance> {
  const plain = sampleInstance(traits);
  const compressor = new CompressionStream('deflate-raw');
  const writer = compressor.writable.getWriter();
  const written = (async () => {
    for await (const piece of plain.dataSet()) await writer.write(new Uint8Array(piece));
    await writer.close();
  })();
  const parts: Uint8Array[] = [];
  const reader = compressor.readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) parts.push(next.value);
  await written;
  const deflated = joined(parts);
  // A data set has an even length, padded with one 00 behind the stream (PS3.5 A.5).
  const bytes = deflated.length % 2 === 0 ? deflated : joined([deflated, new Uint8Array(1)]);
  async function* dataSet(): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield bytes;
  }
  return { ...plain, transferSyntaxUid: DEFLATED, lengthBytes: bytes.length, dataSet };
}

async function* pieces(
  head: Uint8Array,
  pixelBytes: number,
  seed: number,
  tail: Uint8Array,
  options: PacsOptions = {},
): AsyncGenerator<Uint8Array> {
  yield head;
  for (let at = 0; at < pixelBytes; at += PIECE_BYTES) {
    options.signal?.throwIfAborted();
    yield pixels(at, Math.min(PIECE_BYTES, pixelBytes - at), seed);
  }
  if (tail.length > 0) yield tail;
}

/** Bytes that differ between positions and seeds, so that a lost, doubled or shifted piece shows. */
function pixels(offset: number, length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) {
    const at = offset + index;
    bytes[index] = (at * 31 + (at >>> 8) * 17 + (at >>> 16) * 7 + seed) & 0xff;
  }
  return bytes;
}

type Header = readonly [tag: number, vr: string, value: string | Uint8Array];

function headerElements(
  identity: { studyInstanceUid: Uid; seriesInstanceUid: Uid; sopInstanceUid: Uid; sopClassUid: Uid },
  traits: SampleTraits,
): readonly Header[] {
  const { studyDate = '20240229', issuer = 'SAMPLE-HOSPITAL' } = traits;
  const elements: readonly (Header | undefined)[] = [
    [0x0008_0005, 'CS', 'ISO_IR 192'],
    [0x0008_0016, 'UI', identity.sopClassUid],
    [0x0008_0018, 'UI', identity.sopInstanceUid],
    studyDate === null ? undefined : [0x0008_0020, 'DA', studyDate],
    [0x0008_0030, 'TM', '101500'],
    [0x0008_0050, 'SH', traits.accessionNumber ?? `ACC-${traits.study}`],
    [0x0008_0060, 'CS', traits.modality ?? 'OT'],
    [0x0008_0090, 'PN', 'Peeters^Lode'],
    [0x0008_1030, 'LO', traits.description ?? 'Sample study'],
    [0x0009_0010, 'LO', 'INTERHOSP SAMPLE'],
    [0x0009_1001, 'LO', `private ${traits.instance ?? 1}`],
    [0x0010_0010, 'PN', traits.patientName ?? 'Lemaître^Zoé'],
    [0x0010_0020, 'LO', traits.patientId ?? `PAT-${traits.study}`],
    issuer === null ? undefined : [0x0010_0021, 'LO', issuer],
    [0x0010_0030, 'DA', '19700401'],
    [0x0010_0040, 'CS', 'F'],
    [0x0020_000d, 'UI', identity.studyInstanceUid],
    [0x0020_000e, 'UI', identity.seriesInstanceUid],
    [0x0020_0010, 'SH', `S${traits.study}`],
    [0x0020_0011, 'IS', String(traits.series ?? 1)],
    [0x0020_0013, 'IS', String(traits.instance ?? 1)],
    [0x0028_0002, 'US', uint16(1)],
    [0x0028_0004, 'CS', 'MONOCHROME2'],
    [0x0028_0010, 'US', uint16(32)],
    [0x0028_0011, 'US', uint16(Math.min(0xffff, Math.max(1, Math.trunc((traits.pixelBytes ?? 1024) / 32))))],
    [0x0028_0100, 'US', uint16(8)],
    [0x0028_0101, 'US', uint16(8)],
    [0x0028_0102, 'US', uint16(7)],
    [0x0028_0103, 'US', uint16(0)],
  ];
  return elements.filter((each) => each !== undefined);
}

/** How elements are written. */
interface Form {
  readonly explicit: boolean;
  readonly little: boolean;
}

const EXPLICIT_FORM: Form = { explicit: true, little: true };

function pixelHead(pixelBytes: number, form: Form, fragmented: boolean): Uint8Array {
  if (!fragmented) return elementHead(0x7fe0_0010, form.explicit ? 'OB' : 'OW', pixelBytes, form);
  const undefinedLength = 0xffff_ffff;
  return joined([
    elementHead(0x7fe0_0010, 'OB', undefinedLength, EXPLICIT_FORM),
    item(0xfffe_e000, 0),
    item(0xfffe_e000, pixelBytes),
  ]);
}

/** One element (PS3.5 7.1), its value padded to an even length. */
function element(tag: number, vr: string, value: string | Uint8Array, form: Form): Uint8Array {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  const padding = bytes.length % 2 === 0 ? [] : [Uint8Array.of(vr === 'UI' ? 0 : 0x20)];
  const ordered = vr === 'US' && !form.little ? bytes.toReversed() : bytes;
  return joined([elementHead(tag, vr, bytes.length + padding.length, form), ordered, ...padding]);
}

function elementHead(tag: number, vr: string, length: number, { explicit, little }: Form): Uint8Array {
  const long = vr === 'OB' || vr === 'OW';
  const bytes = new Uint8Array(explicit && long ? 12 : 8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, tag >>> 16, little);
  view.setUint16(2, tag & 0xffff, little);
  if (explicit) bytes.set([vr.charCodeAt(0), vr.charCodeAt(1)], 4);
  if (explicit && !long) view.setUint16(6, length, little);
  else view.setUint32(bytes.length - 4, length, little);
  return bytes;
}

function item(tag: number, length: number): Uint8Array {
  return elementHead(tag, '', length, { explicit: false, little: true });
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >>> 8);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
