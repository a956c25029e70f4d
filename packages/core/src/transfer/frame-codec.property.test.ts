import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SAMPLE_FRAMES } from '../../test/transfer-frames.ts';
import { errorCodeOf } from '../errors/index.ts';
import { decodeFrame, encodeFrame } from './frame-codec.ts';

const isLong = process.env['INTERHOSP_DOSE'] === 'long';
const samples = Object.values(SAMPLE_FRAMES).map((frame) => encodeFrame(frame));

/** Decodes hostile bytes: refused with one of the two codes, or a frame that is sane enough to be encoded again. */
function attempt(bytes: Uint8Array): 'decoded' | 'refused' {
  let frame;
  try {
    frame = decodeFrame(bytes);
  } catch (error) {
    expect(['TRANSFER_PROTOCOL', 'TRANSFER_LIMIT']).toContain(errorCodeOf(error) ?? error);
    return 'refused';
  }
  expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
  return 'decoded';
}

describe('decoding', () => {
  it('refuses or understands any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void attempt(bytes)),
      { numRuns: isLong ? 1_000_000 : 20_000 },
    );
  });

  it('refuses or understands what is nearly a frame', () => {
    const changes = fc.array(fc.record({ at: fc.nat(2_000), byte: fc.integer({ min: 0, max: 255 }) }), {
      maxLength: 4,
    });
    let decoded = 0;
    fc.assert(
      fc.property(fc.constantFrom(...samples), changes, fc.nat(20), (sample, bytes, cut) => {
        const changed = sample.slice(0, Math.max(0, sample.length - (cut > 15 ? cut - 15 : 0)));
        for (const { at, byte } of bytes) if (changed.length > 0) changed[at % changed.length] = byte;
        if (attempt(changed) === 'decoded') decoded++;
      }),
      { numRuns: isLong ? 1_000_000 : 20_000 },
    );
    expect(decoded).toBeGreaterThan(1_000);
  });

  it('refuses or understands each sample cut at every byte', () => {
    for (const sample of samples) {
      for (let length = 0; length < sample.length; length++) attempt(sample.subarray(0, length));
    }
  });
});
