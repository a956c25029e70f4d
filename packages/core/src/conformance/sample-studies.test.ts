import { describe, expect, it } from 'vitest';
import { generateLargeInstance, generateStudy } from './sample-studies.ts';

describe('sample studies', () => {
  it('gives the same bytes for the same options', () => {
    expect(generateStudy({ seed: 7 })).toEqual(generateStudy({ seed: 7 }));
  });

  it('gives other UIDs and other pixels for another seed', () => {
    const [one, other] = [generateStudy({ seed: 7 }), generateStudy({ seed: 8 })];
    expect(other.studyInstanceUid).not.toBe(one.studyInstanceUid);
    expect(other.instances[0]?.dataSet.subarray(-2000)).not.toEqual(one.instances[0]?.dataSet.subarray(-2000));
  });

  it('makes another series of the same study when only the kind differs', () => {
    const [ct, mr] = [generateStudy({ kind: 'CT' }), generateStudy({ kind: 'MR' })];
    expect(mr.studyInstanceUid).toBe(ct.studyInstanceUid);
    expect(mr.seriesInstanceUid).not.toBe(ct.seriesInstanceUid);
    expect(mr.instances[0]?.sopInstanceUid).not.toBe(ct.instances[0]?.sopInstanceUid);
  });

  it('makes UIDs under 2.25 that are unique within the study', () => {
    const uids = generateStudy({ instances: 50, pixels: 1 }).instances.map((instance) => instance.sopInstanceUid);
    expect(new Set(uids).size).toBe(50);
    for (const uid of uids) expect(uid).toMatch(/^2\.25\.[1-9]\d{0,38}$/);
  });

  it('declares UTF-8 only when Latin-1 cannot hold a name', () => {
    const name = { alphabetic: { family: 'Łukasz', given: 'Ewa', middle: '', prefix: '', suffix: '' } };
    const text = (options: Parameters<typeof generateStudy>[0]) =>
      new TextDecoder('latin1').decode(generateStudy(options).instances[0]?.dataSet.subarray(0, 20));
    expect(text({})).toContain('ISO_IR 100');
    expect(text({ patient: { name } })).toContain('ISO_IR 192');
    expect(() => generateStudy({ patient: { name }, characterSet: 'ISO_IR 100' })).toThrow('DICOM_CHARSET');
  });

  it('refuses counts and sizes out of range', () => {
    expect(() => generateStudy({ instances: 0 })).toThrow(RangeError);
    expect(() => generateStudy({ pixels: 4097 })).toThrow(RangeError);
  });

  it('streams a large instance of exactly the length it states, twice the same', async () => {
    const large = generateLargeInstance({ lengthBytes: 3_000_000 });
    const read = async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of large.dataSet()) chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    const first = await read();
    expect(first.length).toBe(large.lengthBytes);
    expect(first.length).toBeLessThan(3_000_000);
    expect(first.length).toBeGreaterThan(3_000_000 - 524_288);
    expect(Buffer.compare(first, await read())).toBe(0);
  });
});
