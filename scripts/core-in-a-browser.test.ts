import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { expect, it } from 'vitest';

const core = fileURLToPath(new URL('../packages/core', import.meta.url));

it('bundles every front door of core for a browser, with no Node built-in in it', async () => {
  const entryPoints = globSync(['src/index.ts', 'src/*/index.ts'], { cwd: core });
  expect(entryPoints.length).toBeGreaterThan(10);

  // A Node built-in has no meaning on the platform "browser": esbuild refuses it, in our sources and in dependencies.
  const { errors, metafile } = await build({
    absWorkingDir: core,
    entryPoints,
    bundle: true,
    write: false,
    outdir: 'dist',
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    conditions: ['@interhosp/source', 'browser'],
    logLevel: 'silent',
  });

  expect(errors).toEqual([]);
  const outside = Object.values(metafile.outputs).flatMap((output) => output.imports.filter((each) => each.external));
  expect(outside).toEqual([]);
});
