/** The story of the demonstration, from an empty folder to the table at its end. */
import { join } from 'node:path';
import { adminClient } from '@interhosp/node';
import { gatherEvidence, isListedWhole, strangersIn, type PacsClients, type StudyEvidence } from './evidence.ts';
import { foundFederation, type Federation } from './federation.ts';
import { siteOf, type HospitalSite, type Sites } from './hospital.ts';
import { startMember } from './interhosp.ts';
import type { DemoOptions } from './options.ts';
import type { StudyReceipts } from './check-receipts.ts';
import { pacsClient } from './pacs-client.ts';
import { freePort, startPacs } from './pacs-start.ts';
import type { Running } from './processes.ts';
import { gatherReceipts } from './receipts.ts';
import { decideOnWorklist } from './review.ts';
import { HOSPITALS, makeStudy, STUDIES, type HospitalKey, type MadeStudy } from './scenario.ts';
import { pause, unlessAborted, type Stage } from './stage.ts';
import { megabytes, table, type Story } from './story.ts';
import { watchArrivals } from './watch.ts';

/** Longest wait for studies to arrive; on an idle machine they take a few seconds. */
const ARRIVAL_MS = 120_000;
const ASK_EVERY_MS = 150;

/** What a run comes to; `sent`, `filed` and `lost` as the PACS say, `receipts` as their signatures say. */
export interface DemoFigures {
  /** Studies that had to leave and of which the receiver signed that it holds every byte. */
  readonly sent: number;
  /** Studies that the other PACS holds, unaltered, under the right patient. */
  readonly filed: number;
  /** Of these, the ones that were not in the PACS before a person decided. */
  readonly review: number;
  /** Studies that had to leave and are not filed. */
  readonly lost: number;
  /** Receipts whose signature verifies under the receiver's key in the roster; two a study. */
  readonly receipts: number;
  /** Studies that no rule matched, and that stayed at home. */
  readonly stayed: number;
  /** Anything that is not as it must be. */
  readonly problems: number;
  /** From the first program started to the last answer. */
  readonly seconds: number;
}

/** A played story. */
export interface Played {
  readonly figures: DemoFigures;
  /** Says how to look around, and waits until somebody presses Ctrl-C. */
  readonly keep: () => Promise<void>;
}

/** Plays the story. */
export async function play(stage: Stage, story: Story, options: DemoOptions): Promise<Played> {
  const startedMs = performance.now();
  story.say(`Interhosp: two hospitals on this machine, in ${stage.folder}`);

  story.chapter('Two hospitals, each with its PACS, its patients and its member');
  const { federation, members, pacs, sites } = await openHospitals(stage, story, options);
  const died = Promise.race(members.map((member) => member.died));
  // Heard of wherever somebody waits.
  died.catch(() => {});

  story.chapter('Studies are made, as on any day');
  const studies = STUDIES.map((plan) => makeStudy(plan, stage.folder));
  for (const made of studies) await work(pacs[made.plan.from].store(made.instances));
  const storedMs = performance.now();
  story.say(table([['study', 'made at', 'instances', 'size', 'and'], ...studies.map(madeRow)]));

  story.chapter('By rule, they leave by themselves');
  const watch = await watchArrivals(story, dataFoldersOf(sites), studies);
  const arrivals = await work(waitForArrivals(studies, pacs, storedMs, stage.signal, (by) => by !== 'a person'));
  const decided = await work(decideOnWorklist({ story, stage, sites, studies, pacs, watch }));
  const decidedArrivals = await work(waitForArrivals(studies, pacs, storedMs, stage.signal, (by) => by === 'a person'));
  await watch.stop();

  story.chapter('What both PACS hold now, and what the receipts prove');
  const receipts = await work(gatherReceipts({ stage, sites, studies, federation }));
  const evidence = await work(gatherAll(studies, pacs));
  const strangers = [...(await strangersIn(pacs.chu, studies)), ...(await strangersIn(pacs.chr, studies))];
  const figures = count({ evidence, receipts, decided, strangers, startedMs });
  tellResult(story, evidence, receipts, new Map([...arrivals, ...decidedArrivals]), figures);
  return { figures, keep: () => keep(story, stage, sites) };

  /** Ends with the member that died, or with Ctrl-C, whichever comes first. */
  function work<T>(promise: Promise<T>): Promise<T> {
    return unlessAborted(Promise.race([promise, died]), stage.signal);
  }
}

const PROTOCOL_NAMES = { dicomweb: 'DICOMweb', dimse: 'DIMSE' } as const;

interface OpenHospitals {
  readonly sites: Sites;
  readonly pacs: PacsClients;
  readonly members: readonly Running[];
  readonly federation: Federation;
}

async function openHospitals(stage: Stage, story: Story, options: DemoOptions): Promise<OpenHospitals> {
  const { folder, processes, signal } = stage;
  const open = async (key: HospitalKey) => {
    const { short } = HOSPITALS[key];
    const pacs = await startPacs(options, `PACS of the ${short}`, join(folder, `${key}-pacs`), processes);
    const site = siteOf(key, folder, `/ip4/127.0.0.1/tcp/${await freePort()}`, pacs);
    return { site, pacs };
  };
  const [chu, chr] = await unlessAborted(Promise.all([open('chu'), open('chr')]), signal);
  const sites: Sites = { chu: chu.site, chr: chr.site };
  const federation = await unlessAborted(foundFederation(processes, folder, sites), signal);
  const members = await unlessAborted(Promise.all([start(stage, chu.site), start(stage, chr.site)]), signal);
  const what = options.pacs === 'orthanc' ? `Orthanc over ${PROTOCOL_NAMES[options.protocol]}` : 'embedded';
  const rows = [chu, chr].map(({ pacs, site }, index) => [
    site.plan.name,
    `${what}, process ${pacs.running.pid}, ${pacs.url}`,
    `${members[index]?.peerId.slice(-8)}, process ${members[index]?.running.pid}`,
    String(site.plan.patients.length),
  ]);
  story.say(table([['hospital', 'PACS', 'member', 'patients'], ...rows]));
  story.say(`federation ${federation.id.slice(0, 16)}…, roster signed by its operator: these two and nobody else`);
  return {
    sites,
    pacs: { chu: pacsClient(chu.pacs.url), chr: pacsClient(chr.pacs.url) },
    members: members.map(({ running }) => running),
    federation,
  };
}

async function start(
  stage: Stage,
  site: HospitalSite,
): Promise<{ readonly running: Running; readonly peerId: string }> {
  const title = `member of the ${site.plan.short}`;
  const running = startMember(stage.processes, title, site.config, join(stage.folder, `${site.plan.key}-member.log`));
  const { peerId } = await running.ready();
  return { running, peerId: String(peerId) };
}

function dataFoldersOf(sites: Sites): Readonly<Record<HospitalKey, string>> {
  return { chu: sites.chu.dataFolder, chr: sites.chr.dataFolder };
}

function madeRow({ bytes, instances, plan }: MadeStudy): readonly string[] {
  return [plan.title, HOSPITALS[plan.from].short, String(instances.length), megabytes(bytes), plan.because];
}

/** Seconds from the store at home until the other PACS listed every instance; what never arrives has no entry. */
async function waitForArrivals(
  studies: readonly MadeStudy[],
  pacs: PacsClients,
  storedMs: number,
  signal: AbortSignal,
  isWaitedFor: (by: string) => boolean,
): Promise<ReadonlyMap<MadeStudy, number>> {
  const arrived = new Map<MadeStudy, number>();
  const waiting = studies.filter(({ plan }) => plan.expected !== undefined && isWaitedFor(plan.expected.by));
  while (arrived.size < waiting.length && performance.now() < storedMs + ARRIVAL_MS) {
    for (const made of waiting) {
      const { expected } = made.plan;
      if (expected === undefined || arrived.has(made)) continue;
      if (await isListedWhole(made, pacs[expected.at])) arrived.set(made, (performance.now() - storedMs) / 1000);
    }
    await pause(ASK_EVERY_MS, signal);
  }
  return arrived;
}

async function gatherAll(studies: readonly MadeStudy[], pacs: PacsClients): Promise<readonly StudyEvidence[]> {
  const evidence: StudyEvidence[] = [];
  for (const made of studies) evidence.push(await gatherEvidence(made, pacs));
  return evidence;
}

function count(all: {
  readonly evidence: readonly StudyEvidence[];
  readonly receipts: ReadonlyMap<MadeStudy, StudyReceipts>;
  readonly decided: ReadonlySet<MadeStudy>;
  readonly strangers: readonly string[];
  readonly startedMs: number;
}): DemoFigures {
  const mustLeave = all.evidence.filter(({ made }) => made.plan.expected !== undefined);
  const filed = mustLeave.filter((study) => study.filed);
  const receipts = [...all.receipts.values()];
  const problems =
    all.strangers.length +
    all.evidence.reduce((sum, study) => sum + study.problems.length, 0) +
    receipts.reduce((sum, study) => sum + study.problems.length, 0);
  return {
    sent: mustLeave.filter(({ made }) => all.receipts.get(made)?.proved.includes('R1') === true).length,
    filed: filed.length,
    review: filed.filter(({ made }) => all.decided.has(made)).length,
    lost: mustLeave.length - filed.length,
    receipts: receipts.reduce((sum, study) => sum + study.proved.length, 0),
    stayed: all.evidence.filter(({ made, problems: own }) => made.plan.expected === undefined && own.length === 0)
      .length,
    problems,
    seconds: Math.round((performance.now() - all.startedMs) / 100) / 10,
  };
}

function tellResult(
  story: Story,
  evidence: readonly StudyEvidence[],
  receipts: ReadonlyMap<MadeStudy, StudyReceipts>,
  seconds: ReadonlyMap<MadeStudy, number>,
  figures: DemoFigures,
): void {
  const heading = ['study', 'way', 'now under', 'decided by', 'intact', 'receipts', 'seconds'];
  const rows = evidence.map(({ filed, intact, made }) => {
    const { expected, from, title } = made.plan;
    if (expected === undefined) return [title, `stays at the ${HOSPITALS[from].short}`, '', '', '', '', ''];
    return [
      title,
      `${HOSPITALS[from].short} ▶ ${HOSPITALS[expected.at].short}`,
      filed ? expected.patient.patientId.id : 'NOT FILED',
      filed ? expected.by : '',
      `${intact} of ${made.instances.length}`,
      receipts.get(made)?.proved.join(' ') ?? '',
      seconds.get(made)?.toFixed(1) ?? '',
    ];
  });
  story.say(table([heading, ...rows]));
  for (const { made, problems } of evidence)
    for (const problem of problems) story.say(`✗ ${made.plan.title}: ${problem}`);
  for (const [made, { problems }] of receipts)
    for (const problem of problems) story.say(`✗ ${made.plan.title}: ${problem}`);
  const { filed, lost, receipts: proved, review, sent, seconds: total } = figures;
  story.say();
  story.say(
    `${sent} studies sent, ${filed} filed, ${review} of them decided by a person, ${lost} lost, ${proved} receipts verified, ${total} s.\n` +
      'Asked from both PACS over DICOMweb, every instance compared byte for byte, every signature checked.',
  );
  if (figures.problems === 0) story.say('\nLook closer: add --keep to leave both hospitals running.');
}

async function keep(story: Story, stage: Stage, sites: Sites): Promise<void> {
  story.chapter('Both hospitals keep running');
  for (const { config, pacsUrl, plan } of Object.values(sites)) {
    const status = await (await adminClient(sites[plan.key].dataFolder)).status();
    const command = (text: string) => `npx -y pnpm@10 interhosp ${text} --config ${config}`;
    story.say(`${plan.name}: roster version ${status.rosterVersion}, PACS at ${pacsUrl}`);
    story.say(`${['jobs', 'review list', 'job EXCHANGE_ID'].map(command).join('\n')}\n`);
  }
  story.say(
    'Logs, journals and configurations are in the folder named above.\nCtrl-C stops everything and removes it.',
  );
  await new Promise<void>((resolve) => stage.signal.addEventListener('abort', () => resolve(), { once: true }));
}
