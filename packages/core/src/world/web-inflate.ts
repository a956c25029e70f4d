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
    for await (const piece of through(inSmallPieces(bytes), new DecompressionStream('deflate-raw'), source)) {
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

/** Output that waits for its reader; while there is so much, no more is read. */
const HELD_BYTES = 256 * 1024;
/** Bytes inflated at once: they may become a thousand times as many, and all of that is held. */
const INFLATED_AT_ONCE_BYTES = 16 * 1024;

async function* through(
  bytes: AsyncIterable<Uint8Array>,
  transformer: { readonly readable: ReadableStream; readonly writable: WritableStream },
  source: Source,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = bytes[Symbol.asyncIterator]();
  const output = new Output();
  const input = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          await output.hasRoom();
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
  void output.fill(reader);
  try {
    yield* output.pieces();
  } finally {
    output.close();
    await reader.cancel().catch(() => {});
    await iterator.return?.();
  }
}

/**
 * What came out and was not taken yet. A stream that fails drops what its reader has not read, and one with a padding byte
 * behind its end fails (seen with Node 22 and later): so it is read at once, whatever the pace of whoever wants the bytes.
 */
class Output {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #end: { readonly failure?: { readonly error: unknown } } | undefined;
  /** Fulfilled, and made anew, with each change. */
  #change = Promise.withResolvers<void>();

  /** Takes all that comes; never rejects. */
  async fill(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        this.#held.push(next.value);
        this.#heldBytes += next.value.length;
        this.#changed();
      }
      this.#end ??= {};
    } catch (error) {
      this.#end ??= { failure: { error } };
    }
    this.#changed();
  }

  async hasRoom(): Promise<void> {
    while (this.#heldBytes >= HELD_BYTES && this.#end === undefined) await this.#change.promise;
  }

  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const piece = this.#held.shift();
      if (piece !== undefined) {
        this.#heldBytes -= piece.length;
        this.#changed();
        yield piece;
      } else if (this.#end === undefined) await this.#change.promise;
      else if (this.#end.failure === undefined) return;
      else throw this.#end.failure.error;
    }
  }

  /** Nobody reads on. */
  close(): void {
    this.#end ??= {};
    this.#changed();
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

async function* inSmallPieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of bytes) {
    for (let at = 0; at < piece.length; at += INFLATED_AT_ONCE_BYTES) {
      yield piece.subarray(at, at + INFLATED_AT_ONCE_BYTES);
    }
  }
}
