/**
 * Raw DEFLATE by the streams of the web platform, which Node has too: for a browser, and wherever nobody brings a faster one.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import type { Inflate } from './inflate.ts';

/** See the file's head. */
export const webInflate: Inflate = { inflateRaw, deflateRaw };

async function* inflateRaw(
  bytes: AsyncIterable<Uint8Array>,
  { maxBytes }: { readonly maxBytes: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const source: Source = { failure: undefined };
  let seenBytes = 0;
  try {
    for await (const piece of through(bytes, new DecompressionStream('deflate-raw'), source)) {
      seenBytes += piece.length;
      if (seenBytes > maxBytes) throw new DicomError('DICOM_LIMIT', { details: { limit: maxBytes } });
      yield piece;
    }
  } catch (error) {
    if (source.failure !== undefined) throw source.failure.error;
    if (error instanceof DicomError) throw error;
    const { code } = error as { readonly code?: unknown };
    // Bytes behind the last block are not looked at: a zero makes an odd length even (PS3.5 A.5).
    if (code === 'ERR_TRAILING_JUNK_AFTER_STREAM_END') return;
    throw new DicomError(code === 'Z_BUF_ERROR' ? 'DICOM_TRUNCATED' : 'DICOM_MALFORMED', {
      cause: error,
      details: { reason: 'deflate' },
    });
  }
}

async function* deflateRaw(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const source: Source = { failure: undefined };
  try {
    yield* through(bytes, new CompressionStream('deflate-raw'), source);
  } catch (error) {
    throw source.failure === undefined ? error : source.failure.error;
  }
}

/** What broke the stream that is read from: a transformer reports it as a failure of its own. */
interface Source {
  failure: { readonly error: unknown } | undefined;
}

async function* through(
  bytes: AsyncIterable<Uint8Array>,
  transformer: { readonly readable: ReadableStream; readonly writable: WritableStream },
  source: Source,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = bytes[Symbol.asyncIterator]();
  const input = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          const next = await iterator.next();
          if (next.done === true) return controller.close();
          // Copied: the stream takes over what it is given.
          controller.enqueue(new Uint8Array(next.value));
        } catch (error) {
          source.failure = { error };
          throw error;
        }
      },
    },
    { highWaterMark: 0 },
  );
  const reader = (input.pipeThrough(transformer) as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
    await iterator.return?.();
  }
}
