import { describe, expect, it } from 'vitest';
import { ACCEPT, enrol, found, FOUNDED_MS, member, nodeOf, NOW_MS } from '../../test/federation.ts';
import { nodeCrypto, testSigner } from '../../test/node-crypto.ts';
import { parseMemberId } from '../study/identifiers.ts';
import {
  addMember,
  createRoster,
  JOIN_TYPE,
  joinRequest,
  memberFromCard,
  openJoinRequest,
  setMemberState,
} from './build.ts';
import { encodeEnvelope, signEnvelope } from './envelope.ts';
import { peerIdOf } from './peer-id.ts';
import { mayExchange } from './permissions.ts';
import { acceptRoster } from './roster-state.ts';
import { readRoster } from './roster.ts';

const node = nodeOf('be-south');
const card = {
  orgId: parseMemberId('be-south'),
  displayName: 'South',
  addrs: ['/ip4/192.0.2.7/tcp/443'],
  adminContact: 'pacs@south.example',
};

describe('a join request', () => {
  it('gives the card of whoever holds the key', async () => {
    const opened = openJoinRequest(encodeEnvelope(await joinRequest(card, node, NOW_MS)), nodeCrypto);
    expect(opened).toEqual({ ...card, peerId: peerIdOf(node.publicKey), issued: '2026-03-02T12:00:00Z' });
  });

  it('for a key that somebody else holds is refused', async () => {
    const stolen = { ...card, peerId: peerIdOf(node.publicKey), issued: '2026-03-02T12:00:00Z' };
    const envelope = encodeEnvelope(await signEnvelope(JOIN_TYPE, stolen, [testSigner('mallory')]));
    expect(() => openJoinRequest(envelope, nodeCrypto)).toThrow('FEDERATION_SIGNATURE_INVALID');
  });

  it('with a field too many, or too large, is refused', async () => {
    const more = {
      ...card,
      peerId: peerIdOf(node.publicKey),
      issued: '2026-03-02T12:00:00Z',
      permissions: { send: ['*'] },
    };
    const envelope = encodeEnvelope(await signEnvelope(JOIN_TYPE, more, [node]));
    expect(() => openJoinRequest(envelope, nodeCrypto)).toThrow('FEDERATION_ENVELOPE_INVALID');
    expect(() => openJoinRequest(new Uint8Array(100_000), nodeCrypto)).toThrow('FEDERATION_LIMIT');
  });

  it('becomes a member of the next roster, that may send and receive but not ask', async () => {
    const opened = openJoinRequest(encodeEnvelope(await joinRequest(card, node, NOW_MS)), nodeCrypto);
    const admission = { validFromMs: FOUNDED_MS, validToMs: FOUNDED_MS + 86_400_000_000, legalBasis: 'contract 7' };
    const first = await enrol((await found()).state, [member('be-north')]);
    const orgs = addMember([member('be-north')], memberFromCard(opened, admission));
    const { envelope } = await enrol(first.state, orgs);
    const { state, refused } = acceptRoster(first.state, [envelope], ACCEPT);
    expect(refused).toEqual([]);
    const question = {
      from: parseMemberId('be-north'),
      to: card.orgId,
      purpose: 'treatment',
      modalities: ['CT'],
      priority: 'routine',
      nowMs: NOW_MS,
    } as const;
    expect(mayExchange(state, { ...question, action: 'send' }).allowed).toBe(true);
    expect(mayExchange(state, { ...question, action: 'query' }).allowed).toBe(false);
  });
});

describe('the members of the next roster', () => {
  const orgs = [member('be-north'), member('be-south')];

  it('replace one of the same name', () => {
    const renamed = member('be-south', { displayName: 'South, new house' });
    expect(addMember(orgs, renamed).map(({ displayName }) => displayName)).toEqual([
      'Hospital be-north',
      'South, new house',
    ]);
  });

  it('change state in a form that members read, forth and back', async () => {
    const { state } = await found();
    const gone = setMemberState(orgs, card.orgId, { state: 'left', sinceMs: NOW_MS, reason: 'compromised' });
    expect(gone[1]).toMatchObject({
      state: 'left',
      since: '2026-03-02T12:00:00Z',
      compromisedSince: '2026-03-02T12:00:00Z',
    });
    expect(readRoster(createRoster(state, gone, { issuedMs: NOW_MS })).orgs).toEqual(gone);
    expect(setMemberState(gone, card.orgId, { state: 'active' })).toEqual(orgs);
  });

  it('must be members', () => {
    expect(() => setMemberState(orgs, parseMemberId('be-east'), { state: 'active' })).toThrow(
      'FEDERATION_MEMBER_UNKNOWN',
    );
  });

  it('must fit the form, or no roster is made', async () => {
    const { state } = await found();
    expect(() => createRoster(state, [member('be-north', { displayName: '' })], { issuedMs: NOW_MS })).toThrow(
      'FEDERATION_ENVELOPE_INVALID',
    );
  });
});
