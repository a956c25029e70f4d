/**
 * A program as it would run once built. From source, Node strips the types at every start, which costs a process some 40 MB
 * that nobody pays in a hospital: where memory is measured, that would be measured too.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

/** A program in one file. */
export interface BuiltProgram extends AsyncDisposable {
  readonly file: string;
}

/** Joins a program and what it takes from this workspace into one file, in a folder from which it finds its other packages. */
export async function buildProgram(entry: string): Promise<BuiltProgram> {
  const folder = join(dirname(entry), '.tmp', randomUUID());
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'program.mjs');
  await build({
    entryPoints: [resolve(entry)],
    bundle: true,
    conditions: ['@interhosp/source'],
    format: 'esm',
    logLevel: 'silent',
    outfile: file,
    platform: 'node',
    plugins: [
      {
        name: 'only-ours',
        setup: (building) => {
          // Bare names that are not ours stay imports, as in the packages that hospitals install.
          building.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
            kind === 'entry-point' || path.startsWith('@interhosp/') ? undefined : { path, external: true },
          );
        },
      },
    ],
    target: 'node22',
  });
  return {
    file,
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}
