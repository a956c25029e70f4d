/**
 * The file behind the example: DICOM objects one after another in a file that only grows.
 *
 * A record is `length of the head (4 bytes) | head (JSON) | data set | "DONE"`. The end mark is written after the data set
 * is on disk: a record without it is half of one, and is cut off when the archive is opened.
 */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { parseUid, type ByteSource, type Uid } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import { createStudyIndex, readInstance, type IndexedInstance, type StudyIndex } from '@interhosp/core/pacs';
import type { PacsOptions, StorableInstance, StoreOutcome } from '@interhosp/core/pacs';

/** An instance, and where its data set lies in the archive. */
export interface Archived extends IndexedInstance {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** An open archive; whoever opened it closes `handle`. */
export interface Archive {
  readonly handle: FileHandle;
  readonly index: StudyIndex<Archived>;
  /** Where the next record goes. */
  end: number;
}

/** What became of one instance. */
type Verdict = Omit<StoreOutcome, 'sopInstanceUid'>;

const END_MARK = Buffer.from('DONE');
/** Heads hold a UID and a number. */
const MAX_HEAD_BYTES = 1_024;
const PIECE_BYTES = 262_144;
/** Failures as a DIMSE service would name them (PS3.4 B.2.3). */
const CANNOT_UNDERSTAND = { status: 'refused', retry: 'no', statusCode: 0xc000 } as const;
const IDENTITY_MISMATCH = { status: 'refused', retry: 'no', statusCode: 0xa900 } as const;

/** Opens the file and reads its records; what follows the last whole one is cut off. */
export async function openArchive(file: string): Promise<Archive> {
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  const archive: Archive = { handle, index: createStudyIndex<Archived>(), end: 0 };
  try {
    for (let next = await recordAt(handle, 0); next !== undefined; next = await recordAt(handle, archive.end)) {
      archive.index.add(next);
      archive.end = next.offset + next.lengthBytes + END_MARK.length;
    }
    await handle.truncate(archive.end);
    return archive;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function recordAt(handle: FileHandle, at: number): Promise<Archived | undefined> {
  const prefix = await bytesAt(handle, at, 4);
  if (prefix.length < 4) return undefined;
  const headBytes = Buffer.from(prefix).readUInt32BE();
  if (headBytes > MAX_HEAD_BYTES) return undefined;
  const head = await bytesAt(handle, at + 4, headBytes);
  if (head.length < headBytes) return undefined;
  const { lengthBytes, transferSyntaxUid } = JSON.parse(Buffer.from(head).toString()) as Record<string, unknown>;
  const place = { offset: at + 4 + headBytes, lengthBytes: Number(lengthBytes) };
  const mark = await bytesAt(handle, place.offset + place.lengthBytes, END_MARK.length);
  if (!END_MARK.equals(mark)) return undefined;
  return { ...(await readInstance(sourceAt(handle, place), parseUid(String(transferSyntaxUid)))), ...place };
}

/** Stores one instance behind the last; one at a time, whoever calls. What fails leaves the file as it was. */
export async function append(archive: Archive, instance: StorableInstance, options: PacsOptions): Promise<Verdict> {
  if (archive.index.withUid(instance).length > 0) return { status: 'duplicate', statusCode: 0x0111 };
  const written = await write(archive, instance, options).catch(async (error: unknown) => {
    await archive.handle.truncate(archive.end);
    throw error;
  });
  if ('status' in written) {
    await archive.handle.truncate(archive.end);
    return written;
  }
  archive.index.add(written);
  archive.end = written.offset + written.lengthBytes + END_MARK.length;
  return { status: 'stored', statusCode: 0 };
}

/** Writes a record behind the last one, and the end mark only when the data set is what it was announced to be. */
async function write(archive: Archive, instance: StorableInstance, options: PacsOptions): Promise<Archived | Verdict> {
  const { handle } = archive;
  const { lengthBytes, transferSyntaxUid } = instance;
  const head = Buffer.from(JSON.stringify({ lengthBytes, transferSyntaxUid }));
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(head.length);
  await writeAll(handle, Buffer.concat([prefix, head]), archive.end);
  const offset = archive.end + prefix.length + head.length;
  let written = 0;
  for await (const piece of instance.dataSet(options)) {
    options.signal?.throwIfAborted();
    if (written + piece.length > lengthBytes) return CANNOT_UNDERSTAND;
    await writeAll(handle, piece, offset + written);
    written += piece.length;
  }
  options.signal?.throwIfAborted();
  if (written < lengthBytes) return CANNOT_UNDERSTAND;
  const read = await identityIn(handle, { offset, lengthBytes }, transferSyntaxUid);
  if (read === undefined) return CANNOT_UNDERSTAND;
  if (!isSame(read, instance)) return IDENTITY_MISMATCH;
  await handle.datasync();
  await writeAll(handle, END_MARK, offset + lengthBytes);
  await handle.datasync();
  return { ...read, offset, lengthBytes };
}

type Place = Pick<Archived, 'lengthBytes' | 'offset'>;

/** What the data set itself says that it is; undefined when it is none. */
async function identityIn(handle: FileHandle, place: Place, syntax: Uid): Promise<IndexedInstance | undefined> {
  try {
    return await readInstance(sourceAt(handle, place), syntax);
  } catch (error) {
    if (errorCodeOf(error)?.startsWith('DICOM_') === true) return undefined;
    throw error;
  }
}

function isSame(read: IndexedInstance, announced: StorableInstance): boolean {
  return (
    read.sopInstanceUid === announced.sopInstanceUid &&
    read.sopClassUid === announced.sopClassUid &&
    read.seriesInstanceUid === announced.seriesInstanceUid &&
    read.studyInstanceUid === announced.studyInstanceUid
  );
}

/** The data set of an instance, in pieces. */
export async function* piecesOf(
  handle: FileHandle,
  { lengthBytes, offset }: Place,
  { signal }: PacsOptions,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < lengthBytes; at += PIECE_BYTES) {
    signal?.throwIfAborted();
    yield bytesAt(handle, offset + at, Math.min(PIECE_BYTES, lengthBytes - at));
  }
  signal?.throwIfAborted();
}

function sourceAt(handle: FileHandle, { lengthBytes, offset }: Place): ByteSource {
  return {
    lengthBytes,
    read: (at, length) => bytesAt(handle, offset + at, Math.max(0, Math.min(length, lengthBytes - at))),
  };
}

async function bytesAt(handle: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}
