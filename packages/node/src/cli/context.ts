/** What every command shares: the caller's folder, the configuration, the running member, who is asking. */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { adminClient } from '../admin/client.ts';
import { loadConfig, type LoadedConfig } from '../config/load.ts';
import type { MemberApi } from '../member/member-api.ts';
import { createOutput, type Output } from './output.ts';

/** Options that every command has; `config` only where {@link withConfigOption} adds it. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly stackTrace?: boolean;
  readonly config?: string;
}

/** Adds the options that every command has. */
export function withGlobalOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON object a line, for programs')
    .option('--stack-trace', 'show where an error comes from; may show patient data');
}

/** Adds those options, and the one of commands that read the member's configuration. */
export function withConfigOption(command: Command): Command {
  return withGlobalOptions(command).option(
    '--config <file>',
    'the member’s configuration (default: interhosp.yaml in the current folder)',
  );
}

/** Absolute path of what the user typed: relative to their folder, which under pnpm is not the process's (INIT_CWD). */
export function callerPath(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), path);
}

/** The configuration that the options name. */
export function configFile(options: GlobalOptions): string {
  return callerPath(options.config ?? 'interhosp.yaml');
}

/** Loads the configuration that the options name. @throws {ConfigError} */
export function callerConfig(options: GlobalOptions): Promise<LoadedConfig> {
  return loadConfig(configFile(options));
}

/** The running member of that configuration. @throws {ConfigError} `CONFIG_NOT_RUNNING` */
export async function runningMember(options: GlobalOptions): Promise<MemberApi> {
  const loaded = await callerConfig(options);
  return adminClient(loaded.resolvePath(loaded.config.data));
}

/** The person at the keyboard, as the operating system knows them; recorded with each decision. */
export function operator(): string {
  return userInfo().username;
}

/**
 * Wraps an action: makes the output, turns an error into its text and the exit code. The action may return an exit code
 * of its own; nothing is 0.
 */
export function action<A extends readonly unknown[], O extends GlobalOptions>(
  run: (output: Output, options: O, ...args: A) => Promise<number | void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const options = command.optsWithGlobals<O>();
    const output = createOutput({ json: options.json === true, showStack: options.stackTrace === true });
    try {
      process.exitCode = (await run(output, options, ...(given.slice(0, -2) as unknown as A))) ?? 0;
    } catch (error) {
      process.exitCode = output.failure(error);
    }
  };
}
