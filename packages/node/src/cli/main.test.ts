// The command as a shell sees it: exit codes, and what goes to which stream.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interhospIn } from '../../test/cli/command.ts';

const FEDERATION = '0a'.repeat(32);

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'interhosp-cli-'))));
afterAll(() => rm(folder, { recursive: true }));

const interhosp = (...args: readonly string[]) => interhospIn(folder, ...args);

const init = (name: string) =>
  interhosp('init', name, '--member', 'be-south', '--name', 'Hospital South', '--federation', FEDERATION, '--json');

describe('interhosp', () => {
  it('ends with 0 when it is done, with one object a line on standard output and nothing else', async () => {
    const { code, err, out } = await init('south');
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({ member: 'be-south' });
    expect((await readdir(join(folder, 'south'))).toSorted()).toEqual([
      'data',
      'federation',
      'interhosp.yaml',
      'passphrase',
    ]);
  });

  it('ends with 3 when it refuses for safety: an identity is never overwritten', async () => {
    const before = await readFile(join(folder, 'south', 'interhosp.yaml'), 'utf8');
    const { code, err, out } = await init('south');
    expect([code, JSON.parse(out)]).toMatchObject([3, { error: 'CONFIG_EXISTS' }]);
    expect(err).toContain('CONFIG_EXISTS');
    expect(await readFile(join(folder, 'south', 'interhosp.yaml'), 'utf8')).toBe(before);
  });

  it('ends with 1 when it fails, and says what to do', async () => {
    const { code, err, out } = await interhosp(
      'send',
      '1.2',
      '--to',
      'be-north',
      '--config',
      'south/interhosp.yaml',
      '--json',
    );
    expect([code, JSON.parse(out)]).toMatchObject([1, { error: 'CONFIG_NOT_RUNNING' }]);
    expect(err).toContain('interhosp start');
  });

  it('ends with 2 when it is not understood, and prints nothing on standard output', async () => {
    const results = await Promise.all([interhosp('sned'), interhosp('init', 'x', '--member', 'be-south')]);
    expect(results.map(({ code, out }) => [code, out])).toEqual([
      [2, ''],
      [2, ''],
    ]);
    expect(await readdir(folder)).not.toContain('x');
  });
});
