/** An instance as bytes over its blocks. A few blocks are kept, since readers go forward in small steps. */
import type { ByteSource } from '@interhosp/core/dicom';
import { BLOCK_BYTES, blocksOf, type Block, type InstanceEntry } from '@interhosp/core/study';
import { passed } from '../world/release.ts';

/** Blocks kept, of 1 MiB: the one being read and the one before. */
const KEPT_BLOCKS = 2;

/** A source that reads blocks as they are needed. */
export function blockSource(
  { segments, lengthBytes }: Pick<InstanceEntry, 'segments' | 'lengthBytes'>,
  readBlock: (index: number) => Promise<Uint8Array>,
): ByteSource {
  const blocks = blocksOf(segments);
  const kept = new Map<number, Promise<Uint8Array>>();

  const blockBytes = (index: number): Promise<Uint8Array> => {
    const known = kept.get(index);
    if (known !== undefined) return known;
    const reading = readBlock(index);
    kept.set(index, reading);
    // A failed read is not kept: the block may be fetched again.
    reading.catch(() => kept.delete(index));
    if (kept.size > KEPT_BLOCKS) kept.delete(kept.keys().next().value as number);
    passed(BLOCK_BYTES);
    return reading;
  };

  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const end = Math.min(offset + length, lengthBytes);
    if (offset >= end) return new Uint8Array();
    let block = blockAt(blocks, offset);
    const first = (await blockBytes(block.index)).subarray(offset - block.offset, end - block.offset);
    if (first.length === end - offset) return first;
    const bytes = new Uint8Array(end - offset);
    bytes.set(first);
    for (let done = first.length; done < bytes.length; done += block.lengthBytes) {
      block = blocks[block.index + 1] as Block;
      bytes.set((await blockBytes(block.index)).subarray(0, bytes.length - done), done);
    }
    return bytes;
  };
  return { lengthBytes, read };
}

/** The block that holds an offset, by halving. */
function blockAt(blocks: readonly Block[], offset: number): Block {
  let low = 0;
  let high = blocks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((blocks[middle] as Block).offset <= offset) low = middle;
    else high = middle - 1;
  }
  return blocks[low] as Block;
}
