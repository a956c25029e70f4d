/** What the parts of the disk's suite share: a disk of one test, and files on it. */
import type { Disk } from '../world/index.ts';
import { equal } from './expect.ts';

/** One disk of one test. */
export interface DiskHarness {
  readonly disk: Disk;
  /** An empty folder on it, without a slash at its end. */
  readonly folder: string;
  /** Removes whatever the test left. */
  readonly dispose: () => Promise<void>;
}

/** A disk whose failures can be brought about. */
export interface FailingDiskHarness extends DiskHarness {
  /** Loses power: what was not synced may be gone, and files opened before are dead. */
  readonly crash: () => void | Promise<void>;
  /** Makes the next sync fail. */
  readonly failNextSync: () => void | Promise<void>;
  /** Takes away all space but this. */
  readonly fill: (freeBytes: number) => void | Promise<void>;
}

/** Registers one test that gets a disk of its own. */
export type DiskTest<H extends DiskHarness = DiskHarness> = (
  title: string,
  body: (harness: H) => Promise<void>,
) => void;

/** Creates a file with these bytes and syncs both it and its folder. */
export async function putFile({ disk, folder }: DiskHarness, name: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(`${folder}/${name}`, 'create');
  await file.write([bytes], 0);
  await file.sync();
  await file.close();
  await disk.syncFolder(folder);
}

/** All bytes of a file, read in one go. */
export async function readWhole({ disk, folder }: DiskHarness, name: string): Promise<Uint8Array> {
  const file = await disk.open(`${folder}/${name}`, 'read');
  try {
    const into = new Uint8Array(await file.sizeBytes());
    equal(await file.read(into, 0), into.length, 'read() fills what the file can fill');
    return into;
  } finally {
    await file.close();
  }
}
