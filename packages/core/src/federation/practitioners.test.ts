import { beforeAll, describe, expect, it } from 'vitest';
import { enrol, federationOf, FOUNDED_MS, member, nodeOf, NOW_MS, operator, signed } from '../../test/federation.ts';
import { nodeCrypto } from '../../test/node-crypto.ts';
import { errorCodeOf } from '../errors/index.ts';
import { parseMemberId } from '../study/identifiers.ts';
import { isoSeconds } from '../world/index.ts';
import { setMemberState } from './build.ts';
import { MAX_PRACTITIONERS } from './limits.ts';
import {
  acceptPractitioners,
  PRACTITIONERS_TYPE,
  readPractitioners,
  type PractitionerDirectories,
} from './practitioners.ts';
import type { RosterState } from './roster-state.ts';

const south = parseMemberId('be-south');
const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return errorCodeOf(error) ?? error;
  }
  return 'accepted';
};

describe('a practitioner directory', () => {
  let state: RosterState;
  const orgs = [member('be-north'), member('be-south')];
  beforeAll(async () => {
    state = await federationOf(...orgs);
  });
  const directory = (changes: object = {}) => ({
    fedId: state.fedId,
    orgId: 'be-south',
    version: 1,
    issued: isoSeconds(FOUNDED_MS),
    expires: isoSeconds(NOW_MS),
    practitioners: [{ number: '1-00001-03-580', family: 'Peeters', given: 'Anna', places: ['Radiology'] }],
    ...changes,
  });
  const send = (changes: object = {}, signer = nodeOf('be-south')) =>
    signed(PRACTITIONERS_TYPE, directory(changes), [signer]);
  const take = (held: PractitionerDirectories, envelope: Uint8Array, in_ = state) =>
    acceptPractitioners(held, envelope, { state: in_, crypto: nodeCrypto });

  it('signed by the member’s own node is believed', async () => {
    const envelope = await send();
    const held = take(new Map(), envelope);
    expect(held.get(south)).toMatchObject({ member: south, version: 1, expiresMs: NOW_MS, envelope });
    expect(held.get(south)?.practitioners).toEqual(directory().practitioners);
  });

  it('signed by another member, or by the operator, is not', async () => {
    const byNorth = await send({}, nodeOf('be-north'));
    const byOperator = await send({}, operator);
    expect(codeOf(() => take(new Map(), byNorth))).toBe('FEDERATION_SIGNATURE_INVALID');
    expect(codeOf(() => take(new Map(), byOperator))).toBe('FEDERATION_SIGNATURE_INVALID');
  });

  it('of a stranger, of a member that left, or of another federation is not', async () => {
    const stranger = await send({ orgId: 'be-east' }, nodeOf('be-east'));
    expect(codeOf(() => take(new Map(), stranger))).toBe('FEDERATION_MEMBER_UNKNOWN');
    const gone = await enrol(state, setMemberState(orgs, south, { state: 'left', sinceMs: NOW_MS, reason: 'left' }));
    const own = await send();
    expect(codeOf(() => take(new Map(), own, gone.state))).toBe('FEDERATION_MEMBER_UNKNOWN');
    const foreign = await send({ fedId: 'f'.repeat(64) });
    expect(codeOf(() => take(new Map(), foreign))).toBe('FEDERATION_FOREIGN');
  });

  it('replaces an older one, and is never replaced by one', async () => {
    const [first, second] = [await send(), await send({ version: 2, practitioners: [] })];
    const held = take(take(new Map(), first), second);
    expect(held.get(south)?.practitioners).toEqual([]);
    expect(codeOf(() => take(held, first))).toBe('FEDERATION_ROLLBACK');
    expect(take(held, second)).toBe(held);
  });

  it('in two contents of one version is refused', async () => {
    const held = take(new Map(), await send());
    const other = await send({ practitioners: [] });
    expect(codeOf(() => take(held, other))).toBe('FEDERATION_EQUIVOCATION');
  });

  it('without numbers, with an unknown field or without end is refused', () => {
    expect(codeOf(() => readPractitioners(directory({ practitioners: [{ family: 'Peeters', given: 'Anna' }] })))).toBe(
      'FEDERATION_ENVELOPE_INVALID',
    );
    expect(codeOf(() => readPractitioners(directory({ patients: [] })))).toBe('FEDERATION_ENVELOPE_INVALID');
    expect(codeOf(() => readPractitioners(directory({ expires: isoSeconds(FOUNDED_MS) })))).toBe(
      'FEDERATION_ENVELOPE_INVALID',
    );
  });

  it('holds 20,000 practitioners and no more', () => {
    const one = { number: '1', family: 'A', given: 'B' };
    const of = (count: number) => directory({ practitioners: Array<typeof one>(count).fill(one) });
    expect(codeOf(() => readPractitioners(of(MAX_PRACTITIONERS)))).toBe('accepted');
    expect(codeOf(() => readPractitioners(of(MAX_PRACTITIONERS + 1)))).toBe('FEDERATION_LIMIT');
  });
});
