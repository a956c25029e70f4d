import { globSync } from 'node:fs';
import { defineConfig } from 'tsup';

// One entry for each front door, so that an integrator loads only the rooms they use.
export default defineConfig({
  entry: ['src/index.ts', ...globSync('src/*/index.ts')],
  tsconfig: 'tsconfig.source.json',
  format: 'esm',
  target: 'es2024',
  platform: 'neutral',
  dts: true,
  sourcemap: true,
  clean: true,
});
