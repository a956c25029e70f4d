/** `interhosp route`: what a rule set would do with studies, and the second person's approval of it. */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPart10, readStudyHeader } from '@interhosp/core/dicom';
import { ConfigError, isInterhospError } from '@interhosp/core/errors';
import { approveRuleSet, draftRuleSet, replay, route, type RouteContext } from '@interhosp/core/routing';
import type { StudyHeader } from '@interhosp/core/study';
import type { Command } from 'commander';
import { prefixSource } from '../../journey/prefix-source.ts';
import { openDocuments } from '../../member/documents.ts';
import { readRules } from '../../member/routing.ts';
import { createLog } from '../../observe/logger.ts';
import { nodeClock, nodeCrypto, nodeDisk } from '../../world/index.ts';
import { action, callerConfig, callerPath, operator, withGlobalOptions, type GlobalOptions } from '../context.ts';
import { filesBelow } from '../files-below.ts';
import type { Output } from '../output.ts';

type RouteOptions = GlobalOptions & {
  readonly rules: string;
  readonly study?: readonly string[];
  readonly approve?: string;
  readonly writtenBy?: string;
  readonly by?: string;
};

/** Registers the command. */
export function routeCommand(program: Command): void {
  withGlobalOptions(program.command('route'))
    .description('dry run of a rule set on studies, with the reasons; with --approve, sign it off')
    .requiredOption('--rules <file>', 'the rule file')
    .option('--study <path...>', 'DICOM files, or folders of them')
    .option('--approve <file>', 'write the approval of exactly these rules, after the count was shown')
    .option('--written-by <person>', 'who wrote the rules; must be somebody else than who approves')
    .option('--by <person>', 'who approves (default: you)')
    .action(action(dryRun));
}

async function dryRun(output: Output, options: RouteOptions): Promise<void> {
  const crypto = nodeCrypto();
  const rules = await readRules(callerPath(options.rules));
  const context = await contextOf(options);
  const studies = await studiesIn(output, (options.study ?? []).map(callerPath));
  for (const study of studies) {
    const { deferred, destinations, proposals, trace } = await route(study, rules, context);
    const lines = trace.map(
      ({ because, member, outcome, ruleId }) => `  ${ruleId} -> ${member ?? '-'}: ${outcome} (${because.join('; ')})`,
    );
    output.record(
      { deferred, destinations, proposals, study: study.studyInstanceUid, trace },
      [study.studyInstanceUid, ...lines].join('\n'),
    );
  }
  const count = await replay(studies, rules, context);
  const draft = draftRuleSet(rules, options.writtenBy ?? 'unknown', crypto);
  output.record(
    { count, digest: draft.digest },
    `${count.studies} studies, ${count.sent} would be sent, ${count.proposed} proposed; rules ${draft.digest}`,
  );
  if (options.approve === undefined) return;
  if (options.writtenBy === undefined) throw new ConfigError('CONFIG_USAGE', { details: { field: 'written-by' } });
  const approval = { atMs: Date.now(), by: options.by ?? operator(), count, digest: draft.digest };
  approveRuleSet(draft, approval);
  await writeFile(
    callerPath(options.approve),
    `${JSON.stringify({ approval, writtenBy: options.writtenBy }, null, 2)}\n`,
  );
  output.notice(`approved by ${approval.by}; name ${options.approve} under routing.approval`);
}

/** The federation as this member knows it; without a configuration nobody may be sent to, and the rules still explain. */
async function contextOf(options: RouteOptions): Promise<RouteContext> {
  const { config, resolvePath } = await callerConfig(options);
  const clock = nodeClock();
  const documents = await openDocuments({
    clock,
    crypto: nodeCrypto(),
    disk: nodeDisk(),
    dropFolder: resolvePath(config.federation.documents),
    federationId: config.federation.id,
    isReadOnly: true,
    keepFolder: join(resolvePath(config.data), 'federation'),
    log: createLog({ level: 'error' }),
    member: config.member,
  });
  const members = (documents.state().roster?.document.orgs ?? []).filter(({ state }) => state === 'active');
  return {
    members: members.map(({ orgId }) => orgId),
    nowMs: clock.now(),
    // The dry run shows what the rules say; whether a member may be sent to now is asked again when it is.
    policy: { decide: () => Promise.resolve({ allowed: true }) },
    practitioners: documents.practitioners(),
    self: config.member,
  };
}

/** One header a study. Files that are not DICOM are named and passed over. */
async function studiesIn(output: Output, paths: readonly string[]): Promise<readonly StudyHeader[]> {
  const studies = new Map<string, StudyHeader>();
  for (const path of paths) {
    for await (const file of filesBelow(path)) {
      try {
        const { header } = await headerIn(file);
        studies.set(header.studyInstanceUid, studies.get(header.studyInstanceUid) ?? header);
      } catch (error) {
        output.notice(`${file}: ${isInterhospError(error) ? error.message : 'cannot be read'}`);
      }
    }
  }
  return [...studies.values()];
}

async function headerIn(file: string) {
  const handle = await open(file, 'r');
  try {
    const { dataSet, transferSyntaxUid } = await readPart10(
      handle.createReadStream({ autoClose: false, highWaterMark: 65_536 }),
    );
    return await readStudyHeader(await prefixSource(dataSet), transferSyntaxUid);
  } finally {
    await handle.close();
  }
}
