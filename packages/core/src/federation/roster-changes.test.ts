import { describe, expect, it } from 'vitest';
import { member } from '../../test/federation.ts';
import { testSigner } from '../../test/node-crypto.ts';
import { toBase64url } from './base64url.ts';
import { firstWidening, rosterChanges } from './roster-changes.ts';
import type { Organisation, Permissions, Roster } from './roster.ts';

const rosterOf = (...orgs: readonly Organisation[]): Roster => ({
  fedId: 'a'.repeat(64),
  version: 1,
  rootVersion: 1,
  issued: '2026-03-01T12:00:00Z',
  expires: '2026-03-15T12:00:00Z',
  prev: null,
  orgs,
});
const north = member('be-north');
const permitting = (changes: Partial<Permissions>): Partial<Organisation> => ({
  permissions: { send: ['*'], receive: [north.orgId], query: [], relay: false, ...changes },
});
const key = testSigner('organisation key');
const orgKeys = [{ keyid: key.keyId, pub: toBase64url(key.publicKey) }];
const gone = { state: 'left', since: '2026-03-01T12:00:00Z', reason: 'left' } as const;
const paused = { state: 'suspended', since: '2026-03-01T12:00:00Z', reason: 'error' } as const;
const widens = (before: Partial<Organisation>, after: Partial<Organisation>) =>
  firstWidening(rosterOf(member('be-south', before)), rosterOf(member('be-south', after))) === 'be-south';

/** What each pair does in one direction; the other direction takes away, or is listed by itself. */
const WIDER: ReadonlyArray<readonly [name: string, less: Partial<Organisation>, more: Partial<Organisation>]> = [
  ['a member that left is taken back', gone, {}],
  ['a suspension ends', paused, {}],
  ['a member that left may finish again', gone, paused],
  ['a node is added', { nodes: [] }, {}],
  ['a key is added', { orgKeys: [] }, { orgKeys }],
  ['fewer signatures suffice', { orgKeys, orgThreshold: 2 }, { orgKeys, orgThreshold: 1 }],
  ['it may relay', permitting({}), permitting({ relay: true })],
  ['it may receive from one more', permitting({ receive: [] }), permitting({})],
  ['it may send to all instead of one', permitting({ send: [north.orgId] }), permitting({})],
  ['it may ask', permitting({}), permitting({ query: [north.orgId] })],
  ['a modality is added', { scopes: { modalities: ['CT'] } }, { scopes: { modalities: ['CT', 'MR'] } }],
  ['a purpose is added', { scopes: { purposes: ['treatment'] } }, { scopes: { purposes: ['treatment', 'research'] } }],
  ['the limit on modalities is dropped', { scopes: { modalities: ['CT'] } }, { scopes: {} }],
  ['all scopes are dropped', { scopes: { purposes: ['treatment'] } }, {}],
  ['the daily limit rises', { scopes: { maxDailyGiB: 1 } }, { scopes: { maxDailyGiB: 2 } }],
  ['the daily limit is dropped', { scopes: { maxDailyGiB: 1 } }, { scopes: {} }],
];

describe('a new roster', () => {
  it.each(WIDER)('gives when %s, and takes the other way round', (_name, less, more) => {
    expect([widens(less, more), widens(more, less)]).toEqual([true, false]);
    expect(widens(more, more)).toBe(false);
  });

  it('gives when somebody is new, unless as one who left', () => {
    expect(firstWidening(rosterOf(), rosterOf(north))).toBe('be-north');
    expect(firstWidening(rosterOf(), rosterOf(member('be-north', paused)))).toBe('be-north');
    expect(firstWidening(rosterOf(), rosterOf(member('be-north', gone)))).toBeUndefined();
    expect(firstWidening(rosterOf(north), rosterOf())).toBeUndefined();
  });

  it('that is equal changes nothing, and a new name is no change of rights', () => {
    expect(rosterChanges(rosterOf(north), rosterOf(north))).toEqual([]);
    expect(rosterChanges(rosterOf(north), rosterOf(member('be-north', { displayName: 'New name' })))).toEqual([]);
  });

  it.each(WIDER.slice(6))('says that rights changed when %s, and the other way round', (_name, less, more) => {
    const change = { kind: 'permissions-changed', member: 'be-south' };
    const [a, b] = [rosterOf(member('be-south', less)), rosterOf(member('be-south', more))];
    expect(rosterChanges(a, b)).toEqual([change]);
    expect(rosterChanges(b, a)).toEqual([change]);
  });
});
