/** A header at random access from a stream that is not read further than the header needs. */
import type { ByteSource } from '@interhosp/core/dicom';
import { DicomError } from '@interhosp/core/errors';

/** A header that is larger is not read for routing. */
const MAX_PREFIX_BYTES = 16 * 1_048_576;

/**
 * A source over the first bytes of a data set, read from the stream as they are asked for. Long values that are skipped
 * are read too, as a stream cannot seek; pixels come last and are not.
 *
 * @throws {DicomError} `DICOM_LIMIT` from `read`, when more than 16 MiB are asked for.
 */
export async function prefixSource(stream: AsyncIterable<Uint8Array>): Promise<ByteSource> {
  const iterator = stream[Symbol.asyncIterator]();
  let held = new Uint8Array(65_536);
  let filled = 0;
  let isOver = false;
  const fill = async (upTo: number): Promise<void> => {
    if (upTo > MAX_PREFIX_BYTES) throw new DicomError('DICOM_LIMIT', { details: { limit: MAX_PREFIX_BYTES } });
    while (!isOver && filled < upTo) {
      const { done, value } = await iterator.next();
      if (done === true) {
        isOver = true;
        break;
      }
      if (filled + value.length > held.length) {
        const larger = new Uint8Array(Math.max(held.length * 2, filled + value.length));
        larger.set(held.subarray(0, filled));
        held = larger;
      }
      held.set(value, filled);
      filled += value.length;
    }
  };
  await fill(1);
  return {
    // The length is not known: elements behind the prefix are never asked for by a reader that stops in the header.
    lengthBytes: Number.MAX_SAFE_INTEGER,
    read: async (offset, length) => {
      await fill(offset + length);
      return held.slice(offset, Math.min(offset + length, filled));
    },
  };
}
