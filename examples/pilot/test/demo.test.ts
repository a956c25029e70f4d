import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { STUDIES } from '../src/scenario.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** A limit against hanging; the demonstration takes well under a minute. */
const LIMIT_MS = 240_000;

const leaving = STUDIES.filter(({ expected }) => expected !== undefined);
const figures = {
  sent: leaving.length,
  filed: leaving.length,
  review: leaving.filter(({ expected }) => expected?.by === 'a person').length,
  lost: 0,
  receipts: 2 * leaving.length,
  stayed: STUDIES.length - leaving.length,
  problems: 0,
};

for (const pacs of ['embedded', 'orthanc']) {
  test(`two hospitals with ${pacs} PACS: every study arrives, the numbers add up, nothing is left behind`, async () => {
    const before = foldersOfDemos();
    const { code, stderr, stdout } = await demo('--json', '--pacs', pacs);
    assert.equal(code, 0, stderr);
    const lines = stdout.trimEnd().split('\n');
    const { seconds, ...found } = JSON.parse(lines.at(-1) ?? '') as Record<string, number>;
    assert.deepEqual(found, figures, stderr);
    assert.equal(typeof seconds, 'number');
    assert.equal(lines.length, 1, 'everything else goes to standard error');
    assert.match(stdout, /^\{"sent":\d+,"filed":\d+,"review":\d+,"lost":\d+,"receipts":\d+/);
    assert.match(stderr, /interhosp review link/);
    assert.deepEqual(foldersOfDemos(), before);
  });
}

test('an interrupted demonstration stops what it started and removes its folder', async () => {
  const before = foldersOfDemos();
  const child = spawn(process.execPath, ['--conditions=@interhosp/source', MAIN], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  let complained = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  for await (const text of child.stdout.setEncoding('utf8')) {
    told += text as string;
    // Both members run by then.
    if (told.includes('Studies are made')) child.kill('SIGINT');
  }
  assert.equal(await exited, 130, `${told}\n${complained}`);
  const pids = [...told.matchAll(/process (\d+)/g)].map((match) => Number(match[1]));
  assert.equal(pids.length, 4);
  assert.deepEqual(
    pids.filter((pid) => existsSync(`/proc/${pid}`)),
    [],
  );
  assert.deepEqual(foldersOfDemos(), before);
});

test('a mistyped option is usage, and says what there is', async () => {
  for (const args of [['--pacs', 'sharks'], ['--jsno']]) {
    const { code, stderr } = await demo(...args);
    assert.equal(code, 2);
    assert.match(stderr, /sharks|jsno/);
  }
});

function foldersOfDemos(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('interhosp-demo-'));
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function demo(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['--conditions=@interhosp/source', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const limit = setTimeout(() => child.kill('SIGTERM'), LIMIT_MS);
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(limit);
  return { code, ...texts };
}
