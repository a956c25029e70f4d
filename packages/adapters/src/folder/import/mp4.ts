/**
 * MP4 (ISO/IEC 14496-12, 14496-14): what DICOM says of a video, read from the movie box; the samples are never read. DICOM
 * takes the container itself as the encapsulated stream (PS3.5 8.2.7 to 8.2.11: "MPEG-2 Transport Stream … or MP4
 * container"), with square pixels, one video track and, beside it, sound in AAC, MP3 or MP2 (8.2.12).
 */
import type { ByteSource } from '@interhosp/core/dicom';
import { readAvcConfiguration } from './h264.ts';
import { readHevcConfiguration } from './h265.ts';
import { MAX_VIDEO_BYTES, MP4_TRACKS } from './limits.ts';
import { boxWalker, type Box, type BoxWalker } from './mp4-boxes.ts';
import { soundTrack } from './mp4-sound.ts';
import { beyond, malformed, unsupported } from './refusal.ts';
import type { Coding, QuarterTurns, Video } from './video.ts';

/** Brands of files that are MP4 (14496-12 annex E, 14496-14 6, 14496-15); QuickTime's own is none. */
const BRANDS = /^(?:iso[m2-9]|mp4[12]|avc1|M4V |M4VP|MSNV|hvc1|dash)$/;
/** Bytes of a VisualSampleEntry before its boxes (14496-12 12.1.3). */
const VISUAL_ENTRY_BYTES = 78;
const MAX_FRAMES = 0x7fffffff;

/** What one track says of itself. */
interface VideoTrack {
  readonly coding: Coding;
  readonly frames: number;
  readonly durationMs: number;
  readonly quarterTurns: QuarterTurns;
}

/** @throws {ImportError} `IMPORT_MALFORMED`, `IMPORT_UNSUPPORTED`, `IMPORT_LIMIT` */
export async function readMp4(source: ByteSource): Promise<Video> {
  const { lengthBytes } = source;
  if (lengthBytes > MAX_VIDEO_BYTES) throw beyond('bytes', lengthBytes, MAX_VIDEO_BYTES);
  const walker = boxWalker(source);
  const movie = await movieOf(walker);
  const videos: VideoTrack[] = [];
  const sound: ('MONO' | 'STEREO')[] = [];
  let tracks = 0;
  for await (const box of walker.children(movie)) {
    // Samples in fragments are counted nowhere, and DICOM wants their number.
    if (box.type === 'mvex') throw unsupported('movie-fragments');
    if (box.type !== 'trak') continue;
    if (++tracks > MP4_TRACKS) throw beyond('tracks', tracks, MP4_TRACKS);
    const kind = await handlerOf(walker, box);
    if (kind === 'vide') videos.push(await videoTrack(walker, box));
    else if (kind === 'soun') sound.push(await soundTrack(walker, (await descriptionOf(walker, box)).entry));
  }
  const [video, other] = videos;
  if (video === undefined) throw unsupported('no-video');
  if (other !== undefined) throw unsupported('tracks');
  const { coding, ...rest } = video;
  return { ...coding, ...rest, sound, lengthBytes };
}

/** The movie box of a file whose boxes are whole. */
async function movieOf(walker: BoxWalker): Promise<Box> {
  let movie: Box | undefined;
  let hasMedia = false;
  let isFirst = true;
  for await (const box of walker.children(walker.root)) {
    if (isFirst && box.type !== 'ftyp') throw malformed('no-mp4');
    if (isFirst) checkBrands(await walker.read(box));
    isFirst = false;
    if (box.type === 'moov') {
      if (movie !== undefined) throw malformed('movie');
      movie = box;
    }
    if (box.type === 'mdat') hasMedia = true;
    if (box.type === 'moof') throw unsupported('movie-fragments');
  }
  if (isFirst) throw malformed('no-mp4');
  // A recording that was broken off has samples and no movie box.
  if (movie === undefined || !hasMedia) throw malformed('truncated');
  return movie;
}

function checkBrands(content: DataView): void {
  if (content.byteLength < 8) throw malformed('no-mp4');
  const compatible = Array.from({ length: Math.floor((content.byteLength - 8) / 4) }, (_, index) => 8 + index * 4);
  if (![0, ...compatible].some((at) => BRANDS.test(letters(content, at)))) throw unsupported('container');
}

async function videoTrack(walker: BoxWalker, track: Box): Promise<VideoTrack> {
  const header = await walker.read(await need(walker, track, 'tkhd'));
  const media = await need(walker, track, 'mdia');
  const { entry, table } = await descriptionOf(walker, track);
  const coding = await codingOf(walker, entry);
  const { duration, timescale } = timesOf(await walker.read(await need(walker, media, 'mdhd')));
  // Sample Size Box: version, a size for all, and how many there are (14496-12 8.7.3).
  const sizes = await walker.child(table, 'stsz');
  const frames = (await walker.read(sizes ?? (await need(walker, table, 'stz2')), 12)).getUint32(8);
  if (frames === 0 || duration === 0 || timescale === 0) throw malformed('no-frames');
  if (frames > MAX_FRAMES) throw beyond('frames', frames, MAX_FRAMES);
  return { coding, frames, durationMs: (duration / timescale) * 1_000, quarterTurns: turnsOf(header) };
}

async function codingOf(walker: BoxWalker, entry: Box): Promise<Coding> {
  const record = { avc1: 'avcC', hvc1: 'hvcC' }[entry.type];
  // avc3 and hev1 may change their parameter sets on the way; encv is encrypted.
  if (record === undefined) throw unsupported('codec');
  let coding: Coding | undefined;
  for await (const box of walker.children(entry, VISUAL_ENTRY_BYTES)) {
    if (box.type === record) {
      const content = await walker.read(box);
      coding = entry.type === 'avc1' ? readAvcConfiguration(content) : readHevcConfiguration(content);
    } else if (box.type === 'pasp') {
      const ratio = await walker.read(box, 8);
      if (ratio.getUint32(0) !== ratio.getUint32(4)) throw unsupported('aspect');
    } else if (box.type === 'st3d') {
      const mode = await walker.read(box, 5);
      if (mode.getUint8(4) !== 0) throw unsupported('stereo');
    }
  }
  if (coding === undefined) throw malformed('codec');
  return coding;
}

/** The one sample description of a track, whose samples lie in this very file, and the table that holds it. */
async function descriptionOf(walker: BoxWalker, track: Box): Promise<{ readonly entry: Box; readonly table: Box }> {
  const information = await need(walker, await need(walker, track, 'mdia'), 'minf');
  const references = await need(walker, await need(walker, information, 'dinf'), 'dref');
  for await (const box of walker.children(references, 8)) {
    // A reference to elsewhere is never followed; flag 1 says that the samples are here (14496-12 8.7.2).
    if (((await walker.read(box, 4)).getUint32(0) & 1) === 0) throw unsupported('external');
  }
  const table = await need(walker, information, 'stbl');
  const entries: Box[] = [];
  for await (const box of walker.children(await need(walker, table, 'stsd'), 8)) entries.push(box);
  const [entry, other] = entries;
  if (entry === undefined) throw malformed('description');
  if (other !== undefined) throw unsupported('descriptions');
  return { entry, table };
}

async function handlerOf(walker: BoxWalker, track: Box): Promise<string> {
  const handler = await walker.read(await need(walker, await need(walker, track, 'mdia'), 'hdlr'), 12);
  return letters(handler, 8);
}

async function need(walker: BoxWalker, box: Box, type: string): Promise<Box> {
  const found = await walker.child(box, type);
  if (found === undefined) throw malformed(type.toLowerCase());
  return found;
}

/** Media Header Box (14496-12 8.4.2). */
function timesOf(header: DataView): { readonly timescale: number; readonly duration: number } {
  const isLong = header.byteLength > 0 && header.getUint8(0) === 1;
  if (header.byteLength < (isLong ? 32 : 20)) throw malformed('mdhd');
  return isLong
    ? { timescale: header.getUint32(20), duration: Number(header.getBigUint64(24)) }
    : { timescale: header.getUint32(12), duration: header.getUint32(16) };
}

/** The matrix of a Track Header Box (14496-12 8.3.2) as quarter turns. Anything else would show what was not filmed so. */
function turnsOf(header: DataView): QuarterTurns {
  const at = header.byteLength > 0 && header.getUint8(0) === 1 ? 52 : 40;
  if (header.byteLength < at + 36) throw malformed('tkhd');
  const signs = [0, 4, 12, 16].map((offset) => Math.sign(header.getInt32(at + offset)));
  const turns = TURNS.indexOf(signs.join());
  if (turns === -1) throw unsupported('mirrored');
  return turns as QuarterTurns;
}

/** Signs of a, b, c and d for no turn, a quarter, a half and three quarters clockwise. */
const TURNS: readonly string[] = ['1,0,0,1', '0,1,-1,0', '-1,0,0,-1', '0,-1,1,0'];

function letters(view: DataView, at: number): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, 4));
}
