// The PACS suite under Node's own runner; pacs-conformance.test.ts starts it.
import { describe, it } from 'node:test';
import { memoryPacs } from '@interhosp/adapters/memory';
import { pacsConformance } from '@interhosp/core/conformance';

pacsConformance(
  { describe, it },
  {
    name: 'memory under node:test',
    capabilities: { source: true, destination: true, preservesBytes: true, onDuplicate: 'ignore' },
    create: () => {
      const pacs = memoryPacs();
      return Promise.resolve({ pacs, seed: (instances) => pacs.seed(instances), dispose: () => Promise.resolve() });
    },
  },
);
