import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustBeFree, writeDecisions, type DecisionRow } from './decisions-file.ts';

const HEADER = 'incoming_id,decision,registry_id,probability\n';

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-decisions-'));
  out = join(folder, 'out.csv');
});
afterEach(() => rm(folder, { recursive: true }));

async function* rowsOf(...rows: readonly (Partial<DecisionRow> | Error)[]): AsyncGenerator<DecisionRow> {
  for (const row of rows) {
    if (row instanceof Error) throw row;
    yield await Promise.resolve({ arrivalId: 'A', zone: 'link', registryId: 'L', probability: 0.5, ...row });
  }
}

const written = () => readFile(out, 'utf8');

describe('the file of decisions', () => {
  it('has a row for each, in their order', async () => {
    await writeDecisions(out, rowsOf({ arrivalId: 'A1' }, { arrivalId: 'A2', registryId: '', zone: 'new' }));
    expect(await written()).toBe(`${HEADER}A1,link,L,0.500000000\nA2,new,,0.500000000\n`);
  });

  it('is complete also when it is long', async () => {
    await writeDecisions(out, rowsOf(...Array.from({ length: 10_000 }, (_, index) => ({ arrivalId: `A${index}` }))));
    expect((await written()).split('\n')).toHaveLength(10_002);
  });

  it.each([
    ['a,b', '"a,b"'],
    ['a"b"c', '"a""b""c"'],
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@a', `"'@a"`],
    ['a=1', 'a=1'],
  ])('writes the ID %s as %s, which no spreadsheet runs', async (id, cell) => {
    await writeDecisions(out, rowsOf({ arrivalId: id, registryId: id }));
    expect(await written()).toBe(`${HEADER}${cell},link,${cell},0.500000000\n`);
  });

  it.each([
    [1, '0.999999999'],
    [0.999_999_999_9, '0.999999999'],
    [0.000_000_001_23, '0.000000001'],
    [0, '0.000000000'],
  ])('cuts the probability %d to %s: nothing is certain', async (probability, text) => {
    await writeDecisions(out, rowsOf({ probability }));
    expect(await written()).toBe(`${HEADER}A,link,L,${text}\n`);
  });

  it('is there whole or not at all', async () => {
    await writeFile(out, 'before');
    await expect(writeDecisions(out, rowsOf({}, new Error('cut off')))).rejects.toThrow('cut off');
    expect([await written(), await readdir(folder)]).toEqual(['before', ['out.csv']]);
  });
});

describe('a place for the file of decisions', () => {
  it.each([
    ['nothing', undefined],
    ['an empty file', ''],
    ['decisions of an earlier run', `${HEADER}A,new,,0.5\n`],
  ])('is where %s is', async (_, text) => {
    if (text !== undefined) await writeFile(out, text);
    await expect(mustBeFree(out, [join(folder, 'in.csv')])).resolves.toBeUndefined();
  });

  it('is not where something else is', async () => {
    await writeFile(out, 'incoming_id,registry_id\n');
    await expect(mustBeFree(out, [])).rejects.toMatchObject({ code: 'CONFIG_OVERWRITES' });
    await expect(mustBeFree('/dev/null', [])).rejects.toMatchObject({ code: 'CONFIG_OVERWRITES' });
    await mkdir(join(folder, 'below'));
    await expect(mustBeFree(join(folder, 'below'), [])).rejects.toMatchObject({ code: 'CONFIG_OVERWRITES' });
  });

  it('is not where a file is that is read, by whatever path', async () => {
    await writeFile(out, HEADER);
    await symlink('out.csv', join(folder, 'truth.csv'));
    await expect(mustBeFree(out, [join(folder, 'truth.csv')])).rejects.toMatchObject({ code: 'CONFIG_OVERWRITES' });
  });
});
