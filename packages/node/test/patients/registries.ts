/** Registries on disk for tests, each in a folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalPatient } from '@interhosp/core/study';
import { silentLog } from '@interhosp/core/world';
import { createDiskRegistry, type DiskRegistry, type DiskRegistryOptions } from '../../src/store/patients/index.ts';
import { nodeCrypto } from '../../src/world/crypto.ts';
import { nodeRandom } from '../../src/world/random.ts';

/** The key of every registry here, so that another process can open it. */
export const RECORDS_KEY = new Uint8Array(32).fill(7);

/** A registry in this folder, as a member makes it. */
export function registryIn(folder: string, options: Partial<DiskRegistryOptions> = {}): DiskRegistry {
  return createDiskRegistry({
    folder,
    name: 'patients',
    recordsKey: RECORDS_KEY,
    crypto: nodeCrypto(),
    random: nodeRandom(),
    log: silentLog,
    ...options,
  });
}

/** A folder that is not there yet, in one that is removed at the end. */
export async function freshFolder(): Promise<{ readonly folder: string; readonly dispose: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'interhosp-patients-'));
  return { folder: join(root, 'index'), dispose: () => rm(root, { recursive: true, force: true }) };
}

export async function* listed(patients: Iterable<LocalPatient>): AsyncGenerator<LocalPatient, void, undefined> {
  yield* patients;
}
