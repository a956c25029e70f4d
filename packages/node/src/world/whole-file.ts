/** Small files that are there whole or not at all. */
import type { Disk } from '@interhosp/core/world';

/** Suffix of a file that is not finished; whoever owns the folder removes such files when it opens. */
export const UNFINISHED_SUFFIX = '.new';

/** Largest file {@link readWhole} gives back; the rest of a longer one is cut after one byte more, so that it shows. */
export const MAX_WHOLE_BYTES = 16_384;

/** Writes a file beside, syncs, renames it into place and syncs the folder. An existing one is replaced. */
export async function writeWhole(disk: Disk, folder: string, file: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${folder}/${file}${UNFINISHED_SUFFIX}`;
  await disk.remove(unfinished);
  const handle = await disk.open(unfinished, 'create');
  try {
    await handle.write([bytes], 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await disk.rename(unfinished, `${folder}/${file}`);
  await disk.syncFolder(folder);
}

/** Reads a small file; undefined when there is none. */
export async function readWhole(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  if (!(await disk.exists(path))) return undefined;
  const handle = await disk.open(path, 'read');
  try {
    const bytes = new Uint8Array(Math.min(await handle.sizeBytes(), MAX_WHOLE_BYTES + 1));
    return bytes.subarray(0, await handle.read(bytes, 0));
  } finally {
    await handle.close();
  }
}
