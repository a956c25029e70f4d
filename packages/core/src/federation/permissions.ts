/**
 * What the roster permits, at this moment. Asked three times on the way of a study (at the offer, at each block, before
 * filing) and before each query, so that a removal works without a restart and in the middle of a transfer.
 *
 * Without proof of permission the answer is no. One door stays open when the roster has expired: an emergency between
 * members of the last roster that was agreed on, with an alarm on both sides, since a forgotten signature must not cost
 * somebody an operation.
 */
import type { ErrorCodeOf } from '../errors/catalogue.ts';
import type { MemberId } from '../study/identifiers.ts';
import type { Priority, Purpose } from '../study/study.ts';
import type { Crypto } from '../world/crypto.ts';
import { fromBase64url } from './base64url.ts';
import { epochMs } from './document-fields.ts';
import { keyIdOf, type TrustedKeys } from './envelope.ts';
import { EXPIRED_IN_FLIGHT_MS, LEFT_IN_FLIGHT_MS, LEFT_RECEIPTS_MS, SUSPENDED_IN_FLIGHT_MS } from './limits.ts';
import { publicKeyOfPeer } from './peer-id.ts';
import { memberById, type RosterState } from './roster-state.ts';
import { EVERY_MEMBER, nodesOf, type Organisation } from './roster.ts';

/** `none`: no roster is held. `fresh`: in force. `expired`: only emergencies begin. */
export type RosterStanding = 'none' | 'fresh' | 'expired';

/**
 * How far an exchange has come when the question is asked: `offer` begins something new, `transfer` goes on with blocks,
 * `file` hands fully received bytes to the PACS, `receipt` takes a receipt.
 */
export type ExchangeStage = 'offer' | 'transfer' | 'file' | 'receipt';

/** What is asked. */
export interface ExchangeQuestion {
  /** Who sends the study; with `query`, who asks. */
  readonly from: MemberId;
  /** Who receives it; with `query`, who is asked. */
  readonly to: MemberId;
  /** `send` and `receive` are the same exchange asked by its two ends: both ends' permissions are needed either way. */
  readonly action: 'send' | 'receive' | 'query';
  readonly purpose: Purpose;
  /** Every modality of the study; asked without any, scopes on modalities do not apply. */
  readonly modalities: readonly string[];
  readonly priority: Priority;
  readonly nowMs: number;
  /** Default `offer`. */
  readonly stage?: ExchangeStage;
  /** Members this hospital refuses by its own configuration, which always wins over the roster. */
  readonly denied?: ReadonlySet<MemberId>;
}

/** Why not, finer than the code; fit for a log. */
export type RefusalReason =
  | 'no-roster'
  | 'same-member'
  | 'denied-here'
  | 'not-in-roster'
  | 'suspended'
  | 'left'
  | 'compromised'
  | 'expired'
  | 'send-permission'
  | 'receive-permission'
  | 'query-permission'
  | 'modality-scope'
  | 'purpose-scope';

/** The answer. An `alarm` is raised on both sides and recorded. */
export type Permission =
  | { readonly allowed: true; readonly alarm?: 'roster-expired' }
  | {
      readonly allowed: false;
      readonly code: ErrorCodeOf<'federation'>;
      readonly reason: RefusalReason;
      readonly member?: MemberId;
    };

/** Whether an exchange or a query may begin or go on. Pure: no answer outlives the moment it was given for. */
export function mayExchange(state: RosterState, question: ExchangeQuestion): Permission {
  const { from, to, denied } = question;
  if (state.roster === undefined) return no('FEDERATION_EXPIRED', 'no-roster');
  if (from === to) return no('FEDERATION_NOT_PERMITTED', 'same-member', from);
  const sender = memberById(state, from);
  const receiver = memberById(state, to);
  if (sender === undefined) return no('FEDERATION_MEMBER_UNKNOWN', 'not-in-roster', from);
  if (receiver === undefined) return no('FEDERATION_MEMBER_UNKNOWN', 'not-in-roster', to);
  for (const member of [sender, receiver]) {
    if (denied?.has(member.orgId) === true) return no('FEDERATION_NOT_PERMITTED', 'denied-here', member.orgId);
    const refusal = refusalByState(member, question);
    if (refusal !== undefined) return no('FEDERATION_NOT_PERMITTED', refusal, member.orgId);
  }
  // A receipt only tells what was done: it needs a member's key, not a permission.
  if (question.stage === 'receipt') return { allowed: true };
  return refusalByScope(sender, receiver, question) ?? byExpiry(state, question);
}

/** Whether the roster in force has expired. A clock that was set back does not revive it. */
export function rosterStanding(state: RosterState, nowMs: number): RosterStanding {
  if (state.roster === undefined) return 'none';
  return expiredForMs(state, nowMs) >= 0 ? 'expired' : 'fresh';
}

/**
 * The member that a peer ID belongs to at this moment, whatever the member's state; undefined for strangers and for nodes
 * outside their period of validity. Ask {@link mayExchange} before doing anything for it.
 */
export function memberOfPeer(state: RosterState, peerId: string, nowMs: number): Organisation | undefined {
  return state.roster?.document.orgs.find((org) =>
    nodesOf(org).some(
      (node) => node.peerId === peerId && epochMs(node.validFrom) <= nowMs && nowMs < epochMs(node.validTo),
    ),
  );
}

/** Whether a peer may be connected at all: a member that is active, or has something left to finish. */
export function mayConnect(state: RosterState, peerId: string, nowMs: number): boolean {
  const member = memberOfPeer(state, peerId, nowMs);
  if (member === undefined || member.reason === 'compromised') return false;
  if (member.state === 'active') return true;
  const elapsedMs = nowMs - epochMs(member.since ?? '');
  return elapsedMs <= (member.state === 'suspended' ? SUSPENDED_IN_FLIGHT_MS : LEFT_RECEIPTS_MS);
}

/**
 * The keys under which a member's receipts and directories are believed: its nodes' and its own. Validity periods are not
 * looked at, since an old receipt stays true after its key was retired. Empty for strangers.
 */
export function keysOfMember(state: RosterState, orgId: MemberId, crypto: Crypto): TrustedKeys {
  const member = memberById(state, orgId);
  const keys = [
    ...(member === undefined ? [] : nodesOf(member)).map(({ peerId }) => publicKeyOfPeer(peerId)),
    ...(member?.orgKeys ?? []).map(({ pub }) => fromBase64url(pub)),
  ];
  return new Map(keys.map((key) => [keyIdOf(key, crypto), key]));
}

/** How many bytes a member may exchange in a day; undefined when the roster sets no limit. */
export function dailyLimitBytes(member: Organisation): number | undefined {
  const gibibytes = member.scopes?.maxDailyGiB;
  return gibibytes === undefined ? undefined : gibibytes * 2 ** 30;
}

/** The table of docs/protocol/federation.md, row by row. */
function refusalByState(member: Organisation, question: ExchangeQuestion): RefusalReason | undefined {
  const { stage = 'offer', nowMs, action } = question;
  if (member.state === 'active') return undefined;
  if (member.reason === 'compromised') return 'compromised';
  const elapsedMs = nowMs - epochMs(member.since ?? '');
  const isNew = stage === 'offer' || action === 'query';
  if (member.state === 'suspended') {
    return isNew || (stage === 'transfer' && elapsedMs > SUSPENDED_IN_FLIGHT_MS) ? 'suspended' : undefined;
  }
  if (isNew) return 'left';
  if (stage === 'transfer' && elapsedMs > LEFT_IN_FLIGHT_MS) return 'left';
  return stage === 'receipt' && elapsedMs > LEFT_RECEIPTS_MS ? 'left' : undefined;
}

function refusalByScope(
  sender: Organisation,
  receiver: Organisation,
  question: ExchangeQuestion,
): Permission | undefined {
  if (question.action === 'query') {
    if (!names(sender.permissions.query, receiver))
      return no('FEDERATION_NOT_PERMITTED', 'query-permission', sender.orgId);
  } else {
    if (!names(sender.permissions.send, receiver))
      return no('FEDERATION_NOT_PERMITTED', 'send-permission', sender.orgId);
    if (!names(receiver.permissions.receive, sender)) {
      return no('FEDERATION_NOT_PERMITTED', 'receive-permission', receiver.orgId);
    }
  }
  for (const { orgId, scopes } of [sender, receiver]) {
    if (scopes?.purposes?.includes(question.purpose) === false)
      return no('FEDERATION_NOT_PERMITTED', 'purpose-scope', orgId);
    const foreign = question.modalities.some((modality) => scopes?.modalities?.includes(modality) === false);
    if (foreign) return no('FEDERATION_NOT_PERMITTED', 'modality-scope', orgId);
  }
  return undefined;
}

function byExpiry(state: RosterState, question: ExchangeQuestion): Permission {
  const { stage = 'offer', action, priority, nowMs } = question;
  const overdueMs = expiredForMs(state, nowMs);
  if (overdueMs < 0 || (stage === 'file' && action !== 'query')) return { allowed: true };
  if (action === 'query') return no('FEDERATION_EXPIRED', 'expired');
  if (priority === 'emergency') return { allowed: true, alarm: 'roster-expired' };
  return stage === 'transfer' && overdueMs <= EXPIRED_IN_FLIGHT_MS
    ? { allowed: true }
    : no('FEDERATION_EXPIRED', 'expired');
}

/** Milliseconds since the roster expired, negative while it is fresh. */
function expiredForMs({ root, roster }: RosterState, nowMs: number): number {
  if (roster === undefined) return Number.POSITIVE_INFINITY;
  // The operators signed at these instants, so it is at least that late, whatever this machine's clock says.
  const issuedMs = Math.max(epochMs(roster.document.issued), root === undefined ? 0 : epochMs(root.document.issued));
  return Math.max(nowMs, issuedMs) - epochMs(roster.document.expires);
}

function names(list: readonly string[], member: Organisation): boolean {
  return list.includes(EVERY_MEMBER) || list.includes(member.orgId);
}

function no(code: ErrorCodeOf<'federation'>, reason: RefusalReason, member?: MemberId): Permission {
  return { allowed: false, code, reason, ...(member === undefined ? {} : { member }) };
}
