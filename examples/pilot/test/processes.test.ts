import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createProcesses, sourceArgs } from '../src/processes.ts';

const programs = new URL('programs/', import.meta.url);
const waits = fileURLToPath(new URL('waits.ts', programs));
const GONE_MS = 10_000;

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-processes-'));
});
after(() => rm(folder, { recursive: true }));

const program = (args: readonly string[]) => ({
  title: 'a program',
  command: process.execPath,
  args,
  logFile: join(folder, 'program.log'),
});

test('what was started is ready, is logged, and is gone after stopAll', async () => {
  const processes = createProcesses();
  const running = processes.start(program(sourceArgs(waits)));
  assert.equal((await running.ready())['pid'], running.pid);
  await processes.stopAll();
  await processes.stopAll();
  assert.equal(await isGone(running.pid), true);
  assert.match(await readFile(join(folder, 'program.log'), 'utf8'), /"ready"/);
});

test('nothing starts any more once everything was stopped', async () => {
  const processes = createProcesses();
  await processes.stopAll();
  assert.throws(() => processes.start(program(sourceArgs(waits))), /is ending/);
});

test('a program that ends by itself is told of, with the end of its log', async () => {
  const running = createProcesses().start(program(['-e', 'console.error("no such port"); process.exit(3)']));
  await assert.rejects(running.ready(), /ended by itself \(3\)\n[\s\S]*no such port/);
});

test('a program that is not there is told of', async () => {
  const running = createProcesses().start({ ...program([]), command: join(folder, 'nothing') });
  await assert.rejects(running.ready(), /does not start|ended by itself/);
});

test('a command gives its output, or its error', async () => {
  const processes = createProcesses();
  const done = await processes.run('a command', process.execPath, ['-e', 'console.log("fine")']);
  assert.deepEqual(done, { code: 0, stdout: 'fine\n', stderr: '' });
  const fails = processes.run('a command', process.execPath, ['-e', 'console.error("broken"); process.exit(2)']);
  await assert.rejects(fails, /a command ended with 2\nbroken/);
});

test('a program ends when the demonstration is killed', async () => {
  const starter = fileURLToPath(new URL('starts-another.ts', programs));
  const parent = spawn(process.execPath, ['--conditions=@interhosp/source', starter, join(folder, 'orphan.log')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(line.toString());
  assert.equal(isThere(child), true);
  parent.kill('SIGKILL');
  assert.equal(await isGone(child), true);
});

async function isGone(pid: number): Promise<boolean> {
  const until = performance.now() + GONE_MS;
  while (performance.now() < until) {
    if (!isThere(pid)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
