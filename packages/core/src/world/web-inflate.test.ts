import { describe, expect, it } from 'vitest';
import { inflateConformance } from '../conformance/inflate.ts';
import { webInflate } from './web-inflate.ts';

inflateConformance({ describe, it }, { name: 'the web platform', create: () => webInflate });

it('does not look at bytes behind the end of the stream', async () => {
  async function* bytes() {
    // A stored block of two bytes, the last one; then padding and more.
    yield Uint8Array.of(0x01, 0x02, 0x00, 0xfd, 0xff, 7, 8, 0, 9);
  }
  const pieces: number[] = [];
  for await (const piece of webInflate.inflateRaw(bytes(), { maxBytes: 10 })) pieces.push(...piece);
  expect(pieces).toEqual([7, 8]);
});
