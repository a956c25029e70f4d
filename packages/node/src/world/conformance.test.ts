/** The conformance suites of core over the node's own ports and over the simulated ones. */
import { closeSync, mkdtempSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clockConformance,
  cryptoConformance,
  diskConformance,
  inflateConformance,
  logConformance,
  randomConformance,
  signerConformance,
  type FailingDiskHarness,
  type LogHarness,
  type TestRunner,
} from '@interhosp/core/conformance';
import type { Clock, Signer } from '@interhosp/core/world';
import { describe, it } from 'vitest';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { seededRandom } from '../../test/storage/worlds.ts';
import { createLog } from '../observe/logger.ts';
import { ed25519Signer, nodeClock, nodeCrypto, nodeDisk, nodeInflate, nodeRandom } from './index.ts';
import { simDisk } from './simulated-disk.ts';

const runner: TestRunner = { describe, it };
const crypto = nodeCrypto();
const advance = (clock: Clock, ms: number) => (clock as ManualClock).advance(ms);

clockConformance(runner, { name: 'node', create: nodeClock });
clockConformance(runner, { name: 'moved by hand', create: () => new ManualClock(), advance });
randomConformance(runner, { name: 'node', create: nodeRandom });
inflateConformance(runner, { name: 'node', create: nodeInflate });
let seed = 0;
randomConformance(runner, { name: 'seeded', create: () => seededRandom((seed += 1)) });
cryptoConformance(runner, { name: 'node', create: nodeCrypto });
signerConformance(runner, { name: 'node', create: signer, crypto, fromSeed: async (bytes) => ed25519Signer(bytes) });
diskConformance(runner, { name: 'node', create: realDisk });
diskConformance(runner, {
  name: 'simulated, nothing unsynced survives',
  create: () => simulated(),
  createFailing: () => simulated(),
});
diskConformance(runner, {
  name: 'simulated, all survives',
  create: () => simulated(),
  createFailing: () => simulated(0),
});
logConformance(runner, { name: 'node', create: fileLog });

async function signer(): Promise<Signer> {
  return ed25519Signer(nodeRandom().bytes(32));
}

async function realDisk() {
  const folder = await mkdtemp(join(tmpdir(), 'disk-'));
  return { disk: nodeDisk(), folder, dispose: () => rm(folder, { recursive: true }) };
}

/** @param chance - What is drawn for each unsynced sector and name: below 0.5 it survives a loss of power. */
async function simulated(chance = 1): Promise<FailingDiskHarness> {
  const sim = simDisk();
  return {
    disk: sim,
    folder: '/data',
    crash: () => sim.crash(() => chance),
    failNextSync: () => sim.failAfter(0, 'failed'),
    fill: (freeBytes) => {
      const usedBytes = [...sim.files().values()].reduce((sum, bytes) => sum + bytes.length, 0);
      sim.capacityBytes = usedBytes + freeBytes;
    },
    dispose: () => Promise.resolve(),
  };
}

async function fileLog(): Promise<LogHarness> {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const descriptor = openSync(join(folder, 'log'), 'w');
  return {
    log: createLog({ descriptor, level: 'debug' }),
    lines: async () => (await readFile(join(folder, 'log'), 'utf8')).split('\n').filter((line) => line !== ''),
    dispose: async () => {
      closeSync(descriptor);
      await rm(folder, { recursive: true });
    },
  };
}
