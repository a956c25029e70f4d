import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesSource, parseUid } from '../dicom/index.ts';
import { allBytes } from '../conformance/pacs-iterate.ts';
import { sampleInstance } from '../conformance/pacs-samples.ts';
import { readInstance } from './read-instance.ts';

const deflated = parseUid('1.2.840.10008.1.2.1.99');
const sample = sampleInstance({ study: 1, pixelBytes: 3_000_000 });
const bytes = await allBytes(sample.dataSet());

describe('reading an instance for an index', () => {
  it('reads identifiers and patient of a plain data set', async () => {
    const instance = await readInstance(bytesSource(bytes), sample.transferSyntaxUid);
    expect(instance.sopInstanceUid).toBe(sample.sopInstanceUid);
    expect(instance.header.patient.patientId).toEqual({ id: 'PAT-1', issuer: 'SAMPLE-HOSPITAL' });
  });

  it('reads the header of a deflated data set, whose pixels need not be whole', async () => {
    const packed = deflateRawSync(bytes);
    for (const length of [packed.length, Math.floor(packed.length / 2)]) {
      const instance = await readInstance(bytesSource(packed.subarray(0, length)), deflated);
      expect(instance.sopInstanceUid).toBe(sample.sopInstanceUid);
      expect(instance.transferSyntaxUid).toBe(deflated);
    }
  });

  it('refuses what is not deflated, is cut off in its header or inflates to nothing useful', async () => {
    const noise = new Uint8Array(4096).map((_, index) => (index * 37) ^ 0xa5);
    const bomb = deflateRawSync(new Uint8Array(64 * 1024 * 1024));
    for (const broken of [new Uint8Array(0), noise, deflateRawSync(bytes.subarray(0, 100)), bomb]) {
      await expect(readInstance(bytesSource(broken), deflated)).rejects.toThrow(/DICOM_/);
    }
  });

  it('stops when it is told to', async () => {
    const reason = new Error('enough');
    const reading = readInstance(bytesSource(deflateRawSync(bytes)), deflated, { signal: AbortSignal.abort(reason) });
    await expect(reading).rejects.toBe(reason);
  });
});
