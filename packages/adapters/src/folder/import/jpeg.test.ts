import { bytesSource } from '@interhosp/core/dicom';
import { jpegWithOrientation, sampleJpeg } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { readJpeg } from './jpeg.ts';

const read = (bytes: Uint8Array) => readJpeg(bytesSource(bytes));
const refused = (reason: string, code = 'IMPORT_UNSUPPORTED') => ({ code, details: { reason } });

/** The sample with other bytes in its frame header: marker, precision, rows and so on from an offset on. */
function withFrame(change: (frame: Buffer) => void, kind: 'colour' | 'grey' = 'grey'): Uint8Array {
  const bytes = Buffer.from(sampleJpeg(kind));
  change(bytes.subarray(bytes.indexOf(Buffer.from([0xff, 0xc0]))));
  return bytes;
}

/** Marker segments put behind the first marker, or another place. */
function withSegments(...segments: readonly Buffer[]): Uint8Array {
  const jpeg = sampleJpeg();
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

function segment(marker: number, content: Buffer): Buffer {
  const header = Buffer.from([0xff, marker, 0, 0]);
  header.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([header, content]);
}

describe('a JPEG', () => {
  it('is measured, and what follows its end is no part of it', async () => {
    const jpeg = sampleJpeg();
    const expected = {
      process: 'baseline',
      rows: 16,
      columns: 24,
      bits: 8,
      photometric: 'YBR_FULL_422',
      orientation: 1,
      lengthBytes: jpeg.length,
    };
    expect(await read(jpeg)).toEqual(expected);
    expect(await read(Buffer.concat([jpeg, sampleJpeg('grey'), Buffer.from('SEFT')]))).toEqual(expected);
    expect(await read(sampleJpeg('grey'))).toMatchObject({ photometric: 'MONOCHROME2', lengthBytes: 355 });
  });

  it.each([1, 3, 6, 8])('says how it lies: orientation %i, in both byte orders', async (orientation) => {
    for (const order of ['II', 'MM'] as const) {
      expect(await read(jpegWithOrientation(orientation, order))).toMatchObject({ orientation });
    }
  });

  it('lies upright where EXIF makes no sense', async () => {
    const broken = Buffer.from(jpegWithOrientation(6));
    const at = broken.indexOf('Exif');
    for (let cut = 0; cut < 26; cut++) {
      const bytes = Buffer.from(broken);
      bytes.fill(0xff, at + 6 + cut, at + 32);
      expect((await read(bytes)).orientation).toBeGreaterThan(0);
    }
    expect(await read(jpegWithOrientation(9))).toMatchObject({ orientation: 1 });
  });

  it.each([
    ['extended', { marker: 0xc1, bits: 8 }],
    ['extended', { marker: 0xc1, bits: 12 }],
    ['lossless', { marker: 0xc3, bits: 8 }],
  ])('of a process beside baseline is %s', async (process, { bits, marker }) => {
    const bytes = Buffer.from(
      withFrame((frame) => {
        frame[1] = marker;
        frame[4] = bits;
      }),
    );
    // Selection value 4 of the lossless process.
    const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
    bytes[scan + 7] = 4;
    expect(await read(bytes)).toMatchObject({ process, bits });
  });

  it('of the lossless process with selection value 1 has a syntax of its own', async () => {
    const bytes = Buffer.from(withFrame((frame) => ((frame[1] = 0xc3), (frame[4] = 16))));
    bytes[bytes.indexOf(Buffer.from([0xff, 0xda])) + 7] = 1;
    expect(await read(bytes)).toMatchObject({ process: 'lossless-sv1', bits: 16 });
  });

  it('is RGB where Adobe says so, or the names of its components', async () => {
    const adobe = (transform: number) =>
      segment(0xee, Buffer.from(`Adobe\0\x64\0\0\0\0${String.fromCharCode(transform)}`, 'latin1'));
    expect(await read(withSegments(adobe(0)))).toMatchObject({ photometric: 'RGB' });
    expect(await read(withSegments(adobe(1)))).toMatchObject({ photometric: 'YBR_FULL_422' });
    const named = Buffer.from(
      withFrame((frame) => ((frame[10] = 0x52), (frame[13] = 0x47), (frame[16] = 0x42)), 'colour'),
    );
    // The sample is JFIF, which decides before the names.
    expect(await read(named)).toMatchObject({ photometric: 'YBR_FULL_422' });
    named.write('XXXX', named.indexOf('JFIF'), 'latin1');
    expect(await read(named)).toMatchObject({ photometric: 'RGB' });
  });

  it.each([
    ['progressive', sampleJpeg('progressive')],
    ['arithmetic', withFrame((frame) => (frame[1] = 0xc9))],
    ['hierarchical', withFrame((frame) => (frame[1] = 0xc5))],
    ['bits', withFrame((frame) => (frame[4] = 12))],
    ['rows', withFrame((frame) => frame.writeUInt16BE(0, 5))],
    ['colour', withFrame((frame) => (frame[1] = 0xc1), 'colour')],
  ])('that is %s is refused', async (reason, bytes) => {
    await expect(read(bytes)).rejects.toMatchObject(refused(reason));
  });

  it('ends at its end marker, not at stuffed bytes, restarts and fill bytes of its scan', async () => {
    const jpeg = sampleJpeg();
    const coded = Buffer.from([0xff, 0x00, 0x12, 0xff, 0xd0, 0xff, 0xff, 0x00, 0xff, 0xd7, 0xff]);
    const bytes = Buffer.concat([jpeg.subarray(0, -2), coded, jpeg.subarray(-2)]);
    expect(await read(bytes)).toMatchObject({ lengthBytes: bytes.length });
    // Across the pieces in which a scan is read.
    for (const padding of [65_530, 65_534, 65_535, 65_536, 65_537]) {
      const long = Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(padding - 20, 0x11), coded, jpeg.subarray(-2)]);
      expect(await read(long)).toMatchObject({ lengthBytes: long.length });
    }
  });

  it('without a scan, which shows nothing, is refused', async () => {
    const jpeg = sampleJpeg();
    const scan = jpeg.indexOf(0xda, Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xda])));
    const bytes = Buffer.concat([jpeg.subarray(0, scan - 1), jpeg.subarray(-2)]);
    await expect(read(bytes)).rejects.toMatchObject(refused('no-scan', 'IMPORT_MALFORMED'));
    const empty = Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(-2)]);
    await expect(read(empty)).rejects.toMatchObject({ code: 'IMPORT_MALFORMED' });
  });

  it('that is cut off anywhere is refused', async () => {
    const jpeg = sampleJpeg();
    for (let length = 0; length < jpeg.length; length++) {
      await expect(read(jpeg.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: 'IMPORT_MALFORMED',
      });
    }
  });

  it('of too many segments is refused', async () => {
    const segments = Array.from({ length: 1_024 }, () => segment(0xef, Buffer.alloc(0)));
    await expect(read(withSegments(...segments))).rejects.toMatchObject({ code: 'IMPORT_LIMIT' });
    await expect(read(withSegments(...segments.slice(0, 900)))).resolves.toMatchObject({ rows: 16 });
  });
});
