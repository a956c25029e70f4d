/**
 * Real PACS at both ends: Orthanc, member, member, Orthanc, over DICOMweb on both sides, with the real files that Orthanc
 * takes. What comes out of the second is compared, on bytes, with what the first gives back.
 */
import { startOrthanc, type Orthanc } from '@interhosp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corpusFiles, journeyOf } from './corpus.ts';
import { Federation, TEST_WITHIN_MS, type Hospital } from './hospitals.ts';
import { expectCopies, filesOf, upload } from './orthanc-files.ts';

let federation: Federation;
let a: Hospital;
let b: Hospital;
let from: Orthanc;
let to: Orthanc;
beforeAll(async () => {
  [from, to] = await Promise.all([startOrthanc(), startOrthanc()]);
  const pacs = ({ dicomwebUrl }: Orthanc) => ({
    pacs: { main: { baseUrl: dicomwebUrl, use: '@interhosp/adapters/dicomweb' } },
  });
  ({ a, b, federation } = await Federation.ofTwo([pacs(from), pacs(to)]));
}, TEST_WITHIN_MS);
afterAll(async () => {
  await federation[Symbol.asyncDispose]();
  await Promise.all([from.stop(), to.stop()]);
});

describe('Orthanc to Orthanc', () => {
  it('carries each study that the first holds to the second, unaltered', { timeout: TEST_WITHIN_MS * 2 }, async () => {
    for (const { bytes } of corpusFiles()) await upload(from, bytes);
    const held = await filesOf(from);
    expect(held.length).toBeGreaterThan(10);
    await Promise.all([a.start(), b.start()]);
    const studies = [...new Set(held.map(({ studyInstanceUid }) => studyInstanceUid))].filter((uid) => uid !== '');
    const fates = new Map<string, string>();
    for (const study of studies) fates.set(study, await journeyOf(study, a, b));
    const arrived = await filesOf(to);
    expectCopies(held, arrived, fates);
    console.log(`${held.length} held, ${arrived.length} arrived, in ${studies.length} studies`);
    expect(arrived.length).toBeGreaterThan(held.length / 2);
  });
});
