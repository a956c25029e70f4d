import { appendFile, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorCodeOf, type InterhospError } from '@interhosp/core/errors';
import type { Clock, Log, SafeFields } from '@interhosp/core/world';
import { adapter } from './adapter.ts';
import { patientsCsv, type PatientsCsvOptions } from './patients-csv.ts';

let folder: string;
let file: string;
let clock: ManualClock;
const directories: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patients-csv-'));
  file = join(folder, 'patients.csv');
  clock = new ManualClock();
});

afterEach(async () => {
  for (const directory of directories.splice(0)) await directory.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Time that passes when the test says so; `tick()` returns once the poll it woke has gone to sleep again. */
class ManualClock implements Clock {
  #wake: (() => void) | undefined;
  #asleep = Promise.withResolvers<void>();
  sleepers = 0;

  now = () => 0;
  monotonicMs = () => 0;

  async sleep(_ms: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const slept = Promise.withResolvers<void>();
    const stop = (): void => slept.reject(signal?.reason as Error);
    signal?.addEventListener('abort', stop, { once: true });
    this.#wake = slept.resolve;
    this.sleepers++;
    this.#asleep.resolve();
    await slept.promise.finally(() => {
      signal?.removeEventListener('abort', stop);
      this.sleepers--;
    });
  }

  async tick(times = 1): Promise<void> {
    for (let count = 0; count < times; count++) {
      await this.#asleep.promise;
      this.#asleep = Promise.withResolvers();
      this.#wake?.();
      await this.#asleep.promise;
    }
  }
}

function recordingLog(): {
  readonly log: Log;
  readonly lines: { readonly event: string; readonly fields: SafeFields }[];
} {
  const lines: { readonly event: string; readonly fields: SafeFields }[] = [];
  const log: Log = {
    forComponent: () => log,
    write: (_level, event, fields = {}) => void lines.push({ event, fields }),
  };
  return { log, lines };
}

async function directoryOf(content: string | Uint8Array, options: Partial<PatientsCsvOptions> = {}) {
  await writeFile(file, content);
  const directory = patientsCsv({ file, issuer: 'URN:HERE', clock, ...options });
  directories.push(directory);
  return directory;
}

async function started(content: string | Uint8Array, options: Partial<PatientsCsvOptions> = {}) {
  const directory = await directoryOf(content, options);
  await directory.start();
  return directory;
}

async function refusal(
  content: string | Uint8Array,
  options: Partial<PatientsCsvOptions> = {},
): Promise<InterhospError> {
  const directory = await directoryOf(content, options);
  const error: unknown = await directory.start().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(errorCodeOf(error)).toBe('RECONCILIATION_DIRECTORY_INVALID');
  return error as InterhospError;
}

describe('reading the file', () => {
  it('takes the columns in any order and case, and leaves others alone', async () => {
    const directory = await started('Ward,BIRTH_DATE,Family,id,given\nB2,1985-07-30,Van den Berghe,P1,Jan\n');
    expect(await directory.get('P1')).toEqual({
      patientId: { id: 'P1', issuer: 'URN:HERE' },
      name: { alphabetic: { family: 'Van den Berghe', given: 'Jan', middle: '', prefix: '', suffix: '' } },
      birthDate: '1985-07-30',
    });
  });

  it('is content with IDs alone', async () => {
    const directory = await started('id\nP1\nP2');
    expect(await directory.size()).toBe(2);
    expect(await directory.get('P2')).toEqual({ patientId: { id: 'P2', issuer: 'URN:HERE' } });
  });

  it.each([
    ['commas', 'id,family,given\nP1,"Doe, Sr",Jan\n'],
    ['semicolons', 'id;family;given\r\nP1;Doe, Sr;Jan\r\n'],
    ['tabs', 'id\tfamily\tgiven\nP1\tDoe, Sr\tJan'],
    ['bars', 'id|family|given\nP1|Doe, Sr|Jan\n'],
    ['a byte order mark', '\ufeffid;family;given\nP1;Doe, Sr;Jan\n'],
    ['blank lines', '\n\nid;family;given\n\nP1;Doe, Sr;Jan\n\n'],
    ['quoted titles', '"id";"fam,i,l,y";"family";"given"\nP1;x;Doe, Sr;Jan\n'],
  ])('reads %s', async (_what, content) => {
    const directory = await started(content);
    expect((await directory.get('P1'))?.name?.alphabetic).toMatchObject({ family: 'Doe, Sr', given: 'Jan' });
  });

  it('reads quoted fields with delimiters, quotes and line ends', async () => {
    const directory = await started('id,family,street\nP1,"O""Brien","Rue 1\r\nbte 2"\nP2,Doe,\n');
    expect(await directory.get('P1')).toMatchObject({
      name: { alphabetic: { family: 'O"Brien' } },
      street: 'Rue 1\r\nbte 2',
    });
    expect(await directory.size()).toBe(2);
  });

  it('finds Latin-1 by itself, or is told', async () => {
    const latin = Buffer.from('id;family\nP1;Lefèvre\nP2;M\x80ller\n', 'latin1');
    const directory = await started(latin);
    expect((await directory.get('P1'))?.name?.alphabetic.family).toBe('Lefèvre');
    expect((await directory.get('P2'))?.name?.alphabetic.family).toBe('M€ller');
    const told = await started('id;family\nP1;Lefèvre\n', { encoding: 'latin-1' });
    expect((await told.get('P1'))?.name?.alphabetic.family).toBe('LefÃ¨vre');
  });

  it('finds bytes that are not UTF-8 also after the first megabyte', async () => {
    const rows = Array.from({ length: 60_000 }, (_, index) => `P${index};Doe ${index}`).join('\n');
    const directory = await started(Buffer.from(`id;family\n${rows}\nQ;Lef\xe8vre\n`, 'latin1'));
    expect((await directory.get('Q'))?.name?.alphabetic.family).toBe('Lefèvre');
    expect(await directory.size()).toBe(60_001);
  });

  it.each([40_000, 40_001])('keeps a character whole that falls on the border of two chunks (%i)', async (before) => {
    const directory = await started(`id;family\nP1;${'x'.repeat(before)}\nP2;${'é'.repeat(30_000)}\n`);
    expect((await directory.get('P2'))?.name?.alphabetic.family).toBe('é'.repeat(30_000));
  });

  it('takes the DICOM name where the columns have none, and its other groups where they do', async () => {
    const directory = await started(
      'id,family,given,dicom_pn\nP1,,,Doe^Jane^^Dr\nP2,Yamada,Taro,Yamada^Tarou=山田^太郎\nP3,,,^^^\n',
    );
    expect((await directory.get('P1'))?.name?.alphabetic).toMatchObject({ family: 'Doe', given: 'Jane', prefix: 'Dr' });
    const yamada = await directory.get('P2');
    expect(yamada?.name?.alphabetic.given).toBe('Taro');
    expect(yamada?.name?.ideographic?.family).toBe('山田');
    expect((await directory.get('P3'))?.name).toBeUndefined();
  });

  it('leaves out what is no birth date or sex, and the separators of numbers', async () => {
    const directory = await started(
      'id,birth_date,sex,national_id\nP1,1985-02-31,male,85.07.30-033.28\nP2,19850700,f,\n',
    );
    expect(await directory.get('P1')).toEqual({
      patientId: { id: 'P1', issuer: 'URN:HERE' },
      nationalNumber: '85073003328',
    });
    expect(await directory.get('P2')).toMatchObject({ birthDate: '1985-07-00', sex: 'F' });
  });

  it('takes the names of a hospital for its columns', async () => {
    const columns = { id: 'Dossier', birth_date: 'GeboorteDatum' } as const;
    const directory = await started('dossier;geboortedatum\nP1;1985-07-30\n', { columns });
    expect((await directory.get('P1'))?.birthDate).toBe('1985-07-30');
  });
});

describe('a file that cannot be used', () => {
  it.each([
    ['without an id column', 'patient,family\nP1,Secret\n', { reason: 'column-missing', line: 1, field: 'id' }],
    ['with two id columns', 'id,family,ID\nP1,Secret,P2\n', { reason: 'column-twice', line: 1, field: 'id' }],
    ['with an ID twice', 'id,family\nP1,Secret\nP2,Doe\nP1,Secret\n', { reason: 'id-twice', line: 4 }],
    ['with a row without an ID', 'id,family\nP1,Doe\n  ,Secret\n', { reason: 'id-missing', line: 3 }],
    ['with a short row', 'id,family\nP1,Doe\nSecret\n', { reason: 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH', line: 3 }],
    ['with a long row', 'id,family\nP1,Doe,Secret\n', { reason: 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH', line: 2 }],
    ['with a quote that stays open', 'id,family\nP1,"Secret\nP2,Doe\n', { reason: 'CSV_QUOTE_NOT_CLOSED' }],
    ['with a quote in the middle', 'id,family\nP1,Se"cret\n', { reason: 'INVALID_OPENING_QUOTE', line: 2 }],
    ['with text after a quote', 'id,family\nP1,"Sec"ret\n', { reason: 'CSV_INVALID_CLOSING_QUOTE', line: 2 }],
    ['with a row beyond its limit', `id,family\nP1,${'x'.repeat(70_000)}\n`, { reason: 'CSV_MAX_RECORD_SIZE' }],
    ['with too many columns', `id,${'x,'.repeat(300)}y\n`, { reason: 'too-many-columns' }],
    ['of nothing', '', { reason: 'empty' }],
    ['of blank lines', '\n\n\n', { reason: 'empty' }],
  ])('%s is refused by line and column, without its content', async (_what, content, details) => {
    const error = await refusal(content);
    expect(error.details).toMatchObject(details);
    const told = `${error.message} ${JSON.stringify(error)} ${String(error.cause)} ${error.stack}`;
    expect(told).not.toMatch(/secret|Sec/i);
    expect(error.cause).toBeUndefined();
  });

  it('is refused when it was said to be UTF-8 and is not', async () => {
    expect((await refusal(Buffer.from('id;family\nP1;Lef\xe8vre\n', 'latin1'), { encoding: 'utf-8' })).details).toEqual(
      {
        reason: 'not-utf-8',
      },
    );
  });

  it('is refused when a column that was named is not there', async () => {
    expect((await refusal('id,family\nP1,Doe\n', { columns: { phone: 'gsm' } })).details).toMatchObject({
      field: 'phone',
    });
  });

  it('may be corrected and started again', async () => {
    const directory = await directoryOf('id\nP1\nP1\n');
    await expect(directory.start()).rejects.toThrow('RECONCILIATION_DIRECTORY_INVALID');
    await expect(directory.size()).rejects.toThrow('RECONCILIATION_DIRECTORY_UNAVAILABLE');
    await writeFile(file, 'id\nP1\n');
    await directory.start();
    expect(await directory.size()).toBe(1);
  });

  it('is unavailable when it is a folder', async () => {
    const directory = patientsCsv({ file: folder, issuer: 'X', clock });
    await expect(directory.start()).rejects.toThrow('RECONCILIATION_DIRECTORY_UNAVAILABLE');
  });
});

describe('a file that changes', () => {
  it('is read again once it has stood still for a poll, and listeners are told', async () => {
    const directory = await started('id\nP1\n');
    let changes = 0;
    directory.onChange(() => changes++);
    await clock.tick(3);
    expect(changes).toBe(0);

    await replaceFile('id\nP1\nP2\n');
    await clock.tick();
    expect(await directory.size()).toBe(1);
    await clock.tick();
    expect(await directory.size()).toBe(2);
    expect(changes).toBe(1);
    await clock.tick(3);
    expect(changes).toBe(1);
  });

  it('is not read while it grows', async () => {
    const directory = await started('id\nP1\n');
    for (const id of ['P2', 'P3', 'P4']) {
      await appendFile(file, `${id}\n`);
      await clock.tick();
      expect(await directory.size()).toBe(1);
    }
    await clock.tick();
    expect(await directory.size()).toBe(4);
  });

  it('keeps the old patients when it is broken, says so once, and takes the next good one', async () => {
    const { log, lines } = recordingLog();
    const directory = await started('id;family\nP1;Doe\n', { log });
    await replaceFile('id;family\nP1;Doe\nP1;Secret\n');
    await clock.tick(5);
    expect(await directory.size()).toBe(1);
    const refused = lines.filter(({ event }) => event === 'patients.directory.refused');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.fields).toMatchObject({ code: 'RECONCILIATION_DIRECTORY_INVALID', reason: 'id-twice', line: 3 });
    expect(JSON.stringify(lines)).not.toContain('Secret');

    await replaceFile('id;family\nP1;Doe\nP2;Roe\n');
    await clock.tick(2);
    expect(await directory.size()).toBe(2);
  });

  it('keeps the old patients when it is gone for a while', async () => {
    const directory = await started('id\nP1\n');
    await rename(file, `${file}.away`);
    await clock.tick(3);
    expect(await directory.size()).toBe(1);
    await replaceFile('id\nP1\nP2\n');
    await clock.tick(2);
    expect(await directory.size()).toBe(2);
  });

  it('is refused when most patients are missing: it was cut off', async () => {
    const { log, lines } = recordingLog();
    const directory = await started('id\nP1\nP2\nP3\nP4\n', { log });
    await replaceFile('id\nP1\n');
    await clock.tick(3);
    expect(await directory.size()).toBe(4);
    expect(lines.at(-1)?.fields).toMatchObject({ reason: 'shrunk', count: 1, limit: 2 });
    await replaceFile('id\nP1\nP2\n');
    await clock.tick(2);
    expect(await directory.size()).toBe(2);
  });

  it('may shrink where the site says so', async () => {
    const directory = await started('id\nP1\nP2\nP3\nP4\n', { leastShareKept: 0 });
    await replaceFile('id\n');
    await clock.tick(2);
    expect(await directory.size()).toBe(0);
  });

  it('is seen to change when only its time does', async () => {
    const directory = await started('id\nP1\n');
    let changes = 0;
    directory.onChange(() => changes++);
    await utimes(file, 1, 1);
    await clock.tick(2);
    expect(changes).toBe(1);
  });

  it('leaves no timer after stop, and no answers', async () => {
    const directory = await started('id\nP1\n');
    await clock.tick();
    expect(clock.sleepers).toBe(1);
    await directory.stop();
    expect(clock.sleepers).toBe(0);
    await expect(directory.size()).rejects.toThrow('RECONCILIATION_DIRECTORY_UNAVAILABLE');
    await directory.start();
    expect(await directory.size()).toBe(1);
  });
});

describe('the module', () => {
  const validate = async (config: unknown) => adapter.configSchema['~standard'].validate(config);

  it('makes a directory of what its schema lets through, with the path resolved', async () => {
    await writeFile(file, 'id\nP1\n');
    const result = await validate({ file: 'patients.csv', issuer: 'URN:HERE' });
    if (result.issues !== undefined) throw new Error('refused');
    const { log } = recordingLog();
    const directory = await adapter.create(result.value, { clock, log, resolvePath: (path) => join(folder, path) });
    directories.push(directory);
    await directory.start();
    expect((await directory.get('P1'))?.patientId.issuer).toBe('URN:HERE');
  });

  it.each([
    {},
    { file: 'x' },
    { file: 'x', issuer: '' },
    { file: 'x', issuer: 'y', delimiter: ';;' },
    { file: 'x', issuer: 'y', pollMs: 99 },
    { file: 'x', issuer: 'y', columns: { surname: 'z' } },
    { file: 'x', issuer: 'y', encodings: 'utf-8' },
  ])('refuses %j', async (config) => {
    expect((await validate(config)).issues).toBeDefined();
  });
});

/** As an export does: beside, then renamed over. */
async function replaceFile(content: string): Promise<void> {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}
