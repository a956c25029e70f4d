/** An instance of any size, beyond 4 GiB too, that is never held: encapsulated, in fragments that are made as they are read. */
import { createHash } from 'node:crypto';
import { generateStudy } from '@interhosp/core/conformance';
import { bytesSource, parseUid, TAGS, walkElements } from '@interhosp/core/dicom';
import type { StorableInstance } from '@interhosp/core/pacs';

const FRAGMENT_BYTES = 262_144;
/** More than a socket is given before it is waited for. */
const RING_BUFFERS = 16;
const ITEM = Buffer.from('feff00e0', 'hex');
/** OB of undefined length, and an empty Basic Offset Table (PS3.5 A.4). */
const PIXELS_START = Buffer.from('e07f10004f420000fffffffffeff00e000000000', 'hex');
const PIXELS_END = Buffer.from('feffdde000000000', 'hex');

/** Makes one of about so many bytes; the same seed gives the same bytes. */
export async function largeInstance(lengthBytes: number, seed = 'large'): Promise<StorableInstance> {
  const study = generateStudy({ instances: 1, pixels: 16, seed });
  const [small] = study.instances;
  if (small === undefined) throw new Error('a study without instances');
  const header = await beforePixels(small.dataSet);
  const fragments = Math.max(1, Math.round(lengthBytes / FRAGMENT_BYTES));
  return {
    ...small,
    transferSyntaxUid: parseUid('1.2.840.10008.1.2.4.50'),
    lengthBytes: header.length + PIXELS_START.length + fragments * (8 + FRAGMENT_BYTES) + PIXELS_END.length,
    async *dataSet() {
      const fragmentOf = fragmentMaker();
      yield header;
      yield PIXELS_START;
      for (let index = 0; index < fragments; index++) yield fragmentOf(index);
      yield PIXELS_END;
    },
  };
}

/** SHA-256 of a stream, and how long it is. */
export async function digestOf(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of stream) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

async function beforePixels(dataSet: Uint8Array): Promise<Uint8Array> {
  for await (const { tag, headerOffset } of walkElements(bytesSource(dataSet), 'explicit')) {
    if (tag === TAGS.PixelData) return dataSet.subarray(0, headerOffset);
  }
  throw new Error('an image without pixels');
}

/**
 * The same few buffers again and again, as what makes the bytes is not what is measured: a piece has been written by the
 * time the one after the next is asked for. Each names its place, so that one which comes twice or not at all is noticed.
 */
function fragmentMaker(): (index: number) => Uint8Array {
  const ring = Array.from({ length: RING_BUFFERS }, (_, number) => {
    const fragment = Buffer.alloc(8 + FRAGMENT_BYTES, 0x20 + number);
    ITEM.copy(fragment);
    fragment.writeUInt32LE(FRAGMENT_BYTES, 4);
    return fragment;
  });
  return (index) => {
    const fragment = ring[index % RING_BUFFERS] as Buffer;
    fragment.writeUInt32LE(index, 8);
    fragment.writeUInt32LE(~index >>> 0, FRAGMENT_BYTES);
    return fragment;
  };
}
