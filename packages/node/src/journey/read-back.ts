/** Compares what a PACS gives back with what was meant to be there, without holding either whole. */
import {
  bytesSource,
  isDeflated,
  vrFormOf,
  walkElements,
  withDataSet,
  type ByteSource,
  type Uid,
} from '@interhosp/core/dicom';
import { createContentDigester, holdsContent, type ContentDigests, type RetrievedInstance } from '@interhosp/core/pacs';
import { errorCodeOf } from '@interhosp/core/errors';
import { isPlainSyntax, pixelCodecOf, type RewrittenInstance } from '@interhosp/core/pixels';
import {
  BLOCK_BYTES,
  cutInstance,
  leafDigest,
  toHex,
  type InstanceEntry,
  type LocalPatient,
  type StudyHeader,
} from '@interhosp/core/study';
import type { Crypto } from '@interhosp/core/world';
import type { Pack } from '../spool/index.ts';
import { nodeInflate, passed } from '../world/index.ts';
import { isShownUnder } from './patient-match.ts';

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

/** An instance in the pack. */
export interface OurInstance {
  readonly entry: InstanceEntry;
  readonly ordinal: number;
  readonly pack: Pack;
  /** Whom the object itself must name, where that is asked. */
  readonly patient?: LocalPatient;
  /** The same in a plain syntax, where that can be had. @throws {DicomError} when its pixels cannot be decoded. */
  readonly decoded?: ((to: Uid) => Promise<RewrittenInstance>) | undefined;
}

/**
 * Whether the one retrieved instance is the one in the pack: the same identifiers and pixels or, where there are none, the
 * same content. Patient, order and the like may differ, and the pixels may have been decoded without loss.
 */
export async function sameObject(
  ours: OurInstance,
  retrieved: AsyncIterable<RetrievedInstance>,
  crypto: Crypto,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const instance of retrieved) {
    const pieces: Uint8Array[] = [];
    const content = createContentDigester(instance.transferSyntaxUid, crypto);
    const { entry, header } = await cutInstance(
      instance,
      crypto,
      async (_block, bytes) => {
        // Only what is one small block is kept: its pixels have no block of their own.
        if (pieces.length === 0) pieces.push(bytes);
      },
      { inflate: nodeInflate(), onElements: (elements) => content.push(elements), signal },
    );
    if (!isSameInstance(entry, ours.entry) || !namesPatient(header, ours.patient)) return false;
    const theirs = await pixelsOf(entry, bytesSource(pieces[0] ?? new Uint8Array(0)), crypto);
    const source = ours.pack.source(ours.ordinal);
    const isSame = theirs === (await pixelsOf(ours.entry, source, crypto));
    if (!isSame) return isSameDecoded(theirs, instance.transferSyntaxUid, ours, crypto, signal);
    return theirs !== '' || holdsContent(content.end(), await contentOf(source, ours.entry, crypto, signal));
  }
  return false;
}

/** A list may show the new patient of an object that still names the old one. */
function namesPatient({ patient: { name, patientId } }: StudyHeader, meant: LocalPatient | undefined): boolean {
  if (meant === undefined) return true;
  return isShownUnder({ patientId: patientId ?? { id: '' }, ...(name !== undefined && { name }) }, meant);
}

/** Whether what is held is what ours decodes to: a PACS may have been given it so, by us or by somebody else. */
async function isSameDecoded(
  theirs: string,
  held: Uid,
  { decoded, entry }: OurInstance,
  crypto: Crypto,
  signal: AbortSignal,
): Promise<boolean> {
  if (theirs === '' || decoded === undefined || pixelCodecOf(entry.transferSyntaxUid) === undefined) return false;
  if (!isPlainSyntax(held)) return false;
  const plain = await decoded(held).catch(undefinedWhenUndecodable);
  if (plain === undefined) return false;
  let first: Uint8Array | undefined;
  const cutting = cutInstance(
    { dataSet: plain.dataSet({ signal }), transferSyntaxUid: held },
    crypto,
    async (_block, bytes) => {
      first ??= bytes;
    },
    { signal },
  );
  const cut = await cutting.catch(undefinedWhenUndecodable);
  return cut !== undefined && theirs === (await pixelsOf(cut.entry, bytesSource(first ?? new Uint8Array(0)), crypto));
}

function undefinedWhenUndecodable(error: unknown): undefined {
  if (errorCodeOf(error)?.startsWith('DICOM_') !== true) throw error;
}

/** A PACS that gives another object than the one asked for has not shown that it holds it. */
function isSameInstance(one: InstanceEntry, other: InstanceEntry): boolean {
  return one.sopInstanceUid === other.sopInstanceUid && one.studyInstanceUid === other.studyInstanceUid;
}

async function contentOf(
  sealed: ByteSource,
  { transferSyntaxUid }: InstanceEntry,
  crypto: Crypto,
  signal: AbortSignal,
): Promise<ContentDigests> {
  const content = createContentDigester(transferSyntaxUid, crypto);
  await withDataSet(sealed, transferSyntaxUid, { inflate: nodeInflate(), signal }, async ({ source }) => {
    for (let offset = 0; offset < source.lengthBytes; offset += BLOCK_BYTES) {
      signal.throwIfAborted();
      content.push(await source.read(offset, BLOCK_BYTES));
    }
  });
  return content.end();
}

/** Digests of the blocks of the pixel segments; an uncut instance's pixels are one block that is hashed here. */
async function pixelsOf(entry: InstanceEntry, source: ByteSource, crypto: Crypto): Promise<string> {
  // Nobody can cut them out of a deflated stream: they are compared with the content.
  if (isDeflated(entry.transferSyntaxUid)) return '';
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
