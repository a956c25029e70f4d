import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FOUNDED_MS, member, NOW_MS } from '../../test/federation.ts';
import { PRIORITIES, PURPOSES } from '../study/study.ts';
import { isoSeconds } from '../world/index.ts';
import { parseMemberId } from '../study/identifiers.ts';
import { mayExchange, type ExchangeQuestion } from './permissions.ts';
import type { RosterState } from './roster-state.ts';
import { MEMBER_STATES, STATE_REASONS, type Organisation, type Roster } from './roster.ts';

const [north, south] = [parseMemberId('be-north'), parseMemberId('be-south')];
const DAY_MS = 86_400_000;
const template = { 'be-north': member('be-north'), 'be-south': member('be-south') };

interface Side {
  readonly state: (typeof MEMBER_STATES)[number];
  readonly reason: (typeof STATE_REASONS)[number];
  readonly send: boolean;
  readonly receive: boolean;
  readonly query: boolean;
  readonly modality: boolean | undefined;
  readonly purpose: boolean | undefined;
}
const side: fc.Arbitrary<Side> = fc.record({
  state: fc.constantFrom(...MEMBER_STATES),
  reason: fc.constantFrom(...STATE_REASONS),
  send: fc.boolean(),
  receive: fc.boolean(),
  query: fc.boolean(),
  modality: fc.constantFrom(true, false, undefined),
  purpose: fc.constantFrom(true, false, undefined),
});
const asked = fc.record({
  action: fc.constantFrom('send' as const, 'receive' as const, 'query' as const),
  stage: fc.constantFrom('offer' as const, 'transfer' as const, 'file' as const, 'receipt' as const),
  priority: fc.constantFrom(...PRIORITIES),
  purpose: fc.constantFrom(...PURPOSES),
  /** Minutes since both sides' states changed, and since the roster expired. */
  sinceMinutes: fc.constantFrom(0, 2, 30, 5000, 11_000),
  overdueMinutes: fc.constantFrom(-1, 1, 59, 61, 20_000),
});

function organisation(
  name: 'be-north' | 'be-south',
  { state, reason, ...side_ }: Side,
  purpose: string,
  sinceMs: number,
): Organisation {
  const other = name === 'be-north' ? 'be-south' : 'be-north';
  const list = (allowed: boolean) => (allowed ? [parseMemberId(other)] : []);
  const within = (inside: boolean | undefined, value: string, foreign: string) =>
    inside === undefined ? undefined : [inside ? value : foreign];
  const modalities = within(side_.modality, 'CT', 'MR');
  const purposes = within(side_.purpose, purpose, purpose === 'research' ? 'treatment' : 'research') as never;
  const since = isoSeconds(sinceMs);
  return {
    ...template[name],
    permissions: { send: list(side_.send), receive: list(side_.receive), query: list(side_.query), relay: false },
    scopes: { ...(modalities === undefined ? {} : { modalities }), ...(purposes === undefined ? {} : { purposes }) },
    ...(state === 'active'
      ? { state }
      : { state, since, reason, ...(reason === 'compromised' ? { compromisedSince: since } : {}) }),
  };
}

function stateOf(orgs: readonly Organisation[], expiresMs: number): RosterState {
  const document: Roster = {
    fedId: 'a'.repeat(64),
    version: 1,
    rootVersion: 1,
    issued: isoSeconds(FOUNDED_MS),
    expires: isoSeconds(expiresMs),
    prev: null,
    orgs,
  };
  const roster = { document, hash: '', envelope: new Uint8Array(), underRoot: 1 };
  return { fedId: 'a'.repeat(64), roster, rootChain: [], rosterChainRestarts: false, hashes: new Map() };
}

/** The table of the specification, written down a second time and in another way: every reason that forbids. */
function forbids(
  sender: Side,
  receiver: Side,
  q: Pick<ExchangeQuestion, 'action' | 'priority'> & { stage: string; sinceMinutes: number; overdueMinutes: number },
): boolean {
  const isNew = q.stage === 'offer' || q.action === 'query';
  const byState = [sender, receiver].some(({ state, reason }) => {
    if (state === 'active') return false;
    const limits: Record<string, number> =
      state === 'suspended' ? { transfer: 72 * 60 } : { transfer: 1, receipt: 7 * 1440 };
    return reason === 'compromised' || isNew || q.sinceMinutes > (limits[q.stage] ?? Number.POSITIVE_INFINITY);
  });
  if (byState) return true;
  if (q.stage === 'receipt') return false;
  const permitted = q.action === 'query' ? sender.query : sender.send && receiver.receive;
  const inScope = [sender, receiver].every(({ modality, purpose }) => modality !== false && purpose !== false);
  if (!permitted || !inScope) return true;
  if (q.overdueMinutes < 0) return false;
  if (q.action === 'query') return true;
  if (q.stage === 'file' || q.priority === 'emergency') return false;
  return !(q.stage === 'transfer' && q.overdueMinutes <= 60);
}

describe('the permission matrix', () => {
  it('grants what the table grants and nothing else', () => {
    let granted = 0;
    fc.assert(
      fc.property(side, side, asked, (sender, receiver, q) => {
        const sinceMs = NOW_MS - q.sinceMinutes * 60_000;
        const orgs = [
          organisation('be-north', sender, q.purpose, sinceMs),
          organisation('be-south', receiver, q.purpose, sinceMs),
        ];
        const state = stateOf(orgs, NOW_MS - q.overdueMinutes * 60_000);
        const answer = mayExchange(state, { from: north, to: south, modalities: ['CT'], nowMs: NOW_MS, ...q });
        expect(answer.allowed).toBe(!forbids(sender, receiver, q));
        if (answer.allowed) granted++;
        const alarmed = answer.allowed && answer.alarm !== undefined;
        const exception =
          answer.allowed &&
          q.overdueMinutes > 0 &&
          q.priority === 'emergency' &&
          (q.stage === 'offer' || q.stage === 'transfer');
        expect(alarmed).toBe(exception);
      }),
      { numRuns: 5000 },
    );
    expect(granted).toBeGreaterThan(0);
  });

  it('never grants more when a permission, a scope or a state is taken away', () => {
    const taken: readonly Partial<Side>[] = [
      { send: false },
      { receive: false },
      { query: false },
      { modality: false },
      { purpose: false },
      { state: 'suspended' },
      { state: 'left' },
      { state: 'left', reason: 'compromised' },
    ];
    fc.assert(
      fc.property(side, side, asked, fc.constantFrom(...taken), (sender, receiver, q, less) => {
        const at = (from: Side, to: Side) => {
          const sinceMs = NOW_MS - q.sinceMinutes * 60_000;
          const orgs = [
            organisation('be-north', from, q.purpose, sinceMs),
            organisation('be-south', to, q.purpose, sinceMs),
          ];
          const state = stateOf(orgs, NOW_MS + DAY_MS);
          return mayExchange(state, { from: north, to: south, modalities: ['CT'], nowMs: NOW_MS, ...q }).allowed;
        };
        const before = at({ ...sender, state: 'active' }, receiver);
        if (at({ ...sender, state: 'active', ...less }, receiver)) expect(before).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
