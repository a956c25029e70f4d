import type { Uid } from '@interhosp/core/dicom';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindKey, planStoreContexts, type InstanceKind } from './store-contexts.ts';

const IMPLICIT = '1.2.840.10008.1.2' as Uid;
const kind = fc.record({
  sopClassUid: fc.integer({ min: 1, max: 90 }).map((n) => `2.25.${n}` as Uid),
  transferSyntaxUid: fc.constantFrom(IMPLICIT, ...[1, 2, 3].map((n) => `2.25.1000.${n}` as Uid)),
}) satisfies fc.Arbitrary<InstanceKind>;

describe('contexts for storing', () => {
  it('are one for each kind, with the default beside, and never too many', () => {
    fc.assert(
      fc.property(fc.array(kind, { minLength: 1, maxLength: 400 }), (kinds) => {
        const { contexts, kinds: planned } = planStoreContexts(kinds);
        expect(contexts.length).toBeGreaterThan(0);
        expect(contexts.length).toBeLessThanOrEqual(128);
        expect(new Set(contexts.map(({ id }) => id)).size).toBe(contexts.length);
        const proposed = new Set<string>();
        for (const { abstractSyntax, id, transferSyntaxes } of contexts) {
          expect(id % 2).toBe(1);
          const [transferSyntaxUid, ...more] = transferSyntaxes as [Uid, ...Uid[]];
          expect(more).toEqual([]);
          proposed.add(kindKey({ sopClassUid: abstractSyntax, transferSyntaxUid }));
        }
        expect(proposed.size).toBe(contexts.length);
        for (const { abstractSyntax } of contexts) {
          expect(proposed).toContain(kindKey({ sopClassUid: abstractSyntax, transferSyntaxUid: IMPLICIT }));
        }
        for (const key of planned) expect(proposed).toContain(key);
        // The first comes first: whoever asks for a kind gets it.
        expect(planned).toContain(kindKey(kinds[0] as InstanceKind));
        if (contexts.length < 127) for (const each of kinds) expect(planned).toContain(kindKey(each));
      }),
    );
  });

  it('leave room for no half kind: a new class needs two', () => {
    const classes = Array.from({ length: 64 }, (_, n) => ({
      sopClassUid: `2.25.${n + 1}` as Uid,
      transferSyntaxUid: '2.25.1000' as Uid,
    }));
    expect(planStoreContexts(classes).contexts).toHaveLength(128);
    expect(planStoreContexts(classes).kinds.size).toBe(64);
    const oneMore = { sopClassUid: '2.25.99' as Uid, transferSyntaxUid: '2.25.1000' as Uid };
    expect(planStoreContexts([...classes, oneMore]).kinds.has(kindKey(oneMore))).toBe(false);
    expect(planStoreContexts([oneMore, ...classes]).kinds.has(kindKey(oneMore))).toBe(true);
  });
});
