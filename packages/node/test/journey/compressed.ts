/** Sample instances as RLE, packed here by a few lines that have nothing to do with the decoder under test. */
import type { SampleInstance } from '@interhosp/core/conformance';
import { bytesSource, TAGS, walkElements, type Uid } from '@interhosp/core/dicom';

export const RLE = '1.2.840.10008.1.2.5' as Uid;

/** One frame of 16-bit samples (PS3.5 annex G): high bytes, low bytes, each as literal runs. */
export function rleFrame(words: Uint8Array): Uint8Array {
  const planes = [1, 0].map((byte) => literalRuns(words.filter((_, index) => index % 2 === byte)));
  const [high, low] = planes as [Buffer, Buffer];
  const header = Buffer.alloc(64);
  header.writeUInt32LE(2, 0);
  header.writeUInt32LE(64, 4);
  header.writeUInt32LE(64 + high.length, 8);
  return Buffer.concat([header, high, low]);
}

function literalRuns(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 128) {
    const run = bytes.subarray(at, at + 128);
    parts.push(Uint8Array.of(run.length - 1), run);
  }
  const joined = Buffer.concat(parts);
  return joined.length % 2 === 0 ? joined : Buffer.concat([joined, Buffer.alloc(1)]);
}

/** The value of native Pixel Data. */
export async function pixelsOf(dataSet: Uint8Array, form: 'explicit' | 'implicit' = 'explicit'): Promise<Uint8Array> {
  for await (const { endOffset, tag, valueOffset } of walkElements(bytesSource(dataSet), form)) {
    if (tag === TAGS.PixelData) return dataSet.subarray(valueOffset, endOffset);
  }
  throw new Error('no pixels');
}

/** An image in Explicit VR Little Endian, with its pixels as these fragments; default one frame, compressed. */
export async function compressed(
  instance: SampleInstance,
  fragments?: readonly Uint8Array[],
  transferSyntaxUid = RLE,
): Promise<SampleInstance> {
  const { dataSet } = instance;
  for await (const { endOffset, headerOffset, tag, valueOffset } of walkElements(bytesSource(dataSet), 'explicit')) {
    if (tag !== TAGS.PixelData) continue;
    const items = [new Uint8Array(0), ...(fragments ?? [rleFrame(dataSet.subarray(valueOffset, endOffset))])];
    const header = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    const end = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    const value = items.flatMap((item) => {
      const itemHeader = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
      itemHeader.writeUInt32LE(item.length, 4);
      return [itemHeader, item];
    });
    const parts = [dataSet.subarray(0, headerOffset), header, ...value, end, dataSet.subarray(endOffset)];
    return { ...instance, dataSet: new Uint8Array(Buffer.concat(parts)), transferSyntaxUid };
  }
  throw new Error('no pixels');
}
