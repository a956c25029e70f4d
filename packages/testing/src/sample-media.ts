/**
 * Documents, pictures, videos and sounds of a few hundred bytes, written by code: what a hospital would drop into a folder.
 * The videos have true headers and samples that are noise; nothing here decodes samples.
 */

const COLOUR_JPEG =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAAQABgDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDDjtParcdp7Vpx2ntVuO09q0niDDDYsy47T2orejtPaiuV4jU9yni/dP/Z';
const GREY_JPEG =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/wAALCAAQABgBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AMOO09qtx2ntVqO09qsx2ntVuO09qtR2ntX/2Q==';
const PROGRESSIVE_JPEG =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/wgALCAAQABgBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAwT/2gAIAQEAAAABhVVVf//EABYQAAMAAAAAAAAAAAAAAAAAAAABAv/aAAgBAQABBQJSKRSKRSKT/8QAFBABAAAAAAAAAAAAAAAAAAAAIP/aAAgBAQAGPwJf/8QAFBABAAAAAAAAAAAAAAAAAAAAIP/aAAgBAQABPyFKq//aAAgBAQAAABBv/8QAFRABAQAAAAAAAAAAAAAAAAAAAGH/2gAIAQEAAT8Qiiiiii//2Q==';

/** A picture of 24 by 16. */
export function sampleJpeg(kind: 'colour' | 'grey' | 'progressive' = 'colour'): Uint8Array {
  const text = { colour: COLOUR_JPEG, grey: GREY_JPEG, progressive: PROGRESSIVE_JPEG }[kind];
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

/** The same picture with EXIF, in the byte order of the camera. */
export function jpegWithOrientation(orientation: number, order: 'II' | 'MM' = 'MM'): Uint8Array {
  const tiff = Buffer.alloc(26);
  const isLittle = order === 'II';
  const short = (value: number, at: number) =>
    isLittle ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at);
  const long = (value: number, at: number) =>
    isLittle ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at);
  tiff.write(order, 0, 'latin1');
  short(42, 2);
  long(8, 4);
  short(1, 8);
  short(0x0112, 10);
  short(3, 12);
  long(1, 14);
  short(orientation, 18);
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const header = Buffer.from([0xff, 0xe1, 0, 0]);
  header.writeUInt16BE(content.length + 2, 2);
  const jpeg = sampleJpeg();
  return Uint8Array.from(Buffer.concat([jpeg.subarray(0, 2), header, content, jpeg.subarray(2)]));
}

/** A document of one empty page. */
export function samplePdf(text = 'A report of nobody'): Uint8Array {
  const objects = [
    '1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj',
    '2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj',
    '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj',
  ];
  const body = `%PDF-1.4\n% ${text}\n${objects.join('\n')}\ntrailer<</Root 1 0 R>>\n%%EOF\n`;
  return Uint8Array.from(Buffer.from(body, 'latin1'));
}

/** A CDA document; the parts of it are given as XML. */
export function sampleCda({
  body = '',
  head = '<title>Compte rendu &amp; conclusion</title>',
  prolog = '',
} = {}): Uint8Array {
  const text =
    `<?xml version="1.0" encoding="UTF-8"?>\n${prolog}<ClinicalDocument xmlns="urn:hl7-org:v3">` +
    '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>' +
    '<id root="2.16.840.1.113883.19.5" extension="R-17"/>' +
    '<code code="18748-4" codeSystem="2.16.840.1.113883.6.1" displayName="Diagnostic imaging report"/>' +
    `${head}<effectiveTime value="20260314"/><component>${body}</component></ClinicalDocument>\n`;
  return Uint8Array.from(Buffer.from(text, 'utf8'));
}

/** How sound is to be. */
export interface SampleWavOptions {
  /** Format code: 1 PCM (default), 6 A-law, 7 mu-law, 0xfffe extensible around PCM. */
  readonly format?: number;
  readonly bits?: number;
  readonly channels?: number;
  readonly samplesPerSecond?: number;
  readonly samples?: number;
  /** Chunks between format and samples, as name and content. */
  readonly chunks?: readonly (readonly [string, Uint8Array])[];
}

/** A WAV file of noise. */
export function sampleWav({
  bits = 16,
  channels = 1,
  chunks = [],
  format = 1,
  samples = 101,
  samplesPerSecond = 44_100,
}: SampleWavOptions = {}): Uint8Array {
  const isExtensible = format === 0xfffe;
  const fmt = Buffer.alloc(isExtensible ? 40 : 16);
  const block = (channels * bits) / 8;
  fmt.writeUInt16LE(format, 0);
  fmt.writeUInt16LE(channels, 2);
  fmt.writeUInt32LE(samplesPerSecond, 4);
  fmt.writeUInt32LE(samplesPerSecond * block, 8);
  fmt.writeUInt16LE(block, 12);
  fmt.writeUInt16LE(bits, 14);
  if (isExtensible) {
    fmt.writeUInt16LE(22, 16);
    fmt.writeUInt16LE(bits, 18);
    Buffer.from('0100000000001000800000aa00389b71', 'hex').copy(fmt, 24);
  }
  const all = [['fmt ', fmt], ...chunks, ['data', noise(samples * block).reverse()]] as const;
  const content = Buffer.concat([Buffer.from('WAVE'), ...all.map(([name, bytes]) => riffChunk(name, bytes))]);
  return Uint8Array.from(riffChunk('RIFF', content));
}

function riffChunk(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.write(name, 0, 'latin1');
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content, Buffer.alloc(content.length % 2)]);
}

/** How a video is to be. */
export interface SampleMp4Options {
  readonly codec?: 'avc1' | 'hvc1' | 'avc3' | 'encv';
  /** profile_idc; default 100 (High), 1 (Main) for HEVC. */
  readonly profile?: number;
  /** level_idc; default 41, 123 for HEVC. */
  readonly level?: number;
  readonly bits?: 8 | 10;
  /** chroma_format_idc; default 1. */
  readonly chroma?: number;
  readonly columns?: number;
  readonly rows?: number;
  readonly frames?: number;
  /** Frames a second. */
  readonly rate?: number;
  /** aspect_ratio_idc in the VUI; left out by default. */
  readonly aspect?: number;
  /** a, b, c, d of the track's matrix; default upright. */
  readonly matrix?: readonly [number, number, number, number];
  readonly sound?: { readonly objectType?: number; readonly samplesPerSecond?: number; readonly channels?: number };
  readonly brand?: string;
  /** Bytes of samples. */
  readonly mediaBytes?: number;
  readonly isFragmented?: boolean;
  readonly isExternal?: boolean;
  /** Movie box before the samples, as for streaming; default behind them. */
  readonly isFastStart?: boolean;
}

/** An MP4 of noise with true headers. */
export function sampleMp4(options: SampleMp4Options = {}): Uint8Array {
  const { head, media, tail } = sampleMp4Parts(options);
  return Uint8Array.from(Buffer.concat([head, media, noise(options.mediaBytes ?? 999), tail]));
}

/** The same without samples, so that a test can write gigabytes of them: what stands before and after. */
export function sampleMp4Parts(options: SampleMp4Options = {}) {
  const { brand = 'isom', isFastStart = false, mediaBytes = 999 } = options;
  const type = box('ftyp', Buffer.from(`${brand}\0\0\0\0${brand}`, 'latin1'));
  const movie = movieBox(options);
  const isLarge = mediaBytes + 8 > 0xffffffff;
  const media = Buffer.alloc(isLarge ? 16 : 8);
  media.write('mdat', 4, 'latin1');
  if (isLarge) {
    media.writeUInt32BE(1, 0);
    media.writeBigUInt64BE(BigInt(mediaBytes + 16), 8);
  } else media.writeUInt32BE(mediaBytes + 8, 0);
  return {
    head: isFastStart ? Buffer.concat([type, movie]) : type,
    media,
    tail: isFastStart ? Buffer.alloc(0) : movie,
  };
}

const TIMESCALE = 90_000;

function movieBox(options: SampleMp4Options): Buffer {
  const { frames = 50, isFragmented = false, rate = 25, sound } = options;
  const duration = Math.round((frames / rate) * TIMESCALE);
  const header = Buffer.alloc(100);
  header.writeUInt32BE(TIMESCALE, 12);
  header.writeUInt32BE(duration, 16);
  const tracks = [videoTrack(options, frames, duration), ...(sound === undefined ? [] : [soundTrack(sound, duration)])];
  const extends_ = isFragmented ? [box('mvex', box('trex', Buffer.alloc(24)))] : [];
  return box('moov', box('mvhd', header), ...tracks, ...extends_);
}

function videoTrack(options: SampleMp4Options, frames: number, duration: number): Buffer {
  const { codec = 'avc1', columns = 320, matrix = [1, 0, 0, 1], rows = 240 } = options;
  const header = Buffer.alloc(84);
  for (const [index, value] of matrix.entries()) header.writeInt32BE(value * 0x10000, 40 + [0, 4, 12, 16][index]!);
  header.writeInt32BE(0x40000000, 72);
  const entry = Buffer.alloc(78);
  entry.writeUInt16BE(1, 6);
  entry.writeUInt16BE(columns, 24);
  entry.writeUInt16BE(rows, 26);
  const configuration = codec === 'hvc1' ? box('hvcC', hvcC(options)) : box('avcC', avcC(options));
  return track(
    header,
    'vide',
    box('vmhd', Buffer.alloc(12)),
    box(codec, entry, configuration),
    frames,
    duration,
    options,
  );
}

function soundTrack(
  { channels = 2, objectType = 0x40, samplesPerSecond = 48_000 }: NonNullable<SampleMp4Options['sound']>,
  duration: number,
): Buffer {
  const entry = Buffer.alloc(28);
  entry.writeUInt16BE(1, 6);
  entry.writeUInt16BE(channels, 16);
  entry.writeUInt16BE(16, 18);
  entry.writeUInt16BE(samplesPerSecond, 24);
  const config = Buffer.concat([Buffer.from([0x04, 0x80, 0x80, 0x80, 13, objectType]), Buffer.alloc(12)]);
  const stream = Buffer.concat([Buffer.from([0x03, 3 + config.length, 0, 1, 0]), config]);
  const esds = box('esds', Buffer.alloc(4), stream);
  return track(Buffer.alloc(84), 'soun', box('smhd', Buffer.alloc(8)), box('mp4a', entry, esds), 100, duration, {});
}

function track(
  header: Buffer,
  handler: string,
  mediaHeader: Buffer,
  entry: Buffer,
  samples: number,
  duration: number,
  { isExternal = false }: SampleMp4Options,
): Buffer {
  const mdhd = Buffer.alloc(24);
  mdhd.writeUInt32BE(TIMESCALE, 12);
  mdhd.writeUInt32BE(duration, 16);
  const hdlr = Buffer.alloc(25);
  hdlr.write(handler, 8, 'latin1');
  const url = isExternal
    ? box('url ', Buffer.concat([Buffer.alloc(4), Buffer.from('http://127.0.0.1/\0')]))
    : box('url ', uint32(1));
  const stsz = Buffer.concat([uint32(0), uint32(20), uint32(samples)]);
  const table = box(
    'stbl',
    box('stsd', uint32(0), uint32(1), entry),
    box('stts', uint32(0), uint32(1), uint32(samples), uint32(Math.round(duration / samples))),
    box('stsc', uint32(0), uint32(0)),
    box('stsz', stsz),
    box('stco', uint32(0), uint32(0)),
  );
  const information = box('minf', mediaHeader, box('dinf', box('dref', uint32(0), uint32(1), url)), table);
  return box('trak', box('tkhd', header), box('mdia', box('mdhd', mdhd), box('hdlr', hdlr), information));
}

function avcC(options: SampleMp4Options): Buffer {
  const { level = 41, profile = 100 } = options;
  const sps = Buffer.concat([Buffer.from([0x67, profile, 0, level]), avcParameters(options)]);
  const pps = Buffer.from([0x68, 0xee, 0x3c, 0x80]);
  return Buffer.concat([
    Buffer.from([1, profile, 0, level, 0xff, 0xe1, 0, sps.length]),
    sps,
    Buffer.from([1, 0, pps.length]),
    pps,
  ]);
}

/** A sequence parameter set behind its level (ISO/IEC 14496-10 7.3.2.1.1). */
function avcParameters({
  aspect,
  bits: depth = 8,
  chroma = 1,
  columns = 320,
  profile = 100,
  rows = 240,
}: SampleMp4Options) {
  const bits = bitWriter();
  bits.unsigned(0);
  if (profile >= 100) {
    bits.unsigned(chroma);
    if (chroma === 3) bits.write(0, 1);
    bits.unsigned(depth - 8);
    bits.unsigned(depth - 8);
    bits.write(0, 2);
  }
  bits.unsigned(0);
  bits.unsigned(2);
  bits.unsigned(1);
  bits.write(0, 1);
  const [across, down] = [Math.ceil(columns / 16), Math.ceil(rows / 16)];
  bits.unsigned(across - 1);
  bits.unsigned(down - 1);
  bits.write(1, 1);
  bits.write(1, 1);
  const [right, bottom] = [(across * 16 - columns) / 2, (down * 16 - rows) / 2];
  const isCropped = right > 0 || bottom > 0;
  bits.write(isCropped ? 1 : 0, 1);
  if (isCropped) for (const each of [0, right, 0, bottom]) bits.unsigned(each);
  bits.write(aspect === undefined ? 0 : 1, 1);
  if (aspect !== undefined) {
    bits.write(1, 1);
    bits.write(aspect, 8);
    bits.write(0, 8);
  }
  return bits.end();
}

function hvcC({
  bits: depth = 8,
  chroma = 1,
  columns = 320,
  level = 123,
  profile = 1,
  rows = 240,
}: SampleMp4Options): Buffer {
  const header = Buffer.alloc(23);
  header[0] = 1;
  header[1] = profile;
  header.writeUInt32BE(profile === 1 ? 0x60000000 : 0x20000000, 2);
  header[12] = level;
  header[22] = 1;
  const bits = bitWriter();
  bits.write(0, 4);
  bits.write(0, 3);
  bits.write(1, 1);
  for (let byte = 0; byte < 12; byte++) bits.write(0, 8);
  bits.unsigned(0);
  bits.unsigned(chroma);
  bits.unsigned(columns);
  bits.unsigned(rows);
  bits.write(0, 1);
  bits.unsigned(depth - 8);
  bits.unsigned(depth - 8);
  const sps = Buffer.concat([Buffer.from([0x42, 0x01]), bits.end()]);
  return Buffer.concat([header, Buffer.from([33, 0, 1, 0, sps.length]), sps]);
}

/** Bits as a NAL unit has them, with emulation prevention. */
function bitWriter() {
  const written: number[] = [];
  const write = (value: number, count: number): void => {
    for (let bit = count - 1; bit >= 0; bit--) written.push(Math.floor(value / 2 ** bit) % 2);
  };
  return {
    write,
    unsigned(value: number): void {
      const length = Math.floor(Math.log2(value + 1));
      write(0, length);
      write(value + 1, length + 1);
    },
    end(): Buffer {
      write(1, 1);
      while (written.length % 8 !== 0) written.push(0);
      const bytes: number[] = [];
      for (let at = 0; at < written.length; at += 8) {
        const byte = written.slice(at, at + 8).reduce((sum, bit) => sum * 2 + bit, 0);
        if (byte <= 3 && bytes.at(-1) === 0 && bytes.at(-2) === 0) bytes.push(3);
        bytes.push(byte);
      }
      return Buffer.from(bytes);
    },
  };
}

function box(type: string, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([uint32(content.length + 8), Buffer.from(type, 'latin1'), content]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Bytes that look like nothing, the same ones each time. */
function noise(length: number): Buffer {
  let state = 0x2545f491;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    }),
  );
}
