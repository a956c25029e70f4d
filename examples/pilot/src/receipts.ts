/**
 * Collects the receipts that the senders hold. Whose signature counts is read from the operator's own roster, not from a
 * member; whether they hold is for check-receipts.ts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acceptRoster, createRosterState, keysOfMember, type RosterState } from '@interhosp/core/federation';
import { parseMemberId } from '@interhosp/core/study';
import { adminClient, type JobDetail, type MemberApi } from '@interhosp/node';
import { checkReceipts, hashesAndSignatures, type StudyReceipts } from './check-receipts.ts';
import type { Federation } from './federation.ts';
import type { Sites } from './hospital.ts';
import type { MadeStudy } from './scenario.ts';
import { pause, type Stage } from './stage.ts';

/** Longest wait for the last receipt after the last study arrived. */
const RECEIPTS_MS = 30_000;
const ASK_EVERY_MS = 150;

/** Where receipts come from. */
export interface ReceiptScene {
  readonly stage: Stage;
  readonly sites: Sites;
  readonly studies: readonly MadeStudy[];
  readonly federation: Federation;
}

/** Collects and checks the receipts of every study. Studies that stay at home have no entry. */
export async function gatherReceipts(scene: ReceiptScene): Promise<ReadonlyMap<MadeStudy, StudyReceipts>> {
  const { federation, sites, stage, studies } = scene;
  const roster = await readRosterState(federation);
  const gathered = new Map<MadeStudy, StudyReceipts>();
  for (const made of studies) {
    const { expected, from } = made.plan;
    if (expected === undefined) continue;
    const job = await jobWithReceipts(await adminClient(sites[from].dataFolder), made, stage.signal);
    const receiver = parseMemberId(sites[expected.at].plan.member);
    const parties = {
      fedId: federation.id,
      sender: parseMemberId(sites[from].plan.member),
      receiver,
      keys: keysOfMember(roster, receiver, hashesAndSignatures),
    };
    const none = { proved: [], problems: ['the sender knows no exchange of it'] };
    gathered.set(made, job === undefined ? none : await checkReceipts(made, job, parties));
  }
  return gathered;
}

/** The sender's exchange of a study, once it holds both receipts or the time is up. */
async function jobWithReceipts(
  sender: MemberApi,
  made: MadeStudy,
  signal: AbortSignal,
): Promise<JobDetail | undefined> {
  const until = performance.now() + RECEIPTS_MS;
  for (;;) {
    const job = (await sender.jobs()).find(
      ({ role, studyInstanceUid }) => role === 'sender' && studyInstanceUid === made.studyInstanceUid,
    );
    const detail = job === undefined ? undefined : await sender.job(job.exchangeId);
    if ((detail?.receipts.length ?? 0) >= 2 || performance.now() > until) return detail;
    await pause(ASK_EVERY_MS, signal);
  }
}

async function readRosterState({ folder, id }: Federation): Promise<RosterState> {
  const envelopes = await Promise.all(['root.json', 'roster.json'].map((name) => readFile(join(folder, name))));
  const options = { crypto: hashesAndSignatures, nowMs: Date.now() };
  const { refused, state } = acceptRoster(createRosterState(id), envelopes, options);
  const [problem] = refused;
  if (problem !== undefined) throw problem;
  return state;
}
