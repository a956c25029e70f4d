/**
 * Where a study goes by itself, and why. Every rule is tried for every member it might send to, and every attempt leaves a
 * line, also where nothing came of it: a study that stayed at home is explained like one that left.
 *
 * When several rules name one member, the one that may send now goes before one that waits for its schedule, then the
 * higher priority, then the earlier in the file. A study is never sent to its own hospital or back where it came from.
 */
import type { PractitionerDirectories } from '../federation/practitioners.ts';
import { errorCodeOf } from '../errors/interhosp-error.ts';
import type { MemberId } from '../study/identifiers.ts';
import { PRIORITIES, type Priority, type Purpose } from '../study/study.ts';
import type { AccessPolicy } from './access-policy.ts';
import type { RoutableStudy } from './attributes.ts';
import { evaluate, negated, type Trial, type Verdict } from './evaluate.ts';
import type { Rule, RuleSet } from './rule-set.ts';
import { nextOpeningMs } from './schedule.ts';

/** What {@link route} needs to know of the world. */
export interface RouteContext {
  /** This hospital. */
  readonly self: MemberId;
  /** The members that may be sent to now: active ones of the roster. */
  readonly members: readonly MemberId[];
  readonly practitioners: PractitionerDirectories;
  /** Asked once for each send, in the order of the destinations; see `everyPolicy` and `rosterPolicy`. */
  readonly policy: AccessPolicy;
  readonly nowMs: number;
  /** The member the study was received from, when it came through the federation. */
  readonly cameFrom?: MemberId;
  readonly signal?: AbortSignal;
}

/** A member that a rule names for a study. */
export interface Proposal {
  readonly member: MemberId;
  readonly priority: Priority;
  readonly purpose: Purpose;
  readonly ruleId: string;
  /** Reasons without any value of the study. */
  readonly because: readonly string[];
}

/** A member that the study is sent to. */
export interface Destination extends Proposal {
  /** Not before this instant; absent when at once. */
  readonly notBeforeMs?: number;
  /** Further rules that name this member, by ID. */
  readonly alsoRules: readonly string[];
}

/** A send that a policy could not decide on: ask again later. `reason` is the error's code, or `policy-failed`. */
export interface Deferral extends Proposal {
  readonly reason: string;
}

/** What became of one rule for one member. */
export type Outcome =
  | 'sent'
  /** Overtaken by another rule for the same member. */
  | 'outranked'
  /** Waits for a person: the evidence does not suffice to send. */
  | 'proposed'
  | 'not-matched'
  | 'excepted'
  | 'own-hospital'
  | 'came-from-there'
  | 'no-such-member'
  | 'refused-by-policy'
  | 'deferred'
  /** There is no member it could be tried for. */
  | 'no-members';

/** One line of the explanation. */
export interface TraceEntry {
  readonly ruleId: string;
  readonly member?: MemberId;
  readonly outcome: Outcome;
  readonly because: readonly string[];
}

/** The whole decision. */
export interface RoutingDecision {
  readonly destinations: readonly Destination[];
  /** For a person to send or dismiss; members that are destinations already are not proposed. */
  readonly proposals: readonly Proposal[];
  readonly deferred: readonly Deferral[];
  /** Every rule at least once, in the order of the file. */
  readonly trace: readonly TraceEntry[];
}

/**
 * Decides where a study goes.
 *
 * @param rules - A set that is live; see `isLive`.
 * @throws The signal's reason when aborted. A policy that fails defers its send and throws nothing.
 */
export async function route(study: RoutableStudy, rules: RuleSet, context: RouteContext): Promise<RoutingDecision> {
  const attempts = rules.rules.flatMap((rule, index) => tryRule(rule, index, study, rules, context));
  const settled = new Map<Attempt, Partial<TraceEntry>>();
  const destinations: Destination[] = [];
  const deferred: Deferral[] = [];
  for (const rivals of byMember(attempts.filter(({ outcome }) => outcome === 'sent'))) {
    const result = await settle(rivals, study, context, settled);
    if (result?.kind === 'send') destinations.push(result.destination);
    if (result?.kind === 'defer') deferred.push(result.deferral);
  }
  const taken = new Set([...destinations, ...deferred].map(({ member }) => member));
  const proposals = byMember(attempts.filter(({ outcome }) => outcome === 'proposed'))
    .map((rivals) => proposalOf(rivals[0] as Attempt))
    .filter(({ member }) => !taken.has(member));
  return {
    destinations,
    proposals,
    deferred,
    trace: attempts.map((attempt) => traceOf(attempt, settled.get(attempt))),
  };
}

/** One rule tried for one member, before rivals and policies are looked at. */
interface Attempt {
  readonly rule: Rule;
  readonly index: number;
  /** Absent only with `no-members`. */
  readonly member?: MemberId;
  readonly outcome: Outcome;
  readonly because: readonly string[];
  readonly openMs: number;
}

function tryRule(
  rule: Rule,
  index: number,
  study: RoutableStudy,
  rules: RuleSet,
  context: RouteContext,
): readonly Attempt[] {
  const { self, members, practitioners, nowMs } = context;
  const candidates = rule.to === 'each-member' ? members.filter((member) => member !== self) : rule.to;
  if (candidates.length === 0) {
    return [{ rule, index, outcome: 'no-members', because: ['the federation has no other member'], openMs: nowMs }];
  }
  return candidates.map((member): Attempt => {
    const barred = barredOutcome(member, context);
    if (barred !== undefined) return { rule, index, member, ...barred, openMs: nowMs };
    const trial: Trial = {
      study,
      destination: member,
      directories: practitioners,
      scheme: rules.practitionerNumbers,
      nowMs,
    };
    return { rule, index, member, ...tryMember(rule, trial), openMs: openingOf(rule, nowMs) };
  });
}

function barredOutcome(
  member: MemberId,
  { self, members, cameFrom }: RouteContext,
): Pick<Attempt, 'outcome' | 'because'> | undefined {
  if (member === self) return { outcome: 'own-hospital', because: [`${member} is this hospital`] };
  if (member === cameFrom) return { outcome: 'came-from-there', because: [`the study was received from ${member}`] };
  if (!members.includes(member)) return { outcome: 'no-such-member', because: [`${member} is not an active member`] };
  return undefined;
}

function tryMember(rule: Rule, trial: Trial): Pick<Attempt, 'outcome' | 'because'> {
  const when = evaluate(rule.when, trial);
  if (when.truth === 'no') return { outcome: 'not-matched', because: when.because };
  const exceptions = rule.except.map((exception) => negated(evaluate(exception, trial)));
  const excepted = exceptions.find(({ truth }) => truth === 'no');
  if (excepted !== undefined) return { outcome: 'excepted', because: excepted.because };
  const open = [when, ...exceptions].filter(({ truth }) => truth === 'unknown');
  if (open.length > 0) return { outcome: 'proposed', because: reasonsOf(open) };
  return { outcome: 'sent', because: when.because };
}

function reasonsOf(verdicts: readonly Verdict[]): readonly string[] {
  return verdicts.flatMap(({ because }) => because);
}

/** An emergency waits for no schedule. */
function openingOf({ schedule, priority }: Rule, nowMs: number): number {
  return schedule === undefined || priority === 'emergency' ? nowMs : nextOpeningMs(schedule, nowMs);
}

/** Attempts grouped by member, in the order in which members first appear; within a group the one to prefer first. */
function byMember(attempts: readonly Attempt[]): readonly (readonly Attempt[])[] {
  const groups = new Map<MemberId | undefined, Attempt[]>();
  for (const attempt of attempts) groups.set(attempt.member, [...(groups.get(attempt.member) ?? []), attempt]);
  return [...groups.values()].map((group) => group.sort(preference));
}

function preference(a: Attempt, b: Attempt): number {
  const rank = ({ rule }: Attempt): number => PRIORITIES.indexOf(rule.priority);
  return a.openMs - b.openMs || rank(a) - rank(b) || a.index - b.index;
}

type Settlement =
  | { readonly kind: 'send'; readonly destination: Destination }
  | { readonly kind: 'defer'; readonly deferral: Deferral };

/** Asks the policy for the preferred rule of a member, and for the next one where it says no. */
async function settle(
  rivals: readonly Attempt[],
  study: RoutableStudy,
  context: RouteContext,
  settled: Map<Attempt, Partial<TraceEntry>>,
): Promise<Settlement | undefined> {
  for (const [position, attempt] of rivals.entries()) {
    const answer = await ask(attempt, study, context);
    if (answer.kind === 'refused') {
      settled.set(attempt, { outcome: 'refused-by-policy', because: [...attempt.because, answer.because] });
      continue;
    }
    const others = rivals.slice(position + 1);
    for (const rival of others)
      settled.set(rival, { outcome: 'outranked', because: [`rule ${attempt.rule.id} goes first`] });
    if (answer.kind === 'failed') {
      settled.set(attempt, {
        outcome: 'deferred',
        because: [...attempt.because, 'the access policy could not answer'],
      });
      return { kind: 'defer', deferral: { ...proposalOf(attempt), reason: answer.reason } };
    }
    const because = [...attempt.because, ...answer.because];
    settled.set(attempt, { because });
    const wait = attempt.openMs > context.nowMs ? { notBeforeMs: attempt.openMs } : {};
    const alsoRules = others.map(({ rule }) => rule.id);
    return { kind: 'send', destination: { ...proposalOf(attempt), because, ...wait, alsoRules } };
  }
  return undefined;
}

type Answer =
  | { readonly kind: 'allowed'; readonly because: readonly string[] }
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'failed'; readonly reason: string };

async function ask({ rule, member }: Attempt, study: RoutableStudy, context: RouteContext): Promise<Answer> {
  const { self, policy, nowMs, signal } = context;
  const { priority, purpose } = rule;
  const request = { action: 'send', from: self, to: member as MemberId, purpose, priority, study, nowMs } as const;
  signal?.throwIfAborted();
  try {
    const decision = await policy.decide(request, signal === undefined ? {} : { signal });
    if (!decision.allowed) return { kind: 'refused', because: decision.because };
    return { kind: 'allowed', because: decision.because === undefined ? [] : [decision.because] };
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: 'failed', reason: errorCodeOf(error) ?? 'policy-failed' };
  }
}

function proposalOf({ rule, member, because }: Attempt): Proposal {
  return { member: member as MemberId, priority: rule.priority, purpose: rule.purpose, ruleId: rule.id, because };
}

function traceOf({ rule, member, outcome, because }: Attempt, settled: Partial<TraceEntry> = {}): TraceEntry {
  return { ruleId: rule.id, ...(member === undefined ? {} : { member }), outcome, because, ...settled };
}
