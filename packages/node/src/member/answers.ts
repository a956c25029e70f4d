/** What the member says of its exchanges: jobs, the worklist, decisions. */
import { ReconciliationError, TransferError } from '@interhosp/core/errors';
import { explain, type Decision } from '@interhosp/core/reconciliation';
import { PRIORITIES, type MemberId } from '@interhosp/core/study';
import { rewrittenOf } from '@interhosp/core/transfer';
import type { LiveExchange } from './live-exchange.ts';
import type { JobDetail, JobSummary, ReviewItem } from './member-api.ts';

/** One exchange in a line. */
export function jobSummary(x: LiveExchange): JobSummary {
  const { exchangeId, peer, priority, purpose, role, studyInstanceUid } = x.facts;
  const { held, isOver, patient } = x.state;
  const seal = x.recorded('SEALED');
  const expected =
    seal?.instances ?? x.recorded('DISCOVERED')?.instances ?? x.recorded('OFFER_SEEN')?.expectedInstances;
  const linked = x.recorded('LINKED');
  const reason = held?.code ?? x.recorded('CANCELLED')?.reason;
  return {
    attempt: x.state.attempt,
    bytes: seal?.bytes ?? x.progress.bytes,
    exchangeId,
    instances: seal?.instances ?? x.progress.instances,
    peer,
    priority,
    purpose,
    role,
    startedAt: x.history[0]?.at ?? '',
    state: held !== undefined && !isOver ? 'HELD' : x.state.stage,
    studyInstanceUid,
    updatedAt: x.history.at(-1)?.at ?? '',
    ...(expected === undefined ? {} : { instancesExpected: expected }),
    ...(linked === undefined ? {} : { decidedBy: linked.by }),
    ...(patient === undefined ? {} : { patientState: patient }),
    ...(reason === undefined ? {} : { reason }),
    ...(seal === undefined ? {} : { transferId: seal.transferId }),
  };
}

/** One exchange with everything that may be shown of it. */
export function jobDetail(x: LiveExchange): JobDetail {
  const receipts = (['R1_SIGNED', 'R2_SIGNED', 'REMOTE_DURABLE', 'REMOTE_CONFIRMED'] as const).flatMap((kind) => {
    const receipt = x.recorded(kind);
    return receipt === undefined ? [] : [{ envelope: receipt.envelope, kind }];
  });
  const atSource = x.recorded('SEALED')?.quarantined ?? [];
  const atFiling = x.recorded('CONFIRMED')?.instances.filter(({ status }) => status === 'quarantined') ?? [];
  const quarantined = [...atSource, ...atFiling].map(({ code, sopInstanceUid }) => ({
    code: code ?? 'unknown',
    sopInstanceUid,
  }));
  const rewritten = rewrittenOf(x.recorded('CONFIRMED')?.instances ?? []);
  return {
    ...jobSummary(x),
    quarantined,
    receipts,
    records: x.history,
    ...(rewritten.length > 0 && { rewritten }),
  };
}

/** Whether a person is asked about the patient of this exchange. */
export function isInReview({ state }: LiveExchange): boolean {
  return !state.isOver && (state.patient === 'REVIEW' || state.patient === 'AWAITING_PATIENT');
}

/** @throws {ReconciliationError} `RECONCILIATION_NOT_IN_REVIEW` */
export function mustBeInReview(x: LiveExchange | undefined): LiveExchange {
  if (x === undefined || !isInReview(x)) throw new ReconciliationError('RECONCILIATION_NOT_IN_REVIEW');
  return x;
}

/** The arrival beside its candidates, decided anew on what the directory says now. */
export function reviewItem(x: LiveExchange, decision: Decision): ReviewItem {
  const { header, sender } = x.required('OFFER_SEEN');
  const nearest =
    'nearest' in decision && decision.nearest !== undefined
      ? [{ patient: decision.nearest, probability: decision.probability }]
      : [];
  const linked = decision.zone === 'link' ? [{ patient: decision.patient, probability: decision.probability }] : [];
  const others = decision.runnersUp.map(({ patient, probability }) => ({ patient, probability }));
  const candidates = [...linked, ...nearest, ...others];
  const seen = new Set<string>();
  return {
    arrival: header.patient,
    candidates: candidates.filter(({ patient }) => !seen.has(patient.patientId.id) && seen.add(patient.patientId.id)),
    exchangeId: x.id,
    explanation: explain(decision),
    priority: x.facts.priority,
    probability: decision.probability,
    sender: sender satisfies MemberId,
    since: x.history.findLast(({ type }) => type === 'REVIEW' || type === 'AWAITING_PATIENT')?.at ?? '',
    state: x.state.patient ?? '',
    studyInstanceUid: x.facts.studyInstanceUid,
    ...(header.description === undefined ? {} : { description: header.description }),
  };
}

/** @throws {TransferError} `TRANSFER_STATE` when the exchange is past the point where a person can stop it. */
export function mustBeStoppable(x: LiveExchange): void {
  const { state } = x;
  if (state.isOver || state.has('REMOTE_DURABLE') || (state.has('STORING') && !hasFiledNothing(x))) {
    throw new TransferError('TRANSFER_STATE', { details: { exchangeId: x.id, state: state.stage } });
  }
}

/** Storing ends in a conflict only where not one instance could be filed; then it is held, and STORED not recorded. */
function hasFiledNothing({ state }: LiveExchange): boolean {
  return state.held?.code === 'TRANSFER_STUDY_CONFLICT' && !state.has('STORED');
}

/** Most pressing first, then longest waiting. */
export function byUrgency(one: ReviewItem, other: ReviewItem): number {
  const byPriority = PRIORITIES.indexOf(one.priority) - PRIORITIES.indexOf(other.priority);
  return byPriority !== 0 ? byPriority : one.since < other.since ? -1 : 1;
}
