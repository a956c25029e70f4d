// What `coerce` writes where, and that it never writes over what it was given.
import { link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
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
    ['OUT holds a link into IN', 'in', 'out', () => symlink('../in', join(folder, 'out/sub'))],
    [
      'OUT holds another name of the file',
      'in',
      'out',
      () => link(join(folder, 'in/sub/a.dcm'), join(folder, 'out/x')),
    ],
  ])('refuses each file that is an original: %s', async (_, from, to, prepare) => {
    await mkdir(join(folder, 'in/sub'));
    await mkdir(join(folder, 'out'));
    await writeFile(join(folder, 'in/sub/a.dcm'), original);
    await writeFile(join(folder, 'in/x'), original);
    await symlink('../in', join(folder, 'out/in'));
    await prepare();
    // in/sub/a.dcm would become out/sub/a.dcm, which is in/a.dcm; in/x would become out/x.
    const { code, lines } = await coerce(from, to);
    expect([code, lines.filter(({ code: refused }) => refused === 'CONFIG_OVERWRITES').length]).toEqual([1, 1]);
    for (const name of ['in/a.dcm', 'in/sub/a.dcm', 'in/x']) expect(await read(name)).toEqual(original);
  });

  it('refuses a file of an IN that stands in OUT when it would fall on another', async () => {
    await mkdir(join(folder, 'in/in'));
    await writeFile(join(folder, 'in/in/a.dcm'), original);
    const { code, lines } = await coerce('in', '.');
    expect([code, lines.map(({ file, status }) => [file, status])]).toEqual([
      1,
      [
        ['a.dcm', 'accepted'],
        ['in/a.dcm', 'refused'],
      ],
    ]);
    expect([await read('in/a.dcm'), await read('in/in/a.dcm')]).toEqual([original, original]);
  });

  it('passes over an OUT that stands in IN, also the second time', async () => {
    const once = await coerce('in', 'in/out');
    const again = await coerce('in', 'in/out');
    for (const { code, lines } of [once, again]) {
      expect([code, lines.map(({ file }) => file)]).toEqual([0, ['a.dcm']]);
    }
    expect([await read('in/a.dcm'), await readdir(join(folder, 'in/out'))]).toEqual([original, ['a.dcm']]);
  });

  it('says the code of a refusal once, and the reason beside it', async () => {
    await writeFile(join(folder, 'in/b.dcm'), 'no DICOM');
    const { code, out } = await interhospIn(folder, 'coerce', 'in', 'out', '--patient', 'patient.json');
    const line = out.split('\n').find((text) => text.startsWith('refused')) ?? '';
    expect([code, line.match(/DICOM_[A-Z_]+/g)?.length]).toEqual([1, 1]);
    const { lines } = await coerce('in', 'out');
    expect(lines[1]).toMatchObject({ code: expect.stringMatching(/^DICOM_/) as string, file: 'b.dcm' });
    expect(lines[1]?.['reason']).not.toContain('DICOM_');
  });
});
