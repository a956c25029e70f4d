/**
 * How a rule set goes live: somebody writes it, it is tried on past studies, and a second person sees the count and
 * approves. The approval names the digest of what was seen, so that a rule changed afterwards is not live.
 */
import { ConfigError } from '../errors/interhosp-error.ts';
import { jcs } from '../federation/jcs.ts';
import { toHex } from '../study/hex.ts';
import type { Digest } from '../study/identifiers.ts';
import { sha256, type Crypto } from '../world/crypto.ts';
import type { RoutableStudy } from './attributes.ts';
import { route, type RouteContext, type RoutingDecision } from './route.ts';
import { parseRuleSet, type RuleSet } from './rule-set.ts';

/** What the rules would have done to past studies: the numbers that the second person sees. */
export interface ReplayCount {
  readonly studies: number;
  /** Studies that would have left by themselves. */
  readonly sent: number;
  readonly proposed: number;
  /** Sends by member, sorted by member. */
  readonly byMember: readonly { readonly member: string; readonly sends: number }[];
}

/** One person's yes to one rule set. */
export interface Approval {
  /** User name of the person, not of the writer. */
  readonly by: string;
  readonly atMs: number;
  /** Digest of the rules that were seen. */
  readonly digest: Digest;
  readonly count: ReplayCount;
}

/** A rule set on its way to being live. */
export interface RuleSetVersion {
  readonly rules: RuleSet;
  /** SHA-256 over the canonical form of the rules; white space and comments of the file do not change it. */
  readonly digest: Digest;
  /** User name of the writer. */
  readonly writtenBy: string;
  readonly approvedBy?: Approval;
}

/**
 * A version that nobody has approved yet.
 *
 * @throws {ConfigError} `CONFIG_INVALID` when nobody is named as the writer.
 */
export function draftRuleSet(rules: RuleSet, writtenBy: string, crypto: Crypto): RuleSetVersion {
  if (personKey(writtenBy) === '') throw refused('writtenBy', 'missing');
  return { rules, digest: digestOf(rules, crypto), writtenBy };
}

/** As {@link parseRuleSet} and {@link draftRuleSet} in one. */
export function parseRuleSetVersion(value: unknown, writtenBy: string, crypto: Crypto): RuleSetVersion {
  return draftRuleSet(parseRuleSet(value), writtenBy, crypto);
}

/**
 * The version with a second person's approval.
 *
 * @throws {ConfigError} `CONFIG_INVALID` when the person wrote the rules, or saw another digest.
 */
export function approveRuleSet(version: RuleSetVersion, approval: Approval): RuleSetVersion {
  if (personKey(approval.by) === '') throw refused('by', 'missing');
  if (personKey(approval.by) === personKey(version.writtenBy)) throw refused('by', 'same-person');
  if (approval.digest !== version.digest) throw refused('digest', 'other-rules');
  return { ...version, approvedBy: approval };
}

/** Whether the rules may send: approved, as they are now, by somebody other than their writer. Computes the digest anew. */
export function isLive(version: RuleSetVersion, crypto: Crypto): boolean {
  const { approvedBy, writtenBy, rules, digest } = version;
  if (approvedBy === undefined || personKey(approvedBy.by) === '') return false;
  if (personKey(approvedBy.by) === personKey(writtenBy)) return false;
  return approvedBy.digest === digest && digest === digestOf(rules, crypto);
}

/**
 * Tries the rules on past studies, for the count that is approved. Sends nothing.
 *
 * @param studies - Read once, one at a time.
 * @param onDecision - Told of each study as it was counted.
 */
export async function replay(
  studies: Iterable<RoutableStudy> | AsyncIterable<RoutableStudy>,
  rules: RuleSet,
  context: RouteContext,
  onDecision?: (study: RoutableStudy, decision: RoutingDecision) => void,
): Promise<ReplayCount> {
  let [total, sent, proposed] = [0, 0, 0];
  const sends = new Map<string, number>();
  for await (const study of studies) {
    const decision = await route(study, rules, context);
    const { destinations, proposals } = decision;
    total++;
    if (destinations.length > 0) sent++;
    if (proposals.length > 0) proposed++;
    for (const { member } of destinations) sends.set(member, (sends.get(member) ?? 0) + 1);
    onDecision?.(study, decision);
  }
  const byMember = [...sends].map(([member, count]) => ({ member, sends: count }));
  byMember.sort((a, b) => (a.member < b.member ? -1 : 1));
  return { studies: total, sent, proposed, byMember };
}

/** Rule sets are hashed and never read back, so their conditions may nest deeper than a signed document. */
const RULES_DEPTH = 64;

function digestOf(rules: RuleSet, crypto: Crypto): Digest {
  return toHex(sha256(crypto, jcs(rules, { maxDepth: RULES_DEPTH }))) as Digest;
}

/** `Anna ` and `anna` are one person. */
function personKey(name: string): string {
  return name.trim().normalize('NFKC').toLowerCase();
}

function refused(field: string, reason: string): ConfigError {
  return new ConfigError('CONFIG_INVALID', { details: { kind: 'rules-approval', field, reason } });
}
