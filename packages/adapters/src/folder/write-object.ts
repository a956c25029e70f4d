/**
 * Writes one instance as a file, so that it is there whole and for good, or not at all: part file, sync, link under its
 * name, sync of the folder, and only then the outcome.
 *
 * A name is the SHA-256 of the SOP Instance UID: nothing in a name tells of a patient, nothing that came from outside
 * becomes a path, and a second object of the same UID meets the first.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { part10Header } from '@interhosp/core/dicom';
import { errorCodeOf, PacsError } from '@interhosp/core/errors';
import { readInstance, type IndexedInstance, type PacsOptions, type StorableInstance } from '@interhosp/core/pacs';
import type { StoreOutcome } from '@interhosp/core/pacs';
import { PIECE_BYTES, STALE_PART_MS } from './defaults.ts';
import { fileSource, fsCodeOf, syncFolder, writeFully } from '../disk/open-file.ts';
import { type Files } from './files.ts';
import type { FiledInstance } from './read-file.ts';

/** Folder of unfinished files, below the folder that is written to; scans leave it out as its name begins with a dot. */
const PARTS = '.parts';
/** Nobody else on this machine needs to read images. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Statuses of the storage service (PS3.4 B.2.3, PS3.7 C). */
const STATUS = {
  duplicate: 0x0111,
  outOfResources: 0xa700,
  identityMismatch: 0xa900,
  cannotUnderstand: 0xc000,
} as const;

/** What became of an instance: a file, or a reason. */
export type WriteResult =
  { readonly instance: FiledInstance } | { readonly outcome: Omit<StoreOutcome, 'sopInstanceUid'> };

/** A call of the disk that failed; `isFiled` when the object may be there all the same. */
class DiskFailure extends Error {
  override readonly name = 'DiskFailure';
  readonly isFiled: boolean;
  constructor(cause: unknown, isFiled: boolean) {
    super('the disk failed', { cause });
    this.isFiled = isFiled;
  }
}

/** Makes the folders and removes part files that an earlier run left. @throws {Error} of node:fs */
export async function prepareFolder(files: Files, folder: string, nowMs: number): Promise<void> {
  const parts = join(folder, PARTS);
  await files.mkdir(parts, { recursive: true, mode: FOLDER_MODE });
  for (const name of await files.readdir(parts)) {
    const path = join(parts, name);
    const state = await files.lstat(path).catch(() => undefined);
    // Young ones may belong to another process that writes here.
    if (state !== undefined && nowMs - state.mtimeMs > STALE_PART_MS) await files.unlink(path).catch(() => {});
  }
}

/** Where the object of a UID lies, or would lie. */
export function objectPath(folder: string, sopInstanceUid: string): { readonly shard: string; readonly path: string } {
  const name = createHash('sha256').update(sopInstanceUid).digest('hex');
  const shard = join(folder, name.slice(0, 2));
  return { shard, path: join(shard, name) };
}

/**
 * Writes an instance.
 *
 * @throws {PacsError} `PACS_REFUSED` when the folder may not be written at all.
 * @throws whatever the source of the instance throws, untouched.
 */
export async function writeObject(
  files: Files,
  folder: string,
  instance: StorableInstance,
  options: PacsOptions,
): Promise<WriteResult> {
  const part = join(folder, PARTS, randomBytes(16).toString('hex'));
  let handle: FileHandle | undefined;
  try {
    handle = await onDisk(() => files.open(part, 'wx+', FILE_MODE));
    const written = await writePart(handle, instance, options);
    if ('outcome' in written) return written;
    await onDisk(() => (handle as FileHandle).datasync());
    return await publish(files, folder, part, handle, written);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof DiskFailure) return { outcome: outcomeOf(error) };
    throw error;
  } finally {
    await handle?.close().catch(() => {});
    // Linked or not, the part has had its time.
    if (handle !== undefined) await files.unlink(part).catch(() => {});
  }
}

interface Written {
  readonly read: IndexedInstance;
  readonly offset: number;
}

/** Fills the part file and reads its header back. */
async function writePart(
  handle: FileHandle,
  instance: StorableInstance,
  options: PacsOptions,
): Promise<Written | { readonly outcome: Omit<StoreOutcome, 'sopInstanceUid'> }> {
  const refuse = (statusCode: number) => ({ outcome: { status: 'refused', retry: 'no', statusCode } }) as const;
  const header = part10Header(instance);
  let length = 0;
  let waiting: Uint8Array[] = [header];
  let waitingBytes = header.length;
  const flush = async () => {
    const parts = waiting;
    waiting = [];
    waitingBytes = 0;
    await onDisk(() => writeFully(handle, parts));
  };
  for await (const piece of instance.dataSet(options)) {
    options.signal?.throwIfAborted();
    length += piece.length;
    if (length > instance.lengthBytes) return refuse(STATUS.cannotUnderstand);
    waiting.push(piece);
    waitingBytes += piece.length;
    // Flushed before the next piece is asked for: its owner may use the memory again.
    if (waitingBytes >= PIECE_BYTES || waiting.length > 1) await flush();
  }
  options.signal?.throwIfAborted();
  await flush();
  if (length < instance.lengthBytes) return refuse(STATUS.cannotUnderstand);
  try {
    const source = fileSource(handle, header.length, length);
    const read = await readInstance(source, instance.transferSyntaxUid, options);
    return isSameIdentity(read, instance) ? { read, offset: header.length } : refuse(STATUS.identityMismatch);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (errorCodeOf(error)?.startsWith('DICOM_') === true) return refuse(STATUS.cannotUnderstand);
    throw new DiskFailure(error, false);
  }
}

/** Gives the part its name and makes that durable. */
async function publish(
  files: Files,
  folder: string,
  part: string,
  handle: FileHandle,
  { read, offset }: Written,
): Promise<WriteResult> {
  const { shard, path } = objectPath(folder, read.sopInstanceUid);
  const isNewShard = (await onDisk(() => files.mkdir(shard, { recursive: true, mode: FOLDER_MODE }))) !== undefined;
  const isFirst = await onDisk(() => giveName(files, part, path), true);
  // Also for a duplicate: an earlier run may have linked it and lost power before it synced.
  await onDisk(() => syncFolder(files, shard), true);
  if (isNewShard) await onDisk(() => syncFolder(files, folder), true);
  if (!isFirst) return { outcome: { status: 'duplicate', statusCode: STATUS.duplicate } };
  const { size, mtimeMs } = await onDisk(() => handle.stat(), true);
  return { instance: { ...read, path, offset, state: { sizeBytes: size, mtimeMs } } };
}

/** Whether the name was free. A link never replaces what is there; file systems without links are asked first. */
async function giveName(files: Files, part: string, path: string): Promise<boolean> {
  try {
    await files.link(part, path);
    return true;
  } catch (error) {
    const code = fsCodeOf(error);
    if (code === 'EEXIST') return false;
    if (code === undefined || !NO_LINKS.has(code)) throw error;
  }
  const isTaken = await files.lstat(path).then(
    () => true,
    () => false,
  );
  if (!isTaken) await files.rename(part, path);
  return !isTaken;
}

/** What a file system without hard links answers: exFAT, SMB, some FUSE. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const NO_PERMISSION: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);
const NO_FOLDER: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ESTALE', 'EHOSTDOWN']);

/** @throws {PacsError} when nothing can be stored in this folder at all. */
function outcomeOf(failure: DiskFailure): Omit<StoreOutcome, 'sopInstanceUid'> {
  const code = fsCodeOf(failure.cause) ?? '';
  if (failure.isFiled) return { status: 'unknown', retry: 'later' };
  if (NO_ROOM.has(code)) return { status: 'refused', retry: 'later', statusCode: STATUS.outOfResources };
  if (NO_PERMISSION.has(code)) throw new PacsError('PACS_REFUSED', { cause: failure, details: { reason: code } });
  if (NO_FOLDER.has(code)) throw new PacsError('PACS_UNREACHABLE', { cause: failure, details: { reason: code } });
  return { status: 'refused', retry: 'later' };
}

async function onDisk<T>(call: () => Promise<T>, isFiled = false): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new DiskFailure(error, isFiled);
  }
}

function isSameIdentity(read: IndexedInstance, said: StorableInstance): boolean {
  return (
    read.sopInstanceUid === said.sopInstanceUid &&
    read.studyInstanceUid === said.studyInstanceUid &&
    read.seriesInstanceUid === said.seriesInstanceUid &&
    read.sopClassUid === said.sopClassUid
  );
}
