/**
 * `interhosp reconcile`: the matching, tried on a hospital's own exports before it joins. Each arrival is decided as it is
 * read, and none is kept; with the truth, the decisions are judged.
 */
import {
  createEvaluation,
  MODELS,
  explain,
  POLICIES,
  PROFILES,
  reconcile,
  type Decision,
  type ReconcileOptions,
} from '@interhosp/core/reconciliation';
import { Option, type Command } from 'commander';
import { nodeClock } from '../../world/index.ts';
import { dayArgument } from '../arguments.ts';
import { action, callerPath, withGlobalOptions, type GlobalOptions } from '../context.ts';
import { mustBeFree, writeDecisions, type DecisionRow } from '../decisions-file.ts';
import type { Output } from '../output.ts';
import { createPatientFiles, type PatientFiles, type Truth } from '../patient-files.ts';
import { qualityText } from '../quality-text.ts';

type TryOptions = GlobalOptions & {
  readonly registry: string;
  readonly incoming: string;
  readonly out: string;
  readonly profile: keyof typeof PROFILES;
  readonly policy: keyof typeof POLICIES;
  readonly truth?: string;
  readonly day?: number;
  readonly explain?: boolean;
};

/** Registers the command. */
export function reconcileCommand(program: Command): void {
  withGlobalOptions(program.command('reconcile'))
    .description('try the matching of patients on your own exports: one decision an arrival; sends and stores nothing')
    .requiredOption('--registry <csv>', 'the patients registered here')
    .requiredOption('--incoming <csv>', 'the patients as arrivals name them')
    .requiredOption('--out <csv>', 'the decisions; only those of an earlier run are written over')
    .addOption(
      new Option('--profile <profile>', 'whose national number and names')
        .choices(Object.keys(PROFILES))
        .default('generic'),
    )
    .addOption(new Option('--policy <policy>', 'how sure a link is').choices(Object.keys(POLICIES)).default('strict'))
    .option('--truth <csv>', 'who each arrival is; shows how good the decisions are')
    .option('--day <day>', 'when the arrivals came, on which the age of newborns depends (default: today)', dayArgument)
    .option('--explain', 'show why, for each decision; shows patient data')
    .addHelpText('after', FILES)
    .action(action(tryMatching));
}

const FILES = `
Files have a header, and commas, semicolons, tabs or bars between their columns; columns may stand in any order, others are
left alone, and only the IDs must be there:
  registry, incoming  id, national_id, family, given, middle, birth_date (YYYY-MM-DD), sex (M, F, O), street, postcode,
                      city, phone, dicom_pn
  truth               incoming_id, registry_id (empty: not registered), also_ok (other IDs of that patient, with | between)
  out                 incoming_id, decision (link, review, new), registry_id (with review: the likeliest, if anybody is
                      near), probability (of that patient; without one, of nobody). An ID that begins with = + - @ gets an
                      apostrophe before it, since a spreadsheet would run it.`;

async function tryMatching(output: Output, options: TryOptions): Promise<void> {
  const [registryFile, incoming, out] = [options.registry, options.incoming, options.out].map(callerPath) as [
    string,
    string,
    string,
  ];
  const truthFile = options.truth === undefined ? undefined : callerPath(options.truth);
  await mustBeFree(out, [registryFile, incoming, ...(truthFile === undefined ? [] : [truthFile])]);
  const files = await createPatientFiles(new AbortController().signal);
  const profile = PROFILES[options.profile];
  const registry = await files.registry(registryFile, profile);
  const truth = truthFile === undefined ? undefined : await files.truth(truthFile, registry);
  const settings: ReconcileOptions = {
    model: MODELS[options.profile],
    names: registry.names,
    nowMs: options.day ?? nodeClock().now(),
    policy: POLICIES[options.policy],
    profile,
    registrySize: registry.size,
  };
  const tally = createTally(truth);
  const decisions = decide(files.arrivals(incoming), registry, settings);
  await writeDecisions(out, told(decisions, tally, options.explain === true ? output : undefined));
  report(output, tally, settings, out);
}

/** One arrival with its decision. */
interface Decided {
  readonly arrivalId: string;
  readonly decision: Decision;
}

async function* decide(
  arrivals: ReturnType<PatientFiles['arrivals']>,
  registry: Awaited<ReturnType<PatientFiles['registry']>>,
  settings: ReconcileOptions,
): AsyncGenerator<Decided, void, undefined> {
  for await (const arrival of arrivals)
    yield { arrivalId: arrival.patientId.id, decision: reconcile(arrival, registry.candidates(arrival), settings) };
}

/** The rows of the decisions, counted on their way and, where `explained` is given, told there. */
async function* told(
  decisions: AsyncIterable<Decided>,
  tally: Tally,
  explained: Output | undefined,
): AsyncGenerator<DecisionRow, void, undefined> {
  for await (const { arrivalId, decision } of decisions) {
    tally.add(arrivalId, decision);
    const { probability, zone } = decision;
    const row = { arrivalId, probability, registryId: registryIdOf(decision), zone };
    if (explained !== undefined) tell(explained, row, decision);
    yield row;
  }
}

function registryIdOf(decision: Decision): string {
  if (decision.zone === 'link') return decision.patient.patientId.id;
  return decision.zone === 'review' ? (decision.nearest?.patientId.id ?? '') : '';
}

function tell(output: Output, { arrivalId, probability, registryId, zone }: DecisionRow, decision: Decision): void {
  const sentences = explain(decision);
  output.record(
    { incomingId: arrivalId, decision: zone, registryId, probability, explanation: sentences },
    [`${arrivalId}  ${zone}  ${registryId}`.trimEnd(), ...sentences.map((sentence) => `- ${sentence}`), ''].join('\n'),
  );
}

interface Tally {
  readonly decisions: Record<Decision['zone'], number>;
  readonly truth: Truth | undefined;
  /** Arrivals of which the truth says nothing. */
  unjudged: number;
  readonly evaluation: ReturnType<typeof createEvaluation>;
  add(arrivalId: string, decision: Decision): void;
}

function createTally(truth: Truth | undefined): Tally {
  return {
    decisions: { link: 0, review: 0, new: 0 },
    truth,
    unjudged: 0,
    evaluation: createEvaluation(),
    add(arrivalId, decision) {
      this.decisions[decision.zone]++;
      const ids = truth?.of(arrivalId);
      if (ids === undefined) this.unjudged++;
      else this.evaluation.add(arrivalId, decision, ids);
    },
  };
}

function report(
  output: Output,
  tally: Tally,
  { model, policy, profile, registrySize }: ReconcileOptions,
  out: string,
): void {
  const { decisions, evaluation, truth, unjudged } = tally;
  const arrivals = decisions.link + decisions.review + decisions.new;
  const figures = truth === undefined ? undefined : evaluation.figures();
  const sentence = `${arrivals} arrivals against ${registrySize} patients, profile ${profile.name}, policy ${policy.name}: ${decisions.link} link, ${decisions.review} review, ${decisions.new} new; in ${out}`;
  output.record(
    {
      arrivals,
      registered: registrySize,
      decisions,
      profile: profile.name,
      policy: policy.name,
      modelVersion: model.version,
      ...(figures !== undefined && { quality: { ...figures, unjudged, notRegistered: truth?.notRegistered ?? 0 } }),
    },
    figures === undefined ? sentence : [sentence, '', qualityText(figures)].join('\n'),
  );
  if (truth === undefined) return;
  if (unjudged > 0) output.notice(`arrivals that have no row in the truth, and are not judged: ${unjudged}`);
  if (truth.notRegistered > 0)
    output.notice(
      `rows of the truth with IDs that the registry does not hold, so that their arrivals count as not registered: ${truth.notRegistered}; check that both write IDs alike`,
    );
}
