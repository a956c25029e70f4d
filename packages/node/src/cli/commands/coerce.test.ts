// What `coerce` writes where, and that it never writes over what it was given.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateStudy } from '@interhosp/core/conformance';
import { part10Header, TRANSFER_SYNTAXES, type Uid } from '@interhosp/core/dicom';
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
// Not by node, which cannot name what lies too deep.
afterEach(() => void execFileSync('rm', ['-rf', folder]));

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

  it('answers for each file, and goes on, whatever lies in the folder', async () => {
    const place = join(folder, 'in');
    await mkdir(join(place, 'folder.dcm'));
    await writeFile(join(place, 'empty.dcm'), '');
    await writeFile(join(place, 'zeros.dcm'), Buffer.alloc(1_000_000));
    await writeFile(join(place, 'cut.dcm'), original.subarray(0, original.length - 1));
    await symlink('.', join(place, 'folder.dcm/loop'));
    await symlink('itself', join(place, 'itself'));
    await symlink('nowhere', join(place, 'nowhere'));
    await symlink('/dev/zero', join(place, 'device'));
    execFileSync('mkfifo', [join(place, 'pipe')]);
    const server = createServer().listen(join(place, 'socket'));
    // A path so long that nobody can name what lies below it.
    const deepen = 'import os\nfor _ in range(30): os.mkdir("d" * 200); os.chdir("d" * 200)';
    execFileSync('/usr/bin/python3', ['-c', deepen], { cwd: place });
    const { code, lines } = await coerce('in', 'out');
    server.close();
    expect(code).toBe(1);
    const answers = Object.fromEntries(lines.map((line) => [line['file'], line['code'] ?? line['status']]));
    const [deep = '', ...rest] = Object.keys(answers).filter((name) => name.startsWith('ddd'));
    expect([rest, answers[deep]]).toEqual([[], 'CONFIG_UNREADABLE']);
    expect({ ...answers, [deep]: undefined }).toEqual({
      'a.dcm': 'accepted',
      'cut.dcm': 'DICOM_TRUNCATED',
      'empty.dcm': 'DICOM_NOT_PART10',
      itself: 'STORAGE_FAILED',
      nowhere: 'STORAGE_FAILED',
      'zeros.dcm': 'DICOM_NOT_PART10',
    });
    expect(await readdir(join(folder, 'out'))).toEqual(['a.dcm']);
  });

  it.each([
    ['a pipe that nobody writes to', 'pipe', 1, 'DICOM_NOT_PART10'],
    ['a device', '/dev/zero', 1, 'DICOM_NOT_PART10'],
    ['a socket', 'socket', 1, 'STORAGE_FAILED'],
    ['what is not there', 'nothing', 1, 'CONFIG_UNREADABLE'],
    ['a link to itself', 'itself', 1, 'CONFIG_UNREADABLE'],
  ])('answers for %s as IN', async (_, name, code, error) => {
    await symlink('itself', join(folder, 'itself'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const server = createServer().listen(join(folder, 'socket'));
    const answer = await coerce(name, 'out.dcm');
    server.close();
    expect(answer).toMatchObject({
      code,
      lines: [expect.toSatisfy((line: Record<string, unknown>) => line['code'] === error || line['error'] === error)],
    });
    expect(await readdir(folder)).not.toContain('out.dcm');
  });

  it('writes a preamble of zeros, whatever stood there', async () => {
    const polyglot = Buffer.concat([Buffer.from('#!/bin/sh\nid;exit\n'.padEnd(128, ' ')), original.subarray(128)]);
    await writeFile(join(folder, 'in/a.dcm'), polyglot);
    expect(await coerce('in', 'out')).toMatchObject({ code: 0 });
    expect((await read('out/a.dcm')).subarray(0, 128)).toEqual(Buffer.alloc(128));
  });

  it('flags what lacks the identifiers without which nothing travels', async () => {
    const uid = '2.25.1' as Uid;
    const meta = part10Header({
      sopClassUid: uid,
      sopInstanceUid: uid,
      transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRLittleEndian,
    });
    const name = Buffer.from('10001000504e0400415e4220', 'hex');
    await writeFile(join(folder, 'in/a.dcm'), Buffer.concat([meta, name]));
    const { lines } = await coerce('in', 'out');
    expect(lines).toMatchObject([{ file: 'a.dcm', flags: ['identifiers-missing'], status: 'accepted' }]);
  });
});
