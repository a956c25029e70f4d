import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../test/node-crypto.ts';
import { context, physician, routable } from '../../test/routing.ts';
import type { Digest } from '../study/identifiers.ts';
import { approveRuleSet, isLive, parseRuleSetVersion, replay, type Approval } from './rule-set-version.ts';
import { parseRuleSet } from './rule-set.ts';

const source = {
  rules: [
    { id: 'prescriber', when: { referringPhysician: { practisesAt: 'destination' } }, destination: 'each member' },
  ],
};
const count = { studies: 3, sent: 1, proposed: 1, byMember: [{ member: 'be-south', sends: 1 }] };
const draft = () => parseRuleSetVersion(source, 'writer', nodeCrypto);
const approval = (changes: Partial<Approval> = {}): Approval => ({
  by: 'second',
  atMs: 0,
  digest: draft().digest,
  count,
  ...changes,
});

describe('a rule set', () => {
  it('is live after a second person approved what is in it', () => {
    const version = draft();
    expect(isLive(version, nodeCrypto)).toBe(false);
    expect(isLive(approveRuleSet(version, approval()), nodeCrypto)).toBe(true);
  });

  it('is not approved by its writer, however the name is spelled, or by nobody', () => {
    for (const by of ['writer', ' WRITER ', 'ｗriter', '', ' ']) {
      expect(() => approveRuleSet(draft(), approval({ by }))).toThrow('CONFIG_INVALID');
      expect(isLive({ ...draft(), approvedBy: approval({ by }) }, nodeCrypto)).toBe(false);
    }
    expect(() => parseRuleSetVersion(source, ' ', nodeCrypto)).toThrow('CONFIG_INVALID');
  });

  it('is not approved on the digest of other rules', () => {
    expect(() => approveRuleSet(draft(), approval({ digest: 'a'.repeat(64) as Digest }))).toThrow('CONFIG_INVALID');
  });

  it('that was changed after the approval is not live', () => {
    const live = approveRuleSet(draft(), approval());
    const other = parseRuleSet({ rules: [{ id: 'all', when: { modality: 'CT' }, to: ['be-south'] }] });
    expect(isLive({ ...live, rules: other }, nodeCrypto)).toBe(false);
    const redrafted = parseRuleSetVersion(
      { rules: [{ ...source.rules[0], priority: 'urgent' }] },
      'writer',
      nodeCrypto,
    );
    expect(isLive({ ...redrafted, approvedBy: approval() }, nodeCrypto)).toBe(false);
  });

  it('has the digest of its meaning: the order of fields and written defaults do not change it', () => {
    const [first] = source.rules;
    const same = {
      rules: [{ priority: 'routine', destination: first?.destination, when: first?.when, id: first?.id }],
      practitionerNumbers: 'exact',
    };
    expect(parseRuleSetVersion(same, 'writer', nodeCrypto).digest).toBe(draft().digest);
  });

  it('of the deepest nesting has a digest', () => {
    const nested = (depth: number): object =>
      depth === 1 ? { tag: { StudyDescription: ['a', 'b'] } } : { all: [nested(depth - 1), { modality: 'CT' }] };
    const deep = { rules: [{ id: 'deep', when: nested(8), to: ['be-south'], except: [nested(8)] }] };
    expect(parseRuleSetVersion(deep, 'writer', nodeCrypto).digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is counted on past studies before it goes live', async () => {
    const studies = [
      routable(),
      routable({ referringPhysician: physician('Canarydoc', 'Anna') }),
      routable({ referringPhysician: physician('Nobody', 'Known', '9') }),
    ];
    expect(await replay(studies, parseRuleSet(source), context())).toEqual(count);
    expect(await replay([], parseRuleSet(source), context())).toEqual({
      studies: 0,
      sent: 0,
      proposed: 0,
      byMember: [],
    });
  });
});
