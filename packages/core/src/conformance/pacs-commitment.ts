/**
 * The part of the PACS suite about promises to keep what was stored: none is given for what is not there. Adapters that cannot
 * ask their PACS have no `commit`, and one whose PACS gives no answer says nothing of any instance.
 */
import { parseUid } from '../dicom/uid.ts';
import type { InstanceReference } from '../pacs/index.ts';
import { check, equal, rejectsWith } from './expect.ts';
import { all } from './pacs-iterate.ts';
import { sampleInstance } from './pacs-samples.ts';
import type { PacsSuite } from './pacs.ts';

/** Registers the tests. */
export function commitmentTests({ test }: PacsSuite): void {
  const study = [1, 2].map((instance) => sampleInstance({ study: 1, instance }));
  const stored = study.map(({ sopClassUid, sopInstanceUid }): InstanceReference => ({ sopClassUid, sopInstanceUid }));
  const never = sampleInstance({ study: 1, instance: 3 });
  const unknown: InstanceReference = { sopClassUid: never.sopClassUid, sopInstanceUid: never.sopInstanceUid };
  const otherwise: InstanceReference = {
    sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.2'),
    sopInstanceUid: study[0]?.sopInstanceUid ?? never.sopInstanceUid,
  };

  test('promises to keep what it was given, and nothing else', async ({ pacs }) => {
    if (pacs.commit === undefined) return;
    await all(pacs.store(study));
    const { committed, failed } = await pacs.commit([...stored, unknown], { filing: 'first' });
    if (committed.length + failed.length === 0) return;
    equal(uidsOf(committed), uidsOf(stored), 'what was stored is promised, each instance once');
    equal(uidsOf(failed), uidsOf([unknown]), 'what was never there is said to fail');
    check((failed[0]?.reason ?? 0) > 0, 'for a reason');
    const other = await pacs.commit([otherwise], { filing: 'second' });
    equal(other.committed, [], 'an instance is not promised under another SOP class');
  });

  test('says nothing when it is asked for nothing', async ({ pacs }) => {
    if (pacs.commit === undefined) return;
    equal(await pacs.commit([], { filing: 'first' }), { committed: [], failed: [] }, 'no instance, no promise');
  });

  test('rethrows the reason of a signal when it is asked to keep instances', async ({ pacs }) => {
    if (pacs.commit === undefined) return;
    const reason = { kind: 'no longer of interest' };
    const asking = () => pacs.commit?.(stored, { filing: 'first', signal: AbortSignal.abort(reason) });
    await rejectsWith(asking, reason, 'the reason of an aborted signal is rethrown untouched');
  });
}

function uidsOf(references: readonly InstanceReference[]): readonly string[] {
  return references.map(({ sopInstanceUid }) => sopInstanceUid).toSorted();
}
