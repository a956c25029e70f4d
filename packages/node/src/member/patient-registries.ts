/** Registries of patients in a member's data folder, which adapters fill and questions are asked of. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '@interhosp/core/errors';
import type { AdapterContext, RegistryOptions } from '@interhosp/core/pacs';
import type { Log } from '@interhosp/core/world';
import type { KeyVault } from '../keys/index.ts';
import { createDiskRegistry, type DiskRegistry, type PatientRebuild } from '../store/patients/index.ts';
import { nodeCrypto, nodeRandom } from '../world/index.ts';

/** Where registries lie, and the keys they are sealed with. */
export interface RegistriesOptions {
  readonly dataFolder: string;
  readonly keys: KeyVault;
  readonly log: Log;
}

/** A registry that was made anew. */
export interface RebuiltRegistry extends PatientRebuild {
  readonly name: string;
}

/** What adapters are given to open one; several under one name are refused by the lock of its folder. */
export function registryOpener(options: RegistriesOptions): NonNullable<AdapterContext['openRegistry']> {
  return async ({ name, nationalNumbers = 'be' }: RegistryOptions) => {
    if (!NAME.test(name)) throw new ConfigError('CONFIG_INVALID', { details: { field: 'patients.name' } });
    return registryOf(options, name, nationalNumbers);
  };
}

/**
 * Makes the keys of every registry anew from its records, and goes on without records that were lost: for whoever asks for
 * it by hand.
 *
 * @throws {StorageError} `STORAGE_LOCKED` while a member runs.
 */
export async function rebuildRegistries(options: RegistriesOptions): Promise<readonly RebuiltRegistry[]> {
  const rebuilt: RebuiltRegistry[] = [];
  for (const name of await namesOf(options.dataFolder)) {
    const registry = registryOf(options, name);
    await registry.start();
    try {
      rebuilt.push({ name, ...(await registry.rebuild({ acceptLoss: true })) });
    } finally {
      await registry.stop();
    }
  }
  return rebuilt;
}

const FOLDER = 'patients';
const NAME = /^[a-z][a-z0-9-]{0,31}$/;

function registryOf(
  { dataFolder, keys, log }: RegistriesOptions,
  name: string,
  rules?: RegistryOptions['nationalNumbers'],
): DiskRegistry {
  return createDiskRegistry({
    crypto: nodeCrypto(),
    folder: join(dataFolder, FOLDER, name),
    log,
    name,
    random: nodeRandom(),
    recordsKey: keys.recordsKey,
    rules,
  });
}

async function namesOf(dataFolder: string): Promise<readonly string[]> {
  try {
    return (await readdir(join(dataFolder, FOLDER))).filter((name) => NAME.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
