/** Sound in an MP4, by what PS3.5 8.2.12 allows in that container: AAC at 48 kHz, MP3 and MP2 at 32, 44.1 or 48 kHz. */
import { malformed, unsupported } from './refusal.ts';
import type { Box, BoxWalker } from './mp4-boxes.ts';

/** Bytes of an AudioSampleEntry before its boxes (14496-12 12.2.3). */
const AUDIO_ENTRY_BYTES = 28;
/** objectTypeIndication of the Decoder Config Descriptor (14496-1 table 5). */
const AAC: ReadonlySet<number> = new Set([0x40, 0x66, 0x67, 0x68]);
/** MPEG-2 and MPEG-1 audio, layers 1 to 3. */
const MPEG_AUDIO: ReadonlySet<number> = new Set([0x69, 0x6b]);
const DESCRIPTOR = { elementaryStream: 3, decoderConfig: 4 } as const;
/** A length is at most four bytes of seven bits (14496-1 8.3.3). */
const MAX_LENGTH_BYTES = 4;

/** What a track of sound says. @throws {ImportError} `IMPORT_UNSUPPORTED` with the reason `sound`; `IMPORT_MALFORMED` */
export async function soundTrack(walker: BoxWalker, entry: Box): Promise<'MONO' | 'STEREO'> {
  if (entry.type !== 'mp4a') throw unsupported('sound');
  const head = await walker.read(entry, AUDIO_ENTRY_BYTES);
  const [channels, samplesPerSecond] = [head.getUint16(16), head.getUint16(24)];
  let type: number | undefined;
  for await (const box of walker.children(entry, AUDIO_ENTRY_BYTES)) {
    if (box.type === 'esds') type = objectType(await walker.read(box));
  }
  if (type === undefined) throw malformed('esds');
  if (AAC.has(type)) {
    // 8.2.12: 48 kHz, 2 or 5.1 channels. The description code sequence has a word for the first only.
    if (samplesPerSecond !== 48_000 || channels !== 2) throw unsupported('sound');
    return 'STEREO';
  }
  const isAllowed = MPEG_AUDIO.has(type) && [32_000, 44_100, 48_000].includes(samplesPerSecond);
  if (!isAllowed || (channels !== 1 && channels !== 2)) throw unsupported('sound');
  return channels === 1 ? 'MONO' : 'STEREO';
}

/** The object type in an ES Descriptor (14496-1 7.2.6.5). */
function objectType(content: DataView): number {
  let at = descriptor(content, 4, DESCRIPTOR.elementaryStream);
  if (at + 3 > content.byteLength) throw malformed('esds');
  const flags = content.getUint8(at + 2);
  at += 3;
  if ((flags & 0x80) !== 0) at += 2;
  if ((flags & 0x40) !== 0) at += at < content.byteLength ? 1 + content.getUint8(at) : 0;
  if ((flags & 0x20) !== 0) at += 2;
  const config = descriptor(content, at, DESCRIPTOR.decoderConfig);
  if (config >= content.byteLength) throw malformed('esds');
  return content.getUint8(config);
}

/** Where the content of a descriptor begins. */
function descriptor(content: DataView, at: number, tag: number): number {
  if (at >= content.byteLength || content.getUint8(at) !== tag) throw malformed('esds');
  for (let place = at + 1; place <= at + MAX_LENGTH_BYTES && place < content.byteLength; place++) {
    if ((content.getUint8(place) & 0x80) === 0) return place + 1;
  }
  throw malformed('esds');
}
