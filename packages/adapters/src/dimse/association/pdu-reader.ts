/**
 * Reads PDUs from a stream of bytes (PS3.8 9.3), pushed in pieces of any size.
 *
 * Nothing of a P-DATA-TF is ever collected: the bytes of each presentation data value go on as views of the piece they
 * came in. Other PDUs are short and handed over whole. Every length is judged when its header is there, before a byte
 * behind it is kept.
 */
import { MAX_ASSOCIATE_BYTES, MAX_CONTROL_BYTES, MAX_EMPTY_VALUES } from '../limits.ts';
import { ABORT_REASONS, ProtocolError } from './protocol-error.ts';

/** PDU types (PS3.8 9.3.1). */
export const PDU = {
  associateRequest: 1,
  associateAccept: 2,
  associateReject: 3,
  data: 4,
  releaseRequest: 5,
  releaseReply: 6,
  abort: 7,
} as const;

/** One of {@link PDU}. */
export type PduType = (typeof PDU)[keyof typeof PDU];

/** Some bytes of a presentation data value. */
export interface Fragment {
  readonly contextId: number;
  /** Of a command set; otherwise of a data set. */
  readonly isCommand: boolean;
  /** A view, valid as long as the piece it came in is not written to. May be empty when `isLast`. */
  readonly bytes: Uint8Array;
  /** Whether the command set or data set ends with these bytes. */
  readonly isLast: boolean;
}

/** Where a reader puts what it reads. What the methods throw ends the reading. */
export interface PduSink {
  /** The header of a PDU has come; throws {@link ProtocolError} when none of this type is expected now. */
  begin(type: PduType): void;
  /** A whole PDU that is no P-DATA-TF, without its header of six bytes. */
  pdu(type: PduType, body: Uint8Array): void;
  fragment(fragment: Fragment): void;
}

/** Options of {@link PduReader}. */
export interface PduReaderOptions {
  /** Longest P-DATA-TF, as announced to the peer. */
  readonly maxPduBytes: number;
}

const PDU_HEADER_BYTES = 6;
/** Item length, context and message control header (PS3.8 9.3.5.1). */
const PDV_HEADER_BYTES = 6;
/** Context and message control header, which the item length counts. */
const PDV_CONTROL_BYTES = 2;
const IS_COMMAND = 0x01;
const IS_LAST = 0x02;

type State = 'pdu-header' | 'body' | 'pdv-header' | 'pdv';

/** See the file's head. After an error the reader is of no more use. */
export class PduReader {
  readonly #sink: PduSink;
  readonly #maxPduBytes: number;
  #state: State = 'pdu-header';
  /** A header or body that is being collected. */
  #held = new Uint8Array(64);
  #heldBytes = 0;
  #type: PduType = PDU.data;
  /** Bytes of the PDU that are still to come. */
  #pduLeft = 0;
  /** Bytes of the presentation data value that are still to come. */
  #pdvLeft = 0;
  #contextId = 0;
  #isCommand = false;
  #isLast = false;
  /** That came without a byte since the last one with some. */
  #emptyValues = 0;

  constructor(sink: PduSink, { maxPduBytes }: PduReaderOptions) {
    this.#sink = sink;
    this.#maxPduBytes = maxPduBytes;
  }

  /** Whether the stream may end here: not in the middle of a PDU. */
  get isBetweenPdus(): boolean {
    return this.#state === 'pdu-header' && this.#heldBytes === 0;
  }

  /** Reads a piece to its end. @throws {ProtocolError}, and whatever the sink throws. */
  push(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) at = this.#step(piece, at);
  }

  #step(piece: Uint8Array, at: number): number {
    switch (this.#state) {
      case 'pdu-header': {
        const end = this.#collect(piece, at, PDU_HEADER_BYTES);
        if (this.#heldBytes === PDU_HEADER_BYTES) this.#beginPdu();
        return end;
      }
      case 'body': {
        const end = this.#collect(piece, at, this.#pduLeft);
        if (this.#heldBytes === this.#pduLeft) this.#endBody();
        return end;
      }
      case 'pdv-header': {
        const end = this.#collect(piece, at, PDV_HEADER_BYTES);
        if (this.#heldBytes === PDV_HEADER_BYTES) this.#beginPdv();
        return end;
      }
      case 'pdv':
        return this.#passOn(piece, at);
      default:
        throw new Error(this.#state satisfies never);
    }
  }

  /** Keeps bytes until `wanted` are there. */
  #collect(piece: Uint8Array, at: number, wanted: number): number {
    const end = Math.min(piece.length, at + wanted - this.#heldBytes);
    const needed = this.#heldBytes + end - at;
    // Grows with what came, not with what was promised.
    if (needed > this.#held.length) {
      const longer = new Uint8Array(Math.min(wanted, Math.max(needed, 2 * this.#held.length)));
      longer.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = longer;
    }
    this.#held.set(piece.subarray(at, end), this.#heldBytes);
    this.#heldBytes = needed;
    return end;
  }

  #beginPdu(): void {
    const type = this.#held[0] ?? 0;
    const lengthBytes = readUint32(this.#held, 2);
    this.#heldBytes = 0;
    if (!isPduType(type)) throw new ProtocolError('pdu-type', ABORT_REASONS.unrecognizedPdu);
    this.#sink.begin(type);
    if (lengthBytes > this.#limitOf(type)) throw new ProtocolError('pdu-length');
    this.#type = type;
    this.#pduLeft = lengthBytes;
    if (type === PDU.data) {
      // At least one presentation data value (PS3.8 9.3.5).
      if (lengthBytes < PDV_HEADER_BYTES) throw new ProtocolError('pdu-empty');
      this.#state = 'pdv-header';
    } else {
      this.#state = 'body';
      if (lengthBytes === 0) this.#endBody();
    }
  }

  #limitOf(type: PduType): number {
    if (type === PDU.data) return this.#maxPduBytes;
    return type === PDU.associateRequest || type === PDU.associateAccept ? MAX_ASSOCIATE_BYTES : MAX_CONTROL_BYTES;
  }

  #endBody(): void {
    const body = this.#held.slice(0, this.#heldBytes);
    this.#heldBytes = 0;
    this.#held = new Uint8Array(64);
    this.#state = 'pdu-header';
    this.#sink.pdu(this.#type, body);
  }

  #beginPdv(): void {
    const itemBytes = readUint32(this.#held, 0);
    const control = this.#held[5] ?? 0;
    this.#contextId = this.#held[4] ?? 0;
    this.#heldBytes = 0;
    this.#pduLeft -= 4;
    if (itemBytes < PDV_CONTROL_BYTES || itemBytes > this.#pduLeft) throw new ProtocolError('pdv-length');
    this.#pduLeft -= itemBytes;
    if (this.#pduLeft > 0 && this.#pduLeft < PDV_HEADER_BYTES) throw new ProtocolError('pdv-length');
    // The other six bits are not to be looked at (PS3.8 annex E.2).
    this.#isCommand = (control & IS_COMMAND) !== 0;
    this.#isLast = (control & IS_LAST) !== 0;
    this.#pdvLeft = itemBytes - PDV_CONTROL_BYTES;
    this.#state = 'pdv';
    if (this.#pdvLeft === 0) this.#endPdv(NOTHING);
  }

  #passOn(piece: Uint8Array, at: number): number {
    const end = Math.min(piece.length, at + this.#pdvLeft);
    const bytes = piece.subarray(at, end);
    this.#pdvLeft -= bytes.length;
    if (this.#pdvLeft === 0) this.#endPdv(bytes);
    else this.#sink.fragment({ contextId: this.#contextId, isCommand: this.#isCommand, bytes, isLast: false });
    return end;
  }

  #endPdv(bytes: Uint8Array): void {
    this.#state = this.#pduLeft === 0 ? 'pdu-header' : 'pdv-header';
    if (bytes.length === 0 && !this.#isLast) {
      if (++this.#emptyValues > MAX_EMPTY_VALUES) throw new ProtocolError('pdv-empty');
      return;
    }
    this.#emptyValues = 0;
    this.#sink.fragment({ contextId: this.#contextId, isCommand: this.#isCommand, bytes, isLast: this.#isLast });
  }
}

const NOTHING = new Uint8Array(0);

function isPduType(type: number): type is PduType {
  return type >= PDU.associateRequest && type <= PDU.abort;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}
