import { pacsConformance } from '@interhosp/core/conformance';
import { describe, it } from 'vitest';
import { memoryPacs, type MemoryPacsOptions } from './memory-pacs.ts';

const variants: readonly MemoryPacsOptions[] = [
  { onDuplicate: 'ignore' },
  { onDuplicate: 'replace' },
  { duplicateBy: 'patient' },
];

for (const options of variants) {
  pacsConformance(
    { describe, it },
    {
      name: `memory ${JSON.stringify(options)}`,
      capabilities: {
        source: true,
        destination: true,
        preservesBytes: true,
        onDuplicate: options.onDuplicate ?? 'ignore',
      },
      create: () => {
        const pacs = memoryPacs(options);
        return Promise.resolve({
          pacs,
          seed: (instances) => pacs.seed(instances),
          dispose: () => Promise.resolve(),
        });
      },
      createUnreachable: () => Promise.resolve(memoryPacs({ faults: { isDown: true } })),
    },
  );
}
