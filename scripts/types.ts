// Checks the types of every project in the workspace, as many at a time as there are processors.

import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const projects = ['tsconfig.json', '{packages,examples}/*/tsconfig*.json', 'packages/*/src/*/tsconfig*.json'];
const queue = globSync(projects, { cwd: root });

await Promise.all(Array.from({ length: availableParallelism() }, work));

async function work(): Promise<void> {
  for (let project = queue.shift(); project !== undefined; project = queue.shift()) {
    const { code, output } = await tsc(project);
    if (code === 0) continue;
    console.error(`${project}\n${output}`);
    process.exitCode = 1;
  }
}

async function tsc(project: string): Promise<{ code: number; output: string }> {
  const compiler = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'));
  const child = spawn(process.execPath, [compiler, '-p', project], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}
