import type { Uid } from '@interhosp/core/dicom';
import { describe, expect, it } from 'vitest';
import { getContexts, planPairs, STORED_SYNTAXES, syntaxesOf } from './context-plan.ts';
import type { ListedInstance } from '../query/find-studies.ts';
import { SOP_CLASSES } from '../association/uids.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2' as Uid;
const SR = '1.2.840.10008.5.1.4.1.1.88.11' as Uid;
const US = '1.2.840.10008.5.1.4.1.1.6.1' as Uid;
const JPEG_LOSSLESS = '1.2.840.10008.1.2.4.70' as Uid;

function instance(more: Partial<ListedInstance>): ListedInstance {
  return { seriesInstanceUid: '1.2.1' as Uid, sopInstanceUid: '1.2.1.1' as Uid, ...more };
}

function countOf(pairs: readonly { readonly sopClassUid: Uid }[], sopClassUid: Uid): number {
  return pairs.filter((pair) => pair.sopClassUid === sopClassUid).length;
}

describe('the contexts of a C-GET', () => {
  it('are one for each class and syntax, with the roles turned round', () => {
    const [pairs = []] = planPairs([instance({ sopClassUid: CT }), instance({ sopClassUid: SR })]);
    const { contexts, roles } = getContexts(SOP_CLASSES.studyRootGet, pairs);
    expect(contexts[0]?.abstractSyntax).toBe(SOP_CLASSES.studyRootGet);
    expect(contexts.slice(1).every(({ transferSyntaxes }) => transferSyntaxes.length === 1)).toBe(true);
    expect(new Set(contexts.map(({ id }) => id)).size).toBe(contexts.length);
    expect(roles).toEqual([CT, SR].map((sopClassUid) => ({ sopClassUid, scu: false, scp: true })));
    expect(countOf(pairs, CT)).toBe(STORED_SYNTAXES.length);
    // A report is never compressed, unless as a whole.
    expect(countOf(pairs, SR)).toBe(3);
  });

  it('begin with what the PACS says it holds', () => {
    const [pairs = []] = planPairs([
      instance({ sopClassUid: SR }),
      instance({ sopClassUid: CT, storedSyntaxes: [JPEG_LOSSLESS] }),
    ]);
    expect(pairs[0]).toEqual({ sopClassUid: CT, transferSyntaxUid: JPEG_LOSSLESS });
    expect(countOf(pairs.slice(0, 3), CT)).toBe(2);
  });

  it('are never more than an association has, and go on with the next likeliest', () => {
    const classes = Array.from({ length: 40 }, (_, index) => `1.2.3.${index}` as Uid);
    const plans = planPairs(classes.map((sopClassUid) => instance({ sopClassUid })));
    expect(plans.length).toBeGreaterThan(1);
    expect(plans.length).toBeLessThanOrEqual(16);
    for (const pairs of plans) {
      expect(getContexts(SOP_CLASSES.studyRootGet, pairs).contexts.length).toBeLessThanOrEqual(128);
    }
    // Each class has its likeliest syntax with the first.
    expect(new Set(plans[0]?.map(({ sopClassUid }) => sopClassUid)).size).toBe(40);
    const all = plans.flat().map((pair) => JSON.stringify(pair));
    expect(new Set(all).size).toBe(all.length);
  });

  it('are by SOP Classes in Study where instances do not tell theirs', () => {
    const [pairs = [], ...more] = planPairs([instance({})], [CT]);
    expect(pairs.every(({ sopClassUid }) => sopClassUid === CT)).toBe(true);
    expect(more).toEqual([]);
  });

  it('are by modality where nobody tells, and in the end all there are', () => {
    const plans = planPairs([instance({ modality: 'US' })]);
    expect(countOf(plans[0] ?? [], US)).toBe(8);
    expect(countOf(plans[0] ?? [], CT)).toBeLessThan(2);
    expect(countOf(plans.flat(), CT)).toBeGreaterThanOrEqual(2);
  });

  it('have what vendors made where it is configured, and nobody tells', () => {
    const [privateClass, privateSyntax] = ['1.3.12.2.1107.5.9.1' as Uid, '1.2.840.113619.5.2' as Uid];
    const kinds = { privateClasses: [privateClass], privateSyntaxes: [privateSyntax] };
    const [blind = []] = planPairs([instance({ modality: 'MR' })], [], kinds);
    expect(countOf(blind, privateClass)).toBe(8);
    const [told = []] = planPairs([instance({ sopClassUid: CT })], [], kinds);
    expect(told.at(-1)).toEqual({ sopClassUid: CT, transferSyntaxUid: privateSyntax });
    expect(countOf(told, privateClass)).toBe(0);
  });

  it('are no fewer for a class that nobody knows', () => {
    expect(syntaxesOf('1.2.3' as Uid)).toEqual(STORED_SYNTAXES);
  });
});
