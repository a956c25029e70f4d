/** Reads and writes the big endian fields and items of PDUs (PS3.8 9.3.1). */
import { ProtocolError } from './protocol-error.ts';

/** An item or sub-item: a type and what belongs to it. */
export interface PduItem {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** Reads fields one after another. Every method throws {@link ProtocolError} where the bytes end too early. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A view of the next bytes. */
  take(lengthBytes: number): Uint8Array {
    const end = this.#at + lengthBytes;
    if (end > this.#bytes.length) throw new ProtocolError('pdu-truncated');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  skip(lengthBytes: number): void {
    this.take(lengthBytes);
  }

  uint8(): number {
    return this.take(1)[0] ?? 0;
  }

  uint16(): number {
    return (this.uint8() << 8) | this.uint8();
  }

  uint32(): number {
    return this.uint16() * 0x10000 + this.uint16();
  }

  /** The items from here to the end. */
  *items(): Generator<PduItem, void, undefined> {
    while (this.#at < this.#bytes.length) {
      const type = this.uint8();
      this.skip(1);
      yield { type, bytes: this.take(this.uint16()) };
    }
  }
}

/** Writes fields one after another. */
export class ByteWriter {
  readonly #pieces: Uint8Array[] = [];

  raw(bytes: Uint8Array): this {
    this.#pieces.push(bytes);
    return this;
  }

  zeros(count: number): this {
    return this.raw(new Uint8Array(count));
  }

  uint8(value: number): this {
    return this.raw(Uint8Array.of(value));
  }

  uint16(value: number): this {
    return this.raw(Uint8Array.of(value >>> 8, value));
  }

  uint32(value: number): this {
    return this.raw(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
  }

  /** @throws {RangeError} when the item is longer than its two bytes of length can say. */
  item(type: number, bytes: Uint8Array): this {
    if (bytes.length > 0xffff) throw new RangeError('an item of a PDU has at most 65,535 bytes');
    return this.uint8(type).zeros(1).uint16(bytes.length).raw(bytes);
  }

  /** Everything written, as one run. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }
}
