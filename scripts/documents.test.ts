// The documents say what the code does: the configuration with its defaults, snippets that compile, links that lead somewhere.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { configSchema } from '../packages/node/src/config/schema.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
// Below the root, so that the snippets find the packages by name.
const snippets = join(root, '.tmp', `snippets-${process.pid}`);

afterAll(() => rmSync(snippets, { recursive: true, force: true }));

describe('docs/operating.md', () => {
  const rows = configurationRows(read('docs/operating.md'));

  it('has a row for each field of the configuration, and no other', () => {
    expect([...rows.keys()].toSorted()).toEqual(fieldsOf(configSchema, '').toSorted());
  });

  it('names each default', () => {
    const least = {
      member: 'be-example',
      name: 'Example',
      passphraseFile: 'passphrase',
      federation: { id: '0'.repeat(64) },
      pacs: {},
      patients: { use: 'x' },
    };
    const given = new Set(leavesOf(least).map(([field]) => field));
    const defaults = leavesOf(configSchema.parse(least)).filter(([field]) => !given.has(field));
    expect(defaults.length).toBeGreaterThan(10);
    expect(defaults.map(([field]) => [field, rows.get(field)])).toEqual(defaults);
    const named = new Set(defaults.map(([field]) => field));
    expect([...rows].filter(([field, value]) => value !== '' && !named.has(field))).toEqual([]);
  });
});

describe('README.md', () => {
  it('has snippets that compile', () => {
    const blocks = [...read('README.md').matchAll(/^```ts\n([\s\S]*?)^```/gm)];
    expect(blocks.length).toBeGreaterThan(0);
    mkdirSync(snippets, { recursive: true });
    blocks.forEach((block, index) => writeFileSync(join(snippets, `snippet-${index}.ts`), `${block[1]}export {};\n`));
    const compilerOptions = { types: ['node'], typeRoots: [join(root, 'node_modules/@types')] };
    writeFileSync(
      join(snippets, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.base.json', compilerOptions }),
    );
    const compiler = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'));
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', snippets], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});

describe('every document', () => {
  it.each(globSync('{*.md,docs/*.md,docs/decisions/*.md,docs/protocol/*.md,examples/*.md}', { cwd: root }))(
    '%s links to files that are there',
    (file) => {
      const targets = [...read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
      const local = targets.filter((target) => !/^[a-z]+:/.test(target));
      expect(local.filter((target) => !existsSync(resolve(root, dirname(file), target)))).toEqual([]);
    },
  );
});

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** Field to default, from the table whose first column is `field`. */
function configurationRows(text: string): ReadonlyMap<string, string> {
  const table = /^\| field .*\n\| -.*\n((?:\|.*\n)+)/m.exec(text)?.[1] ?? '';
  const cells = table
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
  return new Map(cells.map(([, field = '', value = '']) => [field, value]));
}

/** What is read of a zod schema here. */
interface SchemaNode {
  readonly def: {
    readonly type: string;
    readonly innerType?: SchemaNode;
    readonly valueType?: SchemaNode;
    readonly shape?: Readonly<Record<string, SchemaNode>>;
  };
}

function fieldsOf({ def }: SchemaNode, path: string): readonly string[] {
  if (def.innerType !== undefined) return fieldsOf(def.innerType, path);
  if (def.type === 'record' && def.valueType !== undefined) return fieldsOf(def.valueType, `${path}.NAME`);
  if (def.shape === undefined) return [path];
  return Object.entries(def.shape).flatMap(([name, field]) => fieldsOf(field, path === '' ? name : `${path}.${name}`));
}

/** Each value that is no object, by its path, written as in YAML. */
function leavesOf(value: object, path = ''): ReadonlyArray<readonly [field: string, text: string]> {
  return Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    const at = path === '' ? name : `${path}.${name}`;
    if (Array.isArray(field)) return [[at, `[${field.join(', ')}]`] as const];
    if (isByModality(field)) return [[at, timesText(field)] as const];
    return typeof field === 'object' && field !== null ? leavesOf(field, at) : [[at, String(field)] as const];
  });
}

/** Times that are given as one number or by modality. */
interface ByModality {
  readonly byModality: Readonly<Record<string, number>>;
  readonly other: number;
}

function isByModality(field: unknown): field is ByModality {
  return typeof field === 'object' && field !== null && 'byModality' in field && 'other' in field;
}

function timesText({ byModality, other }: ByModality): string {
  return [...Object.entries(byModality), ['other', other]].map(([modality, time]) => `${modality} ${time}`).join(', ');
}
