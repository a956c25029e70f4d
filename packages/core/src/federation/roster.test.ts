import { describe, expect, it } from 'vitest';
import { FOUNDED_MS, member, nodeOf, operator, role } from '../../test/federation.ts';
import { nodeCrypto, testSigner } from '../../test/node-crypto.ts';
import { errorCodeOf } from '../errors/index.ts';
import { isoSeconds } from '../world/index.ts';
import { toBase64url } from './base64url.ts';
import { createRoot } from './build.ts';
import { peerIdOf } from './peer-id.ts';
import { readRoot, trustedFor } from './root.ts';
import { nodesOf, readRoster, type Organisation } from './roster.ts';

/** What a reader says: the code and the path, or `accepted`. */
const refusalOf = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    const { details } = error as { details: { field?: string; reason?: string } };
    return [errorCodeOf(error) ?? error, details.field, details.reason];
  }
  return 'accepted';
};
const INVALID = 'FEDERATION_ENVELOPE_INVALID';

const roster = (orgs: readonly unknown[] = [member('be-north')], changes: object = {}): unknown => ({
  fedId: 'a'.repeat(64),
  version: 2,
  rootVersion: 1,
  issued: '2026-03-01T12:00:00Z',
  expires: '2026-03-15T12:00:00Z',
  prev: 'b'.repeat(64),
  orgs,
  ...changes,
});
const ofMember = (changes: object) => refusalOf(() => readRoster(roster([{ ...member('be-north'), ...changes }])));
const node = nodesOf(member('be-north'))[0] as object;

describe('a roster', () => {
  it('with members in every state and every optional field is read as written', () => {
    const full: Organisation = member('be-north', {
      scopes: { modalities: ['CT', 'MR'], purposes: ['treatment'], maxDailyGiB: 200 },
      incidentContact: 'night desk',
      legalBasis: 'contract 12',
      certFingerprint: 'c'.repeat(64),
      nodesDigest: 'd'.repeat(64),
      orgKeys: [{ keyid: operator.keyId, pub: toBase64url(operator.publicKey) }],
    });
    const since = '2026-03-01T12:00:00Z';
    const gone = member('be-south', { state: 'left', since, reason: 'compromised', compromisedSince: since });
    const paused = member('be-west', { state: 'suspended', since, reason: 'error' });
    const read = readRoster(roster([full, gone, paused]));
    expect(read.orgs).toEqual([full, gone, paused]);
  });

  it.each([
    ['an unknown field', roster([], { note: 'x' }), [INVALID, 'note', 'unknown-field']],
    ['an inherited name as a field', roster([], { constructor: 1 }), [INVALID, 'constructor', 'unknown-field']],
    ['no expiry', roster([], { expires: undefined }), [INVALID, 'expires', 'missing']],
    ['an expiry before its issue', roster([], { expires: '2026-03-01T12:00:00Z' }), [INVALID, 'expires', 'rule']],
    ['a first version that follows something', roster([], { version: 1 }), [INVALID, 'prev', 'rule']],
    ['a later version that follows nothing', roster([], { prev: null }), [INVALID, 'prev', 'rule']],
    ['version 0', roster([], { version: 0 }), [INVALID, 'version', 'range']],
    ['a day that does not exist', roster([], { issued: '2026-02-30T12:00:00Z' }), [INVALID, 'issued', 'form']],
    ['a time spelled otherwise', roster([], { issued: '2026-03-01 12:00:00Z' }), [INVALID, 'issued', 'form']],
    [
      'a member named twice',
      roster([member('be-north'), { ...member('be-north'), nodes: [] }]),
      [INVALID, 'orgs', 'duplicate'],
    ],
    [
      'one node at two members',
      roster([member('be-north'), { ...member('be-south'), nodes: [node] }]),
      [INVALID, 'orgs.1.nodes', 'duplicate'],
    ],
    ['members that are no list', roster([], { orgs: { length: 1 } }), [INVALID, 'orgs', 'type']],
  ])('with %s is refused', (_name, payload, refusal) => {
    expect(refusalOf(() => readRoster(payload))).toEqual(refusal);
  });

  it.each([
    ['an ID with a space', { orgId: 'be north' }, 'orgs.0.orgId'],
    ['a display name over two lines', { displayName: 'North\nSouth' }, 'orgs.0.displayName'],
    ['a state of its own', { state: 'asleep' }, 'orgs.0.state'],
    ['a reason though active', { reason: 'left' }, 'orgs.0.reason'],
    ['a suspension without a date', { state: 'suspended', reason: 'error' }, 'orgs.0.since'],
    [
      'a compromise without its beginning',
      { state: 'left', since: '2026-03-01T12:00:00Z', reason: 'compromised' },
      'orgs.0.compromisedSince',
    ],
    [
      'a permission of a kind we do not know',
      { permissions: { send: [], receive: [], query: [], relay: false, admin: ['*'] } },
      'orgs.0.permissions.admin',
    ],
    ['a purpose of its own', { scopes: { purposes: ['marketing'] } }, 'orgs.0.scopes.purposes.0'],
    ['a scope that permits nothing', { scopes: { modalities: [] } }, 'orgs.0.scopes.modalities'],
    [
      'a peer that is no key',
      { nodes: [{ ...node, peerId: 'QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN' }] },
      'orgs.0.nodes.0.peerId',
    ],
    ['an address with a space', { nodes: [{ ...node, addrs: ['/dns4/a b'] }] }, 'orgs.0.nodes.0.addrs.0'],
    [
      'a node that ends before it begins',
      { nodes: [{ ...node, validTo: isoSeconds(FOUNDED_MS - 1000) }] },
      'orgs.0.nodes',
    ],
    [
      'a key under which anybody signs',
      { orgKeys: [{ keyid: 'a'.repeat(64), pub: toBase64url(new Uint8Array(32)) }] },
      'orgs.0.orgKeys.0.pub',
    ],
  ])('with a member with %s is refused', (_name, changes, path) => {
    expect(ofMember(changes)).toEqual([INVALID, path, expect.any(String)]);
  });

  it('has room for 2,000 members of 16 nodes with 8 addresses, and no more', () => {
    const one = member('be-north');
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ ...one, orgId: `be-${index}`, nodes: [] }));
    expect(refusalOf(() => readRoster(roster(many(2000))))).toBe('accepted');
    expect(refusalOf(() => readRoster(roster(many(2001))))).toEqual(['FEDERATION_LIMIT', 'orgs', 'too-many']);
    const nodes = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        ...node,
        peerId: peerIdOf(testSigner(`node ${index}`).publicKey),
      }));
    expect(ofMember({ nodes: nodes(16) })).toBe('accepted');
    expect(ofMember({ nodes: nodes(17) })).toEqual(['FEDERATION_LIMIT', 'orgs.0.nodes', 'too-many']);
    const addrs = (count: number) => ({
      nodes: [{ ...node, addrs: Array<string>(count).fill('/ip4/127.0.0.1/tcp/1') }],
    });
    expect(ofMember(addrs(8))).toBe('accepted');
    expect(ofMember(addrs(9))).toEqual(['FEDERATION_LIMIT', 'orgs.0.nodes.0.addrs', 'too-many']);
  });

  it('names no value of a refused field', () => {
    const secret = 'Canary^Secret';
    try {
      readRoster(roster([{ ...member('be-north'), state: secret, [secret]: secret }]));
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain(secret);
    }
  });
});

describe('a root', () => {
  const draft = { name: 'Test', roles: { root: role([operator]), roster: role([operator]) }, issuedMs: FOUNDED_MS };
  const payload = createRoot(draft, nodeCrypto) as Record<string, unknown>;
  const roles = payload['roles'] as Record<string, object>;
  const rootRefusal = (changes: object) => refusalOf(() => readRoot({ ...payload, ...changes }, nodeCrypto));

  it('gives the keys of a role, and none for a role that is not filled', () => {
    const root = readRoot(payload, nodeCrypto);
    expect(trustedFor(root, 'roster').keys).toEqual(new Map([[operator.keyId, operator.publicKey]]));
    expect(trustedFor(root, 'heartbeat').keys.size).toBe(0);
  });

  it.each([
    [
      'a threshold beyond its keys',
      { roles: { ...roles, roster: { keyids: [operator.keyId], threshold: 2 } } },
      'roles.roster.threshold',
    ],
    [
      'a threshold of none',
      { roles: { ...roles, roster: { keyids: [operator.keyId], threshold: 0 } } },
      'roles.roster.threshold',
    ],
    [
      'a key that is not there',
      { roles: { ...roles, root: { keyids: ['a'.repeat(64)], threshold: 1 } } },
      'roles.root.keyids',
    ],
    [
      'one key counted twice',
      { roles: { ...roles, root: { keyids: [operator.keyId, operator.keyId], threshold: 2 } } },
      'roles.root.keyids',
    ],
    ['a role of its own', { roles: { ...roles, emperor: roles['root'] } }, 'roles.emperor'],
    [
      'a key under a foreign name',
      { keys: { ['a'.repeat(64)]: { alg: 'ed25519', pub: toBase64url(nodeOf('x').publicKey), holder: 'X' } } },
      `keys.${'a'.repeat(64)}`,
    ],
    [
      'another algorithm',
      { keys: { [operator.keyId]: { alg: 'rsa', pub: toBase64url(operator.publicKey), holder: 'X' } } },
      `keys.${operator.keyId}.alg`,
    ],
    ['a federation ID in the first one', { fedId: 'a'.repeat(64) }, 'fedId'],
    ['no federation ID in a later one', { version: 2, prev: 'a'.repeat(64) }, 'fedId'],
    ['no predecessor in a later one', { version: 2, fedId: 'a'.repeat(64) }, 'prev'],
  ])('with %s is refused', (_name, changes, path) => {
    expect(rootRefusal(changes)).toEqual([INVALID, path, expect.any(String)]);
  });

  it('keeps room for the rules of larger federations', () => {
    const changes = {
      policy: { cosigners: 3, heartbeatHours: 24, minClientVersion: '1.2.0' },
      roles: { ...roles, heartbeat: roles['root'], witness: roles['root'] },
    };
    expect(rootRefusal(changes)).toBe('accepted');
  });
});
