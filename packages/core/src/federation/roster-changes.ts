/** What a new roster changes: for the audit trail, for connections that must close, and for the rule that nothing is given while in doubt. */
import type { MemberId } from '../study/identifiers.ts';
import type { PeerId } from './peer-id.ts';
import {
  EVERY_MEMBER,
  nodesOf,
  type MemberState,
  type Organisation,
  type Permissions,
  type Roster,
  type Scopes,
} from './roster.ts';

/** One thing that a document changed, or that was noticed while reading it. */
export type RosterChange =
  | { readonly kind: 'root-accepted'; readonly version: number }
  | { readonly kind: 'roster-accepted'; readonly version: number }
  | { readonly kind: 'member-added'; readonly member: MemberId; readonly state: MemberState }
  /** Gone from the roster without a word: treated as left. */
  | { readonly kind: 'member-removed'; readonly member: MemberId }
  | { readonly kind: 'member-state'; readonly member: MemberId; readonly from: MemberState; readonly to: MemberState }
  | { readonly kind: 'node-added'; readonly member: MemberId; readonly peerId: PeerId }
  /** Its connections must be closed. */
  | { readonly kind: 'node-removed'; readonly member: MemberId; readonly peerId: PeerId }
  | { readonly kind: 'permissions-changed'; readonly member: MemberId }
  /** Alarm: two documents in one place; the state holds both. */
  | { readonly kind: 'equivocation'; readonly document: 'root' | 'roster'; readonly version: number }
  /** Alarm: the document was issued `aheadMs` in this machine's future. */
  | { readonly kind: 'clock-behind'; readonly aheadMs: number };

/** The differences between two rosters, by member in the new roster's order, then those that are gone. */
export function rosterChanges(before: Roster | undefined, after: Roster): readonly RosterChange[] {
  const old = byId(before);
  const kept = byId(after);
  const changes = after.orgs.flatMap((org): readonly RosterChange[] => {
    const previous = old.get(org.orgId);
    if (previous !== undefined) return memberChanges(previous, org);
    return [{ kind: 'member-added', member: org.orgId, state: org.state }, ...nodeChanges(org.orgId, [], peersOf(org))];
  });
  const gone = [...old.values()].filter(({ orgId }) => !kept.has(orgId));
  return [
    ...changes,
    ...gone.flatMap((org): readonly RosterChange[] => [
      { kind: 'member-removed', member: org.orgId },
      ...nodeChanges(org.orgId, peersOf(org), []),
    ]),
  ];
}

/** The first member that the new roster admits, revives, gives a node to or permits more; undefined when it only takes away. */
export function firstWidening(before: Roster, after: Roster): MemberId | undefined {
  const old = byId(before);
  return after.orgs.find((org) => widens(old.get(org.orgId), org))?.orgId;
}

function memberChanges(before: Organisation, after: Organisation): readonly RosterChange[] {
  const member = after.orgId;
  const changes: RosterChange[] = [];
  if (before.state !== after.state) changes.push({ kind: 'member-state', member, from: before.state, to: after.state });
  changes.push(...nodeChanges(member, peersOf(before), peersOf(after)));
  if (!sameLimits(before, after)) changes.push({ kind: 'permissions-changed', member });
  return changes;
}

function nodeChanges(member: MemberId, before: readonly PeerId[], after: readonly PeerId[]): readonly RosterChange[] {
  return [
    ...after
      .filter((peerId) => !before.includes(peerId))
      .map((peerId) => ({ kind: 'node-added', member, peerId }) as const),
    ...before
      .filter((peerId) => !after.includes(peerId))
      .map((peerId) => ({ kind: 'node-removed', member, peerId }) as const),
  ];
}

function sameLimits(a: Organisation, b: Organisation): boolean {
  return (
    !permitsMore(a.permissions, b.permissions) &&
    !permitsMore(b.permissions, a.permissions) &&
    !reachesFurther(a.scopes, b.scopes) &&
    !reachesFurther(b.scopes, a.scopes)
  );
}

function widens(before: Organisation | undefined, after: Organisation): boolean {
  if (after.state === 'left') return false;
  if (before === undefined) return true;
  if (after.state === 'active' && before.state !== 'active') return true;
  if (before.state === 'left') return true;
  return (
    peersOf(after).some((peerId) => !peersOf(before).includes(peerId)) ||
    after.orgKeys.some(({ keyid }) => before.orgKeys.every((key) => key.keyid !== keyid)) ||
    after.orgThreshold < before.orgThreshold ||
    permitsMore(before.permissions, after.permissions) ||
    reachesFurther(before.scopes, after.scopes)
  );
}

function permitsMore(before: Permissions, after: Permissions): boolean {
  const lists = ['send', 'receive', 'query'] as const;
  return (after.relay && !before.relay) || lists.some((name) => namesMore(before[name], after[name]));
}

function namesMore(before: readonly string[], after: readonly string[]): boolean {
  return !before.includes(EVERY_MEMBER) && after.some((name) => !before.includes(name));
}

/** An absent scope does not limit, so dropping one reaches further. */
function reachesFurther(before: Scopes = {}, after: Scopes = {}): boolean {
  const lists = ['modalities', 'purposes'] as const;
  const quota = (scopes: Scopes): number => scopes.maxDailyGiB ?? Number.POSITIVE_INFINITY;
  if (quota(after) > quota(before)) return true;
  return lists.some((name) => {
    const had: readonly string[] | undefined = before[name];
    const has: readonly string[] | undefined = after[name];
    return had !== undefined && (has === undefined || has.some((value) => !had.includes(value)));
  });
}

function peersOf(org: Organisation): readonly PeerId[] {
  return nodesOf(org).map(({ peerId }) => peerId);
}

function byId(roster: Roster | undefined): ReadonlyMap<MemberId, Organisation> {
  return new Map((roster?.orgs ?? []).map((org) => [org.orgId, org]));
}
