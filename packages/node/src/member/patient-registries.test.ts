import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@interhosp/core/world';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryKeys, stillClock } from '../../test/storage/worlds.ts';
import { createPatientDirectory } from '../config/adapters.ts';
import { loadConfig } from '../config/load.ts';
import type { KeyVault } from '../keys/index.ts';
import { rebuildRegistries, registryOpener } from './patient-registries.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'interhosp-registries-'))));
afterEach(() => rm(folder, { recursive: true }));

const keys = memoryKeys() as unknown as KeyVault;
const options = () => ({ dataFolder: folder, keys, log: silentLog });

async function directory() {
  const config = join(folder, 'interhosp.yaml');
  await writeFile(
    config,
    `{ member: be-south, name: South, passphraseFile: p, federation: { id: ${'0a'.repeat(32)} },
       pacs: { main: { use: "@interhosp/adapters/memory" } },
       patients: { use: "@interhosp/adapters/patients-csv", file: patients.csv, issuer: SOUTH, index: disk } }`,
  );
  const context = { clock: stillClock(), log: silentLog, openRegistry: registryOpener(options()) };
  return await createPatientDirectory(await loadConfig(config), context);
}

describe('registries of a member', () => {
  it('lie in its data folder, for an adapter that the configuration names', async () => {
    await writeFile(join(folder, 'patients.csv'), 'id,family,given,birth_date\nP1,Peeters,Maria,1950-06-15\n');
    for (let start = 0; start < 2; start++) {
      const patients = await directory();
      await patients.start();
      expect((await patients.get('P1'))?.patientId).toEqual({ id: 'P1', issuer: 'SOUTH' });
      expect(await patients.candidates({ name: (await patients.get('P1'))?.name } as object)).toHaveLength(1);
      await patients.stop();
    }
    expect(await readdir(join(folder, 'patients'))).toEqual(['patients-csv']);
  });

  it('are made anew by hand, without what was lost', async () => {
    expect(await rebuildRegistries(options())).toEqual([]);
    const registry = await registryOpener(options())({ name: 'feed', nationalNumbers: 'unchecked' });
    await registry.start();
    await registry.apply(['P1', 'P2'].map((id) => ({ kind: 'put', patient: { patientId: { id } } })));
    await registry.stop();
    expect(await rebuildRegistries(options())).toEqual([{ name: 'feed', patients: 2, lost: 0, wasIncomplete: false }]);
    const level = new Level<Uint8Array, Uint8Array>(join(folder, 'patients', 'feed'), { keyEncoding: 'view' });
    await level.del(Uint8Array.of(0x72, 0, 0, 0, 0));
    await level.close();
    expect(await rebuildRegistries(options())).toEqual([{ name: 'feed', patients: 1, lost: 0, wasIncomplete: true }]);
    await registry.start();
    expect(await registry.get('P2')).toBeDefined();
    await registry.stop();
  });

  it.each(['', 'Feed', '../feed', 'a/b', '1feed', 'f'.repeat(33)])('are not opened under the name %j', async (name) => {
    await expect(registryOpener(options())({ name })).rejects.toThrow('CONFIG_INVALID');
  });
});
