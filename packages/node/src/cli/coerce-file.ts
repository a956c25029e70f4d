/**
 * Writes the coerced copy of one DICOM file: whole or not at all. Pixels pass through two buffers, so that an image of any
 * size takes the same memory, and reading goes on while the last piece is written.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { coerceInstance, type Coercion, type CoercionInput } from '@interhosp/core/coercion';
import {
  part10Header,
  readHeaderValues,
  readPart10,
  spliceStream,
  TAGS,
  tryParseUid,
  type ByteSource,
  type Part10,
} from '@interhosp/core/dicom';
import { DicomError } from '@interhosp/core/errors';
import { nodeInflate } from '../world/index.ts';

/** What was done to a file. */
export type CoercedFile = Pick<Coercion, 'changed' | 'flags'>;

/** Bytes in which the beginning of a file is read. */
const HEAD_BYTES = 4096;
/** Pieces in which the rest is copied; `spliceStream` asks for no more at once. */
const COPY_BYTES = 1_048_576;
/** Headers and what is cut by edits come in pieces up to this length. */
const SMALL_BYTES = 262_144;

/**
 * Reads one file and writes its copy.
 *
 * The preamble is written anew, as zeros: one that holds a program, or the directory of a TIFF whose offsets are true no
 * more, does not pass (PS3.10 7.1, CVE-2019-11687).
 *
 * @throws {DicomError} when the file is refused: nothing is left at the target then.
 * @throws {Error} of node:fs when it cannot be read or written.
 */
export async function coerceFile(file: string, target: string, input: CoercionInput): Promise<CoercedFile> {
  // Without O_NONBLOCK a pipe that nobody writes to would be waited for.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  // Random, so that nothing of the file's own name or content is in it; in the same folder, so that rename is atomic.
  const part = join(dirname(target), `.${randomBytes(8).toString('hex')}.part`);
  try {
    if (!(await handle.stat()).isFile()) throw new DicomError('DICOM_NOT_PART10');
    const { part10, source, offset } = await dataSetOf(handle);
    const { transferSyntaxUid } = part10;
    const inflate = nodeInflate();
    const { changed, flags, plan } = await coerceInstance(source, transferSyntaxUid, input, { inflate });
    const head = part10Header({ ...(await namesOf(source, part10)), transferSyntaxUid });
    await mkdir(dirname(target), { recursive: true });
    // An inflater holds on to what it read; buffers that are used again are for plain copying.
    const copied = plan.inflate === undefined ? copySource(handle, offset, source.lengthBytes) : source;
    await writeAll(part, head, spliceStream(plan, copied));
    await rename(part, target);
    return { changed, flags };
  } finally {
    await handle.close();
    await rm(part, { force: true });
  }
}

interface OpenFile {
  readonly part10: Part10;
  /** The data set: it begins at what the meta information left over. */
  readonly source: ByteSource;
  readonly offset: number;
}

async function dataSetOf(handle: FileHandle): Promise<OpenFile> {
  const { size } = await handle.stat();
  let read = 0;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      const bytes = await readFully(handle, Buffer.allocUnsafe(HEAD_BYTES), read);
      if (bytes.length === 0) return;
      read += bytes.length;
      yield bytes;
    }
  };
  const part10 = await readPart10(chunks());
  const readForMeta = read;
  for await (const first of part10.dataSet) {
    const offset = read > readForMeta ? readForMeta : readForMeta - first.length;
    return { part10, offset, source: handleSource(handle, offset, size - offset) };
  }
  throw new DicomError('DICOM_TRUNCATED', { details: { offset: read } });
}

/** The data set's own names, else those of the meta information: a file cannot be without. */
async function namesOf(source: ByteSource, part10: Part10): Promise<Parameters<typeof part10Header>[0]> {
  const wanted = new Set([TAGS.SOPClassUID, TAGS.SOPInstanceUID]);
  const values = await readHeaderValues(source, part10.transferSyntaxUid, wanted, { inflate: nodeInflate() });
  const own = (tag: number) => tryParseUid(Buffer.from(values.get(tag)?.bytes ?? []).toString('latin1'));
  const sopClassUid = own(TAGS.SOPClassUID) ?? part10.sopClassUid;
  const sopInstanceUid = own(TAGS.SOPInstanceUID) ?? part10.sopInstanceUid;
  if (sopClassUid === undefined || sopInstanceUid === undefined) throw new DicomError('DICOM_IDENTITY_MISSING');
  return { sopClassUid, sopInstanceUid, transferSyntaxUid: part10.transferSyntaxUid };
}

async function writeAll(path: string, head: Uint8Array, body: AsyncGenerator<Uint8Array>): Promise<void> {
  const out = await open(path, 'wx', 0o600);
  let next = body.next();
  try {
    await writeFully(out, head);
    for (let piece = await next; piece.done !== true; piece = await next) {
      next = body.next();
      // Looked at when it is awaited; a failure of writing comes first.
      next.catch(() => {});
      await writeFully(out, piece.value);
    }
    await out.datasync();
  } finally {
    await next.catch(() => {});
    await body.return(undefined);
    await out.close();
  }
}

async function writeFully(out: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await out.write(bytes, done)).bytesWritten;
}

function handleSource(handle: FileHandle, offset: number, lengthBytes: number): ByteSource {
  return {
    lengthBytes,
    read: (from, length) =>
      readFully(handle, Buffer.allocUnsafe(Math.max(0, Math.min(length, lengthBytes - from))), offset + from),
  };
}

/**
 * As {@link handleSource}, for one reader who goes through it once: a large piece is good until the large one after the next
 * is read. Small ones, which a reader may gather, are its own.
 */
function copySource(handle: FileHandle, offset: number, lengthBytes: number): ByteSource {
  const buffers = [Buffer.allocUnsafeSlow(COPY_BYTES), Buffer.allocUnsafeSlow(COPY_BYTES)] as const;
  let turn = 0;
  return {
    lengthBytes,
    read: async (from, length) => {
      const wanted = Math.max(0, Math.min(length, lengthBytes - from));
      if (wanted <= SMALL_BYTES || wanted > COPY_BYTES) {
        return readFully(handle, Buffer.allocUnsafe(wanted), offset + from);
      }
      turn = 1 - turn;
      return readFully(handle, (buffers[turn] as Buffer).subarray(0, wanted), offset + from);
    },
  };
}

/** As much of the buffer as the file fills. */
async function readFully(handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
