/** Compares what a PACS gives back with what was meant to be there, without holding either whole. */
import { walkElements, bytesSource, vrFormOf, type ByteSource, type Uid } from '@interhosp/core/dicom';
import {
  createContentDigester,
  holdsContent,
  type ContentDigester,
  type ContentDigests,
  type RetrievedInstance,
} from '@interhosp/core/pacs';
import { BLOCK_BYTES, cutInstance, leafDigest, toHex, type InstanceEntry } from '@interhosp/core/study';
import type { Crypto } from '@interhosp/core/world';
import type { Pack } from '../spool/index.ts';
import { passed } from '../world/index.ts';

const PIXEL_TAGS: ReadonlySet<number> = new Set([0x7fe00008, 0x7fe00009, 0x7fe00010]);

/** Whether the one retrieved instance is, byte for byte, what was sent. */
export async function sameBytes(
  meant: AsyncIterable<Uint8Array>,
  retrieved: AsyncIterable<RetrievedInstance>,
  crypto: Crypto,
): Promise<boolean> {
  for await (const { dataSet } of retrieved) {
    return (await digestOf(dataSet, crypto)) === (await digestOf(meant, crypto));
  }
  return false;
}

/**
 * Whether the one retrieved instance is the one in the pack: the same identifiers and pixels or, where there are none, the
 * same content. Patient, order and the like may differ.
 */
export async function sameObject(
  ours: { readonly entry: InstanceEntry; readonly ordinal: number; readonly pack: Pack },
  retrieved: AsyncIterable<RetrievedInstance>,
  crypto: Crypto,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const instance of retrieved) {
    const pieces: Uint8Array[] = [];
    const content = createContentDigester(instance.transferSyntaxUid, crypto);
    const { entry } = await cutInstance(
      { ...instance, dataSet: digestedAlong(instance.dataSet, content) },
      crypto,
      async (_block, bytes) => {
        // Only what is one small block is kept: its pixels have no block of their own.
        if (pieces.length === 0) pieces.push(bytes);
      },
      { signal },
    );
    if (!isSameInstance(entry, ours.entry)) return false;
    const theirs = await pixelsOf(entry, bytesSource(pieces[0] ?? new Uint8Array(0)), crypto);
    const source = ours.pack.source(ours.ordinal);
    if (theirs !== (await pixelsOf(ours.entry, source, crypto))) return false;
    return theirs !== '' || holdsContent(content.end(), await contentOf(source, ours.entry, crypto, signal));
  }
  return false;
}

async function* digestedAlong(
  dataSet: AsyncIterable<Uint8Array>,
  content: ContentDigester,
): AsyncGenerator<Uint8Array> {
  for await (const piece of dataSet) {
    content.push(piece);
    yield piece;
  }
}

/** A PACS that gives another object than the one asked for has not shown that it holds it. */
function isSameInstance(one: InstanceEntry, other: InstanceEntry): boolean {
  return one.sopInstanceUid === other.sopInstanceUid && one.studyInstanceUid === other.studyInstanceUid;
}

async function contentOf(
  source: ByteSource,
  { transferSyntaxUid }: InstanceEntry,
  crypto: Crypto,
  signal: AbortSignal,
): Promise<ContentDigests> {
  const content = createContentDigester(transferSyntaxUid, crypto);
  for (let offset = 0; offset < source.lengthBytes; offset += BLOCK_BYTES) {
    signal.throwIfAborted();
    content.push(await source.read(offset, BLOCK_BYTES));
  }
  return content.end();
}

/** Digests of the blocks of the pixel segments; an uncut instance's pixels are one block that is hashed here. */
async function pixelsOf(entry: InstanceEntry, source: ByteSource, crypto: Crypto): Promise<string> {
  if (entry.segments[0]?.kind === 'whole') return smallPixels(source, entry.transferSyntaxUid, crypto);
  let index = 0;
  const digests: string[] = [];
  for (const { kind, lengthBytes } of entry.segments) {
    const blocks = Math.ceil(lengthBytes / BLOCK_BYTES);
    if (kind === 'pixel') digests.push(...entry.blockDigests.slice(index, index + blocks));
    index += blocks;
  }
  return digests.join();
}

async function smallPixels(source: ByteSource, transferSyntaxUid: Uid, crypto: Crypto): Promise<string> {
  for await (const { endOffset, tag, valueOffset } of walkElements(source, vrFormOf(transferSyntaxUid))) {
    if (!PIXEL_TAGS.has(tag) || endOffset === valueOffset) continue;
    return leafDigest(crypto, await source.read(valueOffset, endOffset - valueOffset));
  }
  return '';
}

async function digestOf(bytes: AsyncIterable<Uint8Array>, crypto: Crypto): Promise<string> {
  const hash = crypto.sha256();
  for await (const piece of bytes) {
    hash.update(piece);
    passed(piece.length);
  }
  return toHex(hash.digest());
}
