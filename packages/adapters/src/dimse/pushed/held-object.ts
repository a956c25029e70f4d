/** A received object on disk: what its header tells, and its bytes. */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { readPart10, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import { readInstance, type IndexedInstance } from '@interhosp/core/pacs';
import { fileSource, readFully } from '../../disk/open-file.ts';
import { READ_PIECE_BYTES } from '../limits.ts';
import type { ObjectDisk, ObjectPlace } from './object-disk.ts';
import type { PackedObject } from './read-pack.ts';

/** An instance and where its bytes lie. */
export interface HeldInstance extends IndexedInstance {
  readonly place: ObjectPlace;
  /** Of the data set. */
  readonly lengthBytes: number;
  /** When it came. */
  readonly receivedMs: number;
}

/** An object that is open for reading. */
export interface OpenObject extends AsyncDisposable {
  readonly dataSet: AsyncIterable<Uint8Array>;
}

const META_BYTES = 65_536;
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** Reads the header of an object. @throws {DicomError}; {Error} of node:fs */
export async function readHeldHeader(disk: ObjectDisk, { place, receivedMs }: PackedObject): Promise<HeldInstance> {
  await using handle = await disk.open(place.path, READ_FLAGS);
  const { lengthBytes, start } = place;
  const { metaBytes, transferSyntaxUid } = await dataSetOf(handle, place);
  const dataSet = fileSource(handle, start + metaBytes, lengthBytes - metaBytes);
  const instance = await readInstance(dataSet, transferSyntaxUid);
  return { ...instance, place, lengthBytes: dataSet.lengthBytes, receivedMs };
}

/** Opens an object. @throws {PacsError} `PACS_INCOMPLETE` when its file is not there any more. */
export async function readHeldObject(
  disk: ObjectDisk,
  { lengthBytes, place, sopInstanceUid }: HeldInstance,
  signal?: AbortSignal,
): Promise<OpenObject> {
  const handle = await disk.open(place.path, READ_FLAGS).catch((cause: unknown) => {
    throw new PacsError('PACS_INCOMPLETE', { cause, details: { sopInstanceUid } });
  });
  // The data set stands last.
  const offset = place.start + place.lengthBytes - lengthBytes;
  return {
    dataSet: pieces(handle, { lengthBytes, offset, sopInstanceUid }, signal),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function* pieces(
  handle: FileHandle,
  { lengthBytes, offset, sopInstanceUid }: { lengthBytes: number; offset: number; sopInstanceUid: Uid },
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

/** How long the meta information in front of the data set is, and how that is written. */
async function dataSetOf(
  handle: FileHandle,
  { lengthBytes, start }: ObjectPlace,
): Promise<{ readonly transferSyntaxUid: Uid; readonly metaBytes: number }> {
  const head = await readFully(handle, start, Math.min(META_BYTES, lengthBytes));
  const { dataSet, transferSyntaxUid } = await readPart10(once(head));
  let behind = 0;
  for await (const bytes of dataSet) behind += bytes.length;
  return { transferSyntaxUid, metaBytes: head.length - behind };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
