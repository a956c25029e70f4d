// The command as a shell sees it: exit codes, and what goes to which stream.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../config/load.ts';
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

  it.each([
    ['a name with a colon, a hash and quotes', ['--name', `CHU: "Liège" # l'hôpital \\ {a}`]],
    ['names that YAML would take for something else', ['--name', 'null', '--member', '1e3']],
    ['a member ID that ends like a mapping', ['--member', 'be-x:']],
    ['a federation ID that looks like a number', ['--federation', '1'.repeat(64)]],
  ])('init writes a configuration that is read as it was meant: %s', async (title, changes) => {
    const asked = { federation: FEDERATION, member: 'be-south', name: 'South' };
    for (let at = 0; at < changes.length; at += 2) asked[changes[at]?.slice(2) as 'name'] = changes[at + 1] ?? '';
    const { federation, member, name } = asked;
    const args = ['--member', member, '--name', name, '--federation', federation];
    expect(await interhosp('init', title, ...args)).toMatchObject({ code: 0, err: '' });
    const { config } = await loadConfig(join(folder, title, 'interhosp.yaml'));
    expect(config).toMatchObject({ federation: { id: federation }, member, name, patients: { issuer: member } });
  });

  it.each([
    ['--federation', '0A', '64 hex digits'],
    ['--member', 'BE South', 'Lower-case letters'],
    ['--name', 'South\nmember: evil', 'one line'],
    ['--listen', 'somewhere', '/ip4/0.0.0.0/tcp/4450'],
  ])('says of %s %j that it is wrong and which form it has, and makes nothing', async (option, value, form) => {
    const args = ['--member=be-x', '--name=X', `--federation=${FEDERATION}`];
    const { code, err, out } = await interhosp('init', 'wrong', ...args, option, value);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(form)]);
    expect(err).toContain(option);
    expect(await readdir(folder)).not.toContain('wrong');
  });

  it('says the version of its package', async () => {
    const manifest = new URL('../../package.json', import.meta.url);
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
    expect(await interhosp('--version')).toEqual({ code: 0, err: '', out: `${version}\n` });
  });

  it('takes --config only where it is read', async () => {
    const [reads, doesNot, given] = await Promise.all([
      interhosp('roster', 'join', '--help'),
      interhosp('coerce', '--help'),
      interhosp('roster', 'show', '--config', 'south/interhosp.yaml'),
    ]);
    expect(reads.out).toContain('--config');
    expect(doesNot.out).not.toContain('--config');
    expect(given).toMatchObject({ code: 2, err: expect.stringContaining('--config') as string });
  });

  it('shows no stack of an error that is not ours, unless it is asked for', async () => {
    await writeFile(join(folder, 'Peeters'), '');
    const args = ['init', 'Peeters/below', '--member=be-x', '--name=X', `--federation=${FEDERATION}`, '--json'];
    const [{ code, err, out }, asked] = await Promise.all([interhosp(...args), interhosp(...args, '--stack-trace')]);
    expect([code, JSON.parse(out)]).toEqual([1, { details: {}, error: 'UNEXPECTED' }]);
    expect(err).toContain('--stack-trace');
    expect(err).not.toMatch(/Peeters|\n {4}at /);
    expect(asked.err).toMatch(/ENOTDIR|EEXIST/);
  });
});
