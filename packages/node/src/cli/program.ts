/** The `interhosp` command: thin commands over the same functions as the library. */
import { Command } from 'commander';
import { coerceCommand } from './commands/coerce.ts';
import { initCommand } from './commands/init.ts';
import { jobCommands } from './commands/jobs.ts';
import { rebuildCommand } from './commands/rebuild.ts';
import { reviewCommands } from './commands/review.ts';
import { rosterCommands } from './commands/roster.ts';
import { routeCommand } from './commands/route.ts';
import { startCommand } from './commands/start.ts';
import { EXIT } from './output.ts';

const program = new Command('interhosp')
  .description('exchange imaging studies with other hospitals, PACS to PACS')
  .version('0.0.0')
  .showHelpAfterError('(run with --help for the options)')
  .configureHelp({ showGlobalOptions: true });

initCommand(program);
startCommand(program);
rosterCommands(program);
jobCommands(program);
reviewCommands(program);
routeCommand(program);
coerceCommand(program);
rebuildCommand(program);

/** Usage errors exit with 2, as DESIGN.md §9 says; commander's own default is 1. */
function exitOnUsage(command: Command): void {
  command.exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  });
  command.commands.forEach(exitOnUsage);
}
exitOnUsage(program);

await program.parseAsync();
