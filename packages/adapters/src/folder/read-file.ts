/** Reads what the index needs from one file, and the bytes of its data set when they are asked for. */
import type { FileHandle } from 'node:fs/promises';
import { readPart10, vrFormOf, walkElements, type ByteSource, type Uid } from '@interhosp/core/dicom';
import { DicomError, errorCodeOf, PacsError } from '@interhosp/core/errors';
import { readInstance, type IndexedInstance, type PacsOptions } from '@interhosp/core/pacs';
import { HEADER_WINDOW_BYTES, PIECE_BYTES } from './defaults.ts';
import { fileSource, readFully } from '../disk/open-file.ts';
import { openToRead, type Files, type Path } from './files.ts';
import type { DataSetPart } from './import/composed.ts';

/** How a file was when it was looked at; any difference means that it must be read again. */
export interface FileState {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** Whether a file is as it was. */
export function isSameState(left: FileState, right: FileState): boolean {
  return left.sizeBytes === right.sizeBytes && left.mtimeMs === right.mtimeMs;
}

/** A path to look a file up by: each byte as one character, so that names which are no UTF-8 stay apart. */
export function keyOf(path: Path): string {
  return (typeof path === 'string' ? Buffer.from(path) : path).toString('latin1');
}

/** An instance and the file it lies in. */
export interface FiledInstance extends IndexedInstance {
  readonly path: Path;
  readonly state: FileState;
  /** Where the data set begins. */
  readonly offset: number;
  /** How the data set is put together, where the file is none: it was imported. */
  readonly parts?: readonly DataSetPart[];
}

/**
 * Reads the header of a file.
 *
 * @throws {DicomError} when it is no DICOM file, is cut off, or has a header that cannot be read.
 * @throws {Error} of node:fs when the file cannot be read at all.
 */
export async function readFileHeader(
  files: Files,
  path: Path,
  state: FileState,
  options: PacsOptions,
): Promise<FiledInstance> {
  const handle = await openToRead(files, path);
  try {
    const { transferSyntaxUid, offset } = await dataSetOf(handle);
    const source = fileSource(handle, offset, state.sizeBytes - offset);
    const instance = await readInstance(source, transferSyntaxUid, options);
    await checkWhole(source, transferSyntaxUid, options);
    return { ...instance, path, state, offset };
  } finally {
    await handle.close();
  }
}

/** Where the data set of an open file begins, and how it is written. */
async function dataSetOf(handle: FileHandle): Promise<{ readonly transferSyntaxUid: Uid; readonly offset: number }> {
  let read = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const bytes = await readFully(handle, read, HEADER_WINDOW_BYTES);
      if (bytes.length === 0) return;
      read += bytes.length;
      yield bytes;
    }
  }
  const { transferSyntaxUid, dataSet } = await readPart10(chunks());
  const readForMeta = read;
  // What was read too far comes first; when nothing comes without reading on, nothing was.
  for await (const first of dataSet) {
    return { transferSyntaxUid, offset: read > readForMeta ? readForMeta : readForMeta - first.length };
  }
  throw new DicomError('DICOM_TRUNCATED', { details: { offset: read } });
}

/** A file that ends within an element is broken. Whatever else is odd behind the header travels as it is. */
async function checkWhole(source: ByteSource, transferSyntaxUid: Uid, options: PacsOptions): Promise<void> {
  try {
    const elements = walkElements(source, vrFormOf(transferSyntaxUid), options);
    for await (const element of elements) void element;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (errorCodeOf(error) === undefined || errorCodeOf(error) === 'DICOM_TRUNCATED') throw error;
  }
}

/**
 * Opens an indexed instance for reading.
 *
 * @throws {PacsError} `PACS_INCOMPLETE` when the file is not any more what was indexed.
 */
export async function openInstance(files: Files, instance: FiledInstance): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await openToRead(files, instance.path);
    const { size: sizeBytes, mtimeMs } = await handle.stat();
    if (isSameState({ sizeBytes, mtimeMs }, instance.state)) return handle;
  } catch (cause) {
    await handle?.close();
    throw new PacsError('PACS_INCOMPLETE', { cause, details: { sopInstanceUid: instance.sopInstanceUid } });
  }
  await handle.close();
  throw new PacsError('PACS_INCOMPLETE', { details: { sopInstanceUid: instance.sopInstanceUid, reason: 'changed' } });
}

/** The bytes of the data set, piece by piece. @throws {PacsError} `PACS_INCOMPLETE` when the file ends early. */
export async function* readDataSet(
  handle: FileHandle,
  instance: FiledInstance,
  { signal }: PacsOptions,
): AsyncGenerator<Uint8Array> {
  const parts = instance.parts ?? [{ from: instance.offset, to: instance.state.sizeBytes }];
  for (const part of parts) {
    signal?.throwIfAborted();
    if ('bytes' in part) yield part.bytes;
    else yield* readRange(handle, instance, part, signal);
  }
  signal?.throwIfAborted();
}

async function* readRange(
  handle: FileHandle,
  { sopInstanceUid }: FiledInstance,
  { from, to }: { readonly from: number; readonly to: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (let position = from; position < to;) {
    signal?.throwIfAborted();
    const piece = await readFully(handle, position, Math.min(PIECE_BYTES, to - position));
    if (piece.length === 0) throw new PacsError('PACS_INCOMPLETE', { details: { sopInstanceUid } });
    position += piece.length;
    yield piece;
  }
}
