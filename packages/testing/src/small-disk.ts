/** A file system of a few megabytes that really runs full: tmpfs, mounted for one test. Needs root, as CI has. */
// oxlint-disable-next-line no-restricted-imports -- this package prepares the machine that tests run on
import { execFile } from 'node:child_process';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A small file system. */
export interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
  /** Gives it another size, e.g. as an administrator who makes room. */
  resize(bytes: number): Promise<void>;
}

/** Mounts one. @throws {Error} where this process may not mount. */
export async function mountSmallDisk(bytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder]);
  } catch (cause) {
    await rmdir(folder);
    throw new Error('a small disk cannot be mounted: run the tests as root (CAP_SYS_ADMIN)', { cause });
  }
  return {
    folder,
    resize: async (size) => {
      await run('mount', ['-o', `remount,size=${size}`, folder]);
    },
    async [Symbol.asyncDispose]() {
      // Lazily: a server that is being stopped may hold it a moment longer.
      await run('umount', ['-l', folder]);
      await rmdir(folder);
    },
  };
}
