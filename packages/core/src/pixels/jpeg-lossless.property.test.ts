import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { join } from '../../test/encapsulated.ts';
import { decodeJpegLossless } from './jpeg-lossless.ts';

/** What is coded, and how. */
interface Coding {
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
  readonly precision: number;
  readonly predictor: number;
  readonly pointTransform: number;
  /** Rows of a restart interval; 0: none. */
  readonly rowsEach: number;
  /** Components in scans of their own. */
  readonly isSeparate: boolean;
}

// ---- a coder of a few lines, after the text of ITU-T T.81 and nothing else: each of 17 categories has a code of 5 bits.

const DHT = [
  0xff,
  0xc4,
  0,
  19 + 17,
  0,
  0,
  0,
  0,
  0,
  17,
  ...Array<number>(11).fill(0),
  ...Array.from({ length: 17 }, (_, n) => n),
];
const two = (number: number) => [number >> 8, number & 0xff];

function encode(samples: readonly number[], coding: Coding): Uint8Array {
  const { columns, components, isSeparate, pointTransform, precision, predictor, rows, rowsEach } = coding;
  const all = Array.from({ length: components }, (_, index) => index);
  const frame = [0xff, 0xc3, ...two(8 + 3 * components), precision, ...two(rows), ...two(columns), components];
  const parts: number[][] = [
    [0xff, 0xd8, 0xff, 0xfe, 0, 4, 1, 2],
    [...frame, ...all.flatMap((index) => [index + 1, 0x11, 0])],
    DHT,
  ];
  if (rowsEach > 0) parts.push([0xff, 0xdd, 0, 4, ...two(rowsEach * columns)]);
  for (const scan of isSeparate ? all.map((index) => [index]) : [all]) {
    const sos = [0xff, 0xda, ...two(6 + 2 * scan.length), scan.length];
    parts.push([...sos, ...scan.flatMap((index) => [index + 1, 0]), predictor, 0, pointTransform]);
    parts.push(
      entropy(
        samples.map((sample) => sample >> pointTransform),
        scan,
        coding,
      ),
    );
  }
  parts.push([0xff, 0xd9]);
  return join(parts.map((part) => Uint8Array.from(part)));
}

function entropy(samples: readonly number[], scan: readonly number[], coding: Coding): number[] {
  const { columns, components, pointTransform, precision, predictor, rows, rowsEach } = coding;
  const bytes: number[] = [];
  let bits = '';
  const flush = () => {
    for (let at = 0; at < bits.length; at += 8) {
      const byte = Number.parseInt(bits.slice(at, at + 8).padEnd(8, '1'), 2);
      bytes.push(byte, ...(byte === 0xff ? [0] : []));
    }
    bits = '';
  };
  for (let row = 0; row < rows; row++) {
    const isFirst = rowsEach === 0 ? row === 0 : row % rowsEach === 0;
    if (isFirst && row > 0) {
      flush();
      bytes.push(0xff, 0xd0 + ((row / rowsEach - 1) & 7));
    }
    for (let column = 0; column < columns; column++) {
      for (const component of scan) {
        const of = (r: number, c: number) => samples[(r * columns + c) * components + component] as number;
        const [a, b, c] = [
          column > 0 ? of(row, column - 1) : 0,
          isFirst ? 0 : of(row - 1, column),
          !isFirst && column > 0 ? of(row - 1, column - 1) : 0,
        ];
        const predictions = [0, a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1];
        const start = 2 ** (precision - pointTransform - 1);
        const predicted = isFirst ? (column === 0 ? start : a) : column === 0 ? b : (predictions[predictor] as number);
        // Modulo 2^16, as a number between -32767 and 32768.
        const wrapped = (of(row, column) - predicted) & 0xffff;
        const difference = wrapped > 32_768 ? wrapped - 65_536 : wrapped;
        const category =
          difference === 0 ? 0 : difference === 32_768 ? 16 : Math.floor(Math.log2(Math.abs(difference))) + 1;
        bits += category.toString(2).padStart(5, '0');
        if (category > 0 && category < 16) {
          const value = difference > 0 ? difference : difference + 2 ** category - 1;
          bits += value.toString(2).padStart(category, '0');
        }
      }
    }
  }
  flush();
  return bytes;
}

const coding = fc
  .record({
    columns: fc.integer({ max: 9, min: 1 }),
    components: fc.integer({ max: 4, min: 1 }),
    isSeparate: fc.boolean(),
    pointTransform: fc.nat(3),
    precision: fc.integer({ max: 16, min: 2 }),
    predictor: fc.integer({ max: 7, min: 1 }),
    rows: fc.integer({ max: 9, min: 1 }),
    rowsEach: fc.nat(3),
  })
  .map((one): Coding => ({ ...one, pointTransform: Math.min(one.pointTransform, one.precision - 1) }));

describe('JPEG lossless', () => {
  it('gives back what was coded, whatever the predictor, precision, restarts and scans', () => {
    fc.assert(
      fc.property(
        coding.chain((one) => {
          const most = 2 ** one.precision - 1;
          const extreme = fc.constantFrom(0, most, most >> 1, 1);
          const sample = fc.oneof(fc.nat(most), extreme);
          const length = one.rows * one.columns * one.components;
          return fc.tuple(fc.constant(one), fc.array(sample, { maxLength: length, minLength: length }));
        }),
        ([one, samples]) => {
          const decoded = decodeJpegLossless(encode(samples, one));
          const kept = samples.map((sample) => (sample >> one.pointTransform) << one.pointTransform);
          expect([...decoded.samples]).toEqual(kept);
          expect(decoded).toMatchObject({ isPlanar: false, isSigned: false, precision: one.precision });
        },
      ),
      { numRuns: 400 },
    );
  });

  it('is refused, and never made up, when it ends early', () => {
    const one: Coding = {
      columns: 6,
      components: 1,
      isSeparate: false,
      pointTransform: 0,
      precision: 12,
      predictor: 4,
      rows: 5,
      rowsEach: 0,
    };
    const samples = Array.from({ length: 30 }, (_, index) => (index * 997) % 4096);
    const whole = encode(samples, one);
    // Without EOI nothing is missing.
    expect([...decodeJpegLossless(whole.subarray(0, -2)).samples]).toEqual(samples);
    for (let length = 0; length < whole.length - 3; length++) {
      expect(() => decodeJpegLossless(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'DICOM_PIXELS_UNDECODABLE' }),
      );
    }
  });

  it('is refused when a restart is missing', () => {
    const one: Coding = {
      columns: 4,
      components: 1,
      isSeparate: false,
      pointTransform: 0,
      precision: 8,
      predictor: 1,
      rows: 4,
      rowsEach: 2,
    };
    const bytes = encode(Array(16).fill(7), one);
    const at = bytes.findIndex((byte, index) => byte === 0xff && bytes[index + 1] === 0xd0);
    const changed = bytes.slice();
    changed[at + 1] = 0xd1;
    expect(() => decodeJpegLossless(changed)).toThrow(expect.objectContaining({ details: { reason: 'restart' } }));
  });
});
