/** The `interhosp` command, as the demonstration types it. */
import { fileURLToPath } from 'node:url';
import { sourceArgs, type CommandResult, type Processes, type Running } from './processes.ts';

const MAIN = fileURLToPath(new URL('../../../packages/node/src/cli/main.ts', import.meta.url));

/** Runs `interhosp ARGS`. @throws {Error} when it does not exit with 0. */
export function interhosp(processes: Processes, ...args: readonly string[]): Promise<CommandResult> {
  return processes.run(`interhosp ${args.slice(0, 2).join(' ')}`, process.execPath, sourceArgs(MAIN, ...args));
}

/** Runs `interhosp ARGS --json` and gives its first line. @throws {Error} when it fails or prints none. */
export async function interhospJson(
  processes: Processes,
  ...args: readonly string[]
): Promise<Record<string, unknown>> {
  const { stdout } = await interhosp(processes, ...args, '--json');
  const line = stdout.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`interhosp ${args.slice(0, 2).join(' ')} printed no result`);
  return JSON.parse(line) as Record<string, unknown>;
}

/** Starts `interhosp start` for a configuration. */
export function startMember(processes: Processes, title: string, config: string, logFile: string): Running {
  const args = sourceArgs(MAIN, 'start', '--config', config, '--json');
  return processes.start({ title, command: process.execPath, args, logFile });
}
