// Looks at each package as an integrator gets it: packed, with our workspace's own conditions left aside.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'interhosp-pack-'));

try {
  for (const name of readdirSync(join(root, 'packages'))) {
    if (isPrivate(join(root, 'packages', name))) continue;
    const pnpm = process.env['npm_execpath'];
    const [command, ...first] = pnpm === undefined ? ['npx', '-y', 'pnpm@10'] : [process.execPath, pnpm];
    run(command, [...first, 'pack', '--out', join(folder, `${name}.tgz`)], join(root, 'packages', name));
    run('publint', ['run', join(folder, `${name}.tgz`), '--strict'], root);
    run('attw', [join(folder, `${name}.tgz`), '--profile', 'esm-only', '--format', 'ascii', '--no-emoji'], root);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What only the tests of this workspace use is never published. */
function isPrivate(folder: string): boolean {
  const { private: isUnpublished } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly private?: boolean;
  };
  return isUnpublished === true;
}

function run(command: string, args: readonly string[], cwd: string): void {
  const answer = spawnSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (answer.status === 0) return;
  console.error(`${command} ${args.join(' ')}\n${answer.stdout}${answer.stderr}`);
  process.exitCode = 1;
}
