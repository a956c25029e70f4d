/**
 * MLLP: blocks on a stream of bytes, each `<VT> message <FS> <CR>` (HL7 transport specification, MLLP release 1). Pure: bytes
 * in, messages out.
 *
 * HL7 text has neither VT nor FS in it. Where one stands inside a block, something was cut off or is meant to look like a
 * message of its own; what follows cannot be trusted, and the reader is done.
 */
import { MESSAGE_BYTES, SKIPPED_BYTES } from './defaults.ts';

const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;

/** Why a stream cannot be read on: a block over the limit, bytes that are none, VT or FS where neither may be. */
export type MllpProblem = 'too-long' | 'no-block' | 'block-in-block' | 'end-in-block';

/** Thrown by {@link MllpReader.push}; carries nothing of what was read. */
export class MllpError extends Error {
  override readonly name = 'MllpError';
  readonly problem: MllpProblem;

  constructor(problem: MllpProblem) {
    super(problem);
    this.problem = problem;
  }
}

/** Limits of a reader. */
export interface MllpLimits {
  /** Default `MESSAGE_BYTES`. */
  readonly messageBytes?: number | undefined;
  /** Default `SKIPPED_BYTES`. */
  readonly skippedBytes?: number | undefined;
}

const FIRST_BUFFER_BYTES = 4_096;

/** Reads one stream. */
export class MllpReader {
  readonly #mostBytes: number;
  #skippable: number;
  /** Grows with what came, never with what was announced: MLLP announces nothing. */
  #held = new Uint8Array(0);
  #length = 0;
  #state: 'outside' | 'inside' | 'ending' = 'outside';

  constructor({ messageBytes = MESSAGE_BYTES, skippedBytes = SKIPPED_BYTES }: MllpLimits = {}) {
    this.#mostBytes = messageBytes;
    this.#skippable = skippedBytes;
  }

  /** Whether a block was begun and has not ended. */
  get isInside(): boolean {
    return this.#state !== 'outside';
  }

  /**
   * The messages that end in this piece. They are read as they are taken, so that whoever waits between two keeps the rest
   * of the piece waiting.
   *
   * @throws {MllpError} The stream cannot be read on.
   */
  *push(piece: Uint8Array): Generator<Uint8Array, void, undefined> {
    for (let at = 0; at < piece.length;) {
      if (this.#state === 'outside') at = this.#skip(piece, at);
      else if (this.#state === 'inside') at = this.#collect(piece, at);
      else {
        if (piece[at++] !== CR) throw new MllpError('end-in-block');
        this.#state = 'outside';
        const message = this.#held.slice(0, this.#length);
        this.#length = 0;
        yield message;
      }
    }
  }

  #skip(piece: Uint8Array, from: number): number {
    const start = piece.indexOf(VT, from);
    const end = start < 0 ? piece.length : start;
    this.#skippable -= end - from;
    if (this.#skippable < 0) throw new MllpError('no-block');
    if (start < 0) return end;
    this.#state = 'inside';
    return start + 1;
  }

  #collect(piece: Uint8Array, from: number): number {
    const end = piece.indexOf(FS, from);
    const content = piece.subarray(from, end < 0 ? piece.length : end);
    const room = this.#mostBytes - this.#length;
    // Whichever comes first in the stream, so that it does not depend on where the network cut it.
    const inner = content.indexOf(VT);
    if (inner >= 0 && inner <= room) throw new MllpError('block-in-block');
    if (content.length > room) throw new MllpError('too-long');
    this.#hold(content);
    if (end < 0) return piece.length;
    this.#state = 'ending';
    return end + 1;
  }

  /** Copied: a view would keep alive the whole buffer it came in, and pieces of one byte would weigh more than they hold. */
  #hold(content: Uint8Array): void {
    const needed = this.#length + content.length;
    if (needed > this.#held.length) {
      const grown = new Uint8Array(
        Math.min(this.#mostBytes, Math.max(FIRST_BUFFER_BYTES, needed, this.#held.length * 2)),
      );
      grown.set(this.#held.subarray(0, this.#length));
      this.#held = grown;
    }
    this.#held.set(content, this.#length);
    this.#length = needed;
  }
}

/** A message as a block. */
export function mllpBlock(message: Uint8Array): Uint8Array {
  const block = new Uint8Array(message.length + 3);
  block[0] = VT;
  block.set(message, 1);
  block[message.length + 1] = FS;
  block[message.length + 2] = CR;
  return block;
}
