/** Huffman codes and entropy-coded bits of JPEG (ITU-T T.81 annexes C, F.2.2, H.2). */
import { undecodable } from './codecs.ts';

/** A table to decode with. */
export interface HuffmanTable {
  /** For the next 9 bits: length of the code × 256 + symbol; 0 where it is longer, or none. */
  readonly short: Uint16Array;
  /** By length: the largest code, -1 where there is none. */
  readonly largest: Int32Array;
  /** By length: what to add to a code to find its symbol. */
  readonly offset: Int32Array;
  readonly symbols: Uint8Array;
}

const SHORT_BITS = 9;

/**
 * T.81 C.2.
 *
 * @param counts - How many codes there are of each length from 1 to 16.
 * @throws {DicomError} `DICOM_PIXELS_UNDECODABLE` when that is no prefix code, or a difference has more than 16 bits.
 */
export function buildHuffman(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const table: HuffmanTable = {
    largest: new Int32Array(17).fill(-1),
    offset: new Int32Array(17),
    short: new Uint16Array(1 << SHORT_BITS),
    symbols: symbols.slice(),
  };
  if (symbols.some((symbol) => symbol > 16)) throw undecodable('huffman');
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] ?? 0;
    if (code + count > 1 << length) throw undecodable('huffman');
    table.offset[length] = index - code;
    if (count > 0) table.largest[length] = code + count - 1;
    for (let left = count; left > 0; left--, code++, index++) {
      if (length > SHORT_BITS) continue;
      const from = code << (SHORT_BITS - length);
      table.short.fill(length * 256 + (symbols[index] as number), from, from + (1 << (SHORT_BITS - length)));
    }
    code <<= 1;
  }
  return table;
}

/** Bits between two markers. */
export class EntropyReader {
  readonly #bytes: Uint8Array;
  /** The next byte to be taken. */
  #at: number;
  #bits = 0;
  #bitCount = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** A coded difference (T.81 H.1.2.2). */
  difference(table: HuffmanTable): number {
    const category = this.#symbol(table);
    if (category === 0) return 0;
    if (category === 16) return 32768;
    this.#need(category);
    this.#bitCount -= category;
    const value = (this.#bits >>> this.#bitCount) & ((1 << category) - 1);
    return value < 1 << (category - 1) ? value - (1 << category) + 1 : value;
  }

  /** Passes the marker RSTm, which must stand here. */
  restart(number: number): void {
    const at = this.end();
    if (this.#bytes[at + 1] !== 0xd0 + number) throw undecodable('restart');
    this.#at = at + 2;
    this.#bits = 0;
    this.#bitCount = 0;
  }

  /** Where the marker stands that ends the bits. */
  end(): number {
    let at = this.#at;
    // Bytes that were taken into the bits and not used are padding of less than a byte, or there is more than was wanted.
    if (this.#bitCount >= 8) throw undecodable('long');
    while (this.#bytes[at] === 0xff && this.#bytes[at + 1] === 0xff) at++;
    if (this.#bytes[at] !== 0xff || this.#bytes[at + 1] === undefined || this.#bytes[at + 1] === 0) {
      throw undecodable(at >= this.#bytes.length ? 'short' : 'long');
    }
    return at;
  }

  #symbol({ largest, offset, short, symbols }: HuffmanTable): number {
    this.#fill();
    const bits = this.#bits;
    if (this.#bitCount >= SHORT_BITS) {
      const entry = short[(bits >>> (this.#bitCount - SHORT_BITS)) & ((1 << SHORT_BITS) - 1)] as number;
      if (entry !== 0) {
        this.#bitCount -= entry >> 8;
        return entry & 0xff;
      }
    }
    for (let length = 1; length <= 16 && length <= this.#bitCount; length++) {
      const code = (bits >>> (this.#bitCount - length)) & ((1 << length) - 1);
      if (code > (largest[length] as number)) continue;
      this.#bitCount -= length;
      return symbols[code + (offset[length] as number)] as number;
    }
    throw undecodable(this.#bitCount < 16 ? 'short' : 'huffman');
  }

  #need(count: number): void {
    if (this.#bitCount < count) this.#fill();
    if (this.#bitCount < count) throw undecodable('short');
  }

  /** Takes whole bytes as long as they fit; a stuffed zero is dropped (T.81 B.1.1.5), a marker stays. */
  #fill(): void {
    while (this.#bitCount <= 16) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return;
      if (byte === 0xff) {
        if (this.#bytes[this.#at + 1] !== 0) return;
        this.#at++;
      }
      this.#at++;
      this.#bits = ((this.#bits << 8) | byte) >>> 0;
      this.#bitCount += 8;
    }
  }
}
