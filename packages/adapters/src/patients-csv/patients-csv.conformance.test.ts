import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { patientDirectoryConformance, SAMPLE_LOCAL_ISSUER } from '@interhosp/core/conformance';
import type { LocalPatient } from '@interhosp/core/study';
import type { Clock } from '@interhosp/core/world';
import { patientsCsv } from './patients-csv.ts';

const HEADER = 'id;national_id;family;given;middle;birth_date;sex;street;postcode;city;phone';

function rowOf(patient: LocalPatient): string {
  const { family = '', given = '', middle = '' } = patient.name?.alphabetic ?? {};
  const { nationalNumber, birthDate, sex, street, postcode, city, phone } = patient;
  return [patient.patientId.id, nationalNumber, family, given, middle, birthDate, sex, street, postcode, city, phone]
    .map((cell = '') => (/[;"\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(';');
}

const csvOf = (patients: readonly LocalPatient[]) => `${[HEADER, ...patients.map(rowOf)].join('\r\n')}\r\n`;

/** Polls as fast as it is awaited. */
const hastyClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (_ms, { signal } = {}) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    signal?.throwIfAborted();
  },
};

patientDirectoryConformance(
  { describe, it },
  {
    name: 'patients-csv',
    create: async (patients) => {
      const folder = await mkdtemp(join(tmpdir(), 'patients-csv-'));
      const file = join(folder, 'patients.csv');
      await writeFile(file, csvOf(patients));
      const directory = patientsCsv({ file, issuer: SAMPLE_LOCAL_ISSUER, clock: hastyClock });
      return {
        directory,
        replace: async (next) => {
          const changed = new Promise<void>((resolve) => {
            const stopListening = directory.onChange(() => {
              stopListening();
              resolve();
            });
          });
          await writeFile(`${file}.new`, csvOf(next));
          await rename(`${file}.new`, file);
          await changed;
        },
        dispose: () => rm(folder, { recursive: true, force: true }),
      };
    },
    createUnavailable: async () =>
      patientsCsv({ file: join(tmpdir(), 'no-such-folder', 'patients.csv'), issuer: 'X', clock: hastyClock }),
  },
);
