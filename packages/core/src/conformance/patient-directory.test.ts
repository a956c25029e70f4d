import { describe, expect, it } from 'vitest';
import { createPatientIndex, type PatientDirectory } from '../patients/index.ts';
import type { LocalPatient } from '../study/index.ts';
import { patientDirectoryConformance } from './patient-directory.ts';

/** The index in memory behind the port: the smallest directory there is. */
function indexDirectory(initial: readonly LocalPatient[], flaws: Flaws = {}) {
  let index = createPatientIndex(initial);
  const listeners = new Set<() => void>();
  const directory: PatientDirectory = {
    start: async () => {},
    stop: async () => {},
    candidates: async (arrival, options = {}) => {
      if (flaws.ignoresAborts !== true) options.signal?.throwIfAborted();
      const found = index.candidates(arrival, options);
      return flaws.bestOnly === true ? found.slice(0, 1) : found;
    },
    get: async (id, options = {}) => {
      options.signal?.throwIfAborted();
      const found = index.get(id);
      return flaws.forgetsIssuer === true && found ? { ...found, patientId: { id } } : found;
    },
    size: async () => index.size,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const replace = async (patients: readonly LocalPatient[]) => {
    index = createPatientIndex(patients);
    for (const listener of flaws.silent === true ? [] : listeners) {
      try {
        listener();
      } catch {
        // Another's fault.
      }
    }
  };
  return { directory, replace, dispose: async () => {} };
}

interface Flaws {
  readonly bestOnly?: boolean;
  readonly ignoresAborts?: boolean;
  readonly forgetsIssuer?: boolean;
  readonly silent?: boolean;
}

patientDirectoryConformance(
  { describe, it },
  { name: 'index in memory', create: async (patients) => indexDirectory(patients) },
);

describe('the suite of patient directories', () => {
  it.each([
    [{ bestOnly: true }, 'everybody near is a candidate'],
    [{ ignoresAborts: true }, 'candidates() rethrows it'],
    [{ forgetsIssuer: true }, 'get() returns the record'],
    [{ silent: true }, 'onChange() calls back'],
  ])('sees that a directory is %j', async (flaws, sentence) => {
    const failures = await failuresOf(async (patients) => indexDirectory(patients, flaws));
    expect(failures.join('\n')).toContain(sentence);
  });

  it('sees that an unavailable directory answers with nobody', async () => {
    const failures = await failuresOf(
      async (patients) => indexDirectory(patients),
      async () => indexDirectory([]).directory,
    );
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain('a directory that is away has no answer');
  });
});

type Create = Parameters<typeof patientDirectoryConformance>[1]['create'];

async function failuresOf(
  create: Create,
  createUnavailable?: () => Promise<PatientDirectory>,
): Promise<readonly string[]> {
  const tests: (() => void | Promise<void>)[] = [];
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (_: string, body: () => void | Promise<void>) => tests.push(body),
  };
  patientDirectoryConformance(runner, { name: 'flawed', create, ...(createUnavailable ? { createUnavailable } : {}) });
  const failures: string[] = [];
  for (const test of tests) {
    try {
      await test();
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  return failures;
}
