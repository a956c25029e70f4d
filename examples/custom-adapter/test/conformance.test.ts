import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pacsConformance } from '@interhosp/core/conformance';
import { archivePacs } from '../src/archive-pacs.ts';

pacsConformance(
  { describe, it },
  {
    name: 'an archive in one file',
    capabilities: { source: true, destination: true, preservesBytes: true, onDuplicate: 'ignore' },
    create: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'archive-'));
      const pacs = archivePacs({ file: join(folder, 'archive.bin') });
      return {
        pacs,
        seed: async (instances) => {
          for await (const outcome of pacs.store(instances)) {
            if (outcome.status !== 'stored') throw new Error(`seed: ${outcome.status}`);
          }
        },
        dispose: () => rm(folder, { recursive: true }),
      };
    },
    createUnreachable: () => Promise.resolve(archivePacs({ file: join(tmpdir(), 'no-such-folder', 'archive.bin') })),
    // Garbage is not held: run with --expose-gc, as this folder's test script does.
    heldBytes: () => {
      globalThis.gc?.();
      const { arrayBuffers, heapUsed } = process.memoryUsage();
      return arrayBuffers + heapUsed;
    },
  },
);
