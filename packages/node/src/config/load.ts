/** Reads `interhosp.yaml`: syntax, then schema, each failure naming the file and the place. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '@interhosp/core/errors';
import type { ConfigResult, ConfigSchema } from '@interhosp/core/pacs';
import { parseDocument } from 'yaml';
import { configSchema, type MemberConfig } from './schema.ts';

/** Larger than any configuration a person writes. */
const MAX_CONFIG_BYTES = 1_048_576;
/** Values that aliases (`*name`) may stand for in all; a person repeats a section a few times at most. */
const MAX_ALIASES = 100;

/** A configuration, or the part of it that a command needs, and where it came from. */
export interface LoadedConfig<C = MemberConfig> {
  readonly config: C;
  readonly file: string;
  /** Makes a path of the configuration absolute. */
  readonly resolvePath: (path: string) => string;
}

/**
 * Loads and checks a member's configuration.
 *
 * @throws {ConfigError} `CONFIG_UNREADABLE`, `CONFIG_SYNTAX` with line and column, `CONFIG_INVALID` with the field.
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const loaded = await loadConfigPart(file, configSchema);
  checkReferences(loaded.config, file);
  return loaded;
}

/** Loads what a schema picks from a configuration; throws as {@link loadConfig}. */
export async function loadConfigPart<C>(file: string, schema: ConfigSchema<C>): Promise<LoadedConfig<C>> {
  const config = await checked(schema, await readYaml(file), file);
  return { config, file, resolvePath: (path) => resolve(dirname(file), path) };
}

/** Reads a YAML or JSON file into plain data. @throws {ConfigError} `CONFIG_UNREADABLE`, `CONFIG_SYNTAX` */
export async function readYaml(file: string): Promise<unknown> {
  const text = await readText(file);
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true });
  const problem = document.errors[0];
  if (problem !== undefined) {
    const [start] = problem.linePos ?? [];
    throw new ConfigError('CONFIG_SYNTAX', {
      details: { file, ...(start && { line: start.line, column: start.col }) },
    });
  }
  try {
    // Aliases are counted, so that a small file cannot unfold into gigabytes.
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (cause) {
    throw new ConfigError('CONFIG_INVALID', { cause, details: { file, limit: MAX_ALIASES } });
  }
}

/** Applies a schema; the first issue becomes the error. @throws {ConfigError} `CONFIG_INVALID` */
export async function checked<T>(schema: ConfigSchema<T>, value: unknown, file: string, prefix = ''): Promise<T> {
  const result: ConfigResult<T> = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  const [issue] = result.issues;
  const field = prefix + fieldOf(issue);
  // An adapter of somebody else may repeat the value in its message, and the value may be a password.
  const form = prefix === '' ? formOf(issue) : undefined;
  throw new ConfigError('CONFIG_INVALID', {
    details: { file, field: field === '' ? 'root' : field, ...(form !== undefined && { reason: form }) },
  });
}

async function readText(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > MAX_CONFIG_BYTES)
      throw new ConfigError('CONFIG_INVALID', { details: { file, limit: MAX_CONFIG_BYTES } });
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError('CONFIG_UNREADABLE', { cause: error, details: { file } });
  }
}

function checkReferences(config: MemberConfig, file: string): void {
  for (const field of ['source', 'destination'] as const) {
    const name = config[field];
    if (name !== undefined && !Object.hasOwn(config.pacs, name)) {
      throw new ConfigError('CONFIG_INVALID', { details: { file, field, pacs: name } });
    }
  }
}

type Issue = NonNullable<ConfigResult<unknown>['issues']>[number];

/** `pacs.main.baseUrl`; an unknown key is named too, as that is the commonest mistake. */
function fieldOf(issue: Issue | undefined): string {
  const path = (issue?.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  const unknown = issue !== undefined && 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.map(String) : [];
  return [...path, ...unknown.slice(0, 1)].join('.');
}

const MAX_FORM_LENGTH = 100;

/** `expected-64-hex-digits`: what the field takes, as a word, since an error holds no free text. */
function formOf(issue: Issue | undefined): string | undefined {
  const word = (issue?.message ?? '')
    .replace(/^Invalid \w+: /, '')
    .replaceAll('"', '')
    .replaceAll('|', '/')
    .replaceAll(/[^A-Za-z0-9._:@/+]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, MAX_FORM_LENGTH);
  return word === '' ? undefined : word;
}
