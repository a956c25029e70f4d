// The PACS suite over DIMSE: our adapter and our server, C-MOVE and C-GET, in front of a PACS in memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pacsConformance, type PacsHarness } from '@interhosp/core/conformance';
import type { PacsCapabilities } from '@interhosp/core/pacs';
import { memoryPacs } from '@interhosp/adapters/memory';
import { freePorts } from '@interhosp/testing';
import { describe, it } from 'vitest';
import { dimsePacs, type DimsePacs } from '../src/dimse/dimse-pacs.ts';
import { dimseServer } from '../src/dimse/dimse-server.ts';
import type { DimsePacsOptions } from '../src/dimse/pacs-options.ts';
import { parseAeTitle } from '../src/dimse/ae-title.ts';
import { OURS, peerAt } from './dimse-archive.ts';

const capabilities: PacsCapabilities = { source: true, destination: true, preservesBytes: true, onDuplicate: 'ignore' };

function adapterAt(port: number, options: Partial<DimsePacsOptions>): DimsePacs {
  return dimsePacs({
    peer: peerAt(port),
    preservesBytes: true,
    onDuplicate: 'ignore',
    listen: { port: 0, callers: [{ aeTitle: parseAeTitle('ARCHIVE'), addresses: ['127.0.0.1'] }] },
    ...options,
  });
}

async function overMemory(options: Partial<DimsePacsOptions>): Promise<PacsHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-dimse-'));
  const memory = memoryPacs();
  const server = dimseServer({
    pacs: memory,
    aeTitle: 'ARCHIVE',
    destinations: {
      get [OURS]() {
        return { host: '127.0.0.1', port: pacs.listensAt ?? 0 };
      },
    },
  });
  await server.start();
  const pacs = adapterAt(server.port, { folder, ...options });
  return {
    pacs,
    seed: (instances) => memory.seed(instances),
    dispose: async () => {
      await server.stop();
      await rm(folder, { force: true, recursive: true });
    },
  };
}

async function unreachable(): Promise<DimsePacs> {
  const [port = 0] = await freePorts(1);
  return adapterAt(port, {});
}

for (const retrieve of ['move', 'get'] as const) {
  pacsConformance(
    { describe, it },
    {
      name: `DIMSE, C-${retrieve.toUpperCase()}, our server over memory`,
      capabilities,
      create: () => overMemory({ retrieve }),
      createUnreachable: unreachable,
    },
  );
}
