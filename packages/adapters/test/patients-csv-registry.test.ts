/** The CSV directory over a registry: what it answers, what it writes, and what a file that is refused leaves. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { patientDirectoryConformance } from '@interhosp/core/conformance';
import type { PatientRegistry } from '@interhosp/core/patients';
import type { LocalPatient } from '@interhosp/core/study';
import { silentLog } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryRegistry } from '../src/memory/index.ts';
import { adapter, patientsCsv } from '../src/patients-csv/index.ts';

const POLL_MS = 5;
const clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms: number, { signal }: { readonly signal?: AbortSignal } = {}) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    }),
};

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patients-csv-'));
  file = join(folder, 'patients.csv');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A registry that outlives its stop, as one on disk does. */
function lasting(registry: PatientRegistry = memoryRegistry()): PatientRegistry {
  return Object.assign(registry, { stop: async () => {} });
}

function directoryOf(registry: PatientRegistry) {
  return patientsCsv({ file, issuer: 'URN:SAMPLE:HOSPITAL', clock, pollMs: POLL_MS, registry });
}

patientDirectoryConformance(
  { describe, it },
  {
    name: 'a CSV file over a registry',
    create: async (patients) => {
      const own = await mkdtemp(join(tmpdir(), 'patients-csv-'));
      const path = join(own, 'patients.csv');
      await writeFile(path, csvOf(patients));
      const registry = memoryRegistry();
      const directory = patientsCsv({
        file: path,
        issuer: 'URN:SAMPLE:HOSPITAL',
        clock,
        pollMs: POLL_MS,
        leastShareKept: 0,
        registry,
      });
      return {
        directory,
        replace: async (others) => {
          const changed = new Promise<void>((resolve) => registry.onChange(resolve));
          await writeFile(`${path}.new`, csvOf(others));
          await rename(`${path}.new`, path);
          await changed;
        },
        dispose: () => rm(own, { recursive: true }),
      };
    },
    createUnavailable: async () => patientsCsv({ file: '/nowhere', issuer: 'X', clock, registry: memoryRegistry() }),
  },
);

describe('a CSV file over a registry', () => {
  it('leaves the patients held in place when it is refused, also at the start', async () => {
    const registry = lasting();
    await writeFile(file, 'id\nP1\nP2\nP3\nP4\n');
    await using first = stopping(directoryOf(registry));
    await first.start();
    await first.stop();
    for (const refused of ['id\nP1\nP1\n', 'id\nP1\n', 'id\nP1\n"never closed\n']) {
      await writeFile(file, refused);
      await using directory = stopping(directoryOf(registry));
      await directory.start();
      expect(await directory.size(), refused).toBe(4);
    }
  });

  it('does not start with a file that is refused when nobody is held', async () => {
    await writeFile(file, 'id\nP1\nP1\n');
    const registry = memoryRegistry();
    let isStopped = false;
    const stop = registry.stop.bind(registry);
    registry.stop = async () => {
      isStopped = true;
      await stop();
    };
    const directory = directoryOf(registry);
    await expect(directory.start()).rejects.toThrow('RECONCILIATION_DIRECTORY_INVALID');
    expect(isStopped).toBe(true);
  });

  it('changes nothing for a file with a bad row at its end', async () => {
    const registry = memoryRegistry();
    await writeFile(file, 'id,family\nP1,Peeters\nP2,Claes\n');
    await using directory = stopping(directoryOf(registry));
    await directory.start();
    let reads = 0;
    const replaceAll = registry.replaceAll.bind(registry);
    registry.replaceAll = async (...args) => {
      reads += 1;
      await replaceAll(...args);
    };
    await writeFile(`${file}.new`, 'id,family\nP1,Janssens\nP2,Claes\n,Nobody\n');
    await rename(`${file}.new`, file);
    await clock.sleep(POLL_MS * 30);
    expect(reads).toBe(0);
    expect((await directory.get('P1'))?.name?.alphabetic.family).toBe('Peeters');
  });

  it('is made by the module over a registry of the node, and refused where there is none', async () => {
    await writeFile(file, 'id\nP1\n');
    const result = await adapter.configSchema['~standard'].validate({ file, issuer: 'X', index: 'disk' });
    if (result.issues !== undefined) throw new Error('refused');
    const context = { clock, log: silentLog, resolvePath: (path: string) => path };
    await expect(async () => adapter.create(result.value, context)).rejects.toThrow('CONFIG_INVALID');
    const asked: unknown[] = [];
    const openRegistry = async (options: unknown) => {
      asked.push(options);
      return memoryRegistry();
    };
    await using directory = stopping(await adapter.create(result.value, { ...context, openRegistry }));
    await directory.start();
    expect(asked).toEqual([{ name: 'patients-csv', nationalNumbers: 'be' }]);
    expect(await directory.size()).toBe(1);
  });
});

function stopping<T extends { stop(): Promise<void> }>(directory: T): T & AsyncDisposable {
  return Object.assign(directory, { [Symbol.asyncDispose]: () => directory.stop() });
}

function csvOf(patients: readonly LocalPatient[]): string {
  const rows = patients.map(({ patientId, name, ...traits }) => [
    patientId.id,
    traits.nationalNumber,
    name?.alphabetic.family,
    name?.alphabetic.given,
    traits.birthDate,
    traits.sex,
    traits.street,
    traits.postcode,
    traits.city,
    traits.phone,
  ]);
  const header = 'id,national_id,family,given,birth_date,sex,street,postcode,city,phone';
  return [header, ...rows.map((row) => row.map((cell) => `"${cell ?? ''}"`).join(','))].join('\n');
}
