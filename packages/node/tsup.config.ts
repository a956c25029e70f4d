import { defineConfig } from 'tsup';

export default defineConfig({
  // Worker threads are files of their own.
  entry: ['src/index.ts', 'src/cli/main.ts', 'src/pixels/worker.ts'],
  format: 'esm',
  target: 'node22',
  platform: 'node',
  dts: { entry: 'src/index.ts' },
  sourcemap: true,
  clean: true,
});
