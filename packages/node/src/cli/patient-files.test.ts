// The files as hospitals export them, and what a person is told of one that cannot be used.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as adapter from '@interhosp/adapters/patients-csv';
import { PROFILES } from '@interhosp/core/reconciliation';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPatientFiles, type PatientFiles, type PatientsCsvModule } from './patient-files.ts';

let folder: string;
let files: PatientFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-files-'));
  files = await createPatientFiles(new AbortController().signal);
});
afterEach(() => rm(folder, { recursive: true }));

async function put(name: string, text: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

async function arrivalsIn(text: string | Uint8Array) {
  const arrivals = [];
  for await (const arrival of files.arrivals(await put('incoming.csv', text))) arrivals.push(arrival);
  return arrivals;
}

async function registryOf(text = 'id\nL1\nL2\n') {
  return files.registry(await put('registry.csv', text), PROFILES.be);
}

async function truthIn(text: string) {
  return files.truth(await put('truth.csv', text), await registryOf());
}

describe('the files', () => {
  it('are read by the adapter, whose shape is what the node believes', () => {
    const believed: PatientsCsvModule = adapter;
    expect(believed.readPatients).toBeTypeOf('function');
  });

  it('may lack columns, stand in any order, and have semicolons and Windows-1252', async () => {
    const bytes = Buffer.from('given;ID;other;family\nIr\u00e8ne;A1;x;Lef\u00e8vre\n', 'latin1');
    expect(await arrivalsIn(bytes)).toMatchObject([
      { name: { alphabetic: { family: 'Lefèvre', given: 'Irène' } }, patientId: { id: 'A1' } },
    ]);
  });

  it('may name one arrival twice, each with its own decision', async () => {
    expect(await arrivalsIn('id\nA1\nA1\n')).toHaveLength(2);
  });

  it('never give an arrival the issuer of the registry: equal IDs of two hospitals are chance', async () => {
    const [arrival] = await arrivalsIn('id\nL1\n');
    const registered = (await registryOf()).get('L1');
    expect(arrival?.patientId.issuer).not.toBe(registered?.patientId.issuer);
  });

  it('say who is true, who else is, who is not registered, and of whom they say nothing', async () => {
    const truth = await truthIn('also_ok,incoming_id,registry_id\n,A1,L1\nL2|L9,A2,L1\n,A3,\n,A4,L9\n');
    expect(['A1', 'A2', 'A3', 'A4', 'A5'].map((id) => truth.of(id))).toEqual([['L1'], ['L1', 'L2'], [], [], undefined]);
    expect(truth.notRegistered).toBe(1);
  });
});

describe('a file that cannot be used', () => {
  const refused = (file: string, details: object) => ({
    code: 'RECONCILIATION_FILE_INVALID',
    details: { ...details, file: join(folder, file) },
  });

  it.each([
    ['empty', '', { reason: 'empty', line: 1 }],
    ['without IDs', 'family\nSecret\n', { reason: 'column-missing', line: 1, field: 'id' }],
    ['with a row without its ID', 'id,family\nA1,Secret\n,Secret\n', { reason: 'id-missing', line: 3, field: 'id' }],
    ['with a row of another length', 'id,family\nA1\n', { reason: 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH', line: 2 }],
  ])('as arrivals is named with line and column: %s', async (_, text, details) => {
    const error: unknown = await arrivalsIn(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(refused('incoming.csv', details));
    expect(String(error)).not.toContain('Secret');
  });

  it.each([
    ['empty', '', { reason: 'empty', line: 1 }],
    ['without a column', 'incoming_id\nA1\n', { reason: 'column-missing', line: 1, field: 'registry_id' }],
    [
      'with a column twice',
      'incoming_id,registry_id,registry_id\n',
      { reason: 'column-twice', line: 1, field: 'registry_id' },
    ],
    ['without an arrival', 'incoming_id,registry_id\n,L1\n', { reason: 'id-missing', line: 2, field: 'incoming_id' }],
    [
      'with two truths',
      'incoming_id,registry_id\nA1,L1\nA1,L2\n',
      { reason: 'id-twice', line: 3, field: 'incoming_id' },
    ],
  ])('as the truth is named with line and column: %s', async (_, text, details) => {
    await expect(truthIn(text)).rejects.toMatchObject(refused('truth.csv', details));
  });

  it('as the registry is named with line and column', async () => {
    await expect(registryOf('id\nL1\nL1\n')).rejects.toMatchObject(
      refused('registry.csv', { reason: 'id-twice', line: 3, field: 'id' }),
    );
  });

  it('is named also when it is not there', async () => {
    const file = join(folder, 'nowhere.csv');
    await expect(files.registry(file, PROFILES.be)).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      details: { file, reason: 'ENOENT' },
    });
  });
});
