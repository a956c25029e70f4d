/**
 * WAV (RIFF, Microsoft and IBM 1991; WAVE_FORMAT_EXTENSIBLE, RFC 2361): where the samples lie and what they are. DICOM keeps
 * samples as they are where it has a word for them (PS3.3 C.10.9.1.5); everything else is refused, nothing is converted.
 */
import type { ByteSource } from '@interhosp/core/dicom';
import { MAX_SOUND_BYTES, WAV_CHUNKS } from './limits.ts';
import { beyond, malformed, readExactly, unsupported } from './refusal.ts';

/** Waveform Sample Interpretation (5400,1006). */
export type SampleInterpretation = 'UB' | 'SS' | 'MB' | 'AB';

/** Sound as it lies in a file. */
export interface Sound {
  readonly interpretation: SampleInterpretation;
  readonly bitsPerSample: 8 | 16;
  readonly channels: 1 | 2;
  readonly samplesPerSecond: number;
  /** Samples of each channel. */
  readonly samples: number;
  readonly from: number;
  readonly lengthBytes: number;
}

const FORMAT = { pcm: 0x0001, aLaw: 0x0006, muLaw: 0x0007, extensible: 0xfffe } as const;
/** The end of the GUID behind the format code of an extensible format. */
const SUBFORMAT_TAIL = '000000001000800000aa00389b71';
const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const FORMAT_BYTES = 16;
const EXTENSIBLE_BYTES = 40;

/** @throws {ImportError} `IMPORT_MALFORMED`, `IMPORT_UNSUPPORTED`, `IMPORT_LIMIT` */
export async function readWav(source: ByteSource): Promise<Sound> {
  const riff = await readExactly(source, 0, HEADER_BYTES);
  if (fourCc(riff, 0) === 'RF64') throw unsupported('rf64');
  if (fourCc(riff, 0) !== 'RIFF' || fourCc(riff, 8) !== 'WAVE') throw malformed('no-wav');
  let format: DataView | undefined;
  let at = HEADER_BYTES;
  for (let chunks = 0; at + CHUNK_HEADER_BYTES <= source.lengthBytes; chunks++) {
    if (chunks >= WAV_CHUNKS) throw beyond('chunks', chunks, WAV_CHUNKS);
    const header = await readExactly(source, at, CHUNK_HEADER_BYTES);
    const [name, length] = [fourCc(header, 0), header.getUint32(4, true)];
    const from = at + CHUNK_HEADER_BYTES;
    if (name === 'data') {
      if (format === undefined) throw malformed('no-format', at);
      return soundOf(format, from, length, source.lengthBytes);
    }
    if (from + length > source.lengthBytes) throw malformed('truncated', at);
    if (name === 'fmt ') {
      if (format !== undefined || length < FORMAT_BYTES) throw malformed('format', at);
      format = copyOf(await readExactly(source, from, Math.min(length, EXTENSIBLE_BYTES)));
    }
    // Chunks begin at even places.
    at = from + length + (length % 2);
  }
  throw malformed('no-samples', at);
}

function soundOf(format: DataView, from: number, lengthBytes: number, fileBytes: number): Sound {
  if (lengthBytes > MAX_SOUND_BYTES) throw beyond('bytes', lengthBytes, MAX_SOUND_BYTES);
  if (from + lengthBytes > fileBytes) throw malformed('truncated', from);
  const code = formatCode(format);
  const [channels, samplesPerSecond] = [format.getUint16(2, true), format.getUint32(4, true)];
  const [blockBytes, bits] = [format.getUint16(12, true), format.getUint16(14, true)];
  const interpretation = interpretationOf(code, bits);
  if (channels !== 1 && channels !== 2) throw unsupported('channels');
  const bitsPerSample = interpretation === 'SS' ? 16 : 8;
  if (blockBytes !== (channels * bitsPerSample) / 8 || samplesPerSecond === 0) throw malformed('format');
  if (lengthBytes === 0 || lengthBytes % blockBytes !== 0) throw malformed('samples', from);
  return {
    interpretation,
    bitsPerSample,
    channels,
    samplesPerSecond,
    samples: lengthBytes / blockBytes,
    from,
    lengthBytes,
  };
}

function formatCode(format: DataView): number {
  const code = format.getUint16(0, true);
  if (code !== FORMAT.extensible) return code;
  if (format.byteLength < EXTENSIBLE_BYTES) throw malformed('format');
  const guid = Buffer.from(format.buffer, format.byteOffset + 24, 16);
  if (guid.subarray(2).toString('hex') !== SUBFORMAT_TAIL) throw unsupported('samples');
  // Samples that fill less than their container would need a word that DICOM has, and this does not write.
  if (format.getUint16(18, true) !== format.getUint16(14, true)) throw unsupported('samples');
  return guid.readUInt16LE(0);
}

/** PCM of 8 bits is unsigned, of 16 bits signed. */
function interpretationOf(code: number, bits: number): SampleInterpretation {
  if (code === FORMAT.pcm && bits === 8) return 'UB';
  if (code === FORMAT.pcm && bits === 16) return 'SS';
  if (code === FORMAT.muLaw && bits === 8) return 'MB';
  if (code === FORMAT.aLaw && bits === 8) return 'AB';
  throw unsupported('samples');
}

function fourCc(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}

/** A source may use its window again. */
function copyOf(view: DataView): DataView {
  return new DataView(Uint8Array.from(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)).buffer);
}
