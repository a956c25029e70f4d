import { globSync } from 'node:fs';
import { defineConfig } from 'tsup';

// One entry for each adapter: none loads what another needs.
export default defineConfig({
  entry: globSync('src/*/index.ts'),
  outDir: 'dist',
  format: 'esm',
  target: 'node22',
  platform: 'node',
  dts: true,
  sourcemap: true,
  clean: true,
});
