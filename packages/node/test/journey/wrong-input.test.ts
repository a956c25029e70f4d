/** What people and machines get wrong: each time the cause and the next step are said, and nothing is lost. */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { appendFile, cp, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_CATALOGUE } from '@interhosp/core/errors';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Federation, interhosp, TEST_WITHIN_MS, waitFor, type Hospital } from './hospitals.ts';
import { expectDelivered, expectReceipts, putStudy } from './studies.ts';

let federation: Federation;
let a: Hospital;
let b: Hospital;
beforeAll(async () => {
  ({ a, b, federation } = await Federation.ofTwo());
}, TEST_WITHIN_MS);
afterAll(() => federation[Symbol.asyncDispose]());

describe('a configuration', { timeout: TEST_WITHIN_MS }, () => {
  it('that is no YAML is refused with line and column', async () => {
    const file = join(a.root, 'broken.yaml');
    await writeFile(file, 'member: be-a\nname: [unclosed\npacs: {}\n');
    const { exitCode, stderr, stdout } = await interhosp('start', '--config', file, '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ details: { column: 1, file, line: 3 }, error: 'CONFIG_SYNTAX' });
    expect(stderr).toContain('broken.yaml');
    expect(stderr).toMatch(/line/);
  });

  it('whose rules have a field that does not exist is refused by the name of the field', async () => {
    const rules = join(a.root, 'rules.yaml');
    await writeFile(rules, 'rules:\n  - id: one\n    prioritty: emergency\n    to: [be-b]\n');
    const file = join(a.root, 'with-rules.yaml');
    const config = JSON.parse(await readFile(a.configFile, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...config, data: './other', routing: { rules: './rules.yaml' } }));
    const { exitCode, stderr, stdout } = await interhosp('route', '--config', a.configFile, '--rules', rules, '--json');
    expect({ exitCode, stderr, stdout }).toMatchObject({ exitCode: 1 });
    expect(stderr).toContain('prioritty');
    expect(stderr).toContain('rules.yaml');
  });
});

describe('a journey', { timeout: TEST_WITHIN_MS }, () => {
  // Each test finds both members running, whatever the one before it left, and whether there was one.
  beforeEach(() => bothRunning(), TEST_WITHIN_MS);

  it('leaves a truncated instance behind, says so, and delivers the others', async () => {
    // Not running meanwhile, or its PACS lists the file while it is still whole.
    await a.stop();
    const study = await putStudy(a, { instances: 4, seed: 'truncated' });
    const [victim] = study.files;
    const path = await truncateFileOf(a, victim?.sopInstanceUid ?? '');
    await a.start();
    const exchangeId = await a.send(study.studyInstanceUid, b);
    await a.reaches(exchangeId, 'CLOSED');
    const others = { ...study, files: study.files.slice(1) };
    await expectDelivered(b, others);
    await expectReceipts(federation, exchangeId, { receiver: b, sender: a }, others);
    expect(a.logged('folder.unreadable')[0]).toMatchObject({ code: 'DICOM_TRUNCATED', count: 1 });
    // Still where it was, for somebody to look at.
    expect((await readFile(path)).length).toBeGreaterThan(0);
  });

  it('waits for a PACS that is down at the receiver, and goes on by itself when it is back', async () => {
    const exchange = await withPacsDown(b, async () => {
      const study = await putStudy(a, { instances: 2, seed: 'destination down' });
      const exchangeId = await a.send(study.studyInstanceUid, b);
      const retry = await waitFor(
        'a retry',
        () => b.logged('journey.retry').find((one) => one['exchangeId'] === exchangeId),
        { about: () => b.log.slice(-3000) },
      );
      expect(retry).toMatchObject({ code: 'PACS_UNREACHABLE' });
      expect((await b.find(exchangeId))?.state).not.toBe('HELD');
      return { exchangeId, study };
    });
    await a.reaches(exchange.exchangeId, 'CLOSED');
    await expectDelivered(b, exchange.study);
  });

  it('says which PACS cannot be reached when a person sends from one that is down', async () => {
    const moved = `${a.out}.away`;
    await rename(a.out, moved);
    const sent = await interhosp('send', '1.2.3', '--to', b.member, '--config', a.configFile, '--json');
    await rename(moved, a.out);
    expect(sent.exitCode).toBe(1);
    expect(JSON.parse(sent.stdout)).toMatchObject({ error: 'PACS_UNREACHABLE' });
    expect(sent.stderr).toContain(fixOf('PACS_UNREACHABLE'));
  });

  const isRoot = process.getuid?.() === 0;
  it.skipIf(!isRoot)('outlives a full disk at the receiver (needs root, for a small tmpfs)', async () => {
    await b.stop();
    await using disk = await smallDiskAt(b.data);
    await b.start();
    const study = await putStudy(a, { instances: 40, pixels: 720, seed: 'disk full' });
    const exchangeId = await a.send(study.studyInstanceUid, b);
    // In the middle of the bytes, somebody else takes all the room.
    await waitFor(
      'bytes',
      async () => ((await b.find(exchangeId).catch(() => undefined))?.bytes ?? 0) > 0 || undefined,
      { about: () => `${a.log.slice(-3000)}\n${b.log.slice(-3000)}` },
    );
    await disk.fill();
    const retry = await waitFor(
      'a retry',
      () => a.logged('journey.retry').find((one) => one['exchangeId'] === exchangeId),
      {
        about: () => `${a.log.slice(-3000)}\n${b.log.slice(-3000)}`,
      },
    );
    expect(JSON.stringify(retry)).toMatch(/STORAGE_FULL|TRANSFER_/);
    expect(b.log).toContain('STORAGE_FULL');
    expect((await a.find(exchangeId))?.state).not.toBe('CLOSED');
    await disk.free();
    await b.reaches(exchangeId, 'CLOSED');
    await a.reaches(exchangeId, 'CLOSED');
    await expectDelivered(b, study);
    await expectReceipts(federation, exchangeId, { receiver: b, sender: a }, study);
    await b.stop();
  });
});

async function bothRunning(): Promise<void> {
  await Promise.all([a, b].filter(({ isRunning }) => !isRunning).map((hospital) => hospital.start()));
}

function fixOf(code: 'PACS_UNREACHABLE'): string {
  return ERROR_CATALOGUE[code].fix;
}

/** Runs while the folder that a hospital's PACS files in is not there: a share that is not mounted. */
async function withPacsDown<T>(at: Hospital, work: () => Promise<T>): Promise<T> {
  const moved = `${at.in}.away`;
  await rename(at.in, moved);
  try {
    return await work();
  } finally {
    await rename(moved, at.in);
  }
}

interface SmallDisk extends AsyncDisposable {
  /** Takes every byte that is left. */
  fill(): Promise<void>;
  free(): Promise<void>;
}

/** Room for the study of the test and not much more. */
const SMALL_DISK = 'size=120m';

/** Puts a member's data folder on a small tmpfs; it is where it was afterwards. */
async function smallDiskAt(folder: string): Promise<SmallDisk> {
  const kept = `${folder}.kept`;
  await rename(folder, kept);
  await mkdir(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', SMALL_DISK, 'tmpfs', folder]);
  await cp(kept, folder, { recursive: true });
  const filler = join(folder, 'filler');
  return {
    fill: async () => {
      for (const bytes of [1_048_576, 4096]) {
        while (await appendFile(filler, Buffer.alloc(bytes, 1)).then(orTrue, isFull));
      }
    },
    free: () => rm(filler),
    [Symbol.asyncDispose]: async () => {
      execFileSync('umount', ['--lazy', folder]);
      await rm(folder, { recursive: true });
      await rename(kept, folder);
    },
  };
}

const orTrue = () => true;

function isFull(error: unknown): boolean {
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
  throw error;
}

/** Cuts the file of an instance in the middle of its pixels. */
async function truncateFileOf(at: Hospital, sopInstanceUid: string): Promise<string> {
  for (const path of globSync(`${at.out}/**/*.dcm`)) {
    const bytes = await readFile(path);
    if (!bytes.includes(sopInstanceUid)) continue;
    await writeFile(path, bytes.subarray(0, bytes.length - 1000));
    const old = Date.now() / 1000 - 86_400;
    await utimes(path, old, old);
    return path;
  }
  throw new Error('no such file');
}
