/** `interhosp review`: the worklist of arrivals whose patient a person decides. */
import { ConfigError } from '@interhosp/core/errors';
import type { PatientTraits } from '@interhosp/core/study';
import type { Command } from 'commander';
import type { ReviewDecision, ReviewItem } from '../../member/member-api.ts';
import { action, operator, runningMember, withConfigOption, type GlobalOptions } from '../context.ts';
import { table, type Output } from '../output.ts';

/** Registers the command and its subcommands. */
export function reviewCommands(program: Command): void {
  const review = program.command('review').description('the worklist: arrived studies whose patient a person decides');
  withConfigOption(review.command('list')).description('list what waits, most pressing first').action(action(list));
  withConfigOption(review.command('show <exchangeId>'))
    .description('show one arrival beside the local patients it may belong to, with the reasons')
    .action(action(show));
  withConfigOption(review.command('link <exchangeId> <patientId>'))
    .description('file it under this local patient')
    .option('--by <person>', 'who decides (default: the account that runs this)')
    .action(action(link));
  withConfigOption(review.command('new <exchangeId>'))
    .description('say that the patient is not registered here yet; it waits until the patient is')
    .option('--by <person>', 'who decides (default: the account that runs this)')
    .action(action(awaitPatient));
  withConfigOption(review.command('reject <exchangeId>'))
    .description('refuse it: it is not filed here, and the sender is told')
    .requiredOption('--reason <text>', 'why; told to the sender as a code, kept here in words')
    .option('--by <person>', 'who decides (default: the account that runs this)')
    .action(action(reject));
}

type DecisionOptions = GlobalOptions & { readonly by?: string; readonly reason?: string };

async function list(output: Output, options: GlobalOptions): Promise<void> {
  const member = await runningMember(options);
  const items = await member.reviews();
  if (output.json) return items.forEach((item) => output.record(item, ''));
  const rows = items.map((item) => [
    item.exchangeId,
    item.sender,
    item.priority,
    item.state,
    nameOf(item.arrival),
    item.arrival.birthDate ?? '',
    String(item.candidates.length),
    item.since,
  ]);
  const heading = ['exchange', 'from', 'priority', 'state', 'name', 'born', 'candidates', 'since'];
  output.record({}, rows.length === 0 ? 'nothing waits for a person' : table([heading, ...rows]));
}

async function show(output: Output, options: GlobalOptions, exchangeId: string): Promise<void> {
  const member = await runningMember(options);
  const item = await member.review(exchangeId);
  output.record(item, reviewText(item));
}

function link(output: Output, options: DecisionOptions, exchangeId: string, patientId: string): Promise<void> {
  return decide(output, options, exchangeId, { by: options.by ?? operator(), kind: 'link', patientId });
}

function awaitPatient(output: Output, options: DecisionOptions, exchangeId: string): Promise<void> {
  return decide(output, options, exchangeId, { by: options.by ?? operator(), kind: 'new' });
}

function reject(output: Output, options: DecisionOptions, exchangeId: string): Promise<void> {
  const { reason } = options;
  if (reason === undefined) throw new ConfigError('CONFIG_USAGE', { details: { field: 'reason' } });
  return decide(output, options, exchangeId, { by: options.by ?? operator(), kind: 'reject', reason });
}

async function decide(
  output: Output,
  options: DecisionOptions,
  exchangeId: string,
  decision: ReviewDecision,
): Promise<void> {
  const member = await runningMember(options);
  await member.decide(exchangeId, decision);
  output.record({ decided: decision.kind, exchangeId }, `${exchangeId}: ${decision.kind}, recorded`);
}

function reviewText(item: ReviewItem): string {
  const heading = ['', 'patient ID', 'name', 'born', 'sex', 'national number', 'city', 'probability'];
  const arrival = ['arrival', item.arrival.patientId?.id ?? '', ...traits(item.arrival), ''];
  const rows = item.candidates.map(({ patient, probability }, index) => [
    `candidate ${index + 1}`,
    patient.patientId.id,
    ...traits(patient),
    probability.toFixed(6),
  ]);
  return [
    `${item.exchangeId} from ${item.sender}, ${item.priority}, ${item.description ?? 'no description'}`,
    '',
    table([heading, arrival, ...rows]),
    '',
    ...item.explanation.map((sentence) => `- ${sentence}`),
    '',
    `interhosp review link ${item.exchangeId} PATIENT_ID | review new ${item.exchangeId} | review reject ${item.exchangeId} --reason TEXT`,
  ].join('\n');
}

function traits(patient: PatientTraits): readonly string[] {
  return [
    nameOf(patient),
    patient.birthDate ?? '',
    patient.sex ?? '',
    patient.nationalNumber ?? '',
    patient.city ?? '',
  ];
}

function nameOf(patient: PatientTraits): string {
  const name = patient.name?.alphabetic;
  return name === undefined ? '' : `${name.family}, ${[name.given, name.middle].filter(Boolean).join(' ')}`;
}
