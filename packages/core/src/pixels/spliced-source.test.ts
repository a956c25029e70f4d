import { expect, it } from 'vitest';
import { bytesSource } from '../dicom/byte-source.ts';
import { webInflate } from '../world/web-inflate.ts';
import { splicedSource } from './spliced-source.ts';

const SEGMENTS = [
  { kind: 'copy', from: 1, to: 3 },
  { kind: 'bytes', bytes: Uint8Array.of(7, 8) },
  { kind: 'copy', from: 4, to: 6 },
] as const;
const SOURCE = bytesSource(Uint8Array.of(0, 1, 2, 3, 4, 5));
const PLAN = { lengthBytes: 6, segments: SEGMENTS };

it('reads any run of the result of a plan', async () => {
  const whole = [1, 2, 7, 8, 4, 5];
  for (let from = 0; from <= whole.length; from++) {
    for (let length = 0; length <= whole.length; length++) {
      const read = await splicedSource(PLAN, SOURCE).read(from, length);
      expect([...read]).toEqual(whole.slice(from, from + length));
    }
  }
});

it('takes no plan whose places are those of inflated elements', () => {
  expect(() => splicedSource({ ...PLAN, inflate: webInflate }, SOURCE)).toThrow('inflated');
});
