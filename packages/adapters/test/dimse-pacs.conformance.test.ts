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
import { dimseServer } from '../src/dimse/server/dimse-server.ts';
import type { DimsePacsOptions } from '../src/dimse/pacs-options.ts';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { storeInstances } from '../src/dimse/store/store-scu.ts';
import type { ScheduledStep } from '../src/dimse/server/worklist-scp.ts';
import { OURS, peerAt } from './dimse-archive.ts';
import { all } from './streams.ts';

const capabilities: PacsCapabilities = { source: true, destination: true, preservesBytes: true, onDuplicate: 'ignore' };

const MODALITY = parseAeTitle('MODALITY');

function adapterAt(port: number, options: Partial<DimsePacsOptions>): DimsePacs {
  return dimsePacs({
    peer: peerAt(port),
    preservesBytes: true,
    onDuplicate: 'ignore',
    listen: {
      port: 0,
      callers: [parseAeTitle('ARCHIVE'), MODALITY].map((aeTitle) => ({ aeTitle, addresses: ['127.0.0.1'] })),
    },
    ...options,
  });
}

async function overMemory(options: Partial<DimsePacsOptions>): Promise<PacsHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-dimse-'));
  const memory = memoryPacs();
  const steps: ScheduledStep[] = [];
  const server = dimseServer({
    pacs: memory,
    aeTitle: 'ARCHIVE',
    destinations: {
      get [OURS]() {
        return { host: '127.0.0.1', port: pacs.listensAt ?? 0 };
      },
    },
    worklist: () => steps,
    commitment: { folder: join(folder, 'promised') },
  });
  await server.start();
  const pacs = adapterAt(server.port, {
    folder,
    commitment: 'when-supported',
    inbox: { folder: join(folder, 'inbox') },
    worklist: peerAt(server.port),
    ...options,
  });
  return {
    pacs,
    seed: (instances) => memory.seed(instances),
    push: async (instances) => {
      const [calledAe, callingAe] = [parseAeTitle(OURS), MODALITY];
      const outcomes = await all(
        storeInstances({ host: '127.0.0.1', port: pacs.listensAt ?? 0, calledAe, callingAe }, instances),
      );
      if (outcomes.some(({ status }) => status !== 'stored'))
        throw new Error(`the inbox took not all: ${JSON.stringify(outcomes)}`);
    },
    setOrder: ({ accessionNumber, patientId, studyInstanceUid }, status) => {
      steps.length = 0;
      const step = { modality: 'OT', startDate: '20240229', startTime: '101500', stepId: '1' };
      const patient = { patientId: { id: patientId } };
      const stated = status === 'complete' ? { status: 'COMPLETED' } : {};
      if (status !== 'unknown') steps.push({ ...step, patient, accessionNumber, studyInstanceUid, ...stated });
      return Promise.resolve();
    },
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
