import { globSync } from 'node:fs';
import { defineConfig } from 'tsup';

// One entry for each adapter: none loads what another needs. Worker threads are files of their own.
export default defineConfig({
  entry: globSync(['src/*/index.ts', 'src/*/worker.ts']),
  outDir: 'dist',
  format: 'esm',
  target: 'node22',
  platform: 'node',
  dts: true,
  sourcemap: true,
  clean: true,
});
