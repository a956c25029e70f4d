/**
 * How an instance is cut for transfer (DESIGN.md §6): segments by what they hold, blocks of up to 1 MiB inside them.
 * Blocks never cross a segment, so a re-send after a corrected name shares every block of the pixel segment.
 */
import type { InstanceIdentity } from './study.ts';
import type { Digest } from './identifiers.ts';

/** Largest block, in bytes. */
export const BLOCK_BYTES = 1_048_576;
/** An instance of at most this many bytes is one segment, `whole`, and so one block: cutting it would cost more than it saves. */
export const WHOLE_BYTES = 65_536;

/** `header` up to the value of Pixel Data (7FE0,0010), `pixel` that value, `trailer` what follows; `whole` is uncut. */
export type SegmentKind = 'whole' | 'header' | 'pixel' | 'trailer';

/** A run of bytes of the data set. Segments follow one another without a gap. */
export interface Segment {
  readonly kind: SegmentKind;
  readonly lengthBytes: number;
}

/** One block of an instance. */
export interface Block {
  /** Position in the instance's list of blocks, from 0. */
  readonly index: number;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** One instance as the sender holds it, complete in the spool. */
export interface InstanceEntry extends InstanceIdentity {
  /** Length of the data set, without preamble and file meta information. */
  readonly lengthBytes: number;
  readonly segments: readonly Segment[];
  /** SHA-256(0x00 || block) of each block, in order. */
  readonly blockDigests: readonly Digest[];
  /** Merkle root over `blockDigests`. */
  readonly digest: Digest;
}

/** The blocks that segments are cut into; an empty instance has none. */
export function blocksOf(segments: readonly Segment[]): readonly Block[] {
  const blocks: Block[] = [];
  let offset = 0;
  for (const segment of segments) {
    const end = offset + segment.lengthBytes;
    for (; offset < end; offset += BLOCK_BYTES) {
      blocks.push({ index: blocks.length, offset, lengthBytes: Math.min(BLOCK_BYTES, end - offset) });
    }
    offset = end;
  }
  return blocks;
}
