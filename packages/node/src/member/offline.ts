/** A member's folder without a running member: its lists, and its indexes made anew. */
import { join } from 'node:path';
import type { Log } from '@interhosp/core/world';
import type { LoadedConfig } from '../config/load.ts';
import { openJournal } from '../journal/index.ts';
import { openKeyVault, readPassphrase, type KeyVault } from '../keys/index.ts';
import { openStore, rebuildStore, type Store } from '../store/index.ts';
import { nodeClock, nodeCrypto, nodeDisk, nodeRandom } from '../world/index.ts';
import { rebuildRegistries, type RebuiltRegistry } from './patient-registries.ts';
import { PROJECTIONS, type ListedJob } from './projections.ts';

/** Opens the store of a data folder. */
export function openMemberStore(dataFolder: string, keys: KeyVault, log: Log): Promise<Store> {
  return openStore({ crypto: nodeCrypto(), folder: join(dataFolder, 'store'), keys, log, random: nodeRandom() });
}

/** Exchanges as the store last listed them. @throws {StorageError} `STORAGE_LOCKED` while a member runs. */
export async function listJobs(loaded: LoadedConfig, log: Log): Promise<readonly ListedJob[]> {
  const keys = await openKeys(loaded, log);
  await using store = await openMemberStore(loaded.resolvePath(loaded.config.data), keys, log);
  const jobs: ListedJob[] = [];
  for await (const { value } of store.iterate('job!')) jobs.push(value as ListedJob);
  return jobs.toSorted((one, other) => (one.startedAt < other.startedAt ? -1 : 1));
}

/** What was made anew. */
export interface RebuiltIndexes {
  /** Records of the journal that were read. */
  readonly records: number;
  readonly registries: readonly RebuiltRegistry[];
}

/**
 * Makes the store anew from the journal, whose whole chain is verified on the way, and the keys of patient registries from
 * their records.
 *
 * @param onProgress - Called with the sequence reached.
 * @throws {StorageError} `STORAGE_LOCKED` while a member runs; `STORAGE_JOURNAL_DAMAGED`, `STORAGE_JOURNAL_TORN`.
 */
export async function rebuildIndexes(
  loaded: LoadedConfig,
  log: Log,
  onProgress?: (seq: number) => void,
): Promise<RebuiltIndexes> {
  const data = loaded.resolvePath(loaded.config.data);
  const keys = await openKeys(loaded, log);
  const world = { clock: nodeClock(), crypto: nodeCrypto(), disk: nodeDisk(), random: nodeRandom() };
  await using journal = await openJournal({ ...world, folder: join(data, 'journal'), keys, log });
  await using store = await openMemberStore(data, keys, log);
  const records = await rebuildStore(store, journal, PROJECTIONS, onProgress === undefined ? {} : { onProgress });
  return { records, registries: await rebuildRegistries({ dataFolder: data, keys, log }) };
}

async function openKeys({ config, resolvePath }: LoadedConfig, log: Log): Promise<KeyVault> {
  const disk = nodeDisk();
  const passphrase = await readPassphrase(resolvePath(config.passphraseFile), disk);
  const folder = join(resolvePath(config.data), 'keys');
  return await openKeyVault({ crypto: nodeCrypto(), disk, folder, log, passphrase, random: nodeRandom() });
}
