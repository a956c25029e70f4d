/** `interhosp jobs`, `job`, `cancel`, `release`, `send`: exchanges, as the running member tells. */
import { ConfigError, errorCodeOf } from '@interhosp/core/errors';
import { PRIORITIES, PURPOSES, type Priority, type Purpose } from '@interhosp/core/study';
import { Option, type Command } from 'commander';
import type { JobDetail, JobSummary, MemberApi } from '../../member/member-api.ts';
import { action, callerConfig, operator, runningMember, withConfigOption, type GlobalOptions } from '../context.ts';
import { table, type Output } from '../output.ts';
import { createProgressBoard } from '../progress.ts';
import { listJobs } from '../../member/offline.ts';
import { createLog } from '../../observe/logger.ts';

/** Registers the commands. */
export function jobCommands(program: Command): void {
  withConfigOption(program.command('send <studyInstanceUid>'))
    .description('send one study of the PACS to another member, now')
    .requiredOption('--to <member>', 'the member who shall receive it, as the roster names it')
    .addOption(new Option('--priority <priority>', 'how pressing it is').choices([...PRIORITIES]).default('routine'))
    .addOption(
      new Option('--purpose <purpose>', 'what it is sent for; decides what the receiver may accept')
        .choices([...PURPOSES])
        .default('treatment'),
    )
    .option('--wait', 'wait until the receiver has confirmed it, with progress')
    .action(action(send));
  withConfigOption(program.command('jobs'))
    .description('list the exchanges of this member: every study sent or received, with its state')
    .action(action(jobs));
  withConfigOption(program.command('job <exchangeId>'))
    .description('show one exchange: its states, receipts, and what is quarantined')
    .action(action(job));
  withConfigOption(program.command('cancel <exchangeId>'))
    .description('cancel an exchange that has not been filed yet')
    .requiredOption('--reason <text>', 'why; kept in the journal')
    .action(action(cancel));
  withConfigOption(program.command('release <exchangeId>'))
    .description('let an exchange that is HELD try again, once its cause is mended')
    .action(action(release));
}

interface SendOptions extends GlobalOptions {
  readonly to: string;
  readonly priority: Priority;
  readonly purpose: Purpose;
  readonly wait?: boolean;
}

async function send(output: Output, options: SendOptions, studyInstanceUid: string): Promise<number> {
  const member = await runningMember(options);
  const { priority, purpose, to, wait = false } = options;
  const { exchangeId } = await member.send({ by: operator(), priority, purpose, studyInstanceUid, to });
  if (!wait) {
    output.record({ exchangeId }, `accepted as ${exchangeId}; follow it with: interhosp job ${exchangeId}`);
    return 0;
  }
  const ended = await follow(member, exchangeId);
  output.record(ended, lineOf(ended).join('  '));
  return ended.state === 'CLOSED' || ended.state === 'EXPUNGED' ? 0 : 1;
}

/** Shows progress until the exchange ends or needs a person. */
async function follow(member: MemberApi, exchangeId: string): Promise<JobDetail> {
  const board = createProgressBoard();
  const bar = board.add(exchangeId.slice(0, 12));
  const stop = new AbortController();
  try {
    const events = member.events({ signal: stop.signal });
    let current = await member.job(exchangeId);
    if (ends(current.state)) return current;
    for await (const event of events) {
      if (event.exchangeId !== exchangeId) continue;
      bar.update(event.bytes, event.bytesExpected ?? event.bytes);
      if (!ends(event.state)) continue;
      current = await member.job(exchangeId);
      return current;
    }
    throw new ConfigError('CONFIG_NOT_RUNNING');
  } finally {
    stop.abort();
    bar.done();
    board.stop();
  }
}

function ends(state: string): boolean {
  return ['CLOSED', 'EXPUNGED', 'HELD', 'CANCELLED', 'EXPIRED'].includes(state);
}

async function jobs(output: Output, options: GlobalOptions): Promise<void> {
  const list = await runningMember(options).then(
    (member) => member.jobs(),
    (error: unknown) => listedJobs(output, options, error),
  );
  if (list === undefined) return;
  if (output.json) for (const summary of list) output.record(summary, '');
  else output.record({}, list.length === 0 ? 'no exchanges yet' : table([HEADING, ...list.map(lineOf)]));
}

/** Without a running member: the list it left behind. */
async function listedJobs(output: Output, options: GlobalOptions, error: unknown): Promise<undefined> {
  if (errorCodeOf(error) !== 'CONFIG_NOT_RUNNING') throw error;
  const list = await listJobs(await callerConfig(options), createLog({ level: 'warn' }));
  output.notice('the member is not running; this is the list it left behind');
  const rows = list.map((one) => [
    one.exchangeId,
    one.role === 'sender' ? 'out' : 'in',
    one.peer,
    one.priority,
    one.state,
    one.patientState ?? '',
    one.updatedAt,
  ]);
  if (output.json) for (const one of list) output.record(one, '');
  else output.record({}, table([['exchange', 'way', 'peer', 'priority', 'state', 'patient', 'since'], ...rows]));
  return undefined;
}

async function job(output: Output, options: GlobalOptions, exchangeId: string): Promise<void> {
  const member = await runningMember(options);
  const detail = await member.job(exchangeId);
  output.record(detail, detailText(detail));
}

async function cancel(
  output: Output,
  options: GlobalOptions & { readonly reason: string },
  exchangeId: string,
): Promise<void> {
  const member = await runningMember(options);
  await member.cancel(exchangeId, operator(), options.reason);
  output.record({ cancelled: exchangeId }, `${exchangeId} is cancelled`);
}

async function release(output: Output, options: GlobalOptions, exchangeId: string): Promise<void> {
  const member = await runningMember(options);
  await member.release(exchangeId, operator());
  output.record({ released: exchangeId }, `${exchangeId} tries again`);
}

const HEADING = ['exchange', 'way', 'peer', 'priority', 'state', 'patient', 'decided by', 'instances', 'MB', 'reason'];

function lineOf(summary: JobSummary): readonly string[] {
  return [
    summary.exchangeId,
    summary.role === 'sender' ? 'out' : 'in',
    summary.peer,
    summary.priority,
    summary.state,
    summary.patientState ?? '',
    summary.decidedBy ?? '',
    String(summary.instances),
    (summary.bytes / 1e6).toFixed(1),
    summary.reason ?? '',
  ];
}

function detailText(detail: JobDetail): string {
  const quarantined = detail.quarantined.map((one) => `  ${one.sopInstanceUid}  ${one.code}`);
  return [
    table([HEADING, lineOf(detail)]),
    `study     ${detail.studyInstanceUid}`,
    ...(detail.transferId === undefined ? [] : [`transfer  ${detail.transferId}`]),
    `receipts  ${detail.receipts.map((receipt) => receipt.kind).join(', ') || 'none yet'}`,
    ...(detail.rewritten ?? []).map(({ from, instances, to }) => `decoded   ${instances} from ${from} to ${to}`),
    ...(quarantined.length > 0 ? ['quarantined', ...quarantined] : []),
    '',
    table([['seq', 'state', 'at'], ...detail.records.map((record) => [String(record.seq), record.type, record.at])]),
  ].join('\n');
}
