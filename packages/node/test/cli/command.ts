/** The command as a shell runs it, for the tests of what it prints and how it ends. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** How a command ended, and what went to which stream. */
export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command for somebody in this folder, as pnpm would: from elsewhere, with the folder in INIT_CWD. */
export function interhospIn(folder: string, ...args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--conditions=@interhosp/source', MAIN, ...args], {
      env: { ...process.env, INIT_CWD: folder, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 50_000,
    });
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, err: err.join(''), out: out.join('') }));
  });
}
