/** Runs of a source on their way out: cut where they are long, put together where they are short. */
import type { ByteSource } from './byte-source.ts';
import { concatBytes } from './bytes.ts';
import { truncated } from './walk.ts';

/** Bytes read from the source at once. */
export const COPY_BYTES = 1024 * 1024;
/** Pieces up to this length are put together, until there are so many bytes. */
const SMALL_BYTES = 32 * 1024;
const JOINED_BYTES = 128 * 1024;

/** The bytes between two offsets. @throws {DicomError} `DICOM_TRUNCATED` when the source has become shorter. */
export async function* copied(
  source: ByteSource,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let offset = from; offset < to; offset += COPY_BYTES) {
    signal?.throwIfAborted();
    const wanted = Math.min(COPY_BYTES, to - offset);
    const bytes = await source.read(offset, wanted);
    if (bytes.length !== wanted) throw truncated(offset);
    yield bytes;
  }
}

/** Small pieces in a row as one: each costs its reader as much as a big one does. */
export async function* joined(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let small: Uint8Array[] = [];
  let smallBytes = 0;
  const together = (): Uint8Array => {
    const whole = concatBytes(small);
    [small, smallBytes] = [[], 0];
    return whole;
  };
  for await (const piece of pieces) {
    const isSmall = piece.length <= SMALL_BYTES;
    if (smallBytes > 0 && (!isSmall || smallBytes >= JOINED_BYTES)) yield together();
    if (!isSmall) {
      yield piece;
      continue;
    }
    small.push(piece);
    smallBytes += piece.length;
  }
  if (smallBytes > 0) yield together();
}
