/**
 * Adapters are named by module in the configuration and imported when the member starts; the node knows none of them.
 * A relative name is a file beside the configuration; a package is looked for from there, then from the current
 * folder, then from this package.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '@interhosp/core/errors';
import type { AdapterContext, Pacs, PacsAdapterModule, PatientsAdapterModule } from '@interhosp/core/pacs';
import type { PatientDirectory } from '@interhosp/core/patients';
import { checked, type LoadedConfig } from './load.ts';

type AdapterModule = PacsAdapterModule | PatientsAdapterModule;
type Section = Readonly<Record<string, unknown>> & { readonly use: string };

/** Makes the PACS that a section of the configuration describes. @throws {ConfigError} */
export async function createPacs(
  loaded: LoadedConfig,
  name: string,
  context: Omit<AdapterContext, 'resolvePath'>,
): Promise<Pacs> {
  const section = loaded.config.pacs[name];
  if (section === undefined) throw new ConfigError('CONFIG_INVALID', { details: { field: `pacs.${name}` } });
  const module = await importAdapter(loaded, section.use, 'pacs');
  const config = await sectionConfig(loaded, module, section, `pacs.${name}.`);
  return module.create(config, { ...context, resolvePath: loaded.resolvePath });
}

/** Makes the patient directory of the configuration. @throws {ConfigError} */
export async function createPatientDirectory(
  loaded: LoadedConfig,
  context: Omit<AdapterContext, 'resolvePath'>,
): Promise<PatientDirectory> {
  const section = loaded.config.patients;
  const module = await importAdapter(loaded, section.use, 'patients');
  const config = await sectionConfig(loaded, module, section, 'patients.');
  return module.create(config, {
    ...context,
    resolvePath: loaded.resolvePath,
    createPacs: (name) => createPacs(loaded, name, context),
  });
}

function sectionConfig(
  loaded: LoadedConfig,
  module: AdapterModule,
  section: Section,
  prefix: string,
): Promise<unknown> {
  const { use: _, ...own } = section;
  return checked(module.configSchema, own, loaded.file, prefix);
}

async function importAdapter<K extends AdapterModule['kind']>(
  loaded: LoadedConfig,
  use: string,
  kind: K,
): Promise<Extract<AdapterModule, { kind: K }>> {
  const isFile = use.startsWith('.') || use.startsWith('/');
  const exported = isFile
    ? await importFirst([pathToFileURL(loaded.resolvePath(use)).href], use)
    : await importPackage(use, loaded.file);
  const adapter = (exported as { adapter?: AdapterModule }).adapter;
  if (adapter?.kind !== kind) {
    throw new ConfigError('CONFIG_ADAPTER_UNKNOWN', { details: { adapter: use, kind } });
  }
  return adapter as Extract<AdapterModule, { kind: K }>;
}

/**
 * Imports a package that is looked for from a file, then from the current folder, then from this package.
 *
 * @throws {ConfigError} `CONFIG_ADAPTER_UNKNOWN`
 */
export function importPackage(name: string, from: string): Promise<unknown> {
  const found = [from, join(process.cwd(), 'package.json')].flatMap((base) => {
    try {
      return [pathToFileURL(createRequire(pathToFileURL(base)).resolve(name)).href];
    } catch {
      return [];
    }
  });
  return importFirst([...found, name], name);
}

async function importFirst(specifiers: readonly string[], use: string): Promise<unknown> {
  let cause: unknown;
  for (const specifier of specifiers) {
    try {
      return (await import(specifier)) as unknown;
    } catch (error) {
      cause = error;
    }
  }
  throw new ConfigError('CONFIG_ADAPTER_UNKNOWN', { cause, details: { adapter: use } });
}
