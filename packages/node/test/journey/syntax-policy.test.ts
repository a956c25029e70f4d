/**
 * A study that the receiver's PACS does not take as it comes. Held with the reason before a byte has moved; decoded without
 * loss once the site allows it, judged by other decoders than ours.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateStudy } from '@interhosp/core/conformance';
import { part10Header, TRANSFER_SYNTAXES } from '@interhosp/core/dicom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataSetFile, filesIn, pixelsOf, textOf } from './delivered.ts';
import { Federation, TEST_WITHIN_MS, type Hospital } from './hospitals.ts';

const PICKY = fileURLToPath(new URL('picky-pacs.ts', import.meta.url));
const JPEG_LS = '1.2.840.10008.1.2.4.80';
const JPEG_2000 = '1.2.840.10008.1.2.4.90';
const { ExplicitVRLittleEndian } = TRANSFER_SYNTAXES;

let federation: Federation;
let a: Hospital;
let b: Hospital;
beforeAll(async () => {
  const main = { rescanMs: 100, stableMs: 200, use: PICKY, watch: './out', write: './in' };
  ({ a, b, federation } = await Federation.ofTwo([{}, { pacs: { main } }]));
  await Promise.all([a.start(), b.start()]);
}, TEST_WITHIN_MS);
afterAll(() => federation[Symbol.asyncDispose]());

/** A study at hospital A, each instance compressed by one of these programs. Returns the pixels as they were before. */
async function putCompressed(seed: string, coders: readonly (readonly string[])[]) {
  const { instances, studyInstanceUid } = generateStudy({ instances: coders.length, pixels: 96, seed });
  const staged = join(a.root, `staged-${seed}`);
  await mkdir(staged);
  const settledAt = Date.now() / 1000 - 86_400;
  const pixels = new Map<string, Uint8Array>();
  for (const [index, instance] of instances.entries()) {
    const [native, path] = [join(a.root, 'native.dcm'), join(staged, `${index}.dcm`)];
    const bytes = Buffer.concat([part10Header(instance), instance.dataSet]);
    pixels.set(instance.sopInstanceUid, pixelsOf(dataSetFile(bytes)));
    await writeFile(native, bytes);
    const [program, ...options] = coders[index] as readonly [string, ...string[]];
    expect(spawnSync(program, [...options, native, path], { stdio: 'ignore' }).status).toBe(0);
    await utimes(path, settledAt, settledAt);
  }
  await rename(staged, join(a.out, seed));
  return { pixels, studyInstanceUid };
}

describe('a study in syntaxes that the PACS does not take', { timeout: TEST_WITHIN_MS }, () => {
  it('is held on both sides with the reason and nothing of it has moved; once decoding is allowed it is delivered', async () => {
    const { pixels, studyInstanceUid } = await putCompressed('compressed', [
      ['dcmcjpls'],
      ['dcmcjpls', '+fs', '1'],
      ['gdcmconv', '--j2k'],
    ]);
    const exchangeId = await a.send(studyInstanceUid, b);
    expect(await b.reaches(exchangeId, 'HELD')).toMatchObject({ bytes: 0, reason: 'PACS_SYNTAX_REFUSED' });
    expect(await a.reaches(exchangeId, 'HELD')).toMatchObject({ reason: 'TRANSFER_REFUSED:PACS_SYNTAX_REFUSED' });
    expect(await filesIn(b.in)).toEqual([]);

    await b.stop();
    await b.configure({ filing: { decode: 'lossless' } });
    await b.start();
    await (await b.api).release(exchangeId, 'tester');
    await (await a.api).release(exchangeId, 'tester');
    await a.reaches(exchangeId, 'CLOSED');

    const files = await filesIn(b.in);
    expect(files.map(({ transferSyntaxUid }) => transferSyntaxUid)).toEqual(Array(3).fill(ExplicitVRLittleEndian));
    for (const file of files) {
      expect(Buffer.compare(pixelsOf(file), pixels.get(file.sopInstanceUid) as Uint8Array)).toBe(0);
      expect(textOf(file, 0x00100020)).toBe('P1');
      expect(Buffer.from(file.dataSet).includes('Pixel data decoded without loss from transfer syntax')).toBe(true);
    }
    const rewritten = [
      { from: JPEG_LS, instances: 2, to: ExplicitVRLittleEndian },
      { from: JPEG_2000, instances: 1, to: ExplicitVRLittleEndian },
    ];
    expect(await (await b.api).job(exchangeId)).toMatchObject({ rewritten });
    const { receipts } = await (await a.api).job(exchangeId);
    const { payload } = JSON.parse(receipts.at(-1)?.envelope ?? '{}') as { readonly payload: string };
    const receipt = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    expect(receipt).toMatchObject({ filed: 3, partial: [], rewritten });
  });
});
