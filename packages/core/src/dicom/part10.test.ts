import { describe, expect, it } from 'vitest';
import { corpusFile, corpusFiles } from '../../test/corpus-files.ts';
import { chunksOf, collect } from '../../test/streams.ts';
import { concatBytes, latin1Bytes } from './bytes.ts';
import { encodeElement } from './encode.ts';
import { DICOM_LIMITS } from './limits.ts';
import { IMPLEMENTATION_CLASS_UID, part10Header, readPart10 } from './part10.ts';
import { TRANSFER_SYNTAXES } from './transfer-syntax.ts';
import { parseUid, tryParseUid, type Uid } from './uid.ts';

const IDENTITY = {
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2' as Uid,
  sopInstanceUid: '2.25.42' as Uid,
  transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRLittleEndian,
};
const DATA_SET = Uint8Array.from({ length: 300 }, (_, index) => index & 0xff);

async function read(bytes: Uint8Array, chunkBytes = 1000) {
  const { dataSet, ...meta } = await readPart10(chunksOf(bytes, chunkBytes));
  return { ...meta, dataSet: await collect(dataSet) };
}

describe('part10Header', () => {
  it('begins with 128 zero bytes, and is read back as what it says, whatever the chunks', async () => {
    const file = concatBytes([part10Header(IDENTITY), DATA_SET]);
    expect(file.subarray(0, 128).every((byte) => byte === 0)).toBe(true);
    for (const chunkBytes of [1, 3, 130, 5000]) {
      expect(await read(file, chunkBytes)).toEqual({ ...IDENTITY, dataSet: DATA_SET });
    }
  });

  it('names an implementation class UID that is one', () => {
    expect(parseUid(IMPLEMENTATION_CLASS_UID)).toBe(IMPLEMENTATION_CLASS_UID);
    expect(BigInt(IMPLEMENTATION_CLASS_UID.slice(5))).toBeLessThan(2n ** 128n);
  });

  it('states the length of its meta information exactly', () => {
    const header = part10Header(IDENTITY);
    expect(new DataView(header.buffer, header.byteOffset).getUint32(140, true)).toBe(header.length - 144);
  });
});

describe('readPart10', () => {
  it('takes every corpus file apart or refuses it with a code', async () => {
    for (const file of corpusFiles()) {
      try {
        const { transferSyntaxUid, dataSet } = await read(file.bytes, 777);
        expect(tryParseUid(transferSyntaxUid), file.name).toBe(transferSyntaxUid);
        expect(Buffer.compare(file.bytes.subarray(file.bytes.length - dataSet.length), dataSet), file.name).toBe(0);
      } catch (error) {
        expect(error, file.name).toHaveProperty('code', expect.stringMatching(/^DICOM_(NOT_PART10|MALFORMED)$/));
      }
    }
  });

  it('reads meta information without a group length', async () => {
    const { transferSyntaxUid, dataSet } = await read(corpusFile('pydicom/no_meta_group_length.dcm').bytes);
    expect(transferSyntaxUid).toBe(TRANSFER_SYNTAXES.ImplicitVRLittleEndian);
    expect([...dataSet.subarray(0, 2)]).toEqual([0x08, 0x00]);
  });

  it('reads meta information whose group length is wrong', async () => {
    const header = part10Header(IDENTITY);
    for (const wrong of [0, 10, 5000]) {
      const broken = header.slice();
      new DataView(broken.buffer).setUint32(140, wrong, true);
      const { dataSet } = await read(concatBytes([broken, DATA_SET]));
      expect(dataSet).toEqual(DATA_SET);
    }
  });

  it('reads a file that begins with its meta information, without preamble', async () => {
    const file = concatBytes([part10Header(IDENTITY).subarray(132), DATA_SET]);
    expect((await read(file)).dataSet).toEqual(DATA_SET);
  });

  it('refuses a bare data set, an empty file and text', async () => {
    const bare = encodeElement('explicit', 0x00080016, 'UI', latin1Bytes('1.2.3'));
    for (const bytes of [bare, new Uint8Array(0), new Uint8Array(132), latin1Bytes('MZ'.repeat(200))]) {
      await expect(read(bytes)).rejects.toHaveProperty('code', 'DICOM_NOT_PART10');
    }
  });

  it('refuses two sets of meta information, which may name two transfer syntaxes', async () => {
    const other = part10Header({ ...IDENTITY, transferSyntaxUid: TRANSFER_SYNTAXES.ImplicitVRLittleEndian });
    const file = concatBytes([part10Header(IDENTITY), other.subarray(132), DATA_SET]);
    await expect(read(file)).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
  });

  it('refuses meta information that names no transfer syntax', async () => {
    const meta = encodeElement('explicit', 0x00020002, 'UI', latin1Bytes('1.2.3'));
    const file = concatBytes([
      new Uint8Array(128),
      latin1Bytes('DICM'),
      meta,
      encodeElement('explicit', 0x00080005, 'CS', latin1Bytes('X')),
    ]);
    await expect(read(file)).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
  });

  it('answers truncation at every offset of the meta information with a code', async () => {
    const header = part10Header(IDENTITY);
    for (let length = 0; length < header.length; length++) {
      await expect(read(header.subarray(0, length))).rejects.toHaveProperty('code', expect.stringMatching(/^DICOM_/));
    }
    expect((await read(header)).dataSet).toHaveLength(0);
  });

  it('holds a private value up to the limit of the meta information, and refuses one above it unread', async () => {
    const header = part10Header(IDENTITY);
    const room = DICOM_LIMITS.metaBytes - header.length - 12 - 12;
    const within = concatBytes([
      header,
      encodeElement('explicit', 0x00020102, 'OB', new Uint8Array(room & ~1)),
      DATA_SET,
    ]);
    // The preamble's own group length is now wrong, as it is in files where a gateway added a value.
    expect(Buffer.compare((await read(within, 65_536)).dataSet, DATA_SET)).toBe(0);
    let chunks = 0;
    async function* endless() {
      yield concatBytes([header, Uint8Array.of(2, 0, 2, 1, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0x7f)]);
      for (; ; chunks++) yield new Uint8Array(65_536);
    }
    await expect(readPart10(endless())).rejects.toHaveProperty('code', 'DICOM_LIMIT');
    expect(chunks).toBe(0);
  });

  it('ends the source when the data set is ended before its first chunk', async () => {
    let isEnded = false;
    async function* source() {
      try {
        yield part10Header(IDENTITY);
        yield DATA_SET;
      } finally {
        isEnded = true;
      }
    }
    const { dataSet } = await readPart10(source());
    await dataSet[Symbol.asyncIterator]().return?.();
    expect(isEnded).toBe(true);
  });
});
