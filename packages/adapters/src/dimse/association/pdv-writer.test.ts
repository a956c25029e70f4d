import { describe, expect, it } from 'vitest';
import { PdvWriter } from './pdv-writer.ts';

function written(pieces: readonly number[][], maxPduBytes: number, isCommand = false): string {
  const out: Uint8Array[] = [];
  const writer = new PdvWriter({ contextId: 5, isCommand, maxPduBytes });
  for (const piece of pieces) writer.push(Uint8Array.from(piece), out);
  writer.end(out);
  return Buffer.concat(out).toString('hex');
}

describe('writing presentation data values (PS3.8 9.3.5)', () => {
  it('puts one value into one PDU, as long as the peer takes, and marks the last', () => {
    expect(written([[1, 2, 3, 4]], 100)).toBe('04000000000a00000006' + '0502' + '01020304');
    expect(written([[1, 2, 3, 4]], 100, true)).toBe('04000000000a00000006' + '0503' + '01020304');
    expect(written([[1, 2, 3, 4]], 8)).toBe('040000000008000000040500' + '0102' + '040000000008000000040502' + '0304');
  });

  it('keeps the last PDU back until it knows that it is the last', () => {
    expect(
      written(
        [
          [1, 2],
          [3, 4],
        ],
        8,
      ),
    ).toBe('040000000008000000040500' + '0102' + '040000000008000000040502' + '0304');
  });

  it('puts a few bytes behind their header, and does not copy many', () => {
    const writtenIn = (bytes: Uint8Array): readonly Uint8Array[] => {
      const out: Uint8Array[] = [];
      const writer = new PdvWriter({ contextId: 5, isCommand: false, maxPduBytes: 16_384 });
      writer.push(bytes.subarray(0, 10), out);
      writer.push(bytes.subarray(10), out);
      writer.end(out);
      return out;
    };
    expect(writtenIn(new Uint8Array(1_024)).map((piece) => piece.length)).toEqual([12 + 1_024]);
    const long = new Uint8Array(1_025);
    const pieces = writtenIn(long);
    expect(pieces.map((piece) => piece.length)).toEqual([12, 10, 1_015]);
    expect(pieces[2]?.buffer).toBe(long.buffer);
  });

  it('writes an empty data set as one empty value', () => {
    expect(written([], 100)).toBe('040000000006000000020502');
  });

  it('sends even lengths but for the last, whatever the peer announces', () => {
    expect(written([[1, 2, 3]], 9)).toBe('040000000008000000040500' + '0102' + '040000000007000000030502' + '03');
  });
});
