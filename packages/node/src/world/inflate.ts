/** Raw DEFLATE by node:zlib, in its thread pool: several times as fast as the streams of the web platform. */
import { Readable } from 'node:stream';
import { createDeflateRaw, createInflateRaw } from 'node:zlib';
import { DicomError } from '@interhosp/core/errors';
import type { Inflate } from '@interhosp/core/world';

/** Bytes given out at once. */
const PIECE_BYTES = 64 * 1024;

/** Fixed, so that a repeat gives the same bytes whatever the defaults of a later release. */
const DEFLATE = { chunkSize: PIECE_BYTES, level: 6, memLevel: 8, windowBits: 15 } as const;

/** See the file's head. */
export function nodeInflate(): Inflate {
  return { inflateRaw, deflateRaw };
}

async function* inflateRaw(
  bytes: AsyncIterable<Uint8Array>,
  { maxBytes }: { readonly maxBytes: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  let seenBytes = 0;
  const source = sourceOf(bytes);
  try {
    for await (const piece of through(source, createInflateRaw({ chunkSize: PIECE_BYTES }))) {
      seenBytes += piece.length;
      if (seenBytes > maxBytes) throw new DicomError('DICOM_LIMIT', { details: { limit: maxBytes } });
      yield piece;
    }
  } catch (error) {
    if (source.failure !== undefined) throw source.failure.error;
    if (error instanceof DicomError) throw error;
    const code = (error as { readonly code?: unknown }).code === 'Z_BUF_ERROR' ? 'DICOM_TRUNCATED' : 'DICOM_MALFORMED';
    throw new DicomError(code, { cause: error, details: { reason: 'deflate' } });
  }
}

async function* deflateRaw(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const source = sourceOf(bytes);
  try {
    yield* through(source, createDeflateRaw(DEFLATE));
  } catch (error) {
    throw source.failure === undefined ? error : source.failure.error;
  }
}

/** A stream, and what broke it: a transformer reports that as a failure of its own. */
interface Source {
  readonly pieces: AsyncGenerator<Uint8Array, void, undefined>;
  failure: { readonly error: unknown } | undefined;
}

function sourceOf(bytes: AsyncIterable<Uint8Array>): Source {
  const source: Source = { failure: undefined, pieces: watched() };
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* bytes;
    } catch (error) {
      source.failure = { error };
      throw error;
    }
  }
  return source;
}

async function* through(
  { pieces }: Source,
  transform: ReturnType<typeof createDeflateRaw> | ReturnType<typeof createInflateRaw>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = Readable.from(pieces, { highWaterMark: 1, objectMode: true });
  source.once('error', (error) => transform.destroy(error));
  try {
    yield* source.pipe(transform) as AsyncIterable<Uint8Array>;
  } finally {
    source.destroy();
    transform.destroy();
  }
}
