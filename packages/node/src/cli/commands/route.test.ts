// What the second person's approval is given over, and what it leaves behind.
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { generateStudy } from '@interhosp/core/conformance';
import { part10Header } from '@interhosp/core/dicom';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { interhospIn } from '../../../test/cli/command.ts';
import { nodeCrypto } from '../../world/index.ts';
import { loadRules } from '../../member/routing.ts';

/** Enough for trying rules, and far from what `start` needs. */
const PART = `member: be-south\ndata: ./data\nfederation: { id: "${'0a'.repeat(32)}" }\nsource: nowhere\npacs: still to do\n`;
const APPROVE = ['--approve=approval.json', '--written-by=An', '--by=Bea'];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-route-'));
  await writeFile(join(folder, 'rules.yaml'), 'rules: []\n');
  await writeFile(join(folder, 'interhosp.yaml'), PART);
  await mkdir(join(folder, 'empty'));
  for (const seed of [1, 2]) await putStudy('past', seed);
});
afterEach(() => rm(folder, { recursive: true }));

async function putStudy(name: string, seed: number): Promise<void> {
  const [instance] = generateStudy({ seed, instances: 1 }).instances;
  if (instance === undefined) throw new Error('a generated study has an instance');
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, `${seed}.dcm`), Buffer.concat([part10Header(instance), instance.dataSet]));
}

async function route(...args: readonly string[]) {
  const { code, err, out } = await interhospIn(folder, 'route', '--rules=rules.yaml', '--json', ...args);
  const lines = out.split('\n').filter(Boolean);
  return { code, err, last: lines.map((line) => JSON.parse(line) as Record<string, unknown>).at(-1) };
}

async function approval(): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, 'approval.json'), 'utf8')) as Record<string, unknown>;
}

describe('interhosp route --approve', () => {
  it('leaves an approval of what was seen, with the account beside the name, that a member takes', async () => {
    const { code, err } = await route(...APPROVE, '--study', 'past');
    expect([code, err]).toEqual([0, expect.stringContaining('2 studies')]);
    expect(await approval()).toMatchObject({
      approval: { by: 'Bea', count: { studies: 2 } },
      osUser: userInfo().username,
      seen: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      writtenBy: 'An',
    });
    const loaded = await loadRules(join(folder, 'rules.yaml'), join(folder, 'approval.json'), nodeCrypto());
    expect(loaded.isLive).toBe(true);
  });

  it.each([
    ['without a study', []],
    ['over a folder without one', ['--study', 'empty']],
    ['over files that are no studies', ['--study', 'rules.yaml']],
  ])('is refused %s', async (_, study) => {
    expect(await route(...APPROVE, ...study)).toMatchObject({ code: 3, last: { error: 'CONFIG_NO_STUDIES' } });
    expect(await readdir(folder)).not.toContain('approval.json');
  });

  it('is of the studies that were seen: others have another digest, the same ones the same', async () => {
    await putStudy('others', 3);
    await putStudy('others', 2);
    const runs = [await route('--study', 'past'), await route('--study', 'others')];
    const again = await route('--study', 'past/2.dcm', 'past/1.dcm');
    const [past, others] = runs.map(({ last }) => last?.['seen']);
    expect([past === others, again.last?.['seen'] === past]).toEqual([false, true]);
  });

  it('is not given by the writer of the rules', async () => {
    const own = await route('--approve=approval.json', '--written-by=An', '--by=an ', '--study', 'past');
    expect(own).toMatchObject({ code: 1, last: { details: { reason: 'same-person' } } });
    expect(await readdir(folder)).not.toContain('approval.json');
  });

  it.each(['rules.yaml', 'interhosp.yaml', 'past/1.dcm', 'linked.json'])('does not write over %s', async (file) => {
    await symlink('rules.yaml', join(folder, 'linked.json'));
    const before = await readFile(join(folder, file));
    const result = await route(`--approve=./${file}`, '--written-by=An', '--by=Bea', '--study', 'past');
    expect(result).toMatchObject({ code: 3, last: { error: 'CONFIG_OVERWRITES' } });
    expect((await readFile(join(folder, file))).equals(before)).toBe(true);
  });

  it('takes the place of an earlier approval', async () => {
    await route(...APPROVE, '--study', 'past');
    expect(await route('--approve=approval.json', '--written-by=An', '--by=Cil', '--study', 'past')).toMatchObject({
      code: 0,
    });
    expect(await approval()).toMatchObject({ approval: { by: 'Cil' } });
  });

  it('needs to know the federation; a dry run does not', async () => {
    await rm(join(folder, 'interhosp.yaml'));
    expect(await route('--study', 'past')).toMatchObject({ code: 0, last: { count: { studies: 2 } } });
    expect(await route(...APPROVE, '--study', 'past')).toMatchObject({
      code: 1,
      last: { error: 'CONFIG_UNREADABLE' },
    });
    expect(await route('--study', 'past', '--config', 'nowhere.yaml')).toMatchObject({ code: 1 });
  });
});
