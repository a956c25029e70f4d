import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stillClock } from '../../test/storage/worlds.ts';
import { createPacs, createPatientDirectory } from './adapters.ts';
import { loadConfig, type LoadedConfig } from './load.ts';

const context = { clock: stillClock(), log: silentLog };
const SCHEMA = `const configSchema = { '~standard': { version: 1, vendor: 'ours', validate: (value) =>
  'typo' in value ? { issues: [{ message: 'unknown', path: ['typo'] }] } : { value } } };`;
/** A module as an integrator writes it: it gives back what it was given. */
const OURS = (kind: string) => `${SCHEMA}
export const adapter = { kind: '${kind}', name: 'ours', configSchema,
  create: (config, { resolvePath }) => ({ config, path: resolvePath('./x') }) };`;

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'interhosp-adapters-'))));
afterEach(() => rm(folder, { recursive: true }));

async function configured(use: string, more = ''): Promise<LoadedConfig> {
  const section = `use: ${JSON.stringify(use)}, greeting: hello${more}`;
  const file = join(folder, 'interhosp.yaml');
  await writeFile(
    file,
    `{ member: be-south, name: South, passphraseFile: p, federation: { id: ${'0a'.repeat(32)} },
       pacs: { main: { ${section} } }, patients: { ${section} } }`,
  );
  return loadConfig(file);
}

async function put(name: string, text: string): Promise<void> {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), text);
}

describe('adapters by module', () => {
  it('are found in a file beside the configuration', async () => {
    await put('ours.mjs', OURS('pacs'));
    const pacs: unknown = await createPacs(await configured('./ours.mjs'), 'main', context);
    expect(pacs).toEqual({ config: { greeting: 'hello' }, path: join(folder, 'x') });
  });

  it('are found by an absolute path', async () => {
    await put('ours.mjs', OURS('patients'));
    const directory: unknown = await createPatientDirectory(await configured(join(folder, 'ours.mjs')), context);
    expect(directory).toMatchObject({ config: { greeting: 'hello' } });
  });

  it('are found in a package that is installed beside the configuration', async () => {
    await put('node_modules/our-pacs/package.json', '{ "name": "our-pacs", "type": "module", "exports": "./main.js" }');
    await put('node_modules/our-pacs/main.js', OURS('pacs'));
    expect(await createPacs(await configured('our-pacs'), 'main', context)).toMatchObject({ path: join(folder, 'x') });
  });

  it.each([
    ['a package that is not installed', 'our-missing-pacs'],
    ['a file that is not there', './nowhere.mjs'],
    ['a module that exports no adapter', './empty.mjs'],
    ['a module that breaks', './broken.mjs'],
    ['a module for patients', './patients.mjs'],
  ])('are refused: %s', async (_, use) => {
    await put('empty.mjs', 'export const other = 1;');
    await put('broken.mjs', 'throw new Error("no");');
    await put('patients.mjs', OURS('patients'));
    await expect(createPacs(await configured(use), 'main', context)).rejects.toMatchObject({
      code: 'CONFIG_ADAPTER_UNKNOWN',
      details: { adapter: use },
    });
  });

  it('refuse a PACS where patients are meant', async () => {
    await put('ours.mjs', OURS('pacs'));
    await expect(createPatientDirectory(await configured('./ours.mjs'), context)).rejects.toMatchObject({
      code: 'CONFIG_ADAPTER_UNKNOWN',
      details: { kind: 'patients' },
    });
  });

  it('check their own fields, and the place is named', async () => {
    await put('ours.mjs', OURS('pacs'));
    await expect(createPacs(await configured('./ours.mjs', ', typo: 1'), 'main', context)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'pacs.main.typo' },
    });
  });

  it('are not made for a name that the configuration does not have', async () => {
    await expect(createPacs(await configured('./ours.mjs'), 'archive', context)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'pacs.archive' },
    });
  });
});
