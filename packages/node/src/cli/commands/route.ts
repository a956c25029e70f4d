/** `interhosp route`: what a rule set would do with studies, and the second person's approval of it. */
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPart10, readStudyHeader } from '@interhosp/core/dicom';
import { ConfigError, errorCodeOf, isInterhospError } from '@interhosp/core/errors';
import {
  approveRuleSet,
  draftRuleSet,
  replay,
  type ReplayCount,
  type RouteContext,
  type RuleSetVersion,
} from '@interhosp/core/routing';
import { parseMemberId, toHex, type StudyHeader } from '@interhosp/core/study';
import { sha256, type Crypto } from '@interhosp/core/world';
import type { Command } from 'commander';
import { loadConfigPart } from '../../config/load.ts';
import { routingPartSchema } from '../../config/schema.ts';
import { prefixSource } from '../../journey/prefix-source.ts';
import { openDocuments } from '../../member/documents.ts';
import { approvalSchema, readRules } from '../../member/routing.ts';
import { createLog } from '../../observe/logger.ts';
import { nodeClock, nodeCrypto, nodeDisk } from '../../world/index.ts';
import { action, callerPath, configFile, operator, withConfigOption, type GlobalOptions } from '../context.ts';
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
  withConfigOption(program.command('route'))
    .description(
      'try rules on past studies and say why each would go where; sends nothing. With --approve, sign them off',
    )
    .requiredOption('--rules <file>', 'the rules, as routing.rules of the configuration names them')
    .option('--study <path...>', 'past studies: DICOM files, or folders of them')
    .option('--approve <file>', 'write here that exactly these rules are approved, over the studies of --study')
    .option('--written-by <person>', 'who wrote the rules; needed by --approve, and not who approves')
    .option('--by <person>', 'who approves (default: the account that runs this, which is recorded in any case)')
    .action(action(dryRun));
}

async function dryRun(output: Output, options: RouteOptions): Promise<void> {
  await checkApproval(options);
  const crypto = nodeCrypto();
  const rules = await readRules(callerPath(options.rules));
  const { context, nationalNumberIssuers } = await settingsOf(output, options);
  const studies = await studiesIn(output, (options.study ?? []).map(callerPath), nationalNumberIssuers);
  const outcomes: Outcome[] = [];
  const count = await replay(studies, rules, context, (study, { deferred, destinations, proposals, trace }) => {
    const { studyInstanceUid } = study;
    const lines = trace.map(
      ({ because, member, outcome, ruleId }) => `  ${ruleId} -> ${member ?? '-'}: ${outcome} (${because.join('; ')})`,
    );
    outcomes.push({ destinations: membersOf(destinations), proposals: membersOf(proposals), studyInstanceUid });
    output.record(
      { deferred, destinations, proposals, study: studyInstanceUid, trace },
      [studyInstanceUid, ...lines].join('\n'),
    );
  });
  const draft = draftRuleSet(rules, options.writtenBy ?? 'unknown', crypto);
  const seen = seenDigest(outcomes, crypto);
  output.record(
    { count, digest: draft.digest, seen },
    `${count.studies} studies, ${count.sent} would be sent, ${count.proposed} proposed; rules ${draft.digest}`,
  );
  if (options.approve !== undefined) await approve(output, options, options.approve, { count, draft, seen });
}

/** What an approval is of. */
interface Seen {
  readonly count: ReplayCount;
  readonly draft: RuleSetVersion;
  /** Which studies the rules were tried on, and what they did with each. */
  readonly seen: string;
}

async function approve(output: Output, options: RouteOptions, file: string, run: Seen): Promise<void> {
  const { count, draft, seen } = run;
  if (count.studies === 0) throw new ConfigError('CONFIG_NO_STUDIES');
  const approval = { atMs: Date.now(), by: options.by ?? operator(), count, digest: draft.digest };
  approveRuleSet(draft, approval);
  // A name can be anybody's: the account at the keyboard is written beside it.
  const record = { approval, osUser: operator(), seen, writtenBy: draft.writtenBy };
  await writeFile(callerPath(file), `${JSON.stringify(record, null, 2)}\n`);
  output.notice(
    `approved by ${approval.by} (account ${record.osUser}), over ${count.studies} studies; name ${file} under routing.approval`,
  );
}

/** An earlier approval is replaced; nothing else is written over. @throws {ConfigError} `CONFIG_OVERWRITES` */
async function mustBeAnApproval(file: string): Promise<void> {
  try {
    approvalSchema.parse(JSON.parse(await readFile(callerPath(file), 'utf8')));
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return;
    throw new ConfigError('CONFIG_OVERWRITES', { details: { file } });
  }
}

/** What can be refused before anything is read. @throws {ConfigError} */
async function checkApproval({ approve: file, study, writtenBy }: RouteOptions): Promise<void> {
  if (file === undefined) return;
  if (writtenBy === undefined)
    throw new ConfigError('CONFIG_USAGE', { details: { field: 'written-by', reason: 'missing' } });
  if (study === undefined) throw new ConfigError('CONFIG_NO_STUDIES', { details: { field: 'study' } });
  await mustBeAnApproval(file);
}

interface Outcome {
  readonly studyInstanceUid: string;
  readonly destinations: readonly string[];
  readonly proposals: readonly string[];
}

function membersOf(destinations: ReadonlyArray<{ readonly member: string }>): readonly string[] {
  return destinations.map(({ member }) => member).toSorted();
}

/** Whoever holds the same studies and rules can run it again and compare; the digest itself tells nobody a UID. */
function seenDigest(outcomes: readonly Outcome[], crypto: Crypto): string {
  const lines = outcomes.map(({ destinations, proposals, studyInstanceUid }) =>
    JSON.stringify([studyInstanceUid, destinations, proposals]),
  );
  return toHex(sha256(crypto, new TextEncoder().encode(lines.toSorted().join('\n'))));
}

interface Settings {
  readonly context: RouteContext;
  readonly nationalNumberIssuers: readonly string[];
}

/**
 * The federation as this member knows it, and how it reads headers; of the configuration only what this needs, so that
 * rules can be tried while the rest is still being written. Without one nobody may be sent to, and the rules still explain.
 */
async function settingsOf(output: Output, options: RouteOptions): Promise<Settings> {
  const isOptional = options.config === undefined && options.approve === undefined;
  const loaded = await loadConfigPart(configFile(options), routingPartSchema).catch((error: unknown) => {
    if (isOptional && errorCodeOf(error) === 'CONFIG_UNREADABLE') return undefined;
    throw error;
  });
  const clock = nodeClock();
  // The dry run shows what the rules say; whether a member may be sent to now is asked again when it is.
  const policy = { decide: () => Promise.resolve({ allowed: true as const }) };
  if (loaded === undefined) {
    output.notice('no configuration here (--config): the rules are tried without members to send to');
    const alone = { members: [], nowMs: clock.now(), policy, practitioners: new Map(), self: parseMemberId('local') };
    return { context: alone, nationalNumberIssuers: [] };
  }
  const { config, resolvePath } = loaded;
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
  if (members.length === 0) output.notice('no roster here yet: the rules are tried without members to send to');
  return {
    context: {
      members: members.map(({ orgId }) => orgId),
      nowMs: clock.now(),
      policy,
      practitioners: documents.practitioners(),
      self: config.member,
    },
    nationalNumberIssuers: config.reconciliation.nationalNumberIssuers,
  };
}

/** One header a study. Files that are not DICOM are named and passed over. */
async function studiesIn(
  output: Output,
  paths: readonly string[],
  nationalNumberIssuers: readonly string[],
): Promise<readonly StudyHeader[]> {
  const studies = new Map<string, StudyHeader>();
  for (const path of paths) {
    for await (const file of filesBelow(path)) {
      try {
        const { header } = await headerIn(file, nationalNumberIssuers);
        studies.set(header.studyInstanceUid, studies.get(header.studyInstanceUid) ?? header);
      } catch (error) {
        output.notice(`${file}: ${isInterhospError(error) ? error.message : 'cannot be read'}`);
      }
    }
  }
  return [...studies.values()];
}

async function headerIn(file: string, nationalNumberIssuers: readonly string[]) {
  const handle = await open(file, 'r');
  try {
    const { dataSet, transferSyntaxUid } = await readPart10(
      handle.createReadStream({ autoClose: false, highWaterMark: 65_536 }),
    );
    return await readStudyHeader(await prefixSource(dataSet), transferSyntaxUid, { nationalNumberIssuers });
  } finally {
    await handle.close();
  }
}
