/** `interhosp start`: runs the member until it is told to stop. */
import { Option, type Command } from 'commander';
import { createLog, errorFields } from '../../observe/logger.ts';
import type { LogLevel } from '@interhosp/core/world';
import { action, callerConfig, withConfigOption, type GlobalOptions } from '../context.ts';
import type { Output } from '../output.ts';

/** A stop that takes longer is a crash, from which a start recovers. */
const STOP_WITHIN_MS = 10_000;

/** Registers the command. */
export function startCommand(program: Command): void {
  withConfigOption(program.command('start'))
    .description('run this member until Ctrl-C')
    .addOption(
      new Option('--log-level <level>', 'least grave lines that are logged, on standard error')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .action(action(start));
}

async function start(output: Output, options: GlobalOptions & { readonly logLevel: LogLevel }): Promise<void> {
  const loaded = await callerConfig(options);
  const log = createLog({ level: options.logLevel });
  // A rejection nobody waited for is a fault: stop as a crash would, since a start recovers from that.
  process.on('unhandledRejection', (error) => {
    log.write('error', 'process.unhandled-rejection', errorFields(error));
    process.exit(1);
  });
  // Here alone: the peer host and all it brings takes longer to load than any other command takes to run.
  const { createMember } = await import('../../member/member.ts');
  const member = createMember({ loaded, log });
  const { addresses, admin, peerId } = await member.start();
  output.record(
    { addresses, admin, event: 'ready', peerId },
    `${loaded.config.name} is running as ${peerId}\n${addresses.join('\n')}`,
  );
  await untilStopped();
  const timer = setTimeout(() => process.exit(1), STOP_WITHIN_MS);
  await member.stop();
  clearTimeout(timer);
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}
