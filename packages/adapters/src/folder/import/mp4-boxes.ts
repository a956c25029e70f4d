/** The boxes of an MP4 (ISO/IEC 14496-12 4.2): walked by their headers, nothing read that is not asked for. */
import type { ByteSource } from '@interhosp/core/dicom';
import { MP4_BOX_BYTES, MP4_BOXES, MP4_DEPTH } from './limits.ts';
import { beyond, malformed, readExactly } from './refusal.ts';

/** A box and where its content lies. */
export interface Box {
  readonly type: string;
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

/** Walks boxes of one file; all walks together look at `MP4_BOXES` at most. */
export interface BoxWalker {
  /** The file's own boxes. */
  readonly root: Box;
  /** The boxes inside another, from `skip` bytes behind the beginning of its content on. @throws {ImportError} */
  children(box: Box, skip?: number): AsyncGenerator<Box, void, undefined>;
  /** The first child of a type. */
  child(box: Box, type: string): Promise<Box | undefined>;
  /** Content of a box, or its first bytes. The bytes are the caller's. @throws {ImportError} `IMPORT_LIMIT` */
  read(box: Box, length?: number): Promise<DataView>;
}

const HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;

/** @throws {ImportError} `IMPORT_MALFORMED` where a box is longer than what holds it; `IMPORT_LIMIT` */
export function boxWalker(source: ByteSource): BoxWalker {
  let seen = 0;
  async function* children(box: Box, skip = 0): AsyncGenerator<Box, void, undefined> {
    if (box.depth >= MP4_DEPTH) throw beyond('depth', box.depth, MP4_DEPTH);
    // A QuickTime list may end with four zero bytes; fewer than a header are none.
    for (let at = box.from + skip; at + HEADER_BYTES <= box.to;) {
      if (++seen > MP4_BOXES) throw beyond('boxes', seen, MP4_BOXES);
      const one = await boxAt(source, at, box);
      yield one;
      at = one.to;
    }
  }
  return {
    root: { type: '', from: 0, to: source.lengthBytes, depth: 0 },
    children,
    async child(box, type) {
      for await (const one of children(box)) if (one.type === type) return one;
      return undefined;
    },
    async read({ from, to }, length = to - from) {
      if (length > MP4_BOX_BYTES) throw beyond('box', length, MP4_BOX_BYTES);
      if (from + length > to) throw malformed('box', from);
      const view = await readExactly(source, from, length);
      return new DataView(Uint8Array.from(new Uint8Array(view.buffer, view.byteOffset, length)).buffer);
    },
  };
}

async function boxAt(source: ByteSource, at: number, parent: Box): Promise<Box> {
  const header = await readExactly(source, at, HEADER_BYTES);
  const type = String.fromCharCode(...new Uint8Array(header.buffer, header.byteOffset + 4, 4));
  let [from, size] = [at + HEADER_BYTES, header.getUint32(0)];
  if (size === 1) {
    const large = (await readExactly(source, at, LARGE_HEADER_BYTES)).getBigUint64(8);
    if (large > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('box', at);
    [from, size] = [at + LARGE_HEADER_BYTES, Number(large)];
  } else if (size === 0) {
    // To the end of the file, which only a box of the file itself can be.
    if (parent.depth > 0) throw malformed('box', at);
    size = parent.to - at;
  }
  const to = at + size;
  if (to < from) throw malformed('box', at);
  if (to > parent.to) throw malformed('truncated', at);
  return { type, from, to, depth: parent.depth + 1 };
}
