/**
 * JPEG lossless with Huffman coding (ITU-T T.81 annex H, process 14), sequential: every predictor, 2 to 16 bits, point
 * transform, restart intervals, components interleaved or in scans of their own. A codestream that ends early is an error:
 * pixels that were not sent are not made up.
 */
import { undecodable } from './codecs.ts';
import { jpegSegments, readJpegHeader, type CodestreamHeader } from './codestream.ts';
import { buildHuffman, EntropyReader, type HuffmanTable } from './jpeg-entropy.ts';
import type { DecodedSamples } from './native-frame.ts';

const DHT = 0xc4;
const EOI = 0xd9;
const SOF3 = 0xc3;
const SOS = 0xda;
const DNL = 0xdc;
const DRI = 0xdd;

/**
 * Decodes one frame; samples come pixel by pixel.
 *
 * @throws {DicomError} `DICOM_PIXELS_UNDECODABLE`
 */
export function decodeJpegLossless(bytes: Uint8Array): DecodedSamples {
  return new Decoder(bytes, readJpegHeader(bytes, 'jpeg-lossless')).decode();
}

interface ScanComponent {
  /** Place among the components of the frame. */
  readonly index: number;
  readonly table: HuffmanTable;
}

interface Scan {
  readonly components: readonly ScanComponent[];
  readonly predictor: number;
  readonly pointTransform: number;
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #header: CodestreamHeader;
  readonly #samples: Uint16Array;
  readonly #tables: (HuffmanTable | undefined)[] = [];
  readonly #done = new Set<number>();
  #identifiers: readonly number[] = [];
  #restartInterval = 0;

  constructor(bytes: Uint8Array, header: CodestreamHeader) {
    this.#bytes = bytes;
    this.#header = header;
    this.#samples = new Uint16Array(header.rows * header.columns * header.components);
  }

  decode(): DecodedSamples {
    const { components, precision } = this.#header;
    if (precision < 2 || precision > 16) throw undecodable('precision');
    for (let at = 0; this.#done.size < components;) {
      if (at > 0 && this.#bytes[at + 1] === EOI) throw undecodable('short');
      let reader: EntropyReader | undefined;
      for (const segment of jpegSegments(this.#bytes, at)) {
        this.#take(segment.marker, segment.at, segment.end);
        if (segment.marker !== SOS) continue;
        reader = new EntropyReader(this.#bytes, segment.end);
        this.#decodeScan(this.#scanOf(segment.at, segment.end), reader);
      }
      // Once every pixel is there, what follows does not matter: some writers leave out EOI, or pad before it.
      if (this.#done.size < components) at = reader?.end() ?? this.#bytes.length;
    }
    return { isPlanar: false, isSigned: false, precision, samples: this.#samples };
  }

  #take(marker: number, at: number, end: number): void {
    if (marker === DHT) this.#readTables(at, end);
    else if (marker === DRI) {
      if (end - at !== 2) throw undecodable('codestream');
      this.#restartInterval = this.#uint16(at);
    } else if (marker === DNL) throw undecodable('codestream');
    else if (marker === SOF3) {
      this.#identifiers = Array.from({ length: this.#header.components }, (_, index) => this.#byte(at + 6 + 3 * index));
    }
  }

  /** T.81 B.2.4.2 */
  #readTables(start: number, end: number): void {
    for (let at = start; at < end;) {
      const place = this.#byte(at);
      const counts = this.#bytes.subarray(at + 1, at + 17);
      const symbols = counts.reduce((sum, count) => sum + count, 0);
      if (at + 17 + symbols > end) throw undecodable('huffman');
      // Lossless coding has tables of class 0, four of them.
      if (place < 4) this.#tables[place] = buildHuffman(counts, this.#bytes.subarray(at + 17, at + 17 + symbols));
      at += 17 + symbols;
    }
  }

  /** T.81 B.2.3: Ss is the predictor, Al the point transform. */
  #scanOf(at: number, end: number): Scan {
    const count = this.#byte(at);
    if (count < 1 || count > 4 || end - at !== 4 + 2 * count) throw undecodable('scan');
    const components = Array.from({ length: count }, (_, one) => {
      const index = this.#identifiers.indexOf(this.#byte(at + 1 + 2 * one));
      const table = this.#tables[this.#byte(at + 2 + 2 * one) >> 4];
      if (index < 0 || table === undefined || this.#done.has(index)) throw undecodable('scan');
      this.#done.add(index);
      return { index, table };
    });
    const predictor = this.#byte(end - 3);
    const pointTransform = this.#byte(end - 1) & 0x0f;
    if (predictor < 1 || predictor > 7 || pointTransform >= this.#header.precision) throw undecodable('scan');
    return { components, pointTransform, predictor };
  }

  #decodeScan(scan: Scan, reader: EntropyReader): void {
    const { columns, rows } = this.#header;
    // H.1.1: an interval is a number of whole rows.
    const rowsEach = this.#restartInterval === 0 ? rows : this.#restartInterval / columns;
    if (!Number.isInteger(rowsEach)) throw undecodable('restart');
    for (let row = 0, interval = 0; row < rows; row++) {
      const isFirst = row % rowsEach === 0;
      if (isFirst && row > 0) reader.restart(interval++ & 7);
      for (let column = 0; column < columns; column++) {
        for (const component of scan.components) this.#decodeSample(reader, scan, component, { column, isFirst, row });
      }
    }
  }

  /** T.81 H.1.2: what was predicted, and the difference, modulo 2^16. */
  #decodeSample(
    reader: EntropyReader,
    { pointTransform, predictor }: Scan,
    { index, table }: ScanComponent,
    { column, isFirst, row }: { readonly column: number; readonly isFirst: boolean; readonly row: number },
  ): void {
    const { columns, components, precision } = this.#header;
    const samples = this.#samples;
    const at = (row * columns + column) * components + index;
    let predicted: number;
    if (isFirst) {
      predicted =
        column === 0 ? 1 << (precision - pointTransform - 1) : (samples[at - components] as number) >> pointTransform;
    } else {
      const above = at - columns * components;
      const b = (samples[above] as number) >> pointTransform;
      if (column === 0) predicted = b;
      else {
        const a = (samples[at - components] as number) >> pointTransform;
        const c = (samples[above - components] as number) >> pointTransform;
        predicted = predict(predictor, a, b, c);
      }
    }
    samples[at] = ((predicted + reader.difference(table)) & 0xffff) << pointTransform;
  }

  #byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw undecodable('codestream');
    return byte;
  }

  #uint16(at: number): number {
    return (this.#byte(at) << 8) | this.#byte(at + 1);
  }
}

/** Table H.1. */
function predict(predictor: number, a: number, b: number, c: number): number {
  switch (predictor) {
    case 1:
      return a;
    case 2:
      return b;
    case 3:
      return c;
    case 4:
      return a + b - c;
    case 5:
      return a + ((b - c) >> 1);
    case 6:
      return b + ((a - c) >> 1);
    default:
      return (a + b) >> 1;
  }
}
