/** The `interhosp` command: thin commands over the same functions as the library. */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { coerceCommand } from './commands/coerce.ts';
import { initCommand } from './commands/init.ts';
import { jobCommands } from './commands/jobs.ts';
import { rebuildCommand } from './commands/rebuild.ts';
import { reconcileCommand } from './commands/reconcile.ts';
import { reviewCommands } from './commands/review.ts';
import { rosterCommands } from './commands/roster.ts';
import { routeCommand } from './commands/route.ts';
import { startCommand } from './commands/start.ts';
import { EXIT } from './output.ts';

const program = new Command('interhosp')
  .description('exchange imaging studies with other hospitals, PACS to PACS')
  .version(version(), '-V, --version', 'show the version')
  .showHelpAfterError('(run with --help for the options)')
  .addHelpText(
    'after',
    `
A new hospital begins with init and roster join, then start; interhosp COMMAND --help says more of each.
Exit codes: 0 done, 1 failed, 2 not understood, 3 refused for safety.`,
  );

initCommand(program);
startCommand(program);
rosterCommands(program);
jobCommands(program);
reviewCommands(program);
routeCommand(program);
reconcileCommand(program);
coerceCommand(program);
rebuildCommand(program);

/** The package's own, found by its name, so that it is the same from the sources and as built. */
function version(): string {
  const manifest = createRequire(import.meta.url)('@interhosp/node/package.json') as { readonly version: string };
  return manifest.version;
}

/** Usage errors exit with 2, as DESIGN.md §9 says; commander's own default is 1. */
function exitOnUsage(command: Command): void {
  command.exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  });
  command.commands.forEach(exitOnUsage);
}
exitOnUsage(program);

// Whoever reads may have read enough, as head does; that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
});

await program.parseAsync();
