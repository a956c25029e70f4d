/** A received object on disk: what its header tells, and its bytes. */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { readPart10, type ByteSource, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import { readInstance, type IndexedInstance } from '@interhosp/core/pacs';
import { READ_PIECE_BYTES } from './limits.ts';
import type { ObjectDisk } from './object-files.ts';

/** An instance and where its bytes lie. */
export interface HeldInstance extends IndexedInstance {
  readonly path: string;
  /** Where the data set begins. */
  readonly offset: number;
  /** Of the data set. */
  readonly lengthBytes: number;
  /** When it came. */
  readonly receivedMs: number;
}

/** An object that is open for reading. */
export interface OpenObject extends AsyncDisposable {
  readonly dataSet: AsyncIterable<Uint8Array>;
}

const HEADER_WINDOW_BYTES = 65_536;
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** Reads the header of an object's file. @throws {DicomError}; {Error} of node:fs */
export async function readHeldHeader(disk: ObjectDisk, path: string): Promise<HeldInstance> {
  await using handle = await disk.open(path, READ_FLAGS);
  const { mtimeMs, size } = await handle.stat();
  const { offset, transferSyntaxUid } = await dataSetOf(handle);
  const instance = await readInstance(windowOn(handle, offset, size - offset), transferSyntaxUid);
  return { ...instance, path, offset, lengthBytes: size - offset, receivedMs: mtimeMs };
}

/** Opens an object. @throws {PacsError} `PACS_INCOMPLETE` when its file is not there any more. */
export async function readHeldObject(
  disk: ObjectDisk,
  { lengthBytes, offset, path, sopInstanceUid }: HeldInstance,
  signal?: AbortSignal,
): Promise<OpenObject> {
  const handle = await disk.open(path, READ_FLAGS).catch((cause: unknown) => {
    throw new PacsError('PACS_INCOMPLETE', { cause, details: { sopInstanceUid } });
  });
  return {
    dataSet: pieces(handle, { lengthBytes, offset, sopInstanceUid }, signal),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function* pieces(
  handle: FileHandle,
  { lengthBytes, offset, sopInstanceUid }: Pick<HeldInstance, 'lengthBytes' | 'offset' | 'sopInstanceUid'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let done = 0; done < lengthBytes;) {
    signal?.throwIfAborted();
    const piece = await readFully(handle, offset + done, Math.min(READ_PIECE_BYTES, lengthBytes - done));
    if (piece.length === 0) throw new PacsError('PACS_INCOMPLETE', { details: { sopInstanceUid } });
    done += piece.length;
    yield piece;
  }
  signal?.throwIfAborted();
}

/** Where the data set of an open file begins, and how it is written. */
async function dataSetOf(handle: FileHandle): Promise<{ readonly transferSyntaxUid: Uid; readonly offset: number }> {
  const head = await readFully(handle, 0, HEADER_WINDOW_BYTES);
  const { dataSet, transferSyntaxUid } = await readPart10(once(head));
  let behind = 0;
  for await (const bytes of dataSet) behind += bytes.length;
  return { transferSyntaxUid, offset: head.length - behind };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** Random access to a part of a file; small reads share a window. */
function windowOn(handle: FileHandle, offset: number, lengthBytes: number): ByteSource {
  let window: Uint8Array = new Uint8Array(0);
  let start = 0;
  return {
    lengthBytes,
    async read(from, length) {
      const wanted = Math.max(0, Math.min(length, lengthBytes - from));
      if (from < start || from + wanted > start + window.length) {
        window = await readFully(handle, offset + from, Math.max(wanted, HEADER_WINDOW_BYTES));
        start = from;
      }
      return window.subarray(from - start, from - start + wanted);
    },
  };
}

/** Fewer bytes only at the end of the file. */
async function readFully(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
