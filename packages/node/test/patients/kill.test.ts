/** A process that writes to a registry is killed at any moment; what it had been told was there is there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LocalPatient } from '@interhosp/core/study';
import { fuzzRandom, fuzzRuns, generatePopulation } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import type { DiskRegistry } from '../../src/store/patients/index.ts';
import { changesOf, fromScratch, listOf, makeOn, patients } from './changes.ts';
import { freshFolder, listed, registryIn } from './registries.ts';

const ARRIVALS = generatePopulation({ seed: 'killed', registry: 200, arrivals: 80 }).arrivals;

describe('a registry whose process is killed', () => {
  it('has every change that was made, and of the one under way all or nothing', async () => {
    const from = patients(200);
    const kills = fuzzRuns(14, 140);
    let mostSteps = 0;
    for (let seed = 1; seed <= kills; seed++) {
      const { folder, dispose } = await freshFolder();
      try {
        const done = await killedFeed(folder, 'apply', seed);
        mostSteps = Math.max(mostSteps, done);
        const held = new Map<string, LocalPatient>();
        const leads = new Map<string, string>();
        for (let step = 0; step < done; step++) makeOn(held, leads, changesOf(seed, step, from));
        await using registry = await started(folder);
        if (!(await holdsExactly(registry, held, leads))) {
          makeOn(held, leads, changesOf(seed, done, from));
          expect(await holdsExactly(registry, held, leads), `seed ${seed}, killed after ${done} calls`).toBe(true);
        }
        await expectAsFromScratch(registry, [...held.values()]);
      } finally {
        await dispose();
      }
    }
    // A process that is killed before it did anything shows nothing.
    expect(mostSteps).toBeGreaterThan(20);
  });

  it('is whole after a list that was cut off, takes nobody out for it, and the next list finishes', async () => {
    const from = patients(2_400);
    const kills = fuzzRuns(6, 60);
    for (let seed = 1; seed <= kills; seed++) {
      const { folder, dispose } = await freshFolder();
      try {
        const done = await killedFeed(folder, 'replace', seed);
        await using registry = await started(folder);
        const held: LocalPatient[] = [];
        const lists = [Math.max(0, done - 1), done].map((version) => new Map(byId(listOf(version, from))));
        for (const { patientId } of from) {
          const found = await registry.get(patientId.id);
          const could = lists.map((list) => list.get(patientId.id));
          if (found !== undefined) held.push(found);
          if (done > 0 && could.every((one) => one !== undefined)) expect(found).toBeDefined();
          if (found !== undefined) expect(could).toContainEqual(found);
        }
        expect(await registry.size()).toBe(held.length);
        await expectAsFromScratch(registry, held);
        await registry.replaceAll(listed(listOf(done, from)));
        expect(await registry.size()).toBe(listOf(done, from).length);
        await expectAsFromScratch(registry, listOf(done, from));
      } finally {
        await dispose();
      }
    }
  });
});

/** Runs a feed until it is killed; returns how many calls had returned. */
async function killedFeed(folder: string, mode: 'apply' | 'replace', seed: number): Promise<number> {
  const script = fileURLToPath(new URL('killed-feed.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@interhosp/source', script, folder, mode, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const livesMs = fuzzRandom(seed).below(mode === 'apply' ? 500 : 2_000);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), livesMs);
    output += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  return output.trim().split('\n').length - 1;
}

async function started(folder: string): Promise<DiskRegistry & AsyncDisposable> {
  const registry = registryIn(folder);
  await registry.start();
  return Object.assign(registry, { [Symbol.asyncDispose]: () => registry.stop() });
}

async function holdsExactly(
  registry: DiskRegistry,
  held: ReadonlyMap<string, LocalPatient>,
  leads: ReadonlyMap<string, string>,
): Promise<boolean> {
  if ((await registry.size()) !== held.size) return false;
  for (const [id, patient] of held) {
    if (JSON.stringify(sorted(await registry.get(id))) !== JSON.stringify(sorted(patient))) return false;
  }
  for (const [from, to] of leads) if ((await registry.currentId(from)) !== to) return false;
  return true;
}

/** Candidates and counts are those of an index made of these patients and nothing else. */
async function expectAsFromScratch(registry: DiskRegistry, held: readonly LocalPatient[]): Promise<void> {
  const memory = fromScratch(held);
  const names = await registry.names();
  expect(names.total).toBe(memory.names.total);
  for (const { name } of held) {
    const family = name?.alphabetic.family.toLowerCase() ?? '';
    expect(names.family(family)).toBe(memory.names.family(family));
  }
  for (const { patient } of ARRIVALS) {
    const found = await registry.candidates(patient, { limit: 10_000 });
    expect(new Map(byId(found))).toEqual(new Map(byId(memory.candidates(patient, { limit: 10_000 }))));
  }
}

function byId(list: readonly LocalPatient[]): [string, LocalPatient][] {
  return list.map((patient) => [patient.patientId.id, patient]);
}

function sorted(patient: LocalPatient | undefined): unknown {
  return patient === undefined ? undefined : Object.entries(patient).sort(([one], [other]) => (one < other ? -1 : 1));
}
