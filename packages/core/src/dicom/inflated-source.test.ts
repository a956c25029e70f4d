import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSampleRandom } from '../conformance/sample-random.ts';
import { webInflate } from '../world/index.ts';
import { bytesSource } from './byte-source.ts';
import { inflatedSource, type InflatedSourceOptions } from './inflated-source.ts';
import { DICOM_LIMITS } from './limits.ts';

const MEBIBYTE = 1024 * 1024;
/** Longer than what is kept, with a rest that is no whole number of anything. */
const BYTES = patterned(7 * MEBIBYTE + 12_345);
const DEFLATED = new Uint8Array(deflateRawSync(BYTES, { level: 1 }));

function patterned(length: number): Uint8Array {
  const noise = createSampleRandom('inflated').bytes(65_536);
  return Uint8Array.from({ length }, (_, index) => (noise[index & 0xffff] ?? 0) & (index >> 12));
}

function opened(deflated: Uint8Array = DEFLATED, options: Partial<InflatedSourceOptions> = {}) {
  return inflatedSource(bytesSource(deflated), { inflate: webInflate, ...options });
}

describe('inflatedSource', () => {
  it('reads what a deflated stream holds at any offset, forwards and back', async () => {
    const reads = fc.array(fc.tuple(fc.nat(BYTES.length), fc.nat(300_000)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(reads, async (places) => {
        const source = opened();
        for (const [offset, length] of places) {
          const read = await source.read(offset, length);
          expect(Buffer.compare(read, BYTES.subarray(offset, offset + length))).toBe(0);
        }
        await source.close();
      }),
      { numRuns: 10 },
    );
  });

  it('knows its length once the end was seen', async () => {
    const source = opened();
    expect(source.lengthBytes).toBe(Number.MAX_SAFE_INTEGER);
    expect(await source.measure()).toBe(BYTES.length);
    expect(await source.read(BYTES.length - 3, 100)).toEqual(BYTES.subarray(-3));
    expect(await source.read(BYTES.length + 5, 100)).toHaveLength(0);
    await source.close();
  });

  it('keeps the header, and inflates a stream anew only so many times', async () => {
    let passes = 0;
    const inflate = {
      ...webInflate,
      inflateRaw: (...given: Parameters<typeof webInflate.inflateRaw>) => (passes++, webInflate.inflateRaw(...given)),
    };
    const source = opened(DEFLATED, { inflate });
    await source.measure();
    for (let offset = 0; offset < 3 * MEBIBYTE; offset += 100_000) await source.read(3 * MEBIBYTE - offset, 100);
    expect(passes).toBe(1);
    const thrashing = async (): Promise<void> => {
      for (let count = 0; count < 100; count++) {
        await source.read(5 * MEBIBYTE, 1);
        await source.read(7 * MEBIBYTE, 1);
      }
    };
    await expect(thrashing()).rejects.toHaveProperty('code', 'DICOM_LIMIT');
    expect(passes).toBe(32);
    await source.close();
  });

  it('refuses a stream that grows out of proportion, and passes one that is merely large', async () => {
    const free = DICOM_LIMITS.inflatedFreeBytes;
    const zeros = opened(new Uint8Array(deflateRawSync(new Uint8Array(free))));
    expect(await zeros.measure()).toBe(free);
    const bomb = opened(new Uint8Array(deflateRawSync(new Uint8Array(free + MEBIBYTE))));
    await expect(bomb.measure()).rejects.toHaveProperty('code', 'DICOM_LIMIT');
  });

  it('says what is wrong with a stream, or ends there where only the header is wanted', async () => {
    const cut = DEFLATED.subarray(0, DEFLATED.length >> 1);
    await expect(opened(cut).measure()).rejects.toHaveProperty('code', 'DICOM_TRUNCATED');
    await expect(opened(Uint8Array.of(7)).measure()).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
    const tolerant = opened(cut, { isTolerant: true });
    expect(await tolerant.read(0, 1000)).toEqual(BYTES.subarray(0, 1000));
    expect(await tolerant.read(BYTES.length - 1, 1)).toHaveLength(0);
    expect(tolerant.lengthBytes).toBe(Number.MAX_SAFE_INTEGER);
    await tolerant.close();
  });

  it('stops when its signal aborts', async () => {
    const reason = new Error('stopped');
    for (const isTolerant of [true, false]) {
      await expect(opened(DEFLATED, { isTolerant, signal: AbortSignal.abort(reason) }).measure()).rejects.toBe(reason);
    }
  });
});
