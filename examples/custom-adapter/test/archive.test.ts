import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { generateStudy } from '@interhosp/core/conformance';
import type { StorableInstance, StudySummary } from '@interhosp/core/pacs';
import { adapter } from '../src/adapter.ts';
import { archivePacs } from '../src/archive-pacs.ts';

const made = generateStudy({ instances: 2 });
const instances = made.instances.map((instance): StorableInstance => {
  const { dataSet, ...identity } = instance;
  return {
    ...identity,
    lengthBytes: dataSet.length,
    async *dataSet() {
      yield dataSet;
    },
  };
});

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archive-'));
  file = join(folder, 'archive.bin');
});
afterEach(() => rm(folder, { recursive: true }));

test('what was stored is there after a restart', async () => {
  await store();
  assert.equal((await studies())[0]?.instances, 2);
});

test('half a record, as a loss of power leaves it, is cut off, and what is before it stays', async () => {
  await store();
  const { size } = await stat(file);
  for (const lost of [1, 4, 5, 2_000]) {
    await truncate(file, size - lost);
    assert.equal((await studies())[0]?.instances, 1, `${lost} bytes lost`);
    await store();
    assert.equal((await studies())[0]?.instances, 2, 'and the instance can be stored again');
  }
});

test('noise behind the last record does no harm', async () => {
  await store();
  await appendFile(file, Buffer.alloc(3_000, 0xff));
  assert.equal((await studies())[0]?.instances, 2);
});

test('a configuration with an unknown field, or without a file, is refused by name', async () => {
  const { validate } = adapter.configSchema['~standard'];
  assert.deepEqual((await validate({ file: 'a', fiel: 'b' })).issues?.[0]?.path, ['fiel']);
  assert.deepEqual((await validate({})).issues?.[0]?.path, ['file']);
  assert.equal((await validate({ file: 'a' })).issues, undefined);
});

async function store(): Promise<void> {
  const pacs = archivePacs({ file });
  await pacs.start();
  for await (const { status } of pacs.store(instances)) assert.match(status, /stored|duplicate/);
  await pacs.stop();
}

async function studies(): Promise<readonly StudySummary[]> {
  const pacs = archivePacs({ file });
  await pacs.start();
  const found: StudySummary[] = [];
  for await (const study of pacs.findStudies({})) found.push(study);
  await pacs.stop();
  return found;
}
