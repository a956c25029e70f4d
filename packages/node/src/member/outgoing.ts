/** Studies on their way into an exchange: what the rules say of a complete one, and its durable acceptance. */
import type { Uid } from '@interhosp/core/dicom';
import type { IsPassedOn, PushedStudy } from '@interhosp/core/pacs';
import { rosterPolicy, route, type Outcome, type RuleSet } from '@interhosp/core/routing';
import type { MemberId, Priority, Purpose, StudyHeader } from '@interhosp/core/study';
import type { SendReason } from '@interhosp/core/transfer';
import type { Clock, Log } from '@interhosp/core/world';
import type { CompleteStudy } from '../journey/discovery.ts';
import { crashpoint } from '../world/index.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { Parts } from './parts.ts';

/** A study that shall go to a member, and why. */
export interface AcceptedStudy {
  readonly because: SendReason;
  readonly header: StudyHeader;
  /** What the PACS holds now. */
  readonly instances: number;
  readonly priority: Priority;
  readonly purpose: Purpose;
  readonly to: MemberId;
}

/** The way into an exchange. */
export interface Outgoing {
  /** Begins the exchange; durable on return. */
  accept(study: AcceptedStudy): Promise<LiveExchange>;
  /** Asks the rules and accepts what they send. False when a schedule or a policy says to ask again. */
  route(study: CompleteStudy): Promise<boolean>;
  /** Asks the rules about a study that may still grow, and accepts what they send as an emergency. */
  hurry(study: CompleteStudy): Promise<'none' | 'sent' | 'later'>;
  /** A study that was filed here for another member does not leave by itself; an offer alone says nothing. */
  cameFromElsewhere(studyInstanceUid: Uid): boolean;
  /**
   * Whether whoever shall have a study that was pushed to us has it: nothing of it is under way, and each member that the rules
   * send it to confirmed as many instances, or a person ended that. What no rule sends or proposes, and what came from another
   * member, is to go to nobody.
   */
  isPassedOn: IsPassedOn;
}

/** What it works with. */
export interface OutgoingPorts extends Pick<Parts, 'documents' | 'ledger' | 'rules' | 'spool'> {
  readonly self: MemberId;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs the journey of a new exchange. */
  readonly begin: (x: LiveExchange) => void;
}

/** Makes the way into exchanges of one member. */
export function createOutgoing(ports: OutgoingPorts): Outgoing {
  return {
    accept: (study) => accept(study, ports),
    cameFromElsewhere: (uid) => cameFromElsewhere(uid, ports),
    hurry: (study) => hurryStudy(study, ports),
    isPassedOn: (study) => isPassedOn(study, ports),
    route: (study) => routeStudy(study, ports),
  };
}

function cameFromElsewhere(uid: Uid, { ledger }: OutgoingPorts): boolean {
  return ledger.ofStudy(uid).some((x) => x.facts.role === 'receiver' && x.state.has('CONFIRMED'));
}

function askRules(header: StudyHeader, { clock, documents, self }: OutgoingPorts, rules: RuleSet) {
  const members = (documents.state().roster?.document.orgs ?? []).filter(({ state }) => state === 'active');
  return route(header, rules, {
    members: members.map(({ orgId }) => orgId),
    nowMs: clock.now(),
    policy: rosterPolicy(() => documents.state()),
    practitioners: documents.practitioners(),
    self,
  });
}

/** What is there of an emergency goes at once; the rest makes an exchange that supersedes this one. */
async function hurryStudy(
  { header, instances }: CompleteStudy,
  ports: OutgoingPorts,
): Promise<'none' | 'sent' | 'later'> {
  const { clock, log, rules } = ports;
  if (rules?.isLive !== true) return 'none';
  const { deferred, destinations } = await askRules(header, ports, rules.version.rules);
  const isEmergency = ({ priority }: { readonly priority: Priority }) => priority === 'emergency';
  const nowMs = clock.now();
  const open = destinations.filter((each) => isEmergency(each) && (each.notBeforeMs ?? 0) <= nowMs);
  for (const { member, priority, purpose, ruleId } of open) {
    if (isSent(header.studyInstanceUid, member, instances, ports)) continue;
    log.write('info', 'routing.emergency.growing', { instances, member, ruleId });
    await accept({ because: { kind: 'rule', ruleId }, header, instances, priority, purpose, to: member }, ports);
  }
  if (deferred.some(isEmergency)) return 'later';
  return open.length > 0 ? 'sent' : 'none';
}

async function routeStudy({ header, instances }: CompleteStudy, ports: OutgoingPorts): Promise<boolean> {
  const { clock, log, rules } = ports;
  if (rules === undefined) return true;
  const nowMs = clock.now();
  const { deferred, destinations, proposals } = await askRules(header, ports, rules.version.rules);
  const note = (event: string, { member, ruleId }: { readonly member: string; readonly ruleId: string }) =>
    log.write('info', event, { member, ruleId, studyInstanceUid: header.studyInstanceUid });
  for (const proposal of proposals) note('routing.proposed', proposal);
  for (const deferral of deferred) note('routing.deferred', deferral);
  if (!rules.isLive) {
    for (const destination of destinations) note('routing.not-approved', destination);
    return true;
  }
  const open = destinations.filter(({ notBeforeMs = 0 }) => notBeforeMs <= nowMs);
  for (const { member, priority, purpose, ruleId } of open) {
    if (isSent(header.studyInstanceUid, member, instances, ports)) continue;
    await accept({ because: { kind: 'rule', ruleId }, header, instances, priority, purpose, to: member }, ports);
  }
  return deferred.length === 0 && open.length === destinations.length;
}

/** Sent to this member with as many instances; also one that a person ended since, and one that is erased here. */
function isSent(uid: Uid, member: MemberId, instances: number, { ledger }: OutgoingPorts): boolean {
  const sent = ledger.ofStudy(uid).filter(({ facts }) => facts.role === 'sender' && facts.peer === member);
  return sent.some(({ facts }) => (facts.instances ?? 0) >= instances);
}

/** What may be otherwise tomorrow, when a roster is fresh again or a member is back. */
const PASSING_OUTCOMES: ReadonlySet<Outcome> = new Set(['no-members', 'no-such-member', 'refused-by-policy']);

async function isPassedOn(study: PushedStudy, ports: OutgoingPorts): Promise<boolean> {
  const { header, instances, receivedMs, studyInstanceUid } = study;
  const sent = ports.ledger.ofStudy(studyInstanceUid).filter(({ facts }) => facts.role === 'sender');
  if (sent.some(({ state }) => !state.isOver)) return false;
  if (ports.rules === undefined || cameFromElsewhere(studyInstanceUid, ports)) return true;
  const { deferred, destinations, proposals, trace } = await askRules(header, ports, ports.rules.version.rules);
  if (deferred.length + proposals.length > 0) return false;
  if (trace.some(({ outcome }) => PASSING_OUTCOMES.has(outcome))) return false;
  // Whatever came after an exchange began is not in it, nor is anything in one that was given up.
  const whole = sent.filter(
    ({ facts, history, state }) =>
      Date.parse(history[0]?.at ?? '') >= receivedMs && (facts.instances ?? 0) >= instances && !state.has('EXPIRED'),
  );
  return destinations.every(({ member }) => whole.some(({ facts }) => facts.peer === member));
}

async function accept(study: AcceptedStudy, { begin, ledger, log, spool }: OutgoingPorts): Promise<LiveExchange> {
  const { because, header, instances, priority, purpose, to } = study;
  const { studyInstanceUid } = header;
  const previous = ledger
    .ofStudy(studyInstanceUid)
    .findLast((x) => x.facts.role === 'sender' && x.facts.peer === to && x.recorded('SEALED') !== undefined);
  const supersedes = previous?.recorded('SEALED')?.transferId;
  crashpoint('C1', 'sender');
  const x = await ledger.begin(
    { instances, peer: to, priority, purpose, role: 'sender', studyInstanceUid },
    'DISCOVERED',
    {
      because,
      header,
      instances,
      priority,
      purpose,
      receiver: to,
      ...(supersedes === undefined ? {} : { supersedes }),
    },
  );
  await spool.create(x.id);
  log.write('info', 'exchange.accepted', { exchangeId: x.id, member: to, priority });
  begin(x);
  return x;
}
