/**
 * The part of the PACS suite about transfer syntaxes: what a PACS does not take is known before it is sent, and what it takes
 * comes back as it went in, however it is written.
 */
import { parseUid } from '../dicom/uid.ts';
import type { Uid } from '../dicom/uid.ts';
import type { Pacs } from '../pacs/index.ts';
import { check, equal, rejectsWith } from './expect.ts';
import { all, retrieveAll } from './pacs-iterate.ts';
import { listsInstances, sameInstances } from './pacs-retrieve.ts';
import {
  deflatedSample,
  EXPLICIT_BIG,
  EXPLICIT_LITTLE,
  IMPLICIT_LITTLE,
  JPEG_BASELINE,
  JPEG_LS_LOSSLESS,
  sampleInstance,
  sampleStudyUid,
  type SampleInstance,
} from './pacs-samples.ts';
import { isHeld, oneOutcomeEach } from './pacs-store.ts';
import type { PacsSuite } from './pacs.ts';

/** A storage class that nobody has. */
const UNHEARD_OF = parseUid('1.2.840.10008.5.1.4.1.1.999.9999');

/** Registers the tests. */
export function syntaxTests(suite: PacsSuite): void {
  fidelityTests(suite);
  foreknowledgeTests(suite);
}

function fidelityTests({ test, options }: PacsSuite): void {
  const { source, preservesBytes } = options.capabilities;

  test('takes objects however they are written, or refuses each by itself', async ({ pacs }) => {
    const study = await inEverySyntax();
    const outcomes = await all(pacs.store(study));
    oneOutcomeEach(outcomes, study);
    const taken = study.filter(({ transferSyntaxUid }) => isTaken(options.syntaxes, transferSyntaxUid));
    const held = new Set(outcomes.filter(isHeld).map((each) => each.sopInstanceUid));
    equal(
      study.filter(({ sopInstanceUid }) => held.has(sopInstanceUid)).map(nameOf),
      taken.map(nameOf),
      'what the PACS takes is stored, and nothing else is called so',
    );
    if (!source) return;
    check(await listsInstances(pacs, 1, taken.length), 'what was stored is listed');
    if (taken.length === 0) return;
    const back = await retrieveAll(pacs, sampleStudyUid(1));
    equal(
      back.map((each) => each.transferSyntaxUid).toSorted(),
      taken.map((each) => each.transferSyntaxUid).toSorted(),
      'each comes back in its own transfer syntax',
    );
    if (!preservesBytes) return;
    const isKept = ({ transferSyntaxUid }: { readonly transferSyntaxUid: Uid }): boolean =>
      options.rewrittenSyntaxes?.includes(transferSyntaxUid) !== true;
    await sameInstances(
      back.filter(isKept),
      taken.filter(isKept),
      'compressed, deflated and big endian objects come back bit for bit',
    );
  });
}

function foreknowledgeTests({ test, options }: PacsSuite): void {
  test('knows beforehand what will be refused', async ({ pacs }) => {
    const accepted = await acceptedBy(pacs, sampleInstance({ study: 1 }).sopClassUid);
    if (accepted === undefined) return;
    equal(await acceptedBy(pacs, sampleInstance({ study: 1 }).sopClassUid), accepted, 'the same is said each time');
    for (const instance of await inEverySyntax()) {
      const [outcome] = await all(pacs.store([instance]));
      check(outcome !== undefined, 'a store has an outcome');
      equal(
        isHeld(outcome),
        accepted.includes(instance.transferSyntaxUid),
        `${nameOf(instance)} is taken if, and only if, that was said before`,
      );
    }
  });

  test('knows that a class which nobody has is not taken, or leaves it open', async ({ pacs }) => {
    const accepted = await acceptedBy(pacs, UNHEARD_OF);
    if (accepted?.length !== 0) return;
    const outcomes = await all(pacs.store([{ ...sampleInstance({ study: 1 }), sopClassUid: UNHEARD_OF }]));
    check(!outcomes.some(isHeld), 'nothing of such a class is called stored');
  });

  test('rethrows the reason of a signal when it is asked what it takes', async ({ pacs }) => {
    if (pacs.acceptedSyntaxes === undefined) return;
    const reason = { kind: 'no longer of interest' };
    const asking = () => pacs.acceptedSyntaxes?.(UNHEARD_OF, { signal: AbortSignal.abort(reason) });
    await rejectsWith(asking, reason, 'the reason of an aborted signal is rethrown untouched');
  });

  test('accounts for each of many when one in the middle is bad', async ({ pacs }) => {
    const many = Array.from({ length: 41 }, (_, index) =>
      sampleInstance({ study: 1, instance: index + 1, pixelBytes: 2_000 }),
    );
    const bad = many[20] as SampleInstance;
    const instances = many.map((each) => (each === bad ? { ...bad, lengthBytes: bad.lengthBytes + 1_000 } : each));
    const outcomes = await all(pacs.store(instances));
    oneOutcomeEach(outcomes, instances);
    const lost = outcomes.filter((outcome) => !isHeld(outcome));
    equal(
      lost.map((each) => each.sopInstanceUid),
      [bad.sopInstanceUid],
      'one that is bad takes no other with it',
    );
    if (options.capabilities.source) check(await listsInstances(pacs, 1, many.length - 1), 'the others are held');
  });
}

async function inEverySyntax(): Promise<readonly SampleInstance[]> {
  const syntaxes = [EXPLICIT_LITTLE, IMPLICIT_LITTLE, JPEG_BASELINE, JPEG_LS_LOSSLESS, EXPLICIT_BIG];
  return [
    ...syntaxes.map((transferSyntaxUid, index) =>
      sampleInstance({ study: 1, series: index + 1, transferSyntaxUid, pixelBytes: 70_000 }),
    ),
    await deflatedSample({ study: 1, series: syntaxes.length + 1, pixelBytes: 70_000 }),
  ];
}

async function acceptedBy(pacs: Pacs, sopClassUid: Uid): Promise<readonly Uid[] | undefined> {
  return await pacs.acceptedSyntaxes?.(sopClassUid);
}

/** Whether the PACS is said to take a syntax. */
function isTaken(syntaxes: readonly Uid[] | undefined, transferSyntaxUid: Uid): boolean {
  return syntaxes === undefined || syntaxes.includes(transferSyntaxUid);
}

function nameOf({ transferSyntaxUid }: SampleInstance): string {
  return `an object in ${transferSyntaxUid}`;
}
