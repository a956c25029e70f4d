import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

it('names every version once, in the catalog', () => {
  for (const file of globSync(['package.json', 'packages/*/package.json', 'examples/*/package.json'], { cwd: root })) {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = JSON.parse(
      read(file),
    ) as Manifest;
    const all = { ...peerDependencies, ...optionalDependencies, ...devDependencies, ...dependencies };
    const elsewhere = Object.entries(all).filter(([, version]) => !/^(catalog|workspace):/.test(version));
    expect(elsewhere, file).toEqual([]);
  }
});

it('pins every version of the catalog exactly', () => {
  const catalog = read('pnpm-workspace.yaml').split(/^catalog:$/m)[1] ?? '';
  const entries = [...catalog.matchAll(/^ {2}(?<name>\S+): (?<version>\S+)$/gm)];
  expect(entries.length).toBeGreaterThan(20);
  expect(entries.filter((entry) => !/^\d+\.\d+\.\d+$/.test(entry.groups?.['version'] ?? ''))).toEqual([]);
});

it('locks packages by name and integrity, never by the place they came from', () => {
  const places = read('pnpm-lock.yaml')
    .split('\n')
    .filter((line) => /\btarball:|resolution:.*https?:/.test(line));
  expect(places).toEqual([]);
});
