import { defineConfig } from 'vitest/config';

// Tests run from source, in the test process and in those it starts.
const conditions = ['@interhosp/source', 'module', 'node', 'development|production'];

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
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      project('core', 'packages/core'),
      project('adapters', 'packages/adapters'),
      project('node', 'packages/node'),
      project('scripts', 'scripts'),
    ],
  },
});
