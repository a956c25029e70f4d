import { TAGS, TRANSFER_SYNTAXES, type Tag } from '@interhosp/core/dicom';
import { describe, expect, it } from 'vitest';
import { decodeIdentifier, encodeIdentifier } from './identifier.ts';
import { matchesKeys, type KnownValue } from './query-matching.ts';

const transferSyntaxUid = TRANSFER_SYNTAXES.ExplicitVRLittleEndian;

function matches(
  vr: KnownValue['vr'],
  value: string | undefined,
  key: string,
  tag: Tag = TAGS.StudyDescription,
): boolean {
  const keys = decodeIdentifier(encodeIdentifier([{ tag, value: { vr, text: key } }], { transferSyntaxUid }), {
    transferSyntaxUid,
  });
  return matchesKeys(value === undefined ? new Map() : new Map([[tag, { vr, text: value }]]), keys);
}

describe('matching (PS3.4 C.2.2.2)', () => {
  it.each<[KnownValue['vr'], string, string, boolean]>([
    ['LO', 'Thorax', 'Thorax', true],
    ['LO', 'Thorax', 'thorax', false],
    ['LO', 'Thorax', 'Tho*', true],
    ['LO', 'Thorax', '*ora*', true],
    ['LO', 'Thorax', 'Th?rax', true],
    ['LO', 'Thorax', 'Th?ax', false],
    ['LO', 'Thorax', '*', true],
    ['LO', '', '*', true],
    ['LO', '', '?*', false],
    ['LO', 'Thorax', '', true],
    ['CS', 'CT\\SR', 'SR', true],
    ['CS', 'CT\\SR', 'MR\\SR', true],
    ['CS', 'CT\\SR', 'MR', false],
    ['PN', 'Lemaître^Zoé', 'LEMAÎTRE*', true],
    ['PN', 'Lemaître^Zoé', 'LEMAÎTRE', false],
  ])('of %s: %j with key %j: %s', (vr, value, key, isMatch) => {
    expect(matches(vr, value, key)).toBe(isMatch);
  });

  it.each<[string, string, boolean]>([
    ['20240229', '20240229', true],
    ['20240229', '20240301', false],
    ['20240229', '20240201-20240301', true],
    ['20240229', '20240229-20240229', true],
    ['20240229', '-20240228', false],
    ['20240229', '-20240229', true],
    ['20240229', '20240301-', false],
    ['', '20240101-', false],
  ])('of a date: %j with key %j: %s', (value, key, isMatch) => {
    // DA with a range is no value of DA: it is written as it stands in a query.
    const keys = decodeIdentifier(
      encodeIdentifier([{ tag: TAGS.StudyDate, value: { vr: 'DA', bytes: new TextEncoder().encode(key) } }], {
        transferSyntaxUid,
      }),
      { transferSyntaxUid },
    );
    expect(matchesKeys(new Map([[TAGS.StudyDate, { vr: 'DA', text: value }]]), keys)).toBe(isMatch);
  });

  it('of UIDs is by lists, without wildcards', () => {
    const of = (key: string) => {
      const element = {
        tag: TAGS.StudyInstanceUID,
        value: { vr: 'UI', bytes: new TextEncoder().encode(key) },
      } as const;
      const keys = decodeIdentifier(encodeIdentifier([element], { transferSyntaxUid }), { transferSyntaxUid });
      return matchesKeys(new Map([[TAGS.StudyInstanceUID, { vr: 'UI', text: '1.2.3' }]]), keys);
    };
    expect([of('1.2.3'), of('1.2.4\\1.2.3'), of('1.2.4'), of('1.2.*')]).toEqual([true, true, false, false]);
  });

  it('narrows nothing by what is not known', () => {
    expect(matches('LO', undefined, 'Thorax')).toBe(true);
  });

  it('takes time that does not explode with the number of stars', () => {
    expect(matches('LT', 'a'.repeat(500), `${'*a'.repeat(200)}*b`)).toBe(false);
  });
});
