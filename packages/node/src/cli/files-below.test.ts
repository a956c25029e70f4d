import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesBelow } from './files-below.ts';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'interhosp-files-')));
  for (const name of ['b', 'a/2', 'a/1']) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), '');
  }
});
afterEach(() => rm(folder, { recursive: true }));

async function found(path: string, except?: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const file of filesBelow(path, except === undefined ? {} : { except })) names.push(relative(folder, file));
  return names;
}

describe('the files below a folder', () => {
  it('are given by name, folders in between', async () => {
    expect(await found(folder)).toEqual(['a/1', 'a/2', 'b']);
  });

  it('of a file are the file', async () => {
    expect(await found(join(folder, 'a/2'))).toEqual(['a/2']);
  });

  it('leave out a folder that is excepted, and no other that begins like it', async () => {
    await mkdir(join(folder, 'a-too'));
    await writeFile(join(folder, 'a-too/1'), '');
    expect(await found(folder, join(folder, 'a'))).toEqual(['a-too/1', 'b']);
  });

  it('end, also when a link leads back up, and count a link to a file', async () => {
    await symlink('..', join(folder, 'a/up'));
    await symlink('../b', join(folder, 'a/3'));
    expect(await found(folder)).toEqual(['a/1', 'a/2', 'a/3', 'b']);
  });

  it('cannot be given of a path that is not there, and it is named', async () => {
    const file = join(folder, 'nowhere');
    await expect(found(file)).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE', details: { file } });
  });
});
