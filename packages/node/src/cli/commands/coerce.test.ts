// What `coerce` writes where, and that it never writes over what it was given.
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateStudy } from '@interhosp/core/conformance';
import { part10Header } from '@interhosp/core/dicom';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { interhospIn } from '../../../test/cli/command.ts';

let folder: string;
let original: Buffer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-coerce-'));
  const [instance] = generateStudy({ seed: 1, instances: 1 }).instances;
  if (instance === undefined) throw new Error('a generated study has an instance');
  original = Buffer.concat([part10Header(instance), instance.dataSet]);
  await mkdir(join(folder, 'in'));
  await writeFile(join(folder, 'in/a.dcm'), original);
  await writeFile(join(folder, 'patient.json'), '{"patientId":"P1","issuer":"SOUTH","name":"Local^Ann"}');
});
afterEach(() => rm(folder, { recursive: true }));

async function coerce(from: string, to: string) {
  const { code, err, out } = await interhospIn(folder, 'coerce', from, to, '--patient', 'patient.json', '--json');
  const lines = out.split('\n').filter(Boolean);
  return { code, err, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const read = (name: string) => readFile(join(folder, name));

describe('interhosp coerce', () => {
  it('writes another file and leaves the original as it was', async () => {
    expect(await coerce('in', 'out')).toMatchObject({ code: 0, lines: [{ file: 'a.dcm', status: 'accepted' }] });
    expect((await read('out/a.dcm')).includes('Local^Ann')).toBe(true);
    expect(await read('in/a.dcm')).toEqual(original);
  });

  it.each([
    ['the same folder', 'in', 'in'],
    ['the same folder by another path', 'in', 'in/../in/.'],
    ['the same folder by a link', 'in', 'link'],
    ['the same file', 'in/a.dcm', 'in/a.dcm'],
    ['the same file by a link', 'in/a.dcm', 'link/a.dcm'],
  ])('refuses to write into %s', async (_, from, to) => {
    await symlink('in', join(folder, 'link'));
    expect(await coerce(from, to)).toMatchObject({ code: 3, lines: [{ error: 'CONFIG_OVERWRITES' }] });
    expect([await read('in/a.dcm'), await readdir(join(folder, 'in'))]).toEqual([original, ['a.dcm']]);
  });

  it.each([
    ['a folder that holds IN', 'in', '.'],
    ['a folder with files of an earlier run', 'in', 'out'],
    ['a file that is there', 'in/a.dcm', 'out/a.dcm'],
    ['a folder for a file', 'in/a.dcm', 'empty'],
  ])('refuses %s as OUT, so that no other patient’s file stands among these', async (_, from, to) => {
    await Promise.all(['empty', 'out'].map((name) => mkdir(join(folder, name))));
    await writeFile(join(folder, 'out/a.dcm'), 'of another patient');
    expect(await coerce(from, to)).toMatchObject({
      code: 3,
      err: expect.stringContaining('empty or new folder') as string,
      lines: [{ error: 'CONFIG_OVERWRITES' }],
    });
    expect((await read('out/a.dcm')).toString()).toBe('of another patient');
  });

  it('passes over an OUT that stands in IN, and takes an empty one', async () => {
    await mkdir(join(folder, 'in/out'));
    const { code, lines } = await coerce('in', 'in/out');
    expect([code, lines.map(({ file }) => file), await readdir(join(folder, 'in/out'))]).toEqual([
      0,
      ['a.dcm'],
      ['a.dcm'],
    ]);
  });

  it('takes no time without its offset', async () => {
    const args = ['coerce', 'in', 'out', '--patient=patient.json', '--time'];
    const without = await interhospIn(folder, ...args, '2026-03-14T10:00:00');
    expect(without).toMatchObject({ code: 2, err: expect.stringContaining('offset or Z') as string });
    expect(await interhospIn(folder, ...args, '2026-03-14T10:00:00Z')).toMatchObject({ code: 0 });
  });

  it('says the code of a refusal once, and the reason beside it', async () => {
    await writeFile(join(folder, 'in/b.dcm'), 'no DICOM');
    const { code, out } = await interhospIn(folder, 'coerce', 'in', 'out', '--patient', 'patient.json');
    const line = out.split('\n').find((text) => text.startsWith('refused')) ?? '';
    expect([code, line.match(/DICOM_[A-Z_]+/g)?.length]).toEqual([1, 1]);
    const { lines } = await coerce('in', 'out2');
    expect(lines[1]).toMatchObject({ code: expect.stringMatching(/^DICOM_/) as string, file: 'b.dcm' });
    expect(lines[1]?.['reason']).not.toContain('DICOM_');
  });
});
