/**
 * Cuts a command set or data set into presentation data values and P-DATA-TF PDUs (PS3.8 9.3.5), one value a PDU, each as
 * long as the peer takes. Bytes are not copied, unless they are few: what comes out are headers of our own and views of what
 * came in, or both as one, which costs less than a second write.
 */
import { PDU } from './pdu-reader.ts';

/** PDU header, item length, context and message control header. */
const HEADER_BYTES = 12;
/** What the PDU's length counts beside the bytes: item length, context and message control header. */
const COUNTED_BYTES = 6;

/** Up to this length bytes are copied behind their header: commands, and the ends of data sets. */
const COPIED_BYTES = 1_024;

/** What is written. */
export interface PdvWriterOptions {
  readonly contextId: number;
  readonly isCommand: boolean;
  /** Longest P-DATA-TF, without its own header of six bytes. */
  readonly maxPduBytes: number;
}

/** Writes one command set or data set. */
export class PdvWriter {
  readonly #options: PdvWriterOptions;
  readonly #payloadBytes: number;
  /** The bytes of the next PDU: held back when full, since only what follows tells whether it is the last. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(options: PdvWriterOptions) {
    this.#options = options;
    const payloadBytes = options.maxPduBytes - COUNTED_BYTES;
    // Fragments have even lengths (PS3.8 annex F does not ask for it; old readers do).
    this.#payloadBytes = payloadBytes - (payloadBytes % 2);
  }

  /** Takes more bytes and puts what can go out now into `out`. */
  push(bytes: Uint8Array, out: Uint8Array[]): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#heldBytes === this.#payloadBytes) this.#flush(out, false);
      const end = Math.min(bytes.length, at + this.#payloadBytes - this.#heldBytes);
      this.#held.push(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
      this.#heldBytes += end - at;
      at = end;
    }
  }

  /** Puts the last PDU into `out`; an empty one when there was nothing. */
  end(out: Uint8Array[]): void {
    this.#flush(out, true);
  }

  #flush(out: Uint8Array[], isLast: boolean): void {
    const { contextId, isCommand } = this.#options;
    const isCopied = this.#heldBytes <= COPIED_BYTES;
    const header = new Uint8Array(HEADER_BYTES + (isCopied ? this.#heldBytes : 0));
    const view = new DataView(header.buffer);
    header[0] = PDU.data;
    view.setUint32(2, this.#heldBytes + COUNTED_BYTES);
    view.setUint32(6, this.#heldBytes + 2);
    header[10] = contextId;
    header[11] = (isCommand ? 1 : 0) | (isLast ? 2 : 0);
    out.push(header);
    let at = HEADER_BYTES;
    for (const piece of this.#held) {
      if (!isCopied) out.push(piece);
      else header.set(piece, at);
      at += piece.length;
    }
    this.#held = [];
    this.#heldBytes = 0;
  }
}
