/**
 * `interhosp rebuild`: makes the indexes anew from the journal, whose whole chain is verified on the way, and those of
 * patient registries from their records.
 */
import type { Command } from 'commander';
import { rebuildIndexes } from '../../member/offline.ts';
import { createLog } from '../../observe/logger.ts';
import { action, callerConfig, withConfigOption, type GlobalOptions } from '../context.ts';
import type { Output } from '../output.ts';

/** Registers the command. */
export function rebuildCommand(program: Command): void {
  withConfigOption(program.command('rebuild'))
    .description('verify the journal and make the indexes anew from it; stop the member first')
    .action(action(rebuild));
}

async function rebuild(output: Output, options: GlobalOptions): Promise<void> {
  const loaded = await callerConfig(options);
  const { records, registries } = await rebuildIndexes(loaded, createLog({ level: 'warn' }), (seq) => {
    if (!output.json && process.stderr.isTTY) process.stderr.write(`\r  ${seq} records`);
  });
  output.record({ rebuilt: true, records }, `journal verified, indexes made anew from ${records} records`);
  for (const { name, patients, lost, wasIncomplete } of registries) {
    const isIncomplete = lost > 0 || wasIncomplete;
    const told = isIncomplete ? "; others could not be read: have the hospital's system send its patients again" : '';
    output.record(
      { registry: name, patients, isIncomplete },
      `registry ${name} made anew: ${patients} patients${told}`,
    );
  }
}
