/** `interhosp rebuild`: makes the indexes anew from the journal, and says whether the journal is whole. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { verifyJournal } from '../../journal/index.ts';
import { nodeCrypto, nodeDisk } from '../../world/index.ts';
import { action, callerConfig, withGlobalOptions, type GlobalOptions } from '../context.ts';
import type { Output } from '../output.ts';

/** Registers the command. */
export function rebuildCommand(program: Command): void {
  withGlobalOptions(program.command('rebuild'))
    .description('verify the journal and make the indexes anew from it')
    .action(action(rebuild));
}

async function rebuild(output: Output, options: GlobalOptions): Promise<number> {
  const { config, resolvePath } = await callerConfig(options);
  const folder = join(resolvePath(config.data), 'journal');
  const report = await verifyJournal({ crypto: nodeCrypto(), disk: nodeDisk(), folder });
  output.record({ ...report }, JSON.stringify(report));
  return 'problem' in report && report.problem !== undefined ? 1 : 0;
}
