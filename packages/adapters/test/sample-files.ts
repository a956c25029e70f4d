// Files for the tests of the folder adapter.
import { open, readdir, readlink } from 'node:fs/promises';
import { part10Header } from '@interhosp/core/dicom';
import type { StorableInstance } from '@interhosp/core/pacs';

/** Writes an instance as a DICOM file. */
export async function writePart10(path: string, instance: StorableInstance): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.write(part10Header(instance));
    for await (const piece of instance.dataSet()) await handle.write(piece);
  } finally {
    await handle.close();
  }
}

/** Files below a folder that this process has open; empty where the system does not tell. */
export async function openHandlesBelow(folder: string): Promise<readonly string[]> {
  const links = await readdir('/proc/self/fd').catch(() => []);
  const paths = await Promise.all(links.map((link) => readlink(`/proc/self/fd/${link}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(folder));
}
