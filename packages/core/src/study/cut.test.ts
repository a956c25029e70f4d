import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpusFile, corpusFiles, dataSetOf } from '../../test/corpus-files.ts';
import { nodeCrypto } from '../../test/node-crypto.ts';
import { chunksOf, chunksOfSizes, collect } from '../../test/streams.ts';
import { createSampleRandom } from '../conformance/sample-random.ts';
import { generateLargeInstance, generateStudy } from '../conformance/sample-studies.ts';
import { concatBytes } from '../dicom/bytes.ts';
import { encodeElementHeader } from '../dicom/encode.ts';
import { bytesSource, readStudyHeader, TAGS, TRANSFER_SYNTAXES, type Uid } from '../dicom/index.ts';
import { blocksOf, type Block } from './blocks.ts';
import { cutInstance } from './cut.ts';
import { merkleRoot } from './merkle.ts';

const EXPLICIT = TRANSFER_SYNTAXES.ExplicitVRLittleEndian;

async function cut(dataSet: AsyncIterable<Uint8Array>, transferSyntaxUid: Uid = EXPLICIT) {
  const blocks: { readonly block: Block; readonly bytes: Uint8Array }[] = [];
  const result = await cutInstance({ transferSyntaxUid, dataSet }, nodeCrypto, async (block, bytes) => {
    blocks.push({ block, bytes });
  });
  return { ...result, blocks };
}

function checkEntry({ entry, blocks }: Awaited<ReturnType<typeof cut>>, dataSet: Uint8Array): void {
  expect(blocks.map(({ block }) => block)).toEqual(blocksOf(entry.segments));
  expect(Buffer.compare(Buffer.concat(blocks.map(({ bytes }) => bytes)), dataSet)).toBe(0);
  expect(entry.lengthBytes).toBe(dataSet.length);
  const digests = blocks.map(({ bytes }) => createHash('sha256').update(Buffer.of(0)).update(bytes).digest('hex'));
  expect(entry.blockDigests).toEqual(digests);
  expect(entry.digest).toBe(merkleRoot(nodeCrypto, entry.blockDigests));
}

/** Sample header and then Pixel Data of this many bytes, and what follows. */
function instanceWith(pixelBytes: number, trailer: Uint8Array = new Uint8Array(0)): Uint8Array {
  const small = generateStudy({ instances: 1, pixels: 1 }).instances[0]?.dataSet ?? new Uint8Array(0);
  const header = small.subarray(0, small.length - 12 - 2);
  const pixels = encodeElementHeader('explicit', TAGS.PixelData, 'OW', pixelBytes);
  return concatBytes([header, pixels, new Uint8Array(pixelBytes).fill(7), trailer]);
}

describe('cutInstance', () => {
  it('gives the same entry and header however the stream is chunked, for every corpus file it accepts', async () => {
    let accepted = 0;
    for (const file of corpusFiles()) {
      let dataSet: Uint8Array;
      let whole: Awaited<ReturnType<typeof cut>>;
      let transferSyntaxUid: Uid;
      try {
        ({ dataSet, transferSyntaxUid } = await dataSetOf(file));
        whole = await cut(chunksOf(dataSet, dataSet.length), transferSyntaxUid);
      } catch (error) {
        expect(error).toHaveProperty('code', expect.stringMatching(/^DICOM_/));
        continue;
      }
      accepted++;
      checkEntry(whole, dataSet);
      // Byte by byte only where that is quick.
      for (const chunkBytes of dataSet.length < 20_000 ? [1, 7, 4096] : [4093, 65_536]) {
        const other = await cut(chunksOf(dataSet, chunkBytes), transferSyntaxUid);
        expect(other.entry, file.name).toEqual(whole.entry);
        expect(other.header, file.name).toEqual(whole.header);
      }
      const read = await readStudyHeader(bytesSource(dataSet), transferSyntaxUid);
      expect(whole.header, file.name).toEqual(read.header);
    }
    expect(accepted).toBeGreaterThan(35);
  });

  it('leaves an instance of 64 KiB whole and cuts one that is a byte longer', async () => {
    const rest = instanceWith(0).length;
    const atLimit = await cut(chunksOf(instanceWith(65_536 - rest), 1000));
    expect(atLimit.entry.segments).toEqual([{ kind: 'whole', lengthBytes: 65_536 }]);
    const above = await cut(chunksOf(concatBytes([instanceWith(65_536 - rest), Uint8Array.of(0)]), 1000));
    expect(above.entry.segments.map(({ kind }) => kind)).toEqual(['header', 'pixel', 'trailer']);
  });

  it('cuts at the first and the last byte of the value of Pixel Data', async () => {
    const trailer = concatBytes([encodeElementHeader('explicit', 0xfffcfffc, 'OB', 6), new Uint8Array(6)]);
    const dataSet = instanceWith(3_000_000, trailer);
    const result = await cut(chunksOfSizes(dataSet, [1, 100_000, 7]));
    const header = dataSet.length - 3_000_000 - trailer.length;
    expect(result.entry.segments).toEqual([
      { kind: 'header', lengthBytes: header },
      { kind: 'pixel', lengthBytes: 3_000_000 },
      { kind: 'trailer', lengthBytes: trailer.length },
    ]);
    checkEntry(result, dataSet);
  });

  it('shares every pixel block between an instance and the same with a longer name', async () => {
    const study = (given: string) =>
      generateStudy({
        pixels: 1200,
        instances: 1,
        patient: { name: { alphabetic: { family: 'Vérité', given, middle: '', prefix: '', suffix: '' } } },
      }).instances[0]?.dataSet ?? new Uint8Array(0);
    const [one, other] = [await cut(chunksOf(study('Anne'), 9999)), await cut(chunksOf(study('Anne-Hélène'), 9999))];
    expect(other.entry.digest).not.toBe(one.entry.digest);
    expect(other.entry.blockDigests.slice(1)).toEqual(one.entry.blockDigests.slice(1));
    expect(one.entry.blockDigests).toHaveLength(4);
  });

  it('takes encapsulated Pixel Data from the offset table to its end mark as pixels', async () => {
    const { dataSet, transferSyntaxUid } = await dataSetOf(
      corpusFile('dicomparser/CT1_UNC.fragmented_bot_jpeg_ls.80.dcm'),
    );
    const { segments } = (await cut(chunksOf(dataSet, 3000), transferSyntaxUid)).entry;
    expect(segments.map(({ kind }) => kind)).toEqual(['header', 'pixel', 'trailer']);
    const [header, pixel] = segments.map(({ lengthBytes }) => lengthBytes);
    expect([...dataSet.subarray(header, (header ?? 0) + 4)]).toEqual([0xfe, 0xff, 0x00, 0xe0]);
    const end = (header ?? 0) + (pixel ?? 0);
    expect([...dataSet.subarray(end - 8, end)]).toEqual([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
  });

  it('refuses every way of cutting a data set short in its last element', async () => {
    for (const dataSet of [instanceWith(100_000), generateStudy({ kind: 'SR', instances: 1 }).instances[0]?.dataSet]) {
      const bytes = dataSet ?? new Uint8Array(0);
      for (const missing of [1, 2, 9, 20]) {
        const short = cut(chunksOf(bytes.subarray(0, bytes.length - missing), 5000));
        await expect(short, `${missing}`).rejects.toHaveProperty('code', 'DICOM_TRUNCATED');
      }
    }
  });

  it('reads what a deflated data set holds, and cuts its bytes as they are, whatever follows them', async () => {
    const syntax = TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
    const plain = instanceWith(3_000_000);
    const noise = createSampleRandom('deflated').bytes(200_000);
    plain.set(noise, plain.length - noise.length);
    const { header } = await cut(chunksOf(plain, 4096));
    for (const rest of [[], [0], [0, 0, 0, 7]]) {
      const deflated = concatBytes([new Uint8Array(deflateRawSync(plain)), Uint8Array.from(rest)]);
      for (const chunkBytes of [999, 65_536, deflated.length]) {
        const result = await cut(chunksOf(deflated, chunkBytes), syntax);
        checkEntry(result, deflated);
        expect(result.entry.segments).toEqual([{ kind: 'header', lengthBytes: deflated.length }]);
        expect(result.header).toEqual(header);
      }
    }
  });

  it('refuses a deflated data set that is cut, is none or holds half an element, and ends its source', async () => {
    const syntax = TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
    const plain = instanceWith(1000);
    const deflated = new Uint8Array(deflateRawSync(plain));
    const broken: ReadonlyArray<readonly [Uint8Array, string]> = [
      [deflated.subarray(0, deflated.length - 2), 'DICOM_TRUNCATED'],
      [new Uint8Array(0), 'DICOM_TRUNCATED'],
      [plain, 'DICOM_MALFORMED'],
      [new Uint8Array(deflateRawSync(plain.subarray(0, plain.length - 1))), 'DICOM_TRUNCATED'],
      [new Uint8Array(deflateRawSync(new Uint8Array(70 * 1024 * 1024))), 'DICOM_'],
    ];
    for (const [bytes, code] of broken) {
      let isEnded = false;
      async function* source() {
        try {
          yield* chunksOf(bytes, 100);
        } finally {
          isEnded = true;
        }
      }
      await expect(cut(source(), syntax)).rejects.toHaveProperty('code', expect.stringContaining(code));
      expect(isEnded).toBe(true);
    }
  });

  it('shows the elements as they pass, inflated', async () => {
    const plain = instanceWith(100_000);
    for (const [bytes, transferSyntaxUid] of [
      [plain, EXPLICIT],
      [new Uint8Array(deflateRawSync(plain)), TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian],
    ] as const) {
      const seen: Uint8Array[] = [];
      await cutInstance({ transferSyntaxUid, dataSet: chunksOf(bytes, 777) }, nodeCrypto, async () => {}, {
        onElements: (elements) => seen.push(elements.slice()),
      });
      expect(Buffer.compare(Buffer.concat(seen), plain)).toBe(0);
    }
  });

  it('refuses an instance without SOP Instance UID, and one that is empty', async () => {
    const element = encodeElementHeader('explicit', TAGS.PatientName, 'PN', 0);
    await expect(cut(chunksOf(element, 100))).rejects.toHaveProperty('code', 'DICOM_IDENTITY_MISSING');
    await expect(cut(chunksOf(new Uint8Array(0), 100))).rejects.toHaveProperty('code', 'DICOM_IDENTITY_MISSING');
  });

  it('waits for one block to be taken before it makes the next', async () => {
    let open = 0;
    const { lengthBytes, dataSet } = generateLargeInstance({ lengthBytes: 6_000_000 });
    let most = 0;
    await cutInstance({ transferSyntaxUid: EXPLICIT, dataSet: dataSet() }, nodeCrypto, async () => {
      open++;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 1));
      open--;
    });
    expect(most).toBe(1);
    expect((await collect(dataSet())).length).toBe(lengthBytes);
  });

  it('hands over blocks that the source cannot change afterwards', async () => {
    const dataSet = instanceWith(200_000);
    async function* reusing() {
      const buffer = new Uint8Array(1000);
      for (let at = 0; at < dataSet.length; at += 1000) {
        const piece = dataSet.subarray(at, at + 1000);
        buffer.set(piece);
        yield buffer.subarray(0, piece.length);
        buffer.fill(0);
      }
    }
    checkEntry(await cut(reusing()), dataSet);
  });

  it('finds the same boundaries for random chunk sizes', async () => {
    const trailer = concatBytes([encodeElementHeader('explicit', 0xfffcfffc, 'OB', 6), new Uint8Array(6)]);
    const dataSet = instanceWith(70_000, trailer);
    const expected = (await cut(chunksOf(dataSet, dataSet.length))).entry;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 30 }),
        async (sizes) => {
          expect((await cut(chunksOfSizes(dataSet, sizes))).entry).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });
});
