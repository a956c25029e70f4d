/**
 * Memory stays flat whatever the size: one instance far larger than the ceiling crosses from folder to folder between two
 * members that run as in production. VmHWM is Linux's own record of the most a process ever held, its start included.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { generateLargeInstance, type LargeSampleInstance } from '@interhosp/core/conformance';
import { part10Header, readPart10, walkElements, vrFormOf, TAGS } from '@interhosp/core/dicom';
import { startTwoHospitals, type TwoHospitals } from '@interhosp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prefixSource } from '../../src/journey/prefix-source.ts';

/** What a member promises to stay under, in MB of 10^6 bytes. */
const CEILING_MB = 250;
const isLong = process.env['INTERHOSP_DOSE'] === 'long';
const INSTANCE_BYTES = isLong ? 1_000_000_000 : 256_000_000;
/** A limit against hanging; the gate shares its processors. */
const WITHIN_MS = isLong ? 1_500_000 : 240_000;
/** A file that nobody has changed for an hour is listed at once. */
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000);

// Without /proc there is nothing to read; Linux is where members and the gate run.
describe.runIf(process.platform === 'linux')('a member', () => {
  let hospitals: TwoHospitals;
  beforeAll(async () => {
    hospitals = await startTwoHospitals({ patients: ['P1,,Vérité,Anne-Hélène,,1961-04-23,F,,,,'] });
  }, WITHIN_MS);
  afterAll(async () => {
    await hospitals?.stop();
  });

  it(
    `stays under ${CEILING_MB} MB while one instance of ${INSTANCE_BYTES / 1e6} MB crosses and is filed`,
    async () => {
      const { a, b } = hospitals;
      const instance = generateLargeInstance({ lengthBytes: INSTANCE_BYTES, seed: 'memory' });
      await writeInstance(join(a.outFolder, 'large.dcm'), instance);
      await hospitals.send(instance.studyInstanceUid, { withinMs: WITHIN_MS - 20_000 });

      const peaks = [await a.usage(), await b.usage()].map(({ peakRssMb }) => Math.round(peakRssMb));
      console.log(`peak RSS: ${peaks.join(' and ')} MB`);
      for (const { member, usage } of [
        { member: a.member, usage: await a.usage() },
        { member: b.member, usage: await b.usage() },
      ]) {
        expect(usage.peakRssMb, member).toBeLessThan(CEILING_MB);
        // A reading that is too good to be true is none.
        expect(usage.peakRssMb, member).toBeGreaterThan(50);
      }
      const filed = await filesBelow(b.inFolder);
      expect(filed).toHaveLength(1);
      expect(await pixelDigest(filed[0] ?? '')).toBe(await pixelDigest(join(a.outFolder, 'large.dcm')));
    },
    WITHIN_MS,
  );
});

async function writeInstance(path: string, instance: LargeSampleInstance): Promise<void> {
  const file = createWriteStream(path);
  file.write(part10Header(instance));
  for await (const chunk of instance.dataSet()) {
    if (!file.write(chunk)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
  await utimes(path, AN_HOUR_AGO, AN_HOUR_AGO);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** SHA-256 of what follows the header of Pixel Data: the patient's data before it are the receiver's. */
async function pixelDigest(path: string): Promise<string> {
  const start = await pixelOffset(path);
  const hash = createHash('sha256');
  let offset = 0;
  for await (const chunk of (await readPart10(createReadStream(path))).dataSet) {
    if (offset + chunk.length > start) hash.update(chunk.subarray(Math.max(0, start - offset)));
    offset += chunk.length;
  }
  expect(offset - start).toBeGreaterThan(INSTANCE_BYTES * 0.9);
  return hash.digest('hex');
}

async function pixelOffset(path: string): Promise<number> {
  const { dataSet, transferSyntaxUid } = await readPart10(createReadStream(path));
  for await (const { tag, valueOffset } of walkElements(await prefixSource(dataSet), vrFormOf(transferSyntaxUid))) {
    if (tag === TAGS.PixelData) return valueOffset;
  }
  throw new Error('no pixels');
}
