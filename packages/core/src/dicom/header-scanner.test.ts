import { describe, expect, it } from 'vitest';
import { concatBytes, latin1Bytes } from './bytes.ts';
import { encodeElement, encodeElementHeader } from './encode.ts';
import { createHeaderScanner } from './header-scanner.ts';
import { DICOM_LIMITS } from './limits.ts';
import { TAGS, type Tag } from './tag.ts';
import type { Vr } from './vr.ts';

const element = (tag: Tag, vr: Vr, value: string): Uint8Array => encodeElement('explicit', tag, vr, latin1Bytes(value));
const NAME = element(TAGS.PatientName, 'PN', 'A');
const PIXELS = element(TAGS.PixelData, 'OW', 'xxxx');
/** VR `??`, as some toolkits write what they do not know. */
const STRANGE = Uint8Array.of(0xe1, 0x7f, 0x10, 0x00, 0x3f, 0x3f, 0x02, 0x00, 0x41, 0x41);

function scan(bytes: Uint8Array, wanted: readonly Tag[] = [], chunkBytes = 5) {
  const scanner = createHeaderScanner({ form: 'explicit', wanted: new Set(wanted) });
  for (let at = 0; at < bytes.length; at += chunkBytes) scanner.push(bytes.subarray(at, at + chunkBytes));
  scanner.end();
  return scanner;
}

describe('createHeaderScanner', () => {
  it('refuses elements that are repeated or out of order up to what a coercion changes', () => {
    for (const parts of [
      [NAME, NAME],
      [element(TAGS.PatientID, 'LO', 'P'), NAME],
    ]) {
      expect(() => scan(concatBytes(parts))).toThrow('DICOM_MALFORMED');
    }
  });

  it('looks no further at what it cannot read behind that, and refuses it before', () => {
    const scanner = scan(concatBytes([NAME, PIXELS, STRANGE, new Uint8Array(3).fill(9)]));
    expect(scanner.isOpaque).toBe(true);
    expect(scanner.pixelEnd).toBe(NAME.length + PIXELS.length);
    expect(() => scan(concatBytes([NAME, STRANGE]))).toThrow('DICOM_MALFORMED');
    expect(scan(concatBytes([NAME, PIXELS])).isOpaque).toBe(false);
  });

  it('keeps values of their own, not the chunks they came in, whatever a slice of those is', () => {
    class Views extends Uint8Array<ArrayBuffer> {
      override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
        return this.subarray(start, end);
      }
    }
    const long = Views.from(
      concatBytes([NAME, encodeElement('explicit', TAGS.PixelData, 'OW', new Uint8Array(1_000))]),
    );
    const { values } = scan(long, [TAGS.PatientName], long.length);
    expect(values.get(TAGS.PatientName)?.bytes).toEqual(latin1Bytes('A '));
    expect(values.get(TAGS.PatientName)?.bytes.buffer.byteLength).toBe(2);
  });

  it('knows where the value of Pixel Data begins as soon as its header has passed', () => {
    const scanner = createHeaderScanner({ form: 'explicit', wanted: new Set() });
    const header = encodeElementHeader('explicit', TAGS.PixelData, 'OW', 1_000_000);
    scanner.push(concatBytes([NAME, header.subarray(0, 11)]));
    expect(scanner.pixelStart).toBeUndefined();
    scanner.push(header.subarray(11));
    expect([scanner.pixelStart, scanner.pixelEnd]).toEqual([NAME.length + 12, NAME.length + 12 + 1_000_000]);
  });

  it('collects what is asked for, up to a limit, in any chunks', () => {
    const long = (length: number) =>
      encodeElement('explicit', TAGS.PatientComments, 'UT', new Uint8Array(length).fill(0x41));
    for (const chunkBytes of [1, 13, 1_000_000]) {
      const bytes = concatBytes([NAME, long(DICOM_LIMITS.valueBytes), element(TAGS.StudyID, 'SH', '1 ')]);
      const { values } = scan(bytes, [TAGS.PatientComments, TAGS.StudyID], chunkBytes);
      expect([...values].map(([tag, value]) => [tag, value.bytes.length])).toEqual([
        [TAGS.PatientComments, DICOM_LIMITS.valueBytes],
        [TAGS.StudyID, 2],
      ]);
      const above = scan(concatBytes([NAME, long(DICOM_LIMITS.valueBytes + 2)]), [TAGS.PatientComments], chunkBytes);
      expect(above.values.size).toBe(0);
    }
  });

  it('takes zero bytes at the end for padding up to a limit, and no other bytes', () => {
    for (const count of [1, 7, 8, 100, DICOM_LIMITS.paddingBytes]) {
      expect(() => scan(concatBytes([NAME, new Uint8Array(count)]), [], 1000), `${count}`).not.toThrow();
    }
    const dirty = [concatBytes([new Uint8Array(100), Uint8Array.of(1)]), new Uint8Array(DICOM_LIMITS.paddingBytes + 1)];
    for (const tail of dirty) expect(() => scan(concatBytes([NAME, tail]), [], 1000)).toThrow('DICOM_MALFORMED');
    expect(() => scan(concatBytes([NAME, Uint8Array.of(0, 0, 5, 0, 0, 0, 0, 0)]))).toThrow('DICOM_MALFORMED');
  });

  it('refuses the beginning of a header at the end', () => {
    for (let length = 1; length < 8; length++) {
      expect(() => scan(concatBytes([NAME, PIXELS, STRANGE.subarray(0, length)])), `${length}`).toThrow(
        'DICOM_TRUNCATED',
      );
    }
  });
});
