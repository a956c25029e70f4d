/**
 * Cuts an instance for transfer while it passes by once: segments and blocks as blocks.ts says, a digest for each block,
 * the header read on the way. A few megabytes of memory whatever the length.
 *
 * The value of Pixel Data, Float or Double Float Pixel Data is the pixel segment; encapsulated, it runs from the Basic
 * Offset Table's item to the end of the Sequence Delimitation Item. A segment without bytes is left out. What a receiver
 * relies on is the segment map in the entry, not this rule. A deflated data set is one segment: what it holds is inflated to
 * be read, and its bytes travel as they are.
 */
import type { StudyHeaderOptions } from '../dicom/read-study-header.ts';
import { interpretHeader, STUDY_HEADER_TAGS } from '../dicom/read-study-header.ts';
import { createHeaderScanner } from '../dicom/header-scanner.ts';
import { inflateCapped } from '../dicom/inflated-source.ts';
import { isDeflated, TRANSFER_SYNTAXES, vrFormOf } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import type { Crypto } from '../world/crypto.ts';
import type { Inflate } from '../world/inflate.ts';
import { webInflate } from '../world/web-inflate.ts';
import { BLOCK_BYTES, WHOLE_BYTES, type Block, type InstanceEntry, type Segment, type SegmentKind } from './blocks.ts';
import type { Digest } from './identifiers.ts';
import { leafDigest, merkleRoot } from './merkle.ts';
import type { StudyHeader } from './study.ts';

/** What came of an instance. */
export interface CutInstance {
  readonly entry: InstanceEntry;
  readonly header: StudyHeader;
}

/** Takes one block; the bytes are the callee's to keep. Blocks come in order, the next one after the promise resolves. */
export type OnBlock = (block: Block, bytes: Uint8Array) => Promise<void>;

/** Options of {@link cutInstance}. */
export interface CutOptions extends StudyHeaderOptions {
  /** For deflated data sets; default: the streams of the web platform. */
  readonly inflate?: Inflate;
  /** Sees the elements pass by, inflated where the data set is deflated; the bytes are not to be kept. */
  readonly onElements?: (bytes: Uint8Array) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads an instance once, to its end.
 *
 * Blocks are handed over before the end is known: when this throws, the caller discards them.
 *
 * @throws {DicomError} `DICOM_TRUNCATED` when the data set ends within an element; `DICOM_IDENTITY_MISSING`;
 *   `DICOM_MALFORMED`, `DICOM_LIMIT` for a header that could not be coerced, or that is not deflated as it should be.
 */
export async function cutInstance(
  retrieved: { readonly transferSyntaxUid: Uid; readonly dataSet: AsyncIterable<Uint8Array> },
  crypto: Crypto,
  onBlock: OnBlock,
  options: CutOptions = {},
): Promise<CutInstance> {
  const { transferSyntaxUid, dataSet } = retrieved;
  const { inflate = webInflate, onElements, signal } = options;
  const plainSyntaxUid = isDeflated(transferSyntaxUid) ? TRANSFER_SYNTAXES.ExplicitVRLittleEndian : transferSyntaxUid;
  const scanner = createHeaderScanner({ form: vrFormOf(plainSyntaxUid), wanted: STUDY_HEADER_TAGS });
  const cutter = createCutter(crypto, onBlock);
  let offset = 0;
  const scan = (elements: Uint8Array): void => {
    scanner.push(elements);
    onElements?.(elements);
  };
  const cut = async (chunk: Uint8Array, pixels: Pick<Boundaries, 'pixelStart' | 'pixelEnd'>): Promise<void> => {
    await cutter.push(chunk, { offset, pixelStart: pixels.pixelStart, pixelEnd: pixels.pixelEnd });
    offset += chunk.length;
  };
  if (isDeflated(transferSyntaxUid)) {
    const passing = (chunk: Uint8Array): Promise<void> => cut(chunk, NO_PIXELS);
    await inflateAlong(dataSet, { inflate, passing, scan, ...(signal !== undefined && { signal }) });
  } else {
    for await (const chunk of dataSet) {
      signal?.throwIfAborted();
      scan(chunk);
      await cut(chunk, scanner);
    }
  }
  scanner.end();
  const { identity, header } = interpretHeader(scanner.values, transferSyntaxUid, options);
  const { segments, blockDigests } = await cutter.end();
  const digest = merkleRoot(crypto, blockDigests);
  return { entry: { ...identity, lengthBytes: offset, segments, blockDigests, digest }, header };
}

const NO_PIXELS = { pixelStart: undefined, pixelEnd: undefined };

/** Inflates a stream as it passes: what lies behind the end of the deflated bytes passes, too. */
async function inflateAlong(
  dataSet: AsyncIterable<Uint8Array>,
  {
    inflate,
    passing,
    scan,
    signal,
  }: {
    readonly inflate: Inflate;
    readonly passing: (chunk: Uint8Array) => Promise<void>;
    readonly scan: (elements: Uint8Array) => void;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const chunks = dataSet[Symbol.asyncIterator]();
  let isOver = false;
  const passed: AsyncIterableIterator<Uint8Array> = {
    // No return(): an inflater that is done must not end what it read from.
    async next() {
      signal?.throwIfAborted();
      const next = isOver ? { done: true as const, value: undefined } : await chunks.next();
      if (next.done === true) isOver = true;
      else await passing(next.value);
      return next;
    },
    [Symbol.asyncIterator]: () => passed,
  };
  try {
    for await (const elements of inflateCapped(passed, inflate)) scan(elements);
    while ((await passed.next()).done !== true);
  } finally {
    if (!isOver) await chunks.return?.();
  }
}

/** Where a chunk lies, and what is known of the pixels so far. */
interface Boundaries {
  readonly offset: number;
  readonly pixelStart: number | undefined;
  readonly pixelEnd: number | undefined;
}

interface Cutter {
  push(chunk: Uint8Array, boundaries: Boundaries): Promise<void>;
  end(): Promise<{ readonly segments: readonly Segment[]; readonly blockDigests: readonly Digest[] }>;
}

function createCutter(crypto: Crypto, onBlock: OnBlock): Cutter {
  const segments: Segment[] = [];
  const blockDigests: Digest[] = [];
  const blocks = createBlockBuilder(async (block, bytes) => {
    blockDigests.push(leafDigest(crypto, bytes));
    await onBlock(block, bytes);
  });
  let kind: SegmentKind = 'header';
  let lengthBytes = 0;
  // Until it is longer than an instance that stays whole, everything is held back as the runs it would be.
  let held: { readonly kind: SegmentKind; readonly bytes: Uint8Array }[] | undefined = [];
  let heldBytes = 0;

  const closeSegment = async (): Promise<void> => {
    await blocks.flush();
    if (lengthBytes > 0) segments.push({ kind, lengthBytes });
    lengthBytes = 0;
  };
  const append = async (next: SegmentKind, bytes: Uint8Array): Promise<void> => {
    if (next !== kind) await closeSegment();
    kind = next;
    lengthBytes += bytes.length;
    await blocks.push(bytes);
  };

  return {
    async push(chunk, boundaries) {
      for (const run of runsOf(chunk, boundaries)) {
        if (held === undefined) {
          await append(run.kind, run.bytes);
          continue;
        }
        heldBytes += run.bytes.length;
        if (heldBytes <= WHOLE_BYTES) {
          held.push({ kind: run.kind, bytes: run.bytes.slice() });
          continue;
        }
        const runs = [...held, run];
        held = undefined;
        for (const earlier of runs) await append(earlier.kind, earlier.bytes);
      }
    },
    async end() {
      for (const run of held ?? []) await append('whole', run.bytes);
      await closeSegment();
      return { segments, blockDigests };
    },
  };
}

/** The parts of a chunk by the segment they belong to. */
function runsOf(
  chunk: Uint8Array,
  { offset, pixelStart = Infinity, pixelEnd = Infinity }: Boundaries,
): readonly { readonly kind: SegmentKind; readonly bytes: Uint8Array }[] {
  const start = Math.min(Math.max(pixelStart - offset, 0), chunk.length);
  const end = Math.min(Math.max(pixelEnd - offset, 0), chunk.length);
  const runs = [
    { kind: 'header', bytes: chunk.subarray(0, start) },
    { kind: 'pixel', bytes: chunk.subarray(start, end) },
    { kind: 'trailer', bytes: chunk.subarray(end) },
  ] as const;
  return runs.filter((run) => run.bytes.length > 0);
}

interface BlockBuilder {
  push(bytes: Uint8Array): Promise<void>;
  flush(): Promise<void>;
}

/** Gathers bytes into blocks. Blocks are copies: a source may reuse its chunks, and the callee may keep a block. */
function createBlockBuilder(onBlock: OnBlock): BlockBuilder {
  let buffer: Uint8Array = new Uint8Array(0);
  let filled = 0;
  let index = 0;
  let offset = 0;

  const emit = async (bytes: Uint8Array): Promise<void> => {
    const block = { index, offset, lengthBytes: bytes.length };
    index++;
    offset += bytes.length;
    await onBlock(block, bytes);
  };
  return {
    async push(bytes) {
      let taken = 0;
      while (taken < bytes.length) {
        if (filled === 0 && buffer.length !== BLOCK_BYTES) buffer = new Uint8Array(BLOCK_BYTES);
        const piece = bytes.subarray(taken, taken + BLOCK_BYTES - filled);
        buffer.set(piece, filled);
        filled += piece.length;
        taken += piece.length;
        if (filled < BLOCK_BYTES) continue;
        const full = buffer;
        [buffer, filled] = [new Uint8Array(0), 0];
        await emit(full);
      }
    },
    async flush() {
      if (filled === 0) return;
      const last = buffer.slice(0, filled);
      filled = 0;
      await emit(last);
    },
  };
}
