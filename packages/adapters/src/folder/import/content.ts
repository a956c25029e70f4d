/** What a file to import holds: its kind by its name, checked by its bytes, and the hash that its UID follows from. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { ByteSource } from '@interhosp/core/dicom';
import { PIECE_BYTES } from '../defaults.ts';
import { fileSource } from '../../disk/open-file.ts';
import { openToRead, type Files, type Path } from '../files.ts';
import { isSameState, type FileState } from '../read-file.ts';
import { readCda, type CdaHead } from './cda.ts';
import { readJpeg, type Picture } from './jpeg.ts';
import { readMp4 } from './mp4.ts';
import { checkPdf } from './pdf.ts';
import type { Video } from './video.ts';
import { readWav, type Sound } from './wav.ts';

/** Kinds of files that are imported. */
export type ContentKind = 'cda' | 'jpeg' | 'mp4' | 'pdf' | 'wav';

/** What was read of a file. */
export type Content = { readonly digest: string; readonly lengthBytes: number } & (
  | { readonly kind: 'pdf' }
  | { readonly kind: 'cda'; readonly head: CdaHead }
  | { readonly kind: 'jpeg'; readonly picture: Picture }
  | { readonly kind: 'mp4'; readonly video: Video }
  | { readonly kind: 'wav'; readonly sound: Sound }
);

const KINDS: Readonly<Record<string, ContentKind>> = {
  cda: 'cda',
  jpeg: 'jpeg',
  jpg: 'jpeg',
  m4v: 'mp4',
  mp4: 'mp4',
  pdf: 'pdf',
  wav: 'wav',
  xml: 'cda',
};

/** The kind of a file by the end of its name; undefined for what is not imported. */
export function kindOf(name: string): ContentKind | undefined {
  const extension = /\.([a-z0-9]{3,4})$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(KINDS, extension) ? KINDS[extension] : undefined;
}

/**
 * Reads a file. Headers are read first, so that what is no such file costs little.
 *
 * @returns undefined when the file changed meanwhile.
 * @throws {ImportError} `IMPORT_MALFORMED`, `IMPORT_UNSUPPORTED`, `IMPORT_LIMIT`
 * @throws {Error} of node:fs
 */
export async function readContent(
  files: Files,
  path: Path,
  kind: ContentKind,
  state: FileState,
  signal: AbortSignal,
): Promise<Content | undefined> {
  const handle = await openToRead(files, path);
  try {
    const read = await headerOf(fileSource(handle, 0, state.sizeBytes), kind, signal);
    const digest = await digestOf(handle, state.sizeBytes, signal);
    const { mtimeMs, size: sizeBytes } = await handle.stat();
    const isWhole = isSameState({ mtimeMs, sizeBytes }, state) && digest !== undefined;
    return isWhole ? { ...read, digest, lengthBytes: sizeBytes } : undefined;
  } finally {
    await handle.close();
  }
}

type Header<T = Content> = T extends Content ? Omit<T, 'digest' | 'lengthBytes'> : never;

async function headerOf(source: ByteSource, kind: ContentKind, signal: AbortSignal): Promise<Header> {
  switch (kind) {
    case 'pdf':
      await checkPdf(source);
      return { kind };
    case 'cda':
      return { kind, head: await readCda(source) };
    case 'jpeg':
      return { kind, picture: await readJpeg(source, signal) };
    case 'mp4':
      return { kind, video: await readMp4(source) };
    case 'wav':
      return { kind, sound: await readWav(source) };
    default:
      throw new Error(`no such kind: ${String(kind satisfies never)}`);
  }
}

/** SHA-256 in hexadecimal digits; undefined when the file is shorter than it was. */
async function digestOf(handle: FileHandle, lengthBytes: number, signal: AbortSignal): Promise<string | undefined> {
  const hash = createHash('sha256');
  // One buffer for all: a hash keeps nothing of what it was given.
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (let at = 0; at < lengthBytes;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, lengthBytes - at), at);
    if (bytesRead === 0) return undefined;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest('hex');
}
