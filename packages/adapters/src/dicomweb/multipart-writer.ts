/** Writes multipart/related bodies of a length that is known before the first byte goes out. */
import { randomBytes } from 'node:crypto';
import { WRITE_BYTES } from './limits.ts';

/** One part to be written. */
export interface WritablePart {
  /** Media type of the part. */
  readonly contentType: string;
  /** Exact length of what `body` yields. */
  readonly lengthBytes: number;
  body(): AsyncIterable<Uint8Array>;
}

/** A body that can be made again when a request is repeated. */
export interface MultipartBody {
  readonly boundary: string;
  /** Of the whole body. */
  readonly lengthBytes: number;
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** Joins parts into a body; each part tells its length, so that a reader need not search. */
export function multipartBody(parts: readonly WritablePart[], boundary = newBoundary()): MultipartBody {
  const heads = parts.map((part) => partHead(boundary, part.contentType, part.lengthBytes));
  const tail = closing(boundary);
  const lengthBytes = parts.reduce(
    (sum, part, index) => sum + (heads[index]?.length ?? 0) + part.lengthBytes,
    tail.length,
  );
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const [index, part] of parts.entries()) {
      yield heads[index] ?? new Uint8Array(0);
      yield* part.body();
    }
    yield tail;
  }
  return { boundary, lengthBytes, chunks: () => joinSmall(chunks()) };
}

/** 128 random bits: no data set holds it by accident, and nobody can put it there on purpose. */
export function newBoundary(): string {
  return `interhosp-${randomBytes(16).toString('hex')}`;
}

/** What stands before a part, the line end behind the one before included. */
export function partHead(boundary: string, contentType: string, lengthBytes: number | undefined): Uint8Array {
  const length = lengthBytes === undefined ? '' : `Content-Length: ${lengthBytes}\r\n`;
  return Buffer.from(`\r\n--${boundary}\r\nContent-Type: ${contentType}\r\n${length}\r\n`, 'latin1');
}

/** What stands behind the last part. */
export function closing(boundary: string): Uint8Array {
  return Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');
}

/**
 * Joins small pieces, as each write costs a call of the system. Large ones pass as they are; none is kept back while the
 * source makes the next, except below {@link WRITE_BYTES}.
 */
export async function* joinSmall(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let waiting = Buffer.allocUnsafeSlow(WRITE_BYTES);
  let filled = 0;
  for await (const piece of pieces) {
    if (filled + piece.length > WRITE_BYTES && filled > 0) {
      yield waiting.subarray(0, filled);
      // Given away: whoever writes it may still hold it.
      waiting = Buffer.allocUnsafeSlow(WRITE_BYTES);
      filled = 0;
    }
    if (piece.length >= WRITE_BYTES) {
      yield piece;
    } else {
      waiting.set(piece, filled);
      filled += piece.length;
    }
  }
  if (filled > 0) yield waiting.subarray(0, filled);
}
