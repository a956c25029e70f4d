/** What the standard library lacks for files that are open: whole reads, random access in windows, durable names or none. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteSource } from '@interhosp/core/dicom';

/** Headers of DICOM objects are shorter, nearly always. */
const WINDOW_BYTES = 65_536;

/** The bytes of an open file from an offset on, for random access; small reads share one window. */
export function fileSource(handle: FileHandle, offset: number, lengthBytes: number): ByteSource {
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  return {
    lengthBytes,
    async read(from, length) {
      const wanted = Math.max(0, Math.min(length, lengthBytes - from));
      if (from < windowStart || from + wanted > windowStart + window.length) {
        window = await readFully(handle, offset + from, Math.max(wanted, WINDOW_BYTES));
        windowStart = from;
      }
      return window.subarray(from - windowStart, from - windowStart + wanted);
    },
  };
}

/** Reads `length` bytes at `position`; fewer only at the end of the file. @throws {Error} of node:fs */
export async function readFully(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Bytes are not as many on disk as came in. The sender still has them, and is told of a disk that failed. */
export class WrongLengthError extends Error {
  override readonly name = 'WrongLengthError';
  readonly code = 'EIO';

  constructor(writtenBytes: number, lengthBytes: number) {
    super(`${writtenBytes} bytes were written of ${lengthBytes}`);
  }
}

/**
 * Writes pieces to their end, at `position` or where the last write ended; returns how many bytes.
 *
 * @throws {Error} of node:fs
 * @throws {WrongLengthError} The memory of a piece was given away before it was written: it has no bytes any more, and would
 * be missing without a word.
 */
export async function writeFully(
  handle: FileHandle,
  pieces: readonly Uint8Array[],
  position?: number,
): Promise<number> {
  const lengthBytes = lengthOf(pieces);
  let written = 0;
  for (let left = pieces; left.length > 0;) {
    const { bytesWritten } = await handle.writev(left, position === undefined ? undefined : position + written);
    written += bytesWritten;
    left = behind(left, bytesWritten);
  }
  if (written !== lengthBytes) throw new WrongLengthError(written, lengthBytes);
  return written;
}

/** How many bytes pieces have. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** What is left of pieces when so many bytes of them are written. */
export function behind(pieces: readonly Uint8Array[], bytesWritten: number): Uint8Array[] {
  let written = bytesWritten;
  return pieces.flatMap((piece) => {
    const skipped = Math.min(written, piece.length);
    written -= skipped;
    return skipped === piece.length ? [] : [piece.subarray(skipped)];
  });
}

/** Opens a folder as node:fs/promises does. */
type OpenFolder = (path: string | Buffer, flags: number) => Promise<FileHandle>;

/** Makes the names in a folder durable. Windows has no such call and needs none. @throws {Error} of node:fs */
export async function syncFolder(disk: { readonly open: OpenFolder }, path: string | Buffer): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await disk.open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The code of an error of node:fs, `ENOSPC`. */
export function fsCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Opens a file in `folder` and takes its name away at once, so that it goes with its last handle. @throws {Error} of node:fs */
export async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `interhosp-${randomBytes(16).toString('hex')}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}
