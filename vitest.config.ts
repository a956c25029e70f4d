import { defineConfig } from 'vitest/config';
import { LongFirst } from './scripts/vitest-sequencer.ts';

// Tests run from source, in the test process and in those it starts.
const conditions = ['@interhosp/source', 'module', 'node', 'development|production'];

const isLong = process.env['INTERHOSP_DOSE'] === 'long';
// A limit against hanging, not a measure: the gate shares two processors with whatever else runs there.
const testTimeoutMs = isLong ? 1_800_000 : 60_000;

// `pnpm check` reads the counts from here.
const reportFile = process.env['INTERHOSP_TEST_REPORT'];

function project(name: string, root: string) {
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      name,
      root,
      include: ['**/*.test.ts'],
      exclude: ['**/node_modules/**', '**/dist/**'],
      environment: 'node',
      pool: 'forks' as const,
      execArgv: ['--conditions=@interhosp/source'],
      setupFiles: [new URL('scripts/vitest-dose.ts', import.meta.url).pathname],
      testTimeout: testTimeoutMs,
      hookTimeout: testTimeoutMs,
    },
  };
}

export default defineConfig({
  test: {
    maxWorkers: '100%',
    sequence: { sequencer: LongFirst },
    reporters: reportFile === undefined ? ['default'] : ['default', ['json', { outputFile: reportFile }]],
    projects: [
      project('core', 'packages/core'),
      project('adapters', 'packages/adapters'),
      project('node', 'packages/node'),
      project('testing', 'packages/testing'),
      project('scripts', 'scripts'),
    ],
  },
});
