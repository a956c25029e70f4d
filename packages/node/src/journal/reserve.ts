/**
 * Room kept aside for the journal: a file of random bytes that is given up when the disk is full, so that the receipts
 * and endings of what is under way can still be written. New work is refused long before, by the spool's low-water mark.
 */
import { errorCodeOf } from '@interhosp/core/errors';
import type { Disk, Log, Random } from '@interhosp/core/world';
import { UNFINISHED_SUFFIX } from '../world/whole-file.ts';

/** Room for some thousand receipts. */
export const RESERVE_BYTES = 8 * 1024 * 1024;
/** The reserve is only taken where this many times its size is free: taking it must not be what fills the disk. */
const ROOM_FACTOR = 4;
const RESERVE_FILE = 'reserve';

/** What a reserve needs of the world. */
export interface ReserveOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly random: Random;
  readonly log: Log;
  readonly reserveBytes: number;
}

/** Takes the room if it is not taken and the disk has plenty. Having none is no error. */
export async function takeReserve({ disk, folder, random, log, reserveBytes }: ReserveOptions): Promise<void> {
  const path = `${folder}/${RESERVE_FILE}`;
  if (reserveBytes === 0 || (await disk.exists(path))) return;
  if ((await disk.freeBytes(folder)) < reserveBytes * ROOM_FACTOR) return;
  const unfinished = `${path}${UNFINISHED_SUFFIX}`;
  try {
    await disk.remove(unfinished);
    const file = await disk.open(unfinished, 'create');
    // Random, since a file system that compresses would keep no room for zeros.
    try {
      await file.write([random.bytes(reserveBytes)], 0);
    } finally {
      await file.close();
    }
    await disk.rename(unfinished, path);
  } catch (error) {
    if (errorCodeOf(error) !== 'STORAGE_FULL') throw error;
    await disk.remove(unfinished);
    log.write('warn', 'journal.reserve-refused', { bytes: reserveBytes });
  }
}

/** Gives the room up; false when there was none. */
export async function freeReserve({ disk, folder, log, reserveBytes }: ReserveOptions): Promise<boolean> {
  const path = `${folder}/${RESERVE_FILE}`;
  if (!(await disk.exists(path))) return false;
  await disk.remove(path);
  // Until the name is gone for good, file systems may keep the blocks.
  await disk.syncFolder(folder);
  log.write('warn', 'journal.reserve-freed', { bytes: reserveBytes });
  return true;
}
