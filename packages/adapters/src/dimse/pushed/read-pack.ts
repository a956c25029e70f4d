/** Reads what an earlier run left in a pack, also when that run ended in the middle of a record. */
import type { FileHandle } from 'node:fs/promises';
import type { ByteSource } from '@interhosp/core/dicom';
import { fileSource } from '../../disk/open-file.ts';
import { READ_PIECE_BYTES } from '../limits.ts';
import type { ObjectDisk, ObjectPlace } from './object-disk.ts';
import {
  decodePackPage,
  decodeRecordHeader,
  encodePackPage,
  encodeRecordHeader,
  PAGE_BYTES,
  RECORD_HEADER_BYTES,
  recordBytes,
  sumOf,
  type RecordHeader,
} from './pack-record.ts';

/** An object of an earlier run. */
export interface PackedObject {
  readonly place: ObjectPlace;
  readonly receivedMs: number;
}

/** A pack of an earlier run. */
export interface ReadPack {
  readonly id: Uint8Array;
  readonly objects: readonly PackedObject[];
  /** Records that were not whole. Nobody was told of them, if the disk kept its word. */
  readonly torn: number;
}

interface FoundRecord extends PackedObject {
  readonly header: RecordHeader;
}

/**
 * Reads a pack. In one that was not closed in order every record is checked; those that are not whole are marked as removed,
 * and the pack as closed.
 *
 * @returns 'empty' when nothing was ever added; undefined when it is no pack, or its first page is damaged.
 * @throws {Error} of node:fs
 */
export async function readPack(disk: ObjectDisk, path: string): Promise<ReadPack | 'empty' | undefined> {
  const handle = await disk.open(path, 'r+');
  try {
    const { size } = await handle.stat();
    const source = fileSource(handle, 0, size);
    const page = decodePackPage(await source.read(0, RECORD_HEADER_BYTES));
    if (size <= PAGE_BYTES) return 'empty';
    if (page === undefined) return undefined;
    const found = await recordsIn(source, path, page.id);
    if (page.isSealed) return { id: page.id, objects: found, torn: 0 };
    const objects: FoundRecord[] = [];
    for (const record of found) {
      if (await isWhole(source, record)) objects.push(record);
      else await strike(handle, page.id, record);
    }
    await handle.sync();
    await handle.writev([encodePackPage({ id: page.id, isSealed: true })], 0);
    return { id: page.id, objects, torn: found.length - objects.length };
  } finally {
    await handle.close();
  }
}

/** Where a record should begin and does not, nothing was finished: the next one may begin at any page. */
async function recordsIn(source: ByteSource, path: string, packId: Uint8Array): Promise<readonly FoundRecord[]> {
  const found: FoundRecord[] = [];
  for (let at = PAGE_BYTES; at < source.lengthBytes;) {
    const header = decodeRecordHeader(packId, await source.read(at, RECORD_HEADER_BYTES));
    const start = at + RECORD_HEADER_BYTES;
    if (header === undefined || start + header.lengthBytes > source.lengthBytes) {
      at += PAGE_BYTES;
      continue;
    }
    const { isRemoved, lengthBytes, receivedMs } = header;
    if (!isRemoved) found.push({ place: { path, start, lengthBytes }, receivedMs, header });
    at += recordBytes(lengthBytes);
  }
  return found;
}

async function isWhole(source: ByteSource, { header, place }: FoundRecord): Promise<boolean> {
  let sum = 0;
  for (let at = 0; at < place.lengthBytes; at += READ_PIECE_BYTES) {
    const length = Math.min(READ_PIECE_BYTES, place.lengthBytes - at);
    sum = sumOf([await source.read(place.start + at, length)], sum);
  }
  return sum === header.sum;
}

async function strike(handle: FileHandle, packId: Uint8Array, { header, place }: FoundRecord): Promise<void> {
  const removed = encodeRecordHeader(packId, { ...header, isRemoved: true });
  await handle.writev([removed], place.start - RECORD_HEADER_BYTES);
}
