/**
 * The study in doubt: it waits on the worklist until a person decides. The person is played by the `interhosp` command,
 * with what it prints shown as it is.
 */
import { adminClient, type ReviewItem } from '@interhosp/node';
import { isListedWhole, type PacsClients } from './evidence.ts';
import type { HospitalSite, Sites } from './hospital.ts';
import { interhosp } from './interhosp.ts';
import type { MadeStudy, StudyPlan } from './scenario.ts';
import { pause, type Stage } from './stage.ts';
import type { Story } from './story.ts';
import type { Watch } from './watch.ts';

/** Longest wait for a study to show up on the worklist. */
const WORKLIST_MS = 60_000;
const ASK_EVERY_MS = 200;
/** Who decides, in the journal. */
const CLERK = 'reception-desk';

/** What a decision needs. */
export interface DecisionScene {
  readonly story: Story;
  readonly stage: Stage;
  readonly sites: Sites;
  readonly studies: readonly MadeStudy[];
  readonly pacs: PacsClients;
  readonly watch: Watch;
}

/**
 * Decides every study that the story leaves to a person.
 *
 * @returns Those that were not in the receiving PACS before the command, so that it was the person's decision that filed them.
 */
export async function decideOnWorklist(scene: DecisionScene): Promise<ReadonlySet<MadeStudy>> {
  const decided = new Set<MadeStudy>();
  for (const made of scene.studies) {
    const { expected } = made.plan;
    if (expected?.by !== 'a person') continue;
    const item = await waitOnWorklist(made, scene.sites[expected.at], scene.stage.signal);
    scene.watch.pause();
    scene.story.chapter('One is in doubt: it waits for a person');
    if (item === undefined) {
      scene.story.say(`✗ ${made.plan.title} did not reach the worklist`);
      continue;
    }
    const filedBefore = await isListedWhole(made, scene.pacs[expected.at]);
    await decide(scene, item, made.plan, expected);
    scene.story.say();
    scene.watch.resume();
    if (!filedBefore) decided.add(made);
  }
  return decided;
}

async function waitOnWorklist(
  made: MadeStudy,
  site: HospitalSite,
  signal: AbortSignal,
): Promise<ReviewItem | undefined> {
  const member = await adminClient(site.dataFolder);
  const until = performance.now() + WORKLIST_MS;
  while (performance.now() < until) {
    const item = (await member.reviews()).find((each) => each.studyInstanceUid === made.studyInstanceUid);
    if (item !== undefined) return item;
    await pause(ASK_EVERY_MS, signal);
  }
  return undefined;
}

async function decide(
  { sites, stage, story }: DecisionScene,
  item: ReviewItem,
  plan: StudyPlan,
  expected: NonNullable<StudyPlan['expected']>,
): Promise<void> {
  const site = sites[expected.at];
  const type = async (...args: readonly string[]) => {
    const { stdout } = await interhosp(stage.processes, ...args, '--config', site.config);
    story.command(`interhosp ${args.join(' ')}`, stdout);
  };
  await type('review', 'show', item.exchangeId);
  story.say();
  story.say(`${plan.doubt ?? 'The person looks at the evidence'}. So it is decided, by name:`);
  await type('review', 'link', item.exchangeId, expected.patient.patientId.id, '--by', CLERK);
}
