import { bytesSource } from '@interhosp/core/dicom';
import { sampleMp4, type SampleMp4Options } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { readMp4 } from './mp4.ts';

const read = (bytes: Uint8Array) => readMp4(bytesSource(bytes));
const readSample = (options: SampleMp4Options = {}) => read(sampleMp4(options));

/** The sample with the size of a box overwritten. */
function withSize(type: string, size: number): Uint8Array {
  const bytes = Buffer.from(sampleMp4());
  bytes.writeUInt32BE(size, bytes.indexOf(type) - 4);
  return bytes;
}

describe('an MP4', () => {
  it('is measured from its headers', async () => {
    expect(await readSample({ columns: 1_920, rows: 1_080, frames: 75, rate: 25 })).toEqual({
      method: 'ISO_14496_10',
      syntax: { single: '1.2.840.10008.1.2.4.102', fragments: '1.2.840.10008.1.2.4.102.1' },
      mayBeFragmentedAlways: false,
      bits: 8,
      columns: 1_920,
      rows: 1_080,
      frames: 75,
      durationMs: 3_000,
      quarterTurns: 0,
      sound: [],
      lengthBytes: sampleMp4({ columns: 1_920, rows: 1_080 }).length,
    });
  });

  it.each<[string, SampleMp4Options, string]>([
    ['level 4.1', { level: 41 }, '1.2.840.10008.1.2.4.102'],
    ['a lower level and Main', { level: 30, profile: 77 }, '1.2.840.10008.1.2.4.102'],
    ['level 4.2', { level: 42 }, '1.2.840.10008.1.2.4.104'],
    ['HEVC Main', { codec: 'hvc1' }, '1.2.840.10008.1.2.4.107'],
    ['HEVC Main 10', { codec: 'hvc1', profile: 2, bits: 10 }, '1.2.840.10008.1.2.4.108'],
  ])('of %s has its transfer syntax', async (_, options, single) => {
    expect((await readSample(options)).syntax.single).toBe(single);
  });

  it.each([
    [[1, 0, 0, 1], 0],
    [[0, 1, -1, 0], 1],
    [[-1, 0, 0, -1], 2],
    [[0, -1, 1, 0], 3],
  ] as const)('that a player turns by %j says so', async (matrix, quarterTurns) => {
    expect(await readSample({ matrix })).toMatchObject({ quarterTurns });
  });

  it('may have its headers before its samples, and sound that DICOM has a place for', async () => {
    expect(await readSample({ isFastStart: true, sound: {} })).toMatchObject({ sound: ['STEREO'] });
    const mp3 = { objectType: 0x6b, samplesPerSecond: 44_100, channels: 1 };
    expect(await readSample({ sound: mp3 })).toMatchObject({ sound: ['MONO'] });
    expect(await readSample({ aspect: 1 })).toMatchObject({ rows: 240 });
  });

  it.each([8, 9, 15])('whose file type box has %i bytes is none, which is seen at once', async (size) => {
    const sample = sampleMp4();
    const brands = Buffer.alloc(size);
    brands.writeUInt32BE(size);
    brands.write('ftyp', 4);
    const bytes = Buffer.concat([brands, sample.subarray(Buffer.from(sample.subarray(0, 4)).readUInt32BE())]);
    await expect(read(bytes)).rejects.toMatchObject({ code: 'IMPORT_MALFORMED', details: { reason: 'no-mp4' } });
  });

  it.each<[string, SampleMp4Options]>([
    ['profile', { profile: 110 }],
    ['profile', { profile: 66 }],
    ['profile', { profile: 128 }],
    ['profile', { codec: 'hvc1', profile: 4 }],
    ['level', { level: 51 }],
    ['level', { codec: 'hvc1', level: 156 }],
    ['chroma', { chroma: 2 }],
    ['chroma', { chroma: 0 }],
    ['bits', { bits: 10 }],
    ['aspect', { aspect: 2 }],
    ['codec', { codec: 'avc3' }],
    ['codec', { codec: 'encv' }],
    ['container', { brand: 'qt  ' }],
    ['movie-fragments', { isFragmented: true }],
    ['external', { isExternal: true }],
    ['mirrored', { matrix: [-1, 0, 0, 1] }],
    ['sound', { sound: { samplesPerSecond: 44_100 } }],
    ['sound', { sound: { channels: 6 } }],
    ['sound', { sound: { objectType: 0xa5 } }],
  ])('is refused for its %s: %j', async (reason, options) => {
    await expect(readSample(options)).rejects.toMatchObject({ code: 'IMPORT_UNSUPPORTED', details: { reason } });
  });

  it.each(['moov', 'trak', 'mdia', 'stbl', 'stsd', 'avcC', 'mdat'])(
    'whose %s claims 4 GiB is refused',
    async (type) => {
      // Nought is the way to say that the last box of a file reaches to its end.
      for (const size of [0xffffffff, 0x7fffffff, 9, 7, ...(type === 'moov' ? [] : [0])]) {
        await expect(read(withSize(type, size)), String(size)).rejects.toMatchObject({ code: 'IMPORT_MALFORMED' });
      }
    },
  );

  it('that is cut off anywhere is refused', async () => {
    const bytes = sampleMp4({ isFastStart: true });
    for (let length = 0; length < bytes.length; length += 3) {
      await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'IMPORT_MALFORMED' });
    }
  });

  it('reads little of a file of a terabyte, and refuses one beyond', async () => {
    const bytes = sampleMp4({ isFastStart: true, mediaBytes: 0 });
    const lengthBytes = 1_099_511_627_776;
    let readBytes = 0;
    // The samples reach to the end of the file.
    const head = Buffer.from(bytes);
    head.writeUInt32BE(0, head.length - 8);
    const source = {
      lengthBytes,
      read: async (offset: number, length: number) => {
        readBytes += length;
        return await bytesSource(head).read(offset, length);
      },
    };
    expect(await readMp4(source)).toMatchObject({ lengthBytes });
    expect(readBytes).toBeLessThan(10_000);
    await expect(readMp4({ ...source, lengthBytes: lengthBytes + 1 })).rejects.toMatchObject({ code: 'IMPORT_LIMIT' });
  });

  it('of more boxes than are looked at is refused', async () => {
    const boxes = Buffer.concat(Array.from({ length: 10_001 }, () => Buffer.from('0000000866726565', 'hex')));
    await expect(read(Buffer.concat([sampleMp4(), boxes]))).rejects.toMatchObject({ code: 'IMPORT_LIMIT' });
  });
});
