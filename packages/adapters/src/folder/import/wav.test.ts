import { bytesSource } from '@interhosp/core/dicom';
import { sampleWav, type SampleWavOptions } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { readWav } from './wav.ts';

const read = (bytes: Uint8Array) => readWav(bytesSource(bytes));

describe('a WAV file', () => {
  it.each<[string, SampleWavOptions, object]>([
    ['PCM of 16 bits', {}, { interpretation: 'SS', bitsPerSample: 16, channels: 1, samples: 101 }],
    ['PCM of 8 bits', { bits: 8, channels: 2 }, { interpretation: 'UB', bitsPerSample: 8, channels: 2, samples: 101 }],
    ['A-law', { format: 6, bits: 8 }, { interpretation: 'AB' }],
    ['mu-law', { format: 7, bits: 8, samplesPerSecond: 8_000 }, { interpretation: 'MB', samplesPerSecond: 8_000 }],
    ['an extensible format', { format: 0xfffe }, { interpretation: 'SS' }],
  ])('of %s is understood', async (_, options, expected) => {
    expect(await read(sampleWav(options))).toMatchObject(expected);
  });

  it('says where its samples lie, behind chunks of odd length too', async () => {
    const chunks = [
      ['LIST', Buffer.from('odd')],
      ['bext', Buffer.alloc(100)],
    ] as const;
    const bytes = sampleWav({ chunks });
    const { from, lengthBytes } = await read(bytes);
    expect(lengthBytes).toBe(202);
    expect(Buffer.from(bytes.subarray(from, from + lengthBytes))).toEqual(Buffer.from(bytes.subarray(-202)));
  });

  it.each<[string, SampleWavOptions]>([
    ['samples', { bits: 24 }],
    ['samples', { bits: 32, format: 3 }],
    ['samples', { bits: 4, format: 2, channels: 2 }],
    ['channels', { channels: 3 }],
  ])('is refused for its %s: %j', async (reason, options) => {
    await expect(read(sampleWav(options))).rejects.toMatchObject({ code: 'IMPORT_UNSUPPORTED', details: { reason } });
  });

  it('is refused when it is cut off, or lies of its lengths', async () => {
    const wav = sampleWav();
    for (let length = 0; length < wav.length; length++) {
      await expect(read(wav.subarray(0, length))).rejects.toMatchObject({ code: 'IMPORT_MALFORMED' });
    }
    for (const at of [16, 20, 22, 32, 34, 40]) {
      const lying = Buffer.from(wav);
      lying.fill(0xff, at, at + 2);
      await expect(read(lying), String(at)).rejects.toMatchObject({
        code: expect.stringMatching(/^IMPORT_/) as string,
      });
    }
  });

  it('of too many chunks, or beyond 4 GiB, is refused', async () => {
    const chunks = Array.from({ length: 256 }, () => ['JUNK', Buffer.alloc(2)] as const);
    await expect(read(sampleWav({ chunks }))).rejects.toMatchObject({ code: 'IMPORT_LIMIT' });
    const large = Buffer.from(sampleWav());
    large.write('RF64', 0, 'latin1');
    await expect(read(large)).rejects.toMatchObject({ details: { reason: 'rf64' } });
  });
});
