import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dicomwebPacs, dicomwebServer, type DicomwebPacsOptions } from '@interhosp/adapters/dicomweb';
import { folderPacs } from '@interhosp/adapters/folder';
import { memoryPacs } from '@interhosp/adapters/memory';
import { pacsConformance } from '@interhosp/core/conformance';
import type { Pacs, StorableInstance } from '@interhosp/core/pacs';
import { describe, it } from 'vitest';
import { heldBytes } from './held-bytes.ts';

/** A PACS behind the server, and the way around it. */
interface Behind {
  readonly pacs: Pacs;
  readonly seed: (instances: readonly StorableInstance[]) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

async function memory(): Promise<Behind> {
  const pacs = memoryPacs();
  return { pacs, seed: (instances) => pacs.seed(instances), dispose: () => Promise.resolve() };
}

async function folder(): Promise<Behind> {
  const root = await mkdtemp(join(tmpdir(), 'interhosp-dicomweb-'));
  const pacs = folderPacs({ write: root, stableMs: 0, rescanMs: 0 });
  await pacs.start();
  return {
    pacs,
    seed: async (instances) => {
      for await (const { status } of pacs.store(instances)) assert.equal(status, 'stored');
    },
    dispose: async () => {
      assert.deepEqual(await readdir(join(root, '.parts')), []);
      await pacs.stop();
      await rm(root, { recursive: true });
    },
  };
}

const variants: ReadonlyArray<[name: string, make: () => Promise<Behind>, options: Partial<DicomwebPacsOptions>]> = [
  ['memory, whole studies', memory, { retrieve: 'study', pageSize: 7, batchInstances: 7 }],
  ['memory, one by one', memory, { retrieve: 'instance', batchInstances: 1 }],
  ['a folder', folder, {}],
];

for (const [name, make, options] of variants) {
  pacsConformance(
    { describe, it },
    {
      name: `DICOMweb over our server over ${name}`,
      capabilities: { source: true, destination: true, preservesBytes: true, onDuplicate: 'ignore' },
      create: async () => {
        const behind = await make();
        const server = dicomwebServer({ pacs: behind.pacs });
        await server.start();
        const pacs = dicomwebPacs({ baseUrl: server.url, preservesBytes: true, onDuplicate: 'ignore', ...options });
        return {
          pacs,
          seed: behind.seed,
          leftovers: openSockets,
          dispose: async () => {
            await server.stop();
            await server.stop();
            await behind.dispose();
          },
        };
      },
      createUnreachable: () => Promise.resolve(dicomwebPacs({ baseUrl: 'http://127.0.0.1:9/dicom-web' })),
      ...(make === folder && { heldBytes }),
    },
  );
}

/** Sockets that are open after a moment: both ends are in this process, and the other end learns of it by itself. */
async function openSockets(): Promise<readonly string[]> {
  const open = () => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap');
  for (let attempt = 0; attempt < 100 && open().length > 0; attempt++) {
    await new Promise<void>((resolve) => void setTimeout(resolve, 20));
  }
  return open();
}
